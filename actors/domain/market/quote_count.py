"""How many quotes came, and what became of them: received = accepted + the sum of rejected, always.

A code's two bytes are counted apart, flags and reasons, so that a batch costs two passes whatever is wrong with it; the
names are worked out when someone asks. A refused quote counts once, under the lowest of its reasons, for all contracts
and for its own; an accepted one under each of its flags. An event of a symbol that nobody asked for is received, and
rejected as unknown.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.contract import Contract
from actors.domain.market.quote import UNSOUND_MIN, Codes, Rows
from actors.domain.market.quote_check import QuoteCode, rejection

UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
_BYTE = 8
_VALUES = 256
Tally = NDArray[np.int64]
_LOWEST = np.array([(value & -value).bit_length() - 1 for value in range(_VALUES)], np.intp)
"""The place of the lowest bit of each byte."""


class QuoteCount:
    """Counts since a start, of a universe's `contracts`."""

    def __init__(self, contracts: Sequence[Contract] = ()) -> None:
        self._contracts = contracts
        self._of_row: Tally = np.zeros((len(contracts), _BYTE), np.int64)
        """Refused quotes of each contract, by lowest reason."""
        self._flags: Tally = np.zeros(_VALUES, np.int64)
        """Accepted quotes, by their flags."""
        self._reasons: Tally = np.zeros(_VALUES, np.int64)
        """All quotes, by the reasons against them; none for the accepted."""
        self._unknown = 0

    def add(self, codes: Codes, rows: Rows) -> None:
        """Count a batch that was checked."""
        if not codes.any():
            self._flags[0] += len(codes)
            self._reasons[0] += len(codes)
            return
        reasons = codes >> _BYTE
        self._reasons += np.bincount(reasons, minlength=_VALUES)
        if reasons.any():
            refused = reasons > 0
            np.add.at(self._of_row, (rows[refused], _LOWEST[reasons[refused]]), 1)
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
            name = rejection(reasons << _BYTE)
            found[name] = found.get(name, 0) + int(self._reasons[reasons])
        return found

    def rejected_of(self, most: int) -> dict[str, dict[str, int]]:
        """Return the refused of the `most` contracts that have most, by symbol and name of the lowest reason."""
        refused = self._of_row.sum(axis=1)
        worst = np.argsort(-refused, kind="stable")[:most]
        return {
            self._contracts[row].symbol: {
                rejection(UNSOUND_MIN << bit): int(self._of_row[row, bit])
                for bit in np.flatnonzero(self._of_row[row]).tolist()
            }
            for row in worst[refused[worst] > 0].tolist()
        }

    def flagged(self) -> dict[str, int]:
        """Return the accepted that carry a flag, by name of the flag."""
        values = np.arange(_VALUES)
        counts = {str(bit.name): int(self._flags[(values & bit) != 0].sum()) for bit in QuoteCode if bit < UNSOUND_MIN}
        return {name: count for name, count in counts.items() if count}
