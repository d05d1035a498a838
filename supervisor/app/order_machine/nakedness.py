"""How long short legs stood uncovered, by what the brokers truly booked: naked-short seconds, structure by structure.

A short is naked beyond the whole combos its structure holds, as `portfolio.structure` counts them. Time runs from the
trade that uncovered it to the one that covered it again, whoever of us was dead meanwhile, or to the netting that moved
it in the books: what no trade can cover, because the account does not have it, ends there, as in the book itself.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from actors.domain.orders.finding import HoldingsNetted
from actors.domain.orders.order import Fill
from actors.domain.performance.naked_shorts import Move, longest_naked, netting_moves
from actors.domain.portfolio.structure import Structure, founded
from supervisor.app.order_machine.broker import Held


class Nakedness:
    """What moved in each structure as the brokers hold it."""

    def __init__(self) -> None:
        self._founded: dict[str, Structure] = {}
        self._moves: dict[str, list[Move]] = defaultdict(list)

    def changed(self, held: Held, fills: Iterable[Fill], sign: int, at: datetime) -> None:
        """Take in what traded (`sign` 1) or was taken back (-1) of an order."""
        name = held.order.structure_id
        if name not in self._founded:
            self._founded[name] = founded(held.order, "", held.booked_at)
        self._moves[name] += [(at, fill.symbol, sign * fill.action.sign * fill.last_qty) for fill in fills]

    def longest(self, netted: Iterable[HoldingsNetted], until: datetime) -> timedelta:
        """Return the longest that any structure stood naked, given what the journal says was netted."""
        moves = defaultdict(list, {name: list(found) for name, found in self._moves.items()})
        for event in netted:
            for name, moved in netting_moves(event):
                moves[name].append(moved)
        spans = (longest_naked(self._founded[name], found, until) for name, found in moves.items())
        return max(spans, default=timedelta(0))
