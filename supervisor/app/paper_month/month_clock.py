"""The clock of a paper month: a market that runs faster than the machine, and nights that pass at once."""

from datetime import datetime, timedelta

from supervisor.app.order_machine.surroundings import VirtualClock


class MonthClock(VirtualClock):
    """Both clocks of `ports.Clock`; `speed` market seconds for each of the machine's."""

    def __init__(self, begins: datetime, speed: float) -> None:
        super().__init__()
        self.speed = speed
        self._market, self._anchor_ns = begins, self.ns

    def market_now(self) -> datetime:
        """Return the market's time."""
        return self._market + timedelta(microseconds=round((self.ns - self._anchor_ns) * self.speed / 1000))

    def rest_until(self, at: datetime, machine_s: float) -> None:
        """Let a night pass: the market's time is `at`, `machine_s` later on the machine's clock."""
        self.ns += int(machine_s * 1e9)
        self._market, self._anchor_ns = at, self.ns
