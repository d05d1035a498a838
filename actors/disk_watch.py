"""Tells people when the disk stops openings, and when it lets them go on. The gate asks the disk itself, each time."""

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level


class DiskWatch:
    """One of the executor's timed parts."""

    def __init__(self, desk: Desk, look_every_s: float) -> None:
        self._desk, self._look_every_ns = desk, int(look_every_s * 1e9)
        self._looked_ns = 0
        self._fault: str | None = None

    def on_tick(self) -> Step:
        """Look, as often as is due; say what has changed."""
        step, now_ns = Step(), self._desk.now_ns()
        if self._looked_ns and now_ns - self._looked_ns < self._look_every_ns:
            return step
        self._looked_ns = now_ns
        before, self._fault = self._fault, self._desk.disk()
        if self._fault is not None and before is None:
            text = f"nothing is opened, exits go on: {self._fault}"
            step.alerts.append(self._desk.alert("A081", Level.P0, "disk", text))
        elif self._fault is None and before is not None:
            text = f"openings are admitted again; it was: {before}"
            step.alerts.append(self._desk.alert("A082", Level.P2, "disk", text))
        return step
