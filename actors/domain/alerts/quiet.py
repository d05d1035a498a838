"""Quiet hours, by New York's clock: what may wait is held, and told in one digest when they end. A page never waits."""

from datetime import datetime, time
from typing import Literal

from pydantic import Field

from actors.domain.alerts.alert import Level
from actors.domain.market.session import NEW_YORK
from actors.domain.value import Value


class QuietHours(Value):
    """From `begins` to `ends`, New York time, over midnight where it ends earlier than it begins."""

    begins: time
    ends: time
    levels: tuple[Literal[Level.P1, Level.P2, Level.P3], ...] = (Level.P1, Level.P2, Level.P3)
    """What is held. P0 cannot be named here."""
    weekends: bool = Field(default=False)
    """Whether Saturday and Sunday are quiet all day."""

    def holds(self, level: Level, now: datetime) -> bool:
        """Whether what is of `level` waits at `now`."""
        if level is Level.P0 or level not in self.levels:
            return False
        local = now.astimezone(NEW_YORK)
        if self.weekends and local.weekday() >= 5:
            return True
        clock = local.time().replace(tzinfo=None)
        if self.begins <= self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends
