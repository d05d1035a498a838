"""The paper exchange: takes orders, matches them against the market's quotes, keeps the accounts. One thread.

Every call is one change: decided in memory by the pure rules beside it (`acceptance`, `matching`, `settlement`), stored
whole, and only then true and told to the listeners, in order. What happens when:

    place        RECEIVED, ROUTED, LIVE at once while the session is open, and matched against what is displayed; the
                 order is returned as it was routed, the rest arrives as events. Outside the session it stays RECEIVED.
    advance      new quotes: first they fill what they reach, oldest order first; then requested cancels take effect;
                 then day orders past their session expire; then orders that waited go live. `tick` is the same without
                 quotes: call it when the market is quiet, so that cancels never wait for a quote.
    replace      the replacement is RECEIVED, its original CANCEL_REQUESTED. The cancel lets the replacement go live;
                 a fill that overtakes it rejects the replacement and leaves the cancel standing.
    end_session  cancels take effect, day orders expire, expiring contracts settle.

A client's id is kept, not enforced: whose broker enforces it asks `order_by_client_id` first.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from actors.domain.costs.fees import FeeSchedules
from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Contract, Products
from actors.domain.orders.order import Action, Leg
from actors.venue.acceptance import Warned
from actors.venue.account import (
    AccountSpec,
    BalanceChanged,
    Balances,
    OrderChanged,
    PaperPosition,
    PositionChanged,
    Transaction,
    TransactionBooked,
    VenueEvent,
)
from actors.venue.floor import Floor, SessionEnd
from actors.venue.ledger import Draft, Ledger
from actors.venue.market import Batch, Market
from actors.venue.paper_order import NewOrder, PaperOrder, PaperStatus
from actors.venue.reception import OrderFinished, OrderRefused, Reception, received, replacement
from actors.venue.steps import Behaviour, Steps
from actors.venue.store import VenueStore

__all__ = [
    "AccountSpec",
    "BalanceChanged",
    "Behaviour",
    "Exchange",
    "OrderChanged",
    "OrderFinished",
    "OrderRefused",
    "PositionChanged",
    "Preview",
    "TransactionBooked",
    "VenueEvent",
]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do, filled whole. Changes are signed; `margin_change` > 0 needs more."""

    legs: tuple[Leg, ...]
    fees: FeeBreakdown
    buying_power_change: Decimal
    margin_change: Decimal
    buying_power: Decimal
    """What there is before it."""
    warnings: tuple[Warned, ...]


