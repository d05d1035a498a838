"""A LEAN in small: loads Holdfast's algorithm file, runs it on a thread of its own, trades on the paper exchange.

The exchange is asked on the venue's event loop, the algorithm's code (its blocking posts too) runs on its thread; what
happens to orders waits in line for that thread, as commands do. A restart loads the file anew: memory is lost, LEAN's
numbers begin again, open orders come back from the brokerage with their broker's ids and without their tags; the
object store and the brokerage stay.
"""

import asyncio
import importlib.util
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from loguru import logger

from actors.domain.orders.order import Action, OrderType, TimeInForce
from actors.domain.orders.order import Leg as OrderLeg
from actors.venue.account import OrderChanged, VenueEvent
from actors.venue.exchange import Exchange, OrderFinished, OrderRefused
from actors.venue.paper_order import NewOrder, PaperOrder, PaperStatus
from actors.venue.quantconnect_shim import algorithm_imports
from actors.venue.quantconnect_values import LeanOrder, Leg, OrderEvent, OrderStatus, Symbol
from actors.venue.venue_settings import LeanSettings

ALGORITHM = "actors.brokers.lean.holdfast_algorithm"
CALL_TIMEOUT_S = 10.0
T = TypeVar("T")

_STATUSES = {
    PaperStatus.RECEIVED: OrderStatus.NEW,
    PaperStatus.ROUTED: OrderStatus.SUBMITTED,
    PaperStatus.LIVE: OrderStatus.SUBMITTED,
    PaperStatus.CANCEL_REQUESTED: OrderStatus.CANCEL_PENDING,
    PaperStatus.FILLED: OrderStatus.FILLED,
    PaperStatus.CANCELLED: OrderStatus.CANCELED,
    PaperStatus.EXPIRED: OrderStatus.CANCELED,
    PaperStatus.REJECTED: OrderStatus.INVALID,
}


