"""Gaps in what is known of each contract: its quotes broke off with a session, and none came since.

A *session* is one connection's stream. Where it breaks off, whatever was quoted in between is lost, and a quote of
before says nothing of it, however young it is. The next session begins with the latest quote of everything, so a gap is
mended contract by contract, by the first sound quote. Until then nothing is opened on it (R110).

No gap is looked for in DXLink's `sequence`: it tells quotes of one time apart, and by its maker's own words need be
neither unique nor without holes; a feed that conflates leaves out quotes by design. What such numbers are for, that
nothing older comes after something newer, is seen by the stamps (`quote_check`, REWOUND).

It costs a quote nothing: what stands in the table, the time of the last sound quote, is compared when someone asks.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from actors.domain.market.contract import Contract
from actors.domain.market.quote import Nanos
from actors.domain.value import Value


class GapCount(Value):
    """Since the feed's start: sessions begun, gaps of all contracts together, and what is not mended.

    `of` names the contracts with most gaps; `unmended_of` the first of those unmended, in the order of the universe.
    """

    sessions: int = 0
    gaps: int = 0
    unmended: int = 0
    of: dict[str, int] = Field(default_factory=dict)
    unmended_of: tuple[str, ...] = ()


class QuoteGaps:
    """Counts of a universe's `contracts`. Times on the boot clock; `received_ns` is the table's, by row."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self._contracts = contracts
        self._count: NDArray[np.int64] = np.zeros(len(contracts), np.int64)
        self._sessions = 0
        self.since_ns = 0
        """When the stream last broke off or began anew; what was quoted before may have moved since."""

    def begin(self, now_ns: int) -> None:
        """Note that a session begins."""
        self._sessions += 1
        self.since_ns = now_ns

    def end(self, now_ns: int, received_ns: Nanos) -> None:
        """Note that it broke off: a gap of everything that it had quoted. What has one already has no second."""
        self._count += (received_ns > 0) & (received_ns >= self.since_ns)
        self.since_ns = now_ns

    def told(self, received_ns: Nanos, most: int) -> GapCount:
        """Return the counts, and at most so many names of each."""
        unmended = np.flatnonzero((received_ns > 0) & (received_ns < self.since_ns))
        worst = np.argsort(-self._count, kind="stable")[:most]
        return GapCount(
            sessions=self._sessions,
            gaps=int(self._count.sum()),
            unmended=len(unmended),
            of={self._contracts[row].symbol: int(self._count[row]) for row in worst[self._count[worst] > 0].tolist()},
            unmended_of=tuple(self._contracts[row].symbol for row in unmended[:most].tolist()),
        )
