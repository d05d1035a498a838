"""Which alerts are sent and which only counted: the windows that are open, one a (code, subject).

Rules of this file:
* The first opens a window and is sent. The same within it is counted, unless it is louder than what was sent.
* Of what says its own end (lost, back again), each turn is sent, up to `TURNS_MAX` a window; then it is counted too.
* A window that ends with anything counted gives one summary, which says how many and the last of them; one that ends
  quietly gives nothing. The same `alert_id` again is the same alert, and is ignored.
* The windows are a fold of what was written down, by its times: a restart neither sends again what was counted, nor
  forgets a count. A clock that was set back ends a window at once.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from actors.domain.alerts.alert import Alert, Key
from actors.domain.alerts.inhibition import SAY_THEIR_END
from actors.domain.alerts.record import Window
from actors.domain.market.session import NEW_YORK

WINDOWS_MAX = 20_000
TURNS_MAX = 4


class Hearing(StrEnum):
    """What is to be done with an alert."""

    SEND = "SEND"
    COUNT = "COUNT"
    IGNORE = "IGNORE"


class Windows:
    """The open windows. One owner writes them."""

    def __init__(self, windows: Iterable[Window] = ()) -> None:
        self._open: dict[Key, Window] = {window.last.key: window for window in windows}

    def hear(self, alert: Alert, now: datetime, window_s: float) -> Hearing:
        """Say what is to be done with `alert`; changes nothing."""
        window = self._open.get(alert.key)
        if window is None:
            return Hearing.SEND
        if alert.alert_id in {window.first_id, window.sent_id, window.last.alert_id}:
            return Hearing.IGNORE
        if _is_over(window, now, window_s) or alert.level < window.sent_level:
            return Hearing.SEND
        return Hearing.SEND if _turns(window, alert) and window.turns < TURNS_MAX else Hearing.COUNT

    def sent(self, alert: Alert, at: datetime) -> None:
        """Open a window, or go on with one whose thing has turned."""
        before = self._open.pop(alert.key, None)
        if len(self._open) >= WINDOWS_MAX:
            self._drop_oldest()
        name = alert.alert_id
        update: dict[str, object] = {}
        if before is not None and before.counted:
            update |= {"since": before.since, "counted": before.counted}
        if before is not None and _turns(before, alert):
            update |= {"opened_at": before.opened_at, "turns": before.turns + 1}
        opened = Window(first_id=name, sent_id=name, sent_level=alert.level, last=alert, opened_at=at, since=alert.at)
        self._open[alert.key] = opened.model_copy(update=update)

    def counted(self, alert: Alert, at: datetime) -> None:
        """Count one that repeats."""
        name = alert.alert_id
        window = self._open.get(alert.key) or Window(
            first_id=name, sent_id=name, sent_level=alert.level, last=alert, opened_at=at, since=alert.at
        )
        self._open[alert.key] = window.model_copy(update={"last": alert, "counted": window.counted + 1})

    def close(self, key: Key) -> None:
        """End a window: it was summed up."""
        self._open.pop(key, None)

    def end(self, key: Key) -> None:
        """Let the next of a thing that has ended be sent, unless there is something to sum up."""
        if key in self._open and not self._open[key].counted:
            del self._open[key]

    def summaries(self, now: datetime, window_s: float) -> Iterator[Alert]:
        """Yield an alert for each window that has ended with anything counted; forget those that ended quietly."""
        for key, window in list(self._open.items()):
            if not _is_over(window, now, window_s):
                continue
            if window.counted:
                yield _summary(window)
            else:
                del self._open[key]

    def all(self) -> tuple[Window, ...]:
        """Return those that are open, oldest first."""
        return tuple(self._open.values())

    def _drop_oldest(self) -> None:
        """Forget one that counted nothing: at worst something is sent that could be counted."""
        key = next((key for key, window in self._open.items() if not window.counted), None)
        if key is not None:
            del self._open[key]


def _is_over(window: Window, now: datetime, window_s: float) -> bool:
    return not window.opened_at <= now < window.opened_at + timedelta(seconds=window_s)


def _turns(window: Window, alert: Alert) -> bool:
    return alert.code in SAY_THEIR_END and alert.level != window.sent_level


def _summary(window: Window) -> Alert:
    times = f"x{window.counted} more since {window.since.astimezone(NEW_YORK):%H:%M:%S} ET"
    update = {"alert_id": f"{window.first_id}+{window.counted}", "text": f"{window.last.text} ({times})"}
    return window.last.model_copy(update=update)
