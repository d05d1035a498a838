"""A model of one broker and its one account: what it keeps of our ids, what it books, what it says.

    DEDUPES   refuses an id it knows, tells it with every order (Alpaca)
    ECHOES    books whatever arrives, as often as it arrives, and tells the id (tastytrade)
    LISTS     neither: orders are known by the broker's id alone, and a lost one is searched for by what it is

It is the truth the book is held against, so nothing in it fails; requests and reports that get lost, late or double are
its surroundings' (`link`). An order is told as a whole object, with every execution that stands and every one that was
taken back. Fees are told by readings alone, as cash. A close of what was taken back is refused, as strict position
effect has it; what was begun to be closed is not taken back here: that leaves an account which no order of ours can put
right, and is paged until a person does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from actors.domain.orders.attempt import Absent, Found, Resolution, Unknown
from actors.domain.orders.order import Fill, Intent, Order
from actors.domain.orders.report import AccountState, BrokerPosition, CashEvent, ExecutionReport, Status
from actors.domain.orders.trading_status import TradingStatus
from supervisor.app.order_machine.market import LAST_PX

CASH: Final = Decimal(10_000_000)
FEE: Final = Decimal(-1)
_MULTIPLIER: Final = 100


class Kind(StrEnum):
    """What a broker does with our ids."""

    DEDUPES = "DEDUPES"
    ECHOES = "ECHOES"
    LISTS = "LISTS"


@dataclass(slots=True)
class Held:
    """One order at the broker. `attempt_id` is the truth, whatever the broker tells of it."""

    theirs: str
    attempt_id: str
    order: Order
    booked_at: datetime
    status: Status = Status.NEW
    fills: list[Fill] = field(default_factory=list)
    busted: list[str] = field(default_factory=list)
    executions: int = 0

    def left(self, symbol: str, ratio: int) -> int:
        """Return the contracts of one leg that are not filled yet."""
        filled = sum(fill.last_qty for fill in self.fills if fill.symbol == symbol)
        return self.order.order_qty * ratio - filled

    @property
    def is_done(self) -> bool:
        """Whether every leg is filled."""
        return not any(self.left(leg.symbol, leg.ratio) for leg in self.order.legs)

    @property
    def looks(self) -> tuple[object, ...]:
        """What the order is, for whoever must know it without an id."""
        return self.order.legs, self.order.order_qty, self.order.net_price


class ModelBroker:
    """One broker."""

    def __init__(self, route: str, kind: Kind) -> None:
        self.route, self.kind = route, kind
        self.account_domain = f"{route}-account"
        self.orders: dict[str, Held] = {}
        self.positions: dict[str, int] = {}
        self.cash = CASH
        self.fees: list[CashEvent] = []
        self._known: dict[str, str] = {}
        self._closing: set[str] = set()
        self._taken_back: set[str] = set()

    def book(self, attempt_id: str, order: Order, now: datetime) -> Held | None:
        """Take an order in; None where it is refused: its id is known, or there is no position to close."""
        is_known = self.kind is Kind.DEDUPES and attempt_id in self._known
        if is_known or (order.intent is Intent.CLOSE and order.structure_id in self._taken_back):
            return None
        if order.intent is Intent.CLOSE:
            self._closing.add(order.structure_id)
        theirs = f"{self.route}-{len(self.orders) + 1}"
        self._known[attempt_id] = theirs
        self.orders[theirs] = Held(theirs=theirs, attempt_id=attempt_id, order=order, booked_at=now)
        return self.orders[theirs]

    def fill(self, held: Held, combos: int, places: Iterable[int] | None, now: datetime) -> None:
        """Trade up to `combos` of an order, in the legs at `places` alone where they are named, cancelled or not."""
        for place, leg in enumerate(held.order.legs):
            count = min(combos * leg.ratio, held.left(leg.symbol, leg.ratio))
            if count and (places is None or place in places):
                held.executions += 1
                fill = Fill(
                    exec_id=f"{held.theirs}-{held.executions}",
                    symbol=leg.symbol,
                    action=leg.action,
                    last_qty=count,
                    last_px=LAST_PX,
                    at=now,
                )
                held.fills.append(fill)
                self._move(fill, 1)
                self._charge(fill, now)
        if not held.status.is_terminal and held.fills:
            keeps = Status.PENDING_CANCEL if held.status is Status.PENDING_CANCEL else Status.PARTIALLY_FILLED
            held.status = Status.FILLED if held.is_done else keeps

    def bust(self, held: Held) -> list[Fill]:
        """Take every execution of a finished order back, and return them; it does not trade again."""
        if held.order.structure_id in self._closing or not held.status.is_terminal or not held.fills:
            return []
        self._taken_back.add(held.order.structure_id)
        gone, held.fills = held.fills, []
        for fill in gone:
            held.busted.append(fill.exec_id)
            self._move(fill, -1)
        return gone

    def ask_cancel(self, held: Held) -> bool:
        """Take a cancel request; False where the order is finished."""
        if held.status.is_terminal:
            return False
        held.status = Status.PENDING_CANCEL
        return True

    def cancel(self, held: Held) -> None:
        """End a working order."""
        if not held.status.is_terminal:
            held.status = Status.CANCELED

    def refuse_cancel(self, held: Held) -> None:
        """Go on working after a cancel request."""
        if held.status is Status.PENDING_CANCEL:
            held.status = Status.PARTIALLY_FILLED if held.fills else Status.NEW

    def report(self, held: Held, now: datetime, *, truly: bool = False) -> ExecutionReport:
        """Return what the broker says of an order; with our id whatever its kind where the truth is asked for."""
        is_told = truly or self.kind is not Kind.LISTS
        return ExecutionReport(
            route=self.route,
            account_domain=self.account_domain,
            broker_order_id=held.theirs,
            attempt_id=held.attempt_id if is_told else None,
            status=held.status,
            fills=tuple(held.fills),
            busted=tuple(held.busted),
            at=now,
        )

    def look(self, attempt_id: str, order: Order, since: datetime, claimed: set[str], now: datetime) -> Resolution:
        """Look once for an order sent after `since`. `claimed`: the broker's ids that are known to be another's."""
        if self.kind is not Kind.LISTS:
            theirs = self._known.get(attempt_id)
            found = [self.orders[theirs]] if theirs is not None else []
        else:
            wanted = (order.legs, order.order_qty, order.net_price)
            late = [held for held in self.orders.values() if held.booked_at >= since and held.theirs not in claimed]
            found = [held for held in late if held.looks == wanted]
        if len(found) > 1:
            return Unknown(reason=f"{len(found)} orders look like it")
        return Found(report=self.report(found[0], now)) if found else Absent(proof="not in the list")

    def account(
        self, since: datetime, now: datetime, positions: Mapping[str, int] | None = None, *, truly: bool = False
    ) -> AccountState:
        """Return a whole reading, with the positions of a moment before where they are given."""
        positions = self.positions if positions is None else positions
        return AccountState(
            route=self.route,
            account_domain=self.account_domain,
            since=since,
            read_at=now,
            orders=tuple(self.report(held, now, truly=truly) for held in self.orders.values()),
            positions=tuple(BrokerPosition(symbol=symbol, quantity=held) for symbol, held in positions.items()),
            cash_events=tuple(self.fees),
            cash=self.cash,
            net_liquidation=self.cash,
            buying_power=CASH,
            trading=TradingStatus(),
        )

    def _move(self, fill: Fill, sign: int) -> None:
        held = self.positions.get(fill.symbol, 0) + sign * fill.action.sign * fill.last_qty
        if held:
            self.positions[fill.symbol] = held
        else:
            self.positions.pop(fill.symbol, None)
        self.cash += sign * fill.cash(_MULTIPLIER)

    def _charge(self, fill: Fill, now: datetime) -> None:
        self.cash += FEE
        self.fees.append(
            CashEvent(
                event_id=f"fee-{fill.exec_id}",
                account_domain=self.account_domain,
                type=CashEvent.Type.FEE,
                amount=FEE,
                exec_id=fill.exec_id,
                at=now,
            )
        )