class Exchange:
    """The paper exchange and its accounts."""

    def __init__(
        self,
        *,
        products: Products,
        fees: FeeSchedules,
        store: VenueStore,
        accounts: Sequence[AccountSpec],
        session_end: SessionEnd | None = None,
    ) -> None:
        self.behaviour = Behaviour()
        self.unsettled: tuple[str, ...] = ()
        """Expired symbols that could not settle at the last session's end, for want of a settlement price."""
        self._ledger = Ledger(store, accounts)
        self._reception = Reception(products, fees, self._ledger)
        self._session_end = session_end
        self._listeners: list[Callable[[VenueEvent], None]] = []
        self._untold: deque[VenueEvent] = deque()
        self._telling = False
        self._pending = {order.order_id for order in self._ledger.all_active() if _is_pending(order)}

    def bind(self, market: Market) -> None:
        """Open the floor of a session; orders that were working go on working."""
        self._reception.list(market.contracts)
        floor = Floor(market, self._reception.contract, self._session_end)
        floor.follow(self._ledger.all_active())
        self._reception.floor = floor

    def halt(self, symbols: frozenset[str]) -> None:
        """Halt exactly these contracts, and what is derived from them, for this session."""
        if self._floor is None:
            raise LookupError("no market plays")
        self._floor.halted = symbols

    def subscribe(self, listener: Callable[[VenueEvent], None]) -> Callable[[], None]:
        """Tell `listener` of everything that happens from now on; returns how to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def preview(self, account: str, new: NewOrder, now: datetime) -> Preview:
        """Return what `place` would do. Raises `OrderRefused`."""
        taken = self._reception.admit(account, new, now)
        power = self._reception.appraisal(account).balances(account).buying_power
        return Preview(taken.legs, taken.fees, taken.change, taken.margin, power, taken.warnings)

    def place(self, account: str, new: NewOrder, now: datetime) -> PaperOrder:
        """Take an order and return it as it was routed, or received while the session is closed.

        Raises `OrderRefused`.
        """
        taken = self._reception.admit(account, new, now)
        steps = self._steps(now)
        order = steps.take(received(steps.draft.order_id(), account, new, taken, now))
        self._commit(steps.draft)
        return order

    def place_complex(
        self, account: str, kind: str, trigger: NewOrder | None, orders: Sequence[NewOrder], now: datetime
    ) -> tuple[PaperOrder, ...]:
        """Take orders that depend on each other (`kind` OCO, OTO or OTOCO); return them, the trigger order first.

        After a trigger order the rest is CONTINGENT on its whole fill. Of two that work, the fill of one asks for the
        cancel of the other. Raises `OrderRefused`.
        """
        steps = self._steps(now)
        number, parts = steps.draft.order_id(), []
        for new in (*([trigger] if trigger is not None else []), *orders):
            follows = trigger is not None and new is not trigger
            taken = self._reception.admit_contingent(new, now) if follows else self._reception.admit(account, new, now)
            order = received(steps.draft.order_id(), account, new, taken, now)
            tag = f"{kind}::{'trigger-order' if new is trigger else 'order'}"
            status = PaperStatus.CONTINGENT if follows else PaperStatus.RECEIVED
            parts.append(replace(order, complex_id=number, complex_tag=tag, status=status))
        placed = steps.take_complex(parts)
        self._commit(steps.draft)
        return placed

    def cancel(self, account: str, order_id: int, now: datetime) -> PaperOrder:
        """Ask for a cancel; it takes effect with the next `advance`. Raises `OrderFinished`, `OrderRefused`."""
        order = self._unfinished(account, order_id)
        if order.status is PaperStatus.CANCEL_REQUESTED:
            return order
        draft = Draft(self._ledger)
        order = order.step(PaperStatus.CANCEL_REQUESTED, now)
        draft.put(order)
        self._commit(draft)
        return order

    def replace(
        self, account: str, order_id: int, net_price: Decimal, now: datetime, client_id: str | None = None
    ) -> PaperOrder:
        """Ask to work what is left of an order at another price; returns the replacement, which waits.

        `client_id` None keeps the original's. Raises `OrderFinished`, `OrderRefused`.
        """
        original = self._unfinished(account, order_id)
        new = replacement(original, net_price, client_id)
        taken = self._reception.admit(account, new, now, instead_of=order_id)
        draft = Draft(self._ledger)
        waiting = replace(received(draft.order_id(), account, new, taken, now), replaces=order_id)
        leaving = original.step(PaperStatus.CANCEL_REQUESTED, now)
        draft.put(replace(leaving, replaced_by=waiting.order_id))
        draft.put(waiting)
        self._commit(draft)
        return waiting

    def order(self, account: str, order_id: int) -> PaperOrder | None:
        """Return an order of this account."""
        order = self._ledger.order(order_id)
        return order if order is not None and order.account == account else None

    def order_by_client_id(self, account: str, client_id: str) -> PaperOrder | None:
        """Return the latest order that carries a client's id."""
        return self._ledger.order_of_client(account, client_id)

    def orders(self, account: str, since: datetime | None = None) -> tuple[PaperOrder, ...]:
        """Return orders, oldest first; with `since` those unfinished, or updated since."""
        return tuple(
            order
            for order in self._ledger.orders(account)
            if since is None or not order.is_terminal or order.updated_at >= since
        )

    def positions(self, account: str) -> tuple[PaperPosition, ...]:
        """Return what the account holds."""
        return self._ledger.positions(account)

    def held_at(self, when: datetime) -> tuple[str, ...]:
        """Return the symbols that any account held just before `when`; the same however often the venue restarts."""
        return self._ledger.held_at(when)

    def balances(self, account: str) -> Balances:
        """Return the account's money, at the quotes displayed."""
        return self._reception.appraisal(account).balances(account)

    def transactions(self, account: str, since: datetime | None = None) -> tuple[Transaction, ...]:
        """Return transactions, oldest first."""
        booked = self._ledger.transactions(account)
        return tuple(entry for entry in booked if since is None or entry.at >= since)

    def advance(self, batch: Batch) -> None:
        """Take in new quotes of the bound market, and let happen what follows from them."""
        if self._floor is None:
            raise LookupError("no market plays")
        self._pass_time(self._floor.apply(batch), batch.at)

    def tick(self, now: datetime) -> None:
        """Let time pass without quotes."""
        self._pass_time([], now)

    def end_session(self, market: Market, now: datetime) -> None:
        """End a market's session: cancels take effect, day orders expire, expiring contracts settle."""
        steps = self._steps(now)
        steps.finish_cancels(self._pending)
        steps.expire(self._ledger.all_active(), market)
        self.unsettled = tuple(steps.settle(tuple(self._ledger.specs), market))
        self._commit(steps.draft)

    def assign(self, now: datetime, account: str, symbol: str, quantity: int) -> None:
        """Assign shorts of an account early, as holders' exercises would. Raises `ValueError`."""
        steps = self._steps(now)
        steps.assign(account, symbol, quantity)
        self._commit(steps.draft)

    def _pass_time(self, touched: Sequence[int], now: datetime) -> None:
        if touched or self._pending or (self._floor is not None and self._floor.past_their_end(now)):
            steps = self._steps(now)
            steps.pass_time(touched, self._pending)
            self._commit(steps.draft)

    def _steps(self, now: datetime) -> Steps:
        on = self._reception.session(now)

        def fees_of(
            account: str, contract: Contract, action: Action, quantity: int, at: Decimal, paid: Decimal
        ) -> FeeBreakdown:
            return self._reception.charged(account, contract, action, quantity, at, on, paid)

        def delivery_fees_of(account: str, contract: Contract, assigned: bool) -> FeeBreakdown:  # noqa: FBT001 - one of its facts
            return self._reception.delivered(account, contract, on, assigned=assigned)

        parts = self._ledger, self._floor, self.behaviour, self._reception.contract
        return Steps(*parts, fees_of, delivery_fees_of, now)

    @property
    def _floor(self) -> Floor | None:
        return self._reception.floor

    def _unfinished(self, account: str, order_id: int) -> PaperOrder:
        order = self.order(account, order_id)
        if order is None:
            raise OrderRefused("order_not_found", f"account {account} has no order {order_id}")
        if order.is_terminal:
            raise OrderFinished(order)
        return order

    def _commit(self, draft: Draft) -> None:
        changed = draft.changes
        self._untold.extend(self._ledger.commit(draft))
        if self._floor is not None:
            self._floor.follow(changed.orders.values())
        for order in changed.orders.values():
            (self._pending.add if _is_pending(order) else self._pending.discard)(order.order_id)
        self._untold.extend(BalanceChanged(account, self.balances(account)) for account in changed.cash)
        self._tell()

    def _tell(self) -> None:
        if self._telling:  # a listener acted: its events wait their turn
            return
        self._telling = True
        try:
            while self._untold:
                event = self._untold.popleft()
                for listener in tuple(self._listeners):
                    listener(event)
        finally:
            self._telling = False


def _is_pending(order: PaperOrder) -> bool:
    return order.status in {PaperStatus.RECEIVED, PaperStatus.CANCEL_REQUESTED}
