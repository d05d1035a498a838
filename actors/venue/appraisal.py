"""What an account is worth on the floor, and how an order meets it.

Marks are mids, else the last print; where nothing is known, the price the position was opened at.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from actors.domain.market.contract import Contract, names_future
from actors.domain.value import CENT, ZERO
from actors.venue.acceptance import Standing
from actors.venue.account import Balances, PaperPosition
from actors.venue.buying_power import Holding, requirement
from actors.venue.floor import Floor
from actors.venue.ledger import Ledger
from actors.venue.paper_order import PaperOrder


class Appraisal:
    """The accounts of a ledger, priced by a floor; None where no market plays."""

    def __init__(self, ledger: Ledger, contract_of: Callable[[str], Contract], floor: Floor | None) -> None:
        self._ledger = ledger
        self._contract_of = contract_of
        self._floor = floor

    def balances(self, account: str, instead_of: int | None = None) -> Balances:
        """Return the account's money; `instead_of` names an order whose reserve is not counted."""
        holdings = self._holdings(account)
        cash = self._ledger.cash[account]
        worth = sum((held.quantity * held.mark * held.contract.multiplier for held in holdings), ZERO)
        worth -= sum((_carried(held) for held in self._ledger.positions(account)), ZERO)
        maintenance = requirement(holdings, self._level)
        reserved = sum((_reserved(order) for order in self._others(account, instead_of)), ZERO)
        return Balances(cash, cash + worth, cash - maintenance - reserved, maintenance)

    def standing(self, account: str, instead_of: int | None = None) -> Standing:
        """Return the account as a new order meets it; `instead_of` names the order it replaces."""
        closing: Counter[str] = Counter()
        for order in self._others(account, instead_of):
            for leg in order.legs:
                if not leg.action.is_open:
                    closing[leg.symbol] += leg.remaining
        power = self.balances(account, instead_of).buying_power
        return Standing(power, self._holdings(account), closing, self._level)

    def _others(self, account: str, instead_of: int | None) -> list[PaperOrder]:
        return [order for order in self._ledger.active(account) if order.order_id != instead_of]

    def _holdings(self, account: str) -> tuple[Holding, ...]:
        marks = []
        for held in self._ledger.positions(account):
            mark = self._floor.displayed.mark(held.symbol, held.quantity) if self._floor else None
            worth = held.average_price if mark is None else mark
            marks.append(Holding(self._contract_of(held.symbol), held.quantity, worth))
        return tuple(marks)

    def _level(self, underlying: str) -> Decimal | None:
        return self._floor.displayed.level(underlying) if self._floor else None


def _carried(held: PaperPosition) -> Decimal:
    """Return what a future was taken at, which nobody paid; 0 of everything else."""
    return held.quantity * held.average_price * held.multiplier if names_future(held.symbol) else ZERO


def _reserved(order: PaperOrder) -> Decimal:
    return (order.reserved * (order.order_qty - order.cum_qty) / order.order_qty).quantize(CENT)
