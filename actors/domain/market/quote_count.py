"""How many quotes came, and what became of them: received = accepted + the sum of rejected, always.

A code's two bytes are counted apart, flags and reasons, so that a batch costs two passes whatever is wrong with it; the
names are worked out when someone asks. A refused quote counts once, under the lowest of its reasons; an accepted one
under each of its flags. An event of a symbol that nobody asked for is received, and rejected as unknown.
"""

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.quote import UNSOUND_MIN, Codes
from actors.domain.market.quote_check import QuoteCode

UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
_BYTE = 8
_VALUES = 256
Tally = NDArray[np.int64]


class QuoteCount:
    """Counts since a start."""

    def __init__(self) -> None:
        self._flags: Tally = np.zeros(_VALUES, np.int64)
        """Accepted quotes, by their flags."""
        self._reasons: Tally = np.zeros(_VALUES, np.int64)
        """All quotes, by the reasons against them; none for the accepted."""
        self._unknown = 0

    def add(self, codes: Codes) -> None:
        """Count a batch that was checked."""
        if not codes.any():
            self._flags[0] += len(codes)
            self._reasons[0] += len(codes)
            return
        self._reasons += np.bincount(codes >> _BYTE, minlength=_VALUES)
        self._flags += np.bincount(codes[codes < UNSOUND_MIN], minlength=_VALUES)

    def add_unknown(self, events: int) -> None:
        """Count events of symbols that nobody asked for."""
        self._unknown += events

    @property
    def received(self) -> int:
        """Every event of the wire that concerned us, and the unknown."""
        return int(self._reasons.sum()) + self._unknown

    @property
    def accepted(self) -> int:
        """Those that moved a mark."""
        return int(self._flags.sum())

    def rejected(self) -> dict[str, int]:
        """Return the refused, by name of the lowest reason."""
        found = {UNKNOWN_SYMBOL: self._unknown} if self._unknown else {}
        for value in np.flatnonzero(self._reasons[1:]).tolist():
            reasons = value + 1
            name = str(QuoteCode((reasons & -reasons) << _BYTE).name)
            found[name] = found.get(name, 0) + int(self._reasons[reasons])
        return found

    def flagged(self) -> dict[str, int]:
        """Return the accepted that carry a flag, by name of the flag."""
        values = np.arange(_VALUES)
        counts = {str(bit.name): int(self._flags[(values & bit) != 0].sum()) for bit in QuoteCode if bit < UNSOUND_MIN}
        return {name: count for name, count in counts.items() if count}
