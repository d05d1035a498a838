"""Small things tests build again and again: contracts, quotes, signals, permits."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from actors.config import SHIPPED
from actors.domain.market.contract import Kind, Product, Products, Right, Settlement, Style, occ_symbol
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.market.session import ExchangeDay, ExchangeTable, LastSession, OfficialTable, SessionRule, Sessions
from actors.domain.orders.order import Action, Leg, Stop
from actors.domain.orders.signal import Cancel, Close, Complex, Open, Replace, Request, Signal
from actors.domain.risk.caps import Caps
from actors.domain.risk.permit import Limits, Permit, TradingState
from actors.margins import load_margins
from tests.fakes import START

EXPIRY = date(2026, 1, 5)
SPXW = Product(
    root="SPXW",
    underlying="SPX",
    kind=Kind.INDEX_OPTION,
    style=Style.EUROPEAN,
    settlement=Settlement.CASH,
    session="index_option",
)
PRODUCTS = Products((SPXW,))
MARGINS = load_margins(SHIPPED / "margin.toml")
LIMITS = Limits(
    structure_loss_max=Decimal(5_000),
    account_loss_max=Decimal(20_000),
    structures_max=10,
    order_qty_max=10,
    contracts_max=100,
    quote_age_max_s=60,
    leg_skew_max_s=60,
    spread_max=0.5,
    spread_floor=0.3,
    caps=Caps(
        duplicate_window_s=0,
        orders_per_minute_max=10_000,
        strategy_orders_per_minute_max=10_000,
        power_age_max_s=1e9,
    ),
)
"""What no test should meet that is not about it."""


def spxw(strike: int, right: str = "C", expires_on: date = EXPIRY) -> str:
    return occ_symbol("SPXW", expires_on, Right(right), Decimal(strike))


CONDOR_SYMBOLS = (spxw(5800, "P"), spxw(5850, "P"), spxw(6050), spxw(6100))


def condor_legs() -> tuple[Leg, ...]:
    actions = (Action.BUY_TO_OPEN, Action.SELL_TO_OPEN, Action.SELL_TO_OPEN, Action.BUY_TO_OPEN)
    return tuple(Leg(symbol=symbol, action=action) for symbol, action in zip(CONDOR_SYMBOLS, actions, strict=True))


def sessions() -> Sessions:
    """One ordinary Monday."""
    day = ExchangeDay(
        opens_at=datetime(2026, 1, 5, 14, 30, tzinfo=UTC), closes_at=datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
    )
    span = {"first_on": date(2026, 1, 5), "last_on": date(2026, 1, 5)}
    rules = {
        "equity_option": SessionRule(),
        "index_option": SessionRule(close_lag_min=15, expiring=LastSession.EXCHANGE_CLOSE),
    }
    return Sessions(
        exchange=ExchangeTable(source="test", days={EXPIRY: day}, **span),
        official=OfficialTable(source="test", checked_on=EXPIRY, holidays=frozenset(), half_days=frozenset(), **span),
        rules=rules,
    )


def universe(version: int = 1, symbols: tuple[str, ...] = CONDOR_SYMBOLS) -> Universe:
    return Universe(version=version, contracts=tuple(PRODUCTS.contract(each) for each in ("SPX", *symbols)))


def quotes(
    received_ns: int, version: int = 1, sequence: int = 1, at: datetime = START, dearer: float = 0.0
) -> QuoteFrame:
    """A condor that opens at 1.90 and closes at -2.10 at the natural; its shorts together dearer by `dearer`."""
    bid = np.array([5950.0, 1.00, 2.00 + dearer / 2, 2.00 + dearer / 2, 1.00])
    ask = bid + 0.05
    ask[0] = bid[0]
    count = len(bid)
    return QuoteFrame(
        universe=version,
        sequence=sequence,
        rows=np.arange(count, dtype=np.int32),
        bid=bid,
        ask=ask,
        bid_size=np.full(count, 20, np.float32),
        ask_size=np.full(count, 20, np.float32),
        exchange_ns=np.full(count, int(at.timestamp() * 1e9), np.int64),
        received_ns=received_ns,
        codes=np.zeros(count, np.uint16),
    )


def permit(
    sequence: int = 1, state: TradingState = TradingState.ACTIVE, ttl_s: float = 1e6, **limits: object
) -> Permit:
    return Permit(risk_epoch=1, sequence=sequence, state=state, limits=LIMITS.model_copy(update=limits), ttl_s=ttl_s)


def open_signal(number: int, now: datetime = START, **changes: object) -> Signal:
    request = {"underlying": "SPX", "legs": condor_legs(), "order_qty": 1, "net_price": Decimal("1.90")} | changes
    return _signal(number, Open(**request), now)


def close_signal(number: int, structure_id: str, now: datetime = START, net_price: Decimal | None = None) -> Signal:
    return _signal(number, Close(structure_id=structure_id, net_price=net_price), now)


def cancel_signal(number: int, cl_ord_id: str, now: datetime = START) -> Signal:
    return _signal(number, Cancel(cl_ord_id=cl_ord_id), now)


def replace_signal(number: int, cl_ord_id: str, net_price: str) -> Signal:
    return _signal(number, Replace(cl_ord_id=cl_ord_id, net_price=Decimal(net_price)), START)


def stop_signal(number: int, structure_id: str, stop: Stop, net_price: Decimal | None = None) -> Signal:
    return _signal(number, Close(structure_id=structure_id, net_price=net_price, stop=stop), START)


def complex_signal(number: int, *orders: Open | Close, trigger_order: Open | None = None) -> Signal:
    return _signal(number, Complex(trigger_order=trigger_order, orders=orders), START)


def _signal(number: int, request: Request, now: datetime) -> Signal:
    return Signal(
        signal_id=f"condor-20260105-{number}",
        strategy="condor",
        request=request,
        reason="test",
        created_at=now,
        expires_at=now + timedelta(hours=3),
    )
