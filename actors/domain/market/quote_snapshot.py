"""The latest quote of every contract as a few frames, for someone who has missed some.

A frame has one time of receipt, a table has one for each row. So rows of about the same age share a frame, under the
oldest time among them: a quote may look a little older than it is, up to a fifth of its age, and never younger. Last
comes one frame of the rows whose latest quote was unsound; it moves no mark.
"""

from collections.abc import Iterator

import numpy as np

from actors.domain.market.quote import UNSOUND_MIN, QuoteFrame, QuoteTable, Rows

_STEPS = 4
"""Frames for each doubling of age."""
_YOUNGEST_NS = 1_000_000
"""Below a millisecond all are as young."""


def snapshot(table: QuoteTable, now_ns: int, sequence: int) -> Iterator[QuoteFrame]:
    """Yield frames numbered from `sequence` on, oldest first. `now_ns` is on the boot clock."""
    held = np.flatnonzero(table.received_ns > 0).astype(np.int32)
    held = held[np.argsort(table.received_ns[held], kind="stable")]
    age = np.maximum(now_ns - table.received_ns[held], _YOUNGEST_NS) / _YOUNGEST_NS
    starts = np.flatnonzero(np.diff(np.floor(np.log2(age) * _STEPS), prepend=np.inf))
    for rows in np.split(held, starts[1:]):
        if len(rows):
            yield _frame(table, rows, int(table.received_ns[rows[0]]), sequence, moves=True)
            sequence += 1
    unsound = np.flatnonzero(table.codes >= UNSOUND_MIN).astype(np.int32)
    if len(unsound):
        yield _frame(table, unsound, now_ns, sequence, moves=False)


def _frame(table: QuoteTable, rows: Rows, received_ns: int, sequence: int, *, moves: bool) -> QuoteFrame:
    codes = table.codes[rows]
    return QuoteFrame(
        universe=table.universe.version,
        sequence=sequence,
        rows=rows,
        bid=table.bid[rows],
        ask=table.ask[rows],
        bid_size=table.bid_size[rows],
        ask_size=table.ask_size[rows],
        exchange_ns=table.exchange_ns[rows],
        received_ns=received_ns,
        codes=codes % np.uint16(UNSOUND_MIN) if moves else codes,
    )
