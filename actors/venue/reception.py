"""The venue's front desk: knows the contracts and the fees, and takes orders or says why not.

It decides nothing itself: it gathers what `acceptance` needs (contracts, quotes, the account's standing, fees of the
session) and turns a refusal into `OrderRefused`, the exception brokers' servers answer with.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from actors.domain.costs.fees import FeeSchedules
from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Contract, Products, UnknownSymbol
from actors.domain.orders.order import Action, Leg, OrderType
from actors.domain.value import ZERO
from actors.venue.acceptance import Admission, Refusal, admitted, malformed
from actors.venue.account import AccountSpec
from actors.venue.appraisal import Appraisal
from actors.venue.floor import Floor
from actors.venue.ledger import Ledger
from actors.venue.matching import LegQuote
from actors.venue.paper_order import NewOrder, PaperLeg, PaperOrder, PaperStatus

NEW_YORK = ZoneInfo("America/New_York")
_NO_QUOTE = LegQuote(None, None, 0, 0)


class OrderRefused(Exception):
    """The venue does not take the order or the request; nothing was created or changed."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class OrderFinished(Exception):
    """A cancel or replace came too late: `order` is what became of it."""

    def __init__(self, order: PaperOrder) -> None:
        super().__init__(f"order {order.order_id} is {order.status}")
        self.order = order


class Reception:
    """Takes orders for the accounts of a ledger. `floor` is set with each session; None while no market plays."""

    def __init__(self, products: Products, fees: FeeSchedules, ledger: Ledger) -> None:
        self.floor: Floor | None = None
        self._products = products
        self._fees = fees
        self._ledger = ledger
        self._contracts: dict[str, Contract] = {}

    def list(self, contracts: Sequence[Contract]) -> None:
        """Take in what a market knows of its contracts; it goes before the product table."""
        self._contracts |= {contract.symbol: contract for contract in contracts}

    def contract(self, symbol: str) -> Contract:
        """Return a contract. Raises `UnknownSymbol`."""
        known = self._contracts.get(symbol)
        if known is None:
            known = self._contracts[symbol] = self._products.contract(symbol)
        return known

    def session(self, now: datetime) -> date:
        """Return the trading day: the bound market's, else New York's date."""
        return now.astimezone(NEW_YORK).date() if self.floor is None else self.floor.market.session

    def charged(  # one argument a fact of the execution
        self, account: str, contract: Contract, action: Action, quantity: int, at: Decimal, on: date, paid: Decimal
    ) -> FeeBreakdown:
        """Return what an execution costs; `paid` is the commission its leg has paid before."""
        schedule = self.spec(account).fee_schedule
        return self._fees.fees(schedule, contract.product, action, quantity, at, on, paid)

    def delivered(self, account: str, contract: Contract, on: date, *, assigned: bool) -> FeeBreakdown:
        """Return what the exercise or the assignment of one position costs."""
        schedule = self.spec(account).fee_schedule
        return FeeBreakdown(commission=self._fees.delivery_fee(schedule, contract.product, on, assigned=assigned))

    def spec(self, account: str) -> AccountSpec:
        """Return an account's configuration. Raises `OrderRefused`."""
        spec = self._ledger.specs.get(account)
        if spec is None:
            raise OrderRefused("account_not_found", f"there is no account {account}")
        return spec

    def appraisal(self, account: str) -> Appraisal:
        """Return who values this account. Raises `OrderRefused`."""
        self.spec(account)
        return Appraisal(self._ledger, self.contract, self.floor)

    def admit(self, account: str, new: NewOrder, now: datetime, instead_of: int | None = None) -> Admission:
        """Return what an order would do; `instead_of` names the order it replaces. Raises `OrderRefused`."""
        contracts = [self._named(leg.symbol) for leg in new.legs]
        symbols = [contract.symbol for contract in contracts]
        is_open = self.floor is not None and self.floor.is_open(symbols, now)
        session = self.session(now)
        refusal = malformed(new, contracts, session, is_open=is_open)
        if refusal is not None:
            raise OrderRefused(refusal.code, refusal.text)

        def fees_of(contract: Contract, action: Action, quantity: int, at: Decimal) -> FeeBreakdown:
            return self.charged(account, contract, action, quantity, at, session, ZERO)

        quotes = [_NO_QUOTE if self.floor is None else self.floor.quote(symbol) for symbol in symbols]
        standing = self.appraisal(account).standing(account, instead_of)
        taken = admitted(new, contracts, quotes, standing, fees_of)
        if isinstance(taken, Refusal):
            raise OrderRefused(taken.code, taken.text)
        return taken

    def admit_contingent(self, new: NewOrder, now: datetime) -> Admission:
        """Return an order that follows another, taken for its form alone: what it closes is yet to be opened."""
        refusal = malformed(new, [self._named(leg.symbol) for leg in new.legs], self.session(now), is_open=True)
        if refusal is not None:
            raise OrderRefused(refusal.code, refusal.text)
        return Admission(new.legs, FeeBreakdown(), ZERO, ZERO, ZERO, ())

    def _named(self, symbol: str) -> Contract:
        try:
            return self.contract(symbol)
        except UnknownSymbol as error:
            raise OrderRefused("symbol_not_found", str(error)) from None


def received(number: int, account: str, new: NewOrder, taken: Admission, now: datetime) -> PaperOrder:
    """Return an admitted order as the venue first keeps it."""
    return PaperOrder(
        order_id=number,
        account=account,
        client_id=new.client_id,
        legs=tuple(PaperLeg(leg.symbol, leg.action, leg.ratio * new.order_qty, leg.ratio) for leg in taken.legs),
        order_qty=new.order_qty,
        order_type=new.order_type,
        net_price=new.net_price,
        stop_trigger=new.stop_trigger,
        time_in_force=new.time_in_force,
        status=PaperStatus.RECEIVED,
        strict_close=new.strict_close,
        received_at=now,
        updated_at=now,
        reserved=taken.reserved,
    )


def replacement(original: PaperOrder, net_price: Decimal, client_id: str | None) -> NewOrder:
    """Return the order for what is left of `original` at another price. Raises `OrderRefused`."""
    if original.order_type is not OrderType.LIMIT or original.status is PaperStatus.CANCEL_REQUESTED:
        raise OrderRefused("cannot_update_order", f"a {original.order_type} order that is {original.status}")
    if any(leg.filled != original.cum_qty * leg.ratio for leg in original.legs):
        raise OrderRefused("cannot_update_order", "the legs are out of ratio: cancel it and mend the position")
    return NewOrder(
        client_id=client_id or original.client_id,
        legs=tuple(Leg(symbol=leg.symbol, action=leg.action, ratio=leg.ratio) for leg in original.legs),
        order_qty=original.order_qty - original.cum_qty,
        net_price=net_price,
        time_in_force=original.time_in_force,
        strict_close=original.strict_close,
    )
