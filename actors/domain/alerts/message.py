"""An alert in the words a trader reads on a phone: whose money, what, why, what was done, what can be done.

The mode comes first, in every message: nobody may take paper for live. Times are New York's. The last line names the
code (`holdfast explain CODE`) and what to type to acknowledge it. Several alerts are one message that counts them, as
long as a phone shows; `holdfast alerts` has the rest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from actors.domain.alerts.alert import ASKS_FOR_ANSWER, Alert, Level, handle
from actors.domain.market.session import NEW_YORK
from actors.domain.value import Value

LINES_MAX = 12
TEXT_MAX = 160
"""Characters of one alert among others."""
BODY_MAX = 1_800
"""Characters; Discord takes 2,000, Telegram 4,096, and an SMS is cut by its service."""


class Origin(Value):
    """Where a message comes from."""

    mode: str
    host: str
    account_tail: str = ""
    """Last digits of the account, where there is one to tell apart."""

    @property
    def account(self) -> str:
        """The account as a message names it."""
        return f" ...{self.account_tail}" if self.account_tail else ""


class Advice(Value):
    """What is told of a code where the alert does not say it itself."""

    done: str = ""
    todo: str = ""


class Message(Value):
    """What a target is given."""

    level: str
    title: str
    body: str
    attach: tuple[str, ...] = ()


def write(
    alert: Alert, origin: Origin, *, repeated: bool, advice: Mapping[str, Advice] | None = None, note: str = ""
) -> Message:
    """Return `alert` as a message. `repeated`: it may have been delivered before; `advice`: by code, for what it lacks.

    `note` stands in the title beside the subject.
    """
    again = " (repeated)" if repeated else ""
    lines, known = [alert.text], (advice or {}).get(alert.code, Advice())
    if done := alert.done or known.done:
        lines.append(f"Done: {done}")
    if todo := alert.todo or known.todo:
        lines.append(f"You can: {todo}")
    lines.append(f"{_footer(alert, origin)}{again}")
    return Message(
        level=alert.level.value,
        title=f"{_head(origin, alert.level)} {alert.subject}{note}{again}",
        body=_cut("\n".join(lines)),
        attach=alert.attach,
    )


def write_several(
    alerts: Sequence[Alert], origin: Origin, why: str, *, at: datetime, repeated: bool = False
) -> Message:
    """Return several alerts as one message, the loudest first. `why`: what brings them together, for the title."""
    again = " (repeated)" if repeated else ""
    level = min(alert.level for alert in alerts)
    told = sorted(alerts, key=lambda alert: (alert.level, alert.at))
    lines = [_line(alert) for alert in told[:LINES_MAX]]
    if left := told[LINES_MAX:]:
        counts = ", ".join(f"{code} x{times}" for code, times in Counter(alert.code for alert in left).most_common(8))
        lines.append(f"and {len(left)} more ({counts}): holdfast alerts history")
    lines.append(f"{at.astimezone(NEW_YORK):%a %d %b %H:%M:%S} ET · {origin.host}{again}")
    title = f"{_head(origin, level)} {len(alerts)} alerts, {why}{again}"
    attach = tuple(dict.fromkeys(path for alert in told for path in alert.attach))
    return Message(level=level.value, title=title, body=_cut("\n".join(lines)), attach=attach)


def join(messages: Sequence[Message]) -> Message:
    """Return messages that wait at one target as one, in their order."""
    if len(messages) == 1:
        return messages[0]
    loudest = min(messages, key=lambda message: message.level)
    body = "\n\n".join(f"{message.title}\n{message.body}" for message in messages)
    title, attach = f"{loudest.title} and {len(messages) - 1} more", [path for each in messages for path in each.attach]
    return Message(level=loudest.level, title=title, body=_cut(body), attach=tuple(dict.fromkeys(attach)))


def _head(origin: Origin, level: Level) -> str:
    return f"{origin.mode.upper()}{origin.account} {level}"


def _footer(alert: Alert, origin: Origin) -> str:
    ack = f" · ack {handle(alert.key)}" if alert.level in ASKS_FOR_ANSWER else ""
    return f"{alert.code}{ack} · {alert.at.astimezone(NEW_YORK):%a %d %b %H:%M:%S} ET · {origin.host}"


def _line(alert: Alert) -> str:
    text = alert.text if len(alert.text) <= TEXT_MAX else f"{alert.text[: TEXT_MAX - 3]}..."
    ack = f" [ack {handle(alert.key)}]" if alert.level in ASKS_FOR_ANSWER else ""
    return f"{alert.level} {alert.code} {alert.at.astimezone(NEW_YORK):%H:%M} {alert.subject}: {text}{ack}"


def _cut(body: str) -> str:
    return body if len(body) <= BODY_MAX else f"{body[: BODY_MAX - 40]}\n[cut; holdfast alerts history]"
