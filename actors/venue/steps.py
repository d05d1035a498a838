"""The steps one change of the venue is made of: route, fill, cancel, expire, settle. They write into one draft.

Order of a passing of time (`pass_time`), and why:

    1. fills      the quotes were there before the cancel arrived
    2. cancels    and with each the order that replaces it goes live
    3. expiries   of day orders past their product's session
    4. openings   of orders that waited for the session
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from pydantic import Field

from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Contract, Kind
from actors.domain.market.quote import price
from actors.domain.orders.order import Action, TimeInForce
from actors.domain.value import Value
from actors.venue.account import Movement, TransactionType
from actors.venue.execution import execute
from actors.venue.floor import Floor
from actors.venue.ledger import Draft, Ledger
from actors.venue.market import Market
from actors.venue.matching import NATURAL, is_reached, match
from actors.venue.paper_order import PaperOrder, PaperStatus
from actors.venue.settlement import assign_early, settle


class Behaviour(Value):
    """How the exchange matches and misbehaves; set by configuration and by faults."""

    concession: Decimal = Field(default=NATURAL, ge=0, le=1)
    """Share of the way from mid to natural that a limit gives up before it fills: see `matching`."""
    fill_legs_only: frozenset[int] | None = None
    """A fault: only these legs of a combo fill, by their place."""
    legs_told_singly: frozenset[str] = frozenset()
    """Accounts told of a combo's fills one leg after another, as tastytrade does."""
    reject_reason: str | None = None
    """A fault: new orders are taken, then rejected by the exchange with this reason."""


ChargedTo = Callable[[str, Contract, Action, int, Decimal, Decimal], FeeBreakdown]
"""Account, contract, action, quantity, price, commission the leg paid before, to what an execution costs."""
DeliveredTo = Callable[[str, Contract, bool], FeeBreakdown]
"""Account, contract, whether it is assigned rather than exercised, to what that costs."""
_DELIVERIES = {TransactionType.SETTLEMENT, TransactionType.ASSIGNMENT, TransactionType.EXERCISE}


