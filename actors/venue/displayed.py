"""What the market shows now, less what paper orders took of it, and which orders depend on which contract.

Quotes are columns by the market's row numbers; a batch is taken in by a handful of array assignments, and only orders
with a leg among its rows are looked at again. What an order takes of a displayed size is gone until the next quote of
that contract, which shows whatever the market shows: paper orders do not move it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from actors.domain.market.contract import Contract
from actors.domain.market.quote import Floats, Rows, Sizes, price
from actors.domain.orders.order import Action
from actors.domain.value import ZERO
from actors.venue.market import Batch
from actors.venue.matching import LegQuote
from actors.venue.paper_order import PaperOrder

_NO_QUOTE = LegQuote(None, None, 0, 0)
_SLACK = 1e-6
"""Points by which the quick look in floats may err; the exact one in `matching` follows it."""


class Displayed:
    """The latest quotes of one market's contracts."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        count = len(contracts)
        self.row_of = {contract.symbol: row for row, contract in enumerate(contracts)}
        self._bid: Floats = np.full(count, np.nan)
        self._ask: Floats = np.full(count, np.nan)
        self._last: Floats = np.full(count, np.nan)
        self._bid_size: Sizes = np.zeros(count, np.float32)
        self._ask_size: Sizes = np.zeros(count, np.float32)

    def apply(self, batch: Batch) -> None:
        """Take in new quotes; a print that is missing leaves the last one."""
        rows = batch.rows
        self._bid[rows] = batch.bid
        self._ask[rows] = batch.ask
        self._bid_size[rows] = batch.bid_size
        self._ask_size[rows] = batch.ask_size
        printed = ~np.isnan(batch.last)
        self._last[rows[printed]] = batch.last[printed]

    def quote(self, symbol: str, *, halted: bool = False) -> LegQuote:
        """Return what is shown of one contract; without sides where nothing is."""
        row = self.row_of.get(symbol)
        if row is None:
            return _NO_QUOTE
        bid_size, ask_size = self._bid_size.item(row), self._ask_size.item(row)
        return LegQuote(
            bid=price(self._bid.item(row)),
            ask=price(self._ask.item(row)),
            bid_size=int(bid_size) if bid_size > 0 else 0,
            ask_size=int(ask_size) if ask_size > 0 else 0,
            halted=halted,
        )

    def take(self, symbol: str, action: Action, quantity: int) -> None:
        """Use up displayed size."""
        side = self._ask_size if action.is_buy else self._bid_size
        side[self.row_of[symbol]] -= quantity

    def level(self, symbol: str) -> Decimal | None:
        """Return what an underlying is worth: mid, else the last print; None where neither is known."""
        row = self.row_of.get(symbol)
        if row is None:
            return None
        mid = (self._bid.item(row) + self._ask.item(row)) / 2
        return price(self._last.item(row) if np.isnan(mid) else mid)

    def mark(self, symbol: str, quantity: int) -> Decimal | None:
        """Return what a position of signed `quantity` is valued at, in points.

        Mid of a two-sided quote, else the last print; a long without a bid is worth nothing; else None.
        """
        worth = self.level(symbol)
        if worth is not None:
            return worth
        row = self.row_of.get(symbol)
        one_sided = row is not None and not np.isnan(self._ask.item(row))
        return ZERO if one_sided and quantity > 0 else None

    def may_fill(self, plan: "Plan", concession: float) -> bool:
        """Return whether an order is worth an exact look: its limit is within reach by the prices alone."""
        natural = room = 0.0
        for row, weight in plan.legs:
            bid, ask = self._bid.item(row), self._ask.item(row)
            natural -= weight * (ask if weight > 0 else bid)
            room += 0.0 if concession >= 1.0 else abs(weight) * (ask - bid) / 2
        if plan.limit is None:
            return natural == natural  # noqa: PLR0124 - false for NaN alone
        return natural + (1.0 - concession) * room >= plan.limit - _SLACK


@dataclass(frozen=True, slots=True)
class Plan:
    """What a working order waits for: rows with signed ratios (bought > 0), and the net it asks for."""

    legs: tuple[tuple[int, int], ...]
    limit: float | None


def plan(order: PaperOrder, row_of: dict[str, int]) -> Plan | None:
    """Return what an order waits for; None where a leg is not in this market."""
    if any(leg.symbol not in row_of for leg in order.legs):
        return None
    legs = tuple((row_of[leg.symbol], leg.action.sign * leg.ratio) for leg in order.legs)
    unlimited = order.net_price is None or order.stop_trigger is not None  # a stop is looked at whatever its limit
    return Plan(legs, None if unlimited else float(order.net_price or 0))


class Watch:
    """Which orders to look at when a row changes."""

    def __init__(self, rows: int) -> None:
        self._watched = np.zeros(rows, np.bool_)
        self._of_row: dict[int, set[int]] = {}
        self.plans: dict[int, Plan] = {}

    def add(self, number: int, waits_for: Plan) -> None:
        """Watch the rows of an order."""
        self.plans[number] = waits_for
        for row, _ in waits_for.legs:
            self._watched[row] = True
            self._of_row.setdefault(row, set()).add(number)

    def drop(self, number: int) -> None:
        """Stop watching for an order; nothing where it was not watched."""
        waited_for = self.plans.pop(number, None)
        for row, _ in waited_for.legs if waited_for else ():
            self._of_row[row].discard(number)
            if not self._of_row[row]:
                del self._of_row[row]
                self._watched[row] = False

    def touched(self, rows: Rows) -> list[int]:
        """Return the orders that depend on any of `rows`, oldest first."""
        if not self.plans:
            return []
        hit: set[int] = set()
        for row in rows[self._watched[rows]].tolist():
            hit |= self._of_row[row]
        return sorted(hit)


def halted_by(contract: Contract, halted: Collection[str]) -> bool:
    """Return whether a halt of the contract, or of its underlying, stops it."""
    return contract.symbol in halted or contract.underlying in halted
