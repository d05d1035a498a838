"""Years of a condor seller's journal, event by event, as the executor would have written them.

A day opens, agrees with its account, refuses some signals, and trades `ROUND_TRIPS` condors: each is placed with every
check, attempted, accepted, reported working and filled in four legs, charged four fees, and closed the same way. All
that is made up are the prices.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from actors.domain.market.contract import Right, occ_symbol
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt
from actors.domain.orders.event import Event
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order, attempt_id
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.report import CashEvent, ExecutionReport, Status
from actors.domain.orders.signal import Close, Open, Signal

DOMAIN: Final = "tastytrade-5WT00001"
ROUTE: Final = "tastytrade"
FIRST: Final = datetime(2020, 1, 6, 14, 30, tzinfo=UTC)
ROUND_TRIPS: Final = 40
REFUSALS: Final = 20
STRIKES: Final = ((5800, Right.PUT, 1), (5850, Right.PUT, -1), (6050, Right.CALL, -1), (6100, Right.CALL, 1))
CHECKS: Final = tuple(
    Check(code=code, passed=True, subject="SPXW  200106P05850000", value="0.35", limit="0.50", age_s=0.012)
    for code in Code
)


def events() -> Iterator[Event]:
    """Yield events without end, day after day."""
    yield happened.AccountAdopted(
        account_domain=DOMAIN,
        cash=Decimal(100_000),
        positions={},
        executions=(),
        cash_events=(),
        orders=(),
        since=None,
        at=FIRST,
    )
    day = 0
    while True:
        at = FIRST + timedelta(days=day)
        if at.weekday() < 5:
            yield from _day(at)
        day += 1


def _day(at: datetime) -> Iterator[Event]:
    number = (at - FIRST).days + 1
    yield happened.ExecutorStarted(epoch=number, incarnation=number, boot_id="bench", at=at)
    agreed = {"cash": Decimal(100_000), "net_liquidation": Decimal(100_000), "cash_gap": Decimal(0)}
    yield happened.AccountAgreed(account_domain=DOMAIN, route=ROUTE, orders=0, positions=0, at=at, **agreed)
    baseline = {DOMAIN: Decimal(100_000)}
    yield happened.SessionOpened(session=at.date(), baseline=baseline, cash=baseline, at=at)
    for place in range(REFUSALS):
        yield happened.SignalRefused(signal=_opening(at, f"refused-{place}"), checks=CHECKS, at=at)
    for place in range(ROUND_TRIPS):
        yield from _round_trip(at + timedelta(minutes=9 * place), place)


def _round_trip(at: datetime, place: int) -> Iterator[Event]:
    opening = _opening(at, str(2 * place + 1))
    structure = opening.signal_id
    closing = opening.model_copy(
        update={"signal_id": _name(at, str(2 * place + 2)), "request": Close(structure_id=structure)}
    )
    yield from _traded(opening, structure, Intent.OPEN, at)
    yield from _traded(closing, structure, Intent.CLOSE, at + timedelta(minutes=5))


def _traded(signal: Signal, structure: str, intent: Intent, at: datetime) -> Iterator[Event]:
    name = signal.signal_id
    order = Order(
        cl_ord_id=name,
        signal_id=name,
        strategy=signal.strategy,
        structure_id=structure,
        intent=intent,
        underlying="SPX",
        legs=_legs(at.date(), intent),
        order_qty=1,
        net_price=Decimal("1.90") if intent is Intent.OPEN else Decimal("-0.95"),
        account_domain=None if intent is Intent.OPEN else DOMAIN,
        created_at=at,
        expires_at=signal.expires_at,
    )
    sent = attempt_id(name, 1)
    attempt = Attempt(
        number=1, route=ROUTE, account_domain=DOMAIN, connection_incarnation=1, executor_epoch=1, started_at=at
    )
    yield happened.OrderPlaced(signal=signal, order=order, checks=CHECKS, at=at)
    yield happened.AttemptStarted(cl_ord_id=name, attempt=attempt)
    told = ExecutionReport(
        route=ROUTE, account_domain=DOMAIN, broker_order_id=f"theirs-{name}", attempt_id=sent, status=Status.NEW, at=at
    )
    outcome = Accepted(broker_order_id=told.broker_order_id, report=told)
    yield happened.AttemptEnded(attempt_id=sent, outcome=outcome, at=at)
    yield happened.ReportTaken(cl_ord_id=name, report=told, at=at)
    fills = _fills(order, at)
    filled = told.model_copy(update={"status": Status.FILLED, "fills": fills})
    yield happened.ReportTaken(cl_ord_id=name, report=filled, at=at)
    yield from map(_fee, fills)


def _fills(order: Order, at: datetime) -> tuple[Fill, ...]:
    priced = {"last_qty": 1, "last_px": Decimal("1.35"), "at": at}
    return tuple(
        Fill(exec_id=f"{order.cl_ord_id}-e{place}", symbol=leg.symbol, action=leg.action, **priced)
        for place, leg in enumerate(order.legs)
    )


def _fee(fill: Fill) -> Event:
    fee = CashEvent(
        event_id=f"fee-{fill.exec_id}",
        account_domain=DOMAIN,
        type=CashEvent.Type.FEE,
        symbol=fill.symbol,
        amount=Decimal("-1.14"),
        exec_id=fill.exec_id,
        at=fill.at,
    )
    return happened.CashBooked(event=fee, at=fill.at)


def _opening(at: datetime, label: str) -> Signal:
    request = Open(underlying="SPX", legs=_legs(at.date(), Intent.OPEN), order_qty=1, net_price=Decimal("1.90"))
    return Signal(
        signal_id=_name(at, label),
        strategy="condor",
        request=request,
        reason="short delta 0.16 within the window",
        created_at=at,
        expires_at=at + timedelta(minutes=1),
    )


def _name(at: datetime, label: str) -> str:
    return f"condor-{at:%Y%m%d}-{label}"


def _legs(expires_on: date, intent: Intent) -> tuple[Leg, ...]:
    opens = {1: Action.BUY_TO_OPEN, -1: Action.SELL_TO_OPEN}
    closes = {1: Action.SELL_TO_CLOSE, -1: Action.BUY_TO_CLOSE}
    actions = opens if intent is Intent.OPEN else closes
    return tuple(
        Leg(symbol=occ_symbol("SPXW", expires_on, right, Decimal(strike)), action=actions[sign])
        for strike, right, sign in STRIKES
    )