class Steps:
    """One change in the making. `floor` is None where no market plays; then nothing routes and nothing fills."""

    def __init__(
        self,
        ledger: Ledger,
        floor: Floor | None,
        behaviour: Behaviour,
        contract_of: Callable[[str], Contract],
        fees_of: ChargedTo,
        delivery_fees_of: DeliveredTo,
        now: datetime,
    ) -> None:
        self.draft = Draft(ledger)
        self._ledger = ledger
        self._floor = floor
        self._behaviour = behaviour
        self._contract_of = contract_of
        self._fees_of, self._delivery_fees_of = fees_of, delivery_fees_of
        self._now = now

    def take_complex(self, orders: Collection[PaperOrder]) -> tuple[PaperOrder, ...]:
        """Take the parts of a complex order: route those that follow nothing; return them as they then are."""
        for order in orders:
            self.draft.put(order)
        for order in orders:
            now_known = self.draft.order(order.order_id)
            if now_known.status is PaperStatus.RECEIVED:
                self.take(now_known)
        return tuple(self.draft.order(order.order_id) for order in orders)

    def take(self, order: PaperOrder) -> PaperOrder:
        """Take a new order: route it where its session is open; return it as routed, or as received."""
        if self._floor is None or not self._floor.is_open(_symbols(order), self._now):
            self.draft.put(order)
            return order
        return self._route(self._floor, order)

    def pass_time(self, touched: Collection[int], pending: Collection[int]) -> None:
        """Let happen what new quotes and the hour bring. `touched` orders are looked at, `pending` ones may move."""
        if self._floor is None:
            return self.finish_cancels(pending)
        for number in touched:
            if self._floor.may_fill(number, self._now, self._behaviour.concession):
                self._fill(self._floor, self.draft.order(number))
        self.finish_cancels(pending)
        for number in self._floor.past_their_end(self._now):
            order = self.draft.order(number)
            if not order.is_terminal:
                self._end(order.step(PaperStatus.EXPIRED, self._now))
        self._open_waiting(self._floor, pending)
        return None

    def finish_cancels(self, pending: Collection[int]) -> None:
        """Let requested cancels take effect."""
        for number in sorted(pending):
            order = self.draft.order(number)
            if order.status is PaperStatus.CANCEL_REQUESTED:
                self._end(order.step(PaperStatus.CANCELLED, self._now))

    def expire(self, orders: Collection[PaperOrder], market: Market) -> None:
        """End with the session: day orders that belong to it, and whatever names a contract that expires in it."""
        for number in [order.order_id for order in orders]:
            order = self.draft.order(number)
            is_tomorrows = order.status is PaperStatus.RECEIVED and order.received_at > market.closes_at
            is_day = order.time_in_force is not TimeInForce.GTC and not is_tomorrows
            if not order.is_terminal and (is_day or self._expires(order, market)):
                self.draft.put(order.step(PaperStatus.EXPIRED, self._now))

    def _expires(self, order: PaperOrder, market: Market) -> bool:
        last_days = (self._contract_of(symbol).expires_on for symbol in _symbols(order))
        return any(day is not None and day <= market.session for day in last_days)

    def settle(self, accounts: Collection[str], market: Market) -> Iterator[str]:
        """Settle what expired by this session, at its settlement prices; yield what has none."""
        for account in accounts:
            for position in self._ledger.positions(account):
                contract = self._contract_of(position.symbol)
                if contract.expires_on is None or contract.expires_on > market.session:
                    continue
                print_ = market.settlement_price(contract.underlying)
                settled_at = None if print_ is None else price(print_)
                if settled_at is None:
                    yield position.symbol
                    continue
                shares = self.draft.held(account, contract.underlying)
                for movement in settle(account, position, contract, settled_at, shares, self._now):
                    self.draft.book(self._charged(movement, contract))

    def assign(self, account: str, symbol: str, quantity: int) -> None:
        """Assign shorts of an account early. Raises `ValueError`."""
        contract, held = self._contract_of(symbol), self._ledger.position(account, symbol)
        shares = self.draft.held(account, contract.underlying)
        for movement in assign_early(account, held, contract, quantity, shares, self._now):
            self.draft.book(self._charged(movement, contract))

    def _charged(self, movement: Movement, contract: Contract) -> Movement:
        """Return a movement with what the exercise or the assignment costs, where it is the option's own."""
        is_known = contract.product.kind is not Kind.FUTURE_OPTION  # what theirs costs is in no table
        if movement.symbol != contract.symbol or movement.type not in _DELIVERIES or not is_known:
            return movement
        assigned = movement.action.is_buy
        return replace(movement, fees=self._delivery_fees_of(movement.account, contract, assigned))

    def _route(self, floor: Floor, order: PaperOrder) -> PaperOrder:
        routed = order.step(PaperStatus.ROUTED, self._now)
        self.draft.put(routed)
        if self._behaviour.reject_reason is not None:
            self.draft.put(routed.step(PaperStatus.REJECTED, self._now, self._behaviour.reject_reason))
            return routed
        live = routed.step(PaperStatus.LIVE, self._now)
        self.draft.put(live)
        live = self._fill(floor, live)
        if live.time_in_force is TimeInForce.IOC and not live.is_terminal:
            self.draft.put(live.step(PaperStatus.CANCELLED, self._now))
        return routed

    def _fill(self, floor: Floor, order: PaperOrder) -> PaperOrder:
        quotes = [floor.quote(symbol) for symbol in _symbols(order)]
        if order.rests:
            if not is_reached(order, quotes):
                return order
            order = replace(order, triggered=True)
            self.draft.put(order)
        matched = match(order, quotes, self._behaviour.concession, self._behaviour.fill_legs_only)
        if not matched:
            return order
        for part in matched:
            leg = order.legs[part.leg]
            floor.displayed.take(leg.symbol, leg.action, part.quantity)

        def fees_of(contract: Contract, action: Action, quantity: int, at: Decimal, paid: Decimal) -> FeeBreakdown:
            return self._fees_of(order.account, contract, action, quantity, at, paid)

        singly = order.account in self._behaviour.legs_told_singly
        filled = execute(self.draft, order, matched, self._contract_of, fees_of, self._now, leg_by_leg=singly)
        if filled.status is PaperStatus.FILLED:
            self._after_fill(floor, filled)
        return filled

    def _after_fill(self, floor: Floor, order: PaperOrder) -> None:
        """Let what follows an order work, and ask for the cancel of what it was one of two with."""
        for kin in self._kin(order):
            if kin.status is PaperStatus.CONTINGENT:
                self._route(floor, kin)
            elif not order.is_trigger and kin.status is not PaperStatus.CANCEL_REQUESTED:
                self.draft.put(kin.step(PaperStatus.CANCEL_REQUESTED, self._now))

    def _end(self, order: PaperOrder) -> None:
        """End an order without its last fill, and with it what would have followed it."""
        self.draft.put(order)
        for kin in self._kin(order):
            if kin.status is PaperStatus.CONTINGENT:
                self.draft.put(kin.step(PaperStatus.CANCELLED, self._now))

    def _kin(self, order: PaperOrder) -> list[PaperOrder]:
        if order.complex_id is None:
            return []
        numbers = [each.order_id for each in self._ledger.active(order.account) if each.complex_id == order.complex_id]
        known = (self.draft.order(number) for number in {*numbers, *self.draft.changes.orders})
        others = [each for each in known if each.complex_id == order.complex_id and each.order_id != order.order_id]
        return sorted((each for each in others if not each.is_terminal), key=lambda each: each.order_id)

    def _open_waiting(self, floor: Floor, pending: Collection[int]) -> None:
        for number in sorted(pending):
            order = self.draft.order(number)
            # Requested cancels have taken effect by now, so no replacement works beside its original.
            if order.status is PaperStatus.RECEIVED and floor.is_open(_symbols(order), self._now):
                self._route(floor, order)


def _symbols(order: PaperOrder) -> list[str]:
    return [leg.symbol for leg in order.legs]
