"""How far this machine's clock lies from the exchange's stamps: the median of many quotes, over many looks.

One quote proves nothing: it may have rested, or been late. So each look takes the median over the quotes that came
since the look before, and what counts is the median of the last looks: the backlog that a connection begins with is
one look among many. Positive: stamps lie behind the clock, which is fast, or quotes come late; negative: the clock is
slow. Either way ages are wrong, and nothing may be opened on them.

In the market's seconds for each of the machine's: where a market is played at many times life, a delay of the machine
stays what it is.
"""

from collections import deque
from typing import Final

import numpy as np

from actors.domain.market.quote import QuoteTable

LOOKS_KEPT: Final = 31
LOOKS_MIN: Final = 5
"""Fewer say nothing."""


class ClockDrift:
    """One owner; lives as long as its table."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=LOOKS_KEPT)
        self._looked: tuple[int, int] | None = None

    def look(self, table: QuoteTable, now_ns: int, boot_ns: int) -> None:
        """Take in the quotes since the last look. `now_ns` is the market's time, `boot_ns` the boot clock's."""
        looked, self._looked = self._looked, (now_ns, boot_ns)
        if looked is None or boot_ns <= looked[1]:
            return
        pace = max((now_ns - looked[0]) / (boot_ns - looked[1]), 1.0)
        fresh = np.flatnonzero((table.received_ns > looked[1]) & (table.exchange_ns > 0))
        if len(fresh):
            waited_ns = (boot_ns - table.received_ns[fresh]) * pace
            offsets_ns = now_ns - table.exchange_ns[fresh] - waited_ns
            self._offsets.append(float(np.median(offsets_ns)) / 1e9 / pace)

    @property
    def drift_s(self) -> float | None:
        """Median offset; None while too few looks say anything."""
        return round(float(np.median(self._offsets)), 3) if len(self._offsets) >= LOOKS_MIN else None
