"""An alert in the words a trader reads on a phone: whose money, what, why, what was done, what can be done.

The mode comes first, in every message: nobody may take paper for live. Times are New York's.
"""

from zoneinfo import ZoneInfo

from actors.domain.alerts.alert import Alert
from actors.domain.value import Value

NEW_YORK = ZoneInfo("America/New_York")


class Origin(Value):
    """Where a message comes from."""

    mode: str
    host: str
    account_tail: str = ""
    """Last digits of the account, where there is one to tell apart."""


class Message(Value):
    """What a target is given."""

    level: str
    title: str
    body: str
    attach: tuple[str, ...] = ()


def write(alert: Alert, origin: Origin, *, repeated: bool) -> Message:
    """Return `alert` as a message. `repeated`: it may have been delivered before."""
    again = " (repeated)" if repeated else ""
    account = f" ...{origin.account_tail}" if origin.account_tail else ""
    lines = [alert.text]
    if alert.done:
        lines.append(f"Done: {alert.done}")
    if alert.todo:
        lines.append(f"You can: {alert.todo}")
    lines.append(f"{alert.code} · {alert.at.astimezone(NEW_YORK):%a %d %b %H:%M:%S} ET · {origin.host}{account}{again}")
    return Message(
        level=alert.level.value,
        title=f"{origin.mode.upper()} {alert.level} {alert.subject}{again}",
        body="\n".join(lines),
        attach=alert.attach,
    )
