"""The paper venue as a modelled connection sees it: its real books, told in tastytrade's JSON and read by the adapter.

Orders go in and reports come out through the very shapes that cross the wire otherwise; what is left out is the wire.
Like tastytrade it echoes our ids and enforces none of them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from actors.brokers.outcomes import Unsendable
from actors.brokers.tastytrade_shapes import cash_event, order_body, report
from actors.config import RuntimeConfig
from actors.domain.market.contract import Products
from actors.domain.orders.order import Order
from actors.domain.orders.report import AccountState, BrokerPosition, CashEvent, Status
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.value import ZERO
from actors.ports import Clock
from actors.venue.account import AccountSpec, OrderChanged, PositionChanged, TransactionBooked, VenueEvent
from actors.venue.exchange import Exchange, OrderFinished, OrderRefused
from actors.venue.paper_order import PaperOrder
from actors.venue.store import VenueStore
from actors.venue.tastytrade_shapes import PreflightFailed, new_order, order_json
from actors.venue.tastytrade_transaction_shapes import transaction_json
from supervisor.app import warmth
from supervisor.app.order_machine.broker import Held, Kind, ModelBroker
from supervisor.app.plan import TABLES
from supervisor.app.terms import fee_schedule


def venue_of(config: RuntimeConfig, products: Products, folder: Path) -> Exchange:
    """Return the venue with an account for each route, its books in `folder`."""
    specs = [
        AccountSpec(account=each.account_domain, fee_schedule=fee_schedule(each), cash=config.market.cash)
        for each in config.routes
    ]
    fees = warmth.fees(TABLES / "fees.toml")
    return Exchange(products=products, fees=fees, store=VenueStore(folder / "books.sqlite"), accounts=specs)


class Bank(ModelBroker):
    """One account of the exchange, and what its broker said no to."""

    def __init__(self, route: str, domain: str, exchange: Exchange, products: Products, clock: Clock) -> None:
        super().__init__(route, Kind.ECHOES)
        self.account_domain = domain
        self.refused: list[str] = []
        self.charged = ZERO
        """Fees so far, in dollars."""
        self._exchange, self._products, self._clock = exchange, products, clock

    def book(self, attempt_id: str, order: Order, now: datetime) -> Held | None:
        """Take an order in; None where it is refused."""
        try:
            asked = new_order(order_body(attempt_id, order), self._products.contract)
            placed = self._exchange.place(self.account_domain, asked, now)
        except (OrderRefused, PreflightFailed, Unsendable) as refused:
            self.refused.append(f"{attempt_id}: {refused}")
            return None
        held = Held(theirs=str(placed.order_id), attempt_id=attempt_id, order=order, booked_at=now)
        self.orders[held.theirs] = self._known_as(held)
        self._changed(self._exchange.order(self.account_domain, placed.order_id) or placed)
        return held

    def _known_as(self, held: Held) -> Held:
        self._known[held.attempt_id] = held.theirs
        return held

    def hear(self, event: VenueEvent) -> Held | None:
        """Take in what happened at the exchange; return the order of this account that it happened to."""
        if isinstance(event, OrderChanged):
            return self._changed(event.order)
        if isinstance(event, TransactionBooked) and event.transaction.account == self.account_domain:
            self.charged += event.transaction.value - event.transaction.net
        if isinstance(event, PositionChanged) and event.account == self.account_domain:
            self.positions[event.position.symbol] = event.position.quantity
            if not event.position.quantity:
                del self.positions[event.position.symbol]
        return None

    def ask_cancel(self, held: Held) -> bool:
        """Take a cancel request; False where the order is finished."""
        try:
            self._exchange.cancel(self.account_domain, int(held.theirs), self._clock.market_now())
        except (OrderFinished, OrderRefused):
            return False
        return True

    def cancel(self, held: Held) -> None:  # noqa: ARG002 - the exchange knows which cancels wait
        """Let the request take effect, or come too late."""
        self._exchange.tick(self._clock.market_now())

    def account(
        self, since: datetime, now: datetime, positions: Mapping[str, int] | None = None, *, truly: bool = False
    ) -> AccountState:
        """Return a whole reading, with the positions of a moment before where they are given."""
        balances = self._exchange.balances(self.account_domain)
        held = self.positions if positions is None else positions
        lately = (each for each in self.orders.values() if each.booked_at >= since or not each.status.is_terminal)
        return AccountState(
            route=self.route,
            account_domain=self.account_domain,
            since=since,
            read_at=now,
            orders=tuple(self.report(each, now, truly=truly) for each in lately),
            positions=tuple(BrokerPosition(symbol=symbol, quantity=count) for symbol, count in held.items()),
            cash_events=tuple(self._cash_events(since)),
            cash=balances.cash,
            net_liquidation=balances.net_liquidation,
            buying_power=balances.buying_power,
            trading=TradingStatus(),
        )

    def cash_now(self) -> Decimal:
        """Return the account's cash."""
        return self._exchange.balances(self.account_domain).cash

    def _cash_events(self, since: datetime) -> Iterator[CashEvent]:
        for entry in self._exchange.transactions(self.account_domain, since):
            told = transaction_json(self.account_domain, entry, self._products.contract(entry.symbol))
            event = cash_event(told, self.account_domain, {}, {})
            if event is not None:
                yield event

    def _changed(self, told: PaperOrder) -> Held | None:
        held = self.orders.get(str(told.order_id)) if told.account == self.account_domain else None
        if held is not None:
            seen = report(order_json(told, self._products.contract), self.route, self.account_domain)
            held.status, held.fills = seen.status or Status.NEW, list(seen.fills)
        return held