class Lean:
    """One deployment; implements `quantconnect_shim.Engine`."""

    def __init__(
        self,
        settings: LeanSettings,
        secret: str,
        exchange: Exchange,
        store: Path,
        market_now: Callable[[], datetime],
        mark: Callable[[str], float | None],
    ) -> None:
        self.settings, self.store = settings, store
        self.algorithm_id = f"L-{settings.project}"
        self.parameters = {"holdfast-url": settings.ack_url, "holdfast-secret": secret}
        self.orders: dict[int, LeanOrder] = {}
        self.past: list[LeanOrder] = []
        """Orders of earlier runs: QuantConnect's readings have them still."""
        self._mark = mark
        self._exchange, self._market_now = exchange, market_now
        self._by_paper: dict[int, list[LeanOrder]] = {}
        self._by_name: dict[str, list[LeanOrder]] = {}
        self._algorithm: Any = None
        self._runs = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lean")

    @property
    def is_running(self) -> bool:
        """Whether the algorithm was loaded and has not failed."""
        return self._algorithm is not None

    def start(self) -> None:
        """Run the algorithm. Called on the venue's loop, as `restart`, `deliver` and `close` are."""
        self._loop = asyncio.get_running_loop()
        self._unsubscribe = self._exchange.subscribe(self._heard)
        self._thread.submit(self._load)

    def restart(self) -> None:
        """Run it anew."""
        self._thread.submit(self._load)

    def deliver(self, command: Any) -> None:
        """Hand a command to the algorithm's thread."""
        self._thread.submit(self._obey, command)

    def close(self) -> None:
        """Run nothing more."""
        self._unsubscribe()
        self._thread.shutdown(wait=False, cancel_futures=True)

    # -- on the algorithm's thread ----------------------------------------------------------------------------------

    def _load(self) -> None:
        try:
            self._on_loop(self._begin)
            spec = importlib.util.find_spec(ALGORITHM)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules["AlgorithmImports"] = algorithm_imports(self)
            spec.loader.exec_module(module)
            self._algorithm = module.HoldfastAlgorithm()
            self._algorithm.initialize()
        except Exception:  # noqa: BLE001 - LEAN's RuntimeError state: the deployment stands still, and says so
            self._algorithm = None
            logger.exception("the algorithm does not run")

    def _obey(self, command: Any) -> None:
        kind = command.get("$type") if isinstance(command, dict) else None
        if self._algorithm is None or kind not in self._algorithm.commands:
            return  # dropped without a word, as LEAN does
        order = self._algorithm.commands[kind]()
        order.body = command.get("body", "")
        order.run(self._algorithm)

    def _tell(self, event: OrderEvent) -> None:
        if self._algorithm is not None and event.order_id in self.orders:
            self._algorithm.on_order_event(event)

    def now(self) -> datetime:
        """Return the market's time, naive UTC."""
        return self._market_now().astimezone(UTC).replace(tzinfo=None)

    def order(self, legs: Sequence[Leg], quantity: int, limit_price: float | None, tag: str, day: bool) -> list[int]:  # noqa: FBT001
        """Place on the exchange."""
        return self._on_loop(lambda: self._place(legs, quantity, limit_price, tag, is_day=day))

    def refused(self, legs: Sequence[Leg], tag: str, text: str) -> int:
        """Number an order that never leaves; its event comes in the middle of ordering."""
        (order, *_) = self._on_loop(lambda: self._numbered(legs[:1], 1, None, tag))
        order.status = OrderStatus.INVALID
        self._algorithm.on_order_event(self._event(order, text))
        return order.id

    def has_price(self, symbol: str) -> bool:
        """Whether the market quotes a contract."""
        return self._on_loop(lambda: self._mark(symbol)) is not None

    def cancel(self, order_id: int) -> str:
        """Ask the exchange; return why not."""
        return self._on_loop(lambda: self._cancel(order_id))

    def holdings(self) -> dict[str, tuple[int, Decimal]]:
        """Return quantity and average price by symbol."""
        account = self.settings.account
        held = self._on_loop(lambda: self._exchange.positions(account))
        return {each.symbol: (each.quantity, each.average_price) for each in held}

    def money(self) -> tuple[Decimal, Decimal, Decimal]:
        """Return cash, net liquidation value and buying power."""
        balances = self._on_loop(lambda: self._exchange.balances(self.settings.account))
        return balances.cash, balances.net_liquidation, balances.buying_power

    def _on_loop(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(CALL_TIMEOUT_S)

    # -- on the venue's loop ----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._runs += 1
        self.past += self.orders.values()
        tags = {number: orders[0].tag for number, orders in self._by_paper.items() if orders}
        self.orders, self._by_paper, self._by_name = {}, {}, {}
        for paper in self._exchange.orders(self.settings.account):
            if not paper.is_terminal:
                tag = tags.get(paper.order_id, "") if self.settings.keeps_tags else ""
                legs = [Leg.create(Symbol(leg.symbol), leg.action.sign * leg.ratio) for leg in paper.legs]
                self._by_paper[paper.order_id] = self._numbered(legs, paper.order_qty, paper.net_price, tag)
                for order, leg in zip(self._by_paper[paper.order_id], paper.legs, strict=True):
                    order.broker_id, order.filled = [str(paper.order_id)], leg.filled
                    order.status = _STATUSES[paper.status]

    def _numbered(self, legs: Sequence[Leg], quantity: int, price: Decimal | None, tag: str) -> list[LeanOrder]:
        first = len(self.orders) + 1
        made = [
            LeanOrder(number, leg.symbol, leg.quantity * quantity, tag, self._market_now(), first, price)
            for number, leg in enumerate(legs, first)
        ]
        self.orders |= {order.id: order for order in made}
        return made

    def _place(self, legs: Sequence[Leg], quantity: int, price: float | None, tag: str, *, is_day: bool) -> list[int]:
        held = {each.symbol: each.quantity for each in self._exchange.positions(self.settings.account)}
        limit = None if price is None else Decimal(str(price))
        made = self._numbered(legs, quantity, limit, tag)
        name = f"{self.algorithm_id}-{self._runs}-{made[0].id}"
        new = NewOrder(
            client_id=name,
            legs=tuple(
                OrderLeg(symbol=leg.symbol.value, action=_action(leg, held), ratio=abs(leg.quantity)) for leg in legs
            ),
            order_qty=quantity,
            order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
            net_price=None if limit is None else -limit,
            time_in_force=TimeInForce.DAY if is_day else TimeInForce.GTC,
        )
        self._by_name[name] = made
        try:
            self._exchange.place(self.settings.account, new, self._market_now())
        except OrderRefused as refused:
            for order in made:
                order.status = OrderStatus.INVALID
                self._thread.submit(self._tell, self._event(order, f"preflight 422 {refused.code}: {refused.text}"))
        return [order.id for order in made]

    def _cancel(self, order_id: int) -> str:
        try:
            self._exchange.cancel(self.settings.account, int(self.orders[order_id].broker_id[0]), self._market_now())
        except (OrderFinished, OrderRefused, IndexError) as refused:
            return f"cannot be cancelled: {refused}"
        return ""

    def _heard(self, event: VenueEvent) -> None:
        if not isinstance(event, OrderChanged) or event.order.account != self.settings.account:
            return
        paper = event.order
        orders = self._by_paper.get(paper.order_id) or self._by_name.get(paper.client_id or "", [])
        self._by_paper[paper.order_id] = orders
        for place, order in enumerate(orders):
            for told in self._news(order, paper, place):
                self._thread.submit(self._tell, told)

    def _news(self, order: LeanOrder, paper: PaperOrder, place: int) -> list[OrderEvent]:
        leg, told, before = paper.legs[place], [], order.status
        order.broker_id = [str(paper.order_id)]
        seen = 0
        for fill in leg.fills:
            seen += fill.quantity
            if seen > order.filled:
                order.filled = seen
                order.status = OrderStatus.FILLED if seen == leg.quantity else OrderStatus.PARTIALLY_FILLED
                booked = self._exchange.transactions(paper.account)
                fee = sum((each.value - each.net for each in booked if each.exec_id == fill.fill_id), Decimal(0))
                told.append(self._event(order, "", fill.quantity * leg.action.sign, fill.price, fee))
        status = _STATUSES[paper.status]
        is_over = status in {OrderStatus.CANCELED, OrderStatus.INVALID, OrderStatus.CANCEL_PENDING}
        if not told and status is not before and order.status is not OrderStatus.FILLED and (is_over or not seen):
            order.status = status
            told.append(self._event(order, paper.reject_reason or ""))
        return told

    def _event(
        self, order: LeanOrder, text: str, quantity: int = 0, price: Decimal = Decimal(0), fee: Decimal = Decimal(0)
    ) -> OrderEvent:
        order.events += 1
        return OrderEvent(
            order.id, order.events, order.symbol, order.status, self.now(), quantity, float(price), float(fee), text
        )


def _action(leg: Leg, held: dict[str, int]) -> Action:
    closes = held.get(leg.symbol.value, 0) * leg.quantity < 0
    if leg.quantity > 0:
        return Action.BUY_TO_CLOSE if closes else Action.BUY_TO_OPEN
    return Action.SELL_TO_CLOSE if closes else Action.SELL_TO_OPEN
