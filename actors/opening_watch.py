"""Tells people when the disk, the journal's copy or the calendar stops openings, and when it lets them go on.

The gate asks for itself, each time.
"""

from collections.abc import Callable
from typing import Final

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level

HOURS_EVERY_S: Final = 1.0


def opening_watches(desk: Desk, disk_look_s: float) -> tuple["OpeningWatch", "OpeningWatch", "OpeningWatch"]:
    """Return the watches over the disk, as often as is said, over the copy, each time, and over the brokers' hours."""
    return (
        OpeningWatch(desk, "hours", lambda: _hours(desk), HOURS_EVERY_S, ("A133", "A133")),
        OpeningWatch(desk, "disk", desk.disk, disk_look_s, ("A081", "A082")),
        OpeningWatch(desk, "replica", desk.replica.look, 0.0, ("A084", "A085")),
    )


def _hours(desk: Desk) -> str | None:
    return desk.seats.hours_disagree(desk.sessions, desk.now()) or None


class OpeningWatch:
    """One of the executor's timed parts; `look` returns what is wrong. `codes`: of the stop, and of its end."""

    def __init__(
        self, desk: Desk, subject: str, look: Callable[[], str | None], every_s: float, codes: tuple[str, str]
    ) -> None:
        self._desk, self._subject, self._look, self._every_ns = desk, subject, look, int(every_s * 1e9)
        self._stopped, self._resumed = codes
        self._looked_ns = 0
        self._fault: str | None = None

    def on_tick(self) -> Step:
        """Look, as often as is due; say what has changed."""
        step, now_ns = Step(), self._desk.now_ns()
        if self._looked_ns and now_ns - self._looked_ns < self._every_ns:
            return step
        self._looked_ns = now_ns
        before, self._fault = self._fault, self._look()
        if self._fault is not None and before is None:
            text = f"nothing is opened, exits go on: {self._fault}"
            step.alerts.append(self._desk.alert(self._stopped, Level.P0, self._subject, text))
        elif self._fault is None and before is not None:
            text = f"openings are admitted again; it was: {before}"
            step.alerts.append(self._desk.alert(self._resumed, Level.P2, self._subject, text))
        return step
