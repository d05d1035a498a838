"""How long short legs stood uncovered, by what the brokers truly booked: naked-short seconds, structure by structure.

A short is naked beyond the whole combos its structure holds, as `portfolio.structure` counts them. Time runs from the
trade that uncovered it to the one that covered it again, whoever of us was dead meanwhile.
"""

from collections.abc import Iterable

from actors.domain.orders.order import Fill
from actors.domain.portfolio.structure import Structure, founded
from supervisor.app.order_machine.broker import Held


class Nakedness:
    """The structures as the brokers hold them, and the longest time any stood naked."""

    def __init__(self) -> None:
        self.longest_ns = 0
        self._structures: dict[str, Structure] = {}
        self._since_ns: dict[str, int] = {}

    @property
    def now(self) -> tuple[str, ...]:
        """The structures that are naked."""
        return tuple(self._since_ns)

    def changed(self, held: Held, fills: Iterable[Fill], sign: int, now_ns: int) -> None:
        """Take in what traded (`sign` 1) or was taken back (-1) of an order."""
        name = held.order.structure_id
        structure = self._structures.get(name) or founded(held.order, "", held.booked_at)
        for fill in fills:
            structure = structure.moved(fill.symbol, sign * fill.action.sign * fill.last_qty)
        self._structures[name] = structure
        if structure.naked:
            self._since_ns.setdefault(name, now_ns)
        elif (since_ns := self._since_ns.pop(name, None)) is not None:
            self.longest_ns = max(self.longest_ns, now_ns - since_ns)
