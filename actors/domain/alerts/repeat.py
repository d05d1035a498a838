"""Which alerts are sent and which only counted.

The first of a (code, subject) opens a window and is sent. The same again within the window is counted, unless it is
louder than what was sent: then it is sent, and opens the window anew with the count so far. A window that ends with
anything counted gives one summary; one that ends quietly gives nothing. The same `alert_id` again is the same alert,
and is ignored.

Times are nanoseconds on the machine's boot clock, given in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from actors.domain.alerts.alert import Alert

NANOSECONDS = 1_000_000_000
WINDOWS_MAX = 10_000

Key = tuple[str, str]


class Hearing(StrEnum):
    """What is to be done with an alert."""

    SEND = "SEND"
    COUNT = "COUNT"
    IGNORE = "IGNORE"


@dataclass(frozen=True, slots=True)
class _Window:
    first: Alert
    last: Alert
    opened_ns: int
    since: datetime
    counted: int = 0


class RepeatFilter:
    """The open windows. It forgets them with its process: after a restart the first of a kind is sent again."""

    def __init__(self, window_s: float) -> None:
        self._window_ns = int(window_s * NANOSECONDS)
        self._windows: dict[Key, _Window] = {}

    def hear(self, alert: Alert, now_ns: int) -> Hearing:
        """Say what is to be done with `alert`, and remember it."""
        key = (alert.code, alert.subject)
        window = self._windows.get(key)
        if window and alert.alert_id in {window.first.alert_id, window.last.alert_id}:
            return Hearing.IGNORE
        if window and now_ns - window.opened_ns < self._window_ns and alert.level >= window.first.level:
            self._windows[key] = replace(window, last=alert, counted=window.counted + 1)
            return Hearing.COUNT
        self._windows.pop(key, None)
        since, counted = (window.since, window.counted) if window and window.counted else (alert.at, 0)
        if len(self._windows) >= WINDOWS_MAX:
            self._windows.pop(next(iter(self._windows)))  # the oldest: at worst one is sent that could be counted
        self._windows[key] = _Window(alert, alert, now_ns, since, counted)
        return Hearing.SEND

    def summaries(self, now_ns: int) -> Iterator[Alert]:
        """Close the windows that ended by `now_ns`; yield an alert for each that counted anything."""
        for key, window in list(self._windows.items()):
            if now_ns - window.opened_ns >= self._window_ns:
                del self._windows[key]
                if window.counted:
                    yield _summary(window)


def _summary(window: _Window) -> Alert:
    times = f"x{window.counted} more since {window.since:%H:%M:%S} UTC"
    update = {"alert_id": f"{window.first.alert_id}+{window.counted}", "text": f"{window.last.text} ({times})"}
    return window.last.model_copy(update=update)
