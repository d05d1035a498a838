"""Builders for tests of the paper exchange: a small market, batches, orders, and an exchange on a real file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from actors.domain.costs.fees import FeeSchedules, fee_schedules
from actors.domain.market.contract import Contract, Kind, Product, Products, Settlement, Style
from actors.domain.orders.order import Action, Leg, OrderType, TimeInForce
from actors.venue.account import AccountSpec
from actors.venue.exchange import Exchange
from actors.venue.floor import SessionEnd
from actors.venue.market import Batch, Skipped
from actors.venue.paper_order import NewOrder
from actors.venue.store import VenueStore

ROOT = Path(__file__).resolve().parents[3]
PRODUCTS = Products(
    (
        Product(
            root="SPXW",
            underlying="SPX",
            kind=Kind.INDEX_OPTION,
            style=Style.EUROPEAN,
            settlement=Settlement.CASH,
            tick_small=Decimal("0.05"),
            tick_large=Decimal("0.10"),
        ),
    )
)
DAY = date(2021, 1, 4)
OPENS_AT = datetime(2021, 1, 4, 14, 30, tzinfo=UTC)
CLOSES_AT = datetime(2021, 1, 4, 21, 0, tzinfo=UTC)
NOW = datetime(2021, 1, 4, 15, 0, tzinfo=UTC)
ACCOUNT = "5WX00001"
OTHER = "ALPACA01"

SPX = "SPX"
C3700 = "SPXW  210104C03700000"
C3710 = "SPXW  210104C03710000"
C3720 = "SPXW  210104C03720000"
P3690 = "SPXW  210104P03690000"
P3680 = "SPXW  210104P03680000"
GOOG = "GOOG"
G740C = "GOOG  210104C00740000"
G750C = "GOOG  210104C00750000"
G740P = "GOOG  210104P00740000"
G760C_LATER = "GOOG  210115C00760000"
SYMBOLS = (SPX, GOOG, C3700, C3710, C3720, P3690, P3680, G740C, G750C, G740P, G760C_LATER)

Side = float | None
Quoted = tuple[Side, Side] | tuple[Side, Side, int, int]


@dataclass
class SmallMarket:
    """A market whose quotes the test pushes itself."""

    session: date = DAY
    contracts: tuple[Contract, ...] = tuple(PRODUCTS.contract(symbol) for symbol in SYMBOLS)
    opens_at: datetime = OPENS_AT
    closes_at: datetime = CLOSES_AT
    skipped: tuple[Skipped, ...] = ()
    settles: Mapping[str, float] = field(default_factory=dict)

    def batches(self, start: datetime) -> Iterator[Batch]:
        return iter(())

    def settlement_price(self, symbol: str) -> float | None:
        return self.settles.get(symbol)


def batch(quotes: Mapping[str, Quoted], at: datetime = NOW, last: Mapping[str, float] | None = None) -> Batch:
    """Return quotes as a batch: bid, ask, and sizes (100 where left out); None is a missing side."""
    prints = last or {}
    symbols = [*quotes, *(symbol for symbol in prints if symbol not in quotes)]
    rows = np.array([SYMBOLS.index(symbol) for symbol in symbols], np.int32)
    full = [(*quotes.get(symbol, (None, None)), 100, 100)[:4] for symbol in symbols]
    prices = np.array([[np.nan if side is None else side for side in row[:2]] for row in full], np.float64).reshape(
        -1, 2
    )
    sizes = np.array([row[2:4] for row in full], np.float32).reshape(-1, 2)
    return Batch(
        at=at,
        rows=rows,
        bid=prices[:, 0],
        ask=prices[:, 1],
        bid_size=sizes[:, 0],
        ask_size=sizes[:, 1],
        last=np.array([prints.get(symbol, np.nan) for symbol in symbols], np.float64),
        exchange_ns=np.full(len(symbols), int(at.timestamp()) * 10**9, np.int64),
    )


def schedules() -> FeeSchedules:
    """Return the fees as shipped."""
    return fee_schedules((ROOT / "config" / "fees.toml").read_text())


SPECS = (
    AccountSpec(account=ACCOUNT, fee_schedule="tastytrade", cash=Decimal(100_000)),
    AccountSpec(account=OTHER, fee_schedule="alpaca", cash=Decimal(50_000)),
)


def open_exchange(
    path: Path,
    market: SmallMarket | None = None,
    session_end: SessionEnd | None = None,
    accounts: tuple[AccountSpec, ...] = SPECS,
) -> Exchange:
    """Return an exchange over the file, with a market bound."""
    exchange = Exchange(
        products=PRODUCTS, fees=schedules(), store=VenueStore(path), accounts=accounts, session_end=session_end
    )
    exchange.bind(market or SmallMarket())
    return exchange


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def single(
    symbol: str,
    action: Action,
    price: str | None,
    qty: int = 1,
    *,
    tif: TimeInForce = TimeInForce.DAY,
    strict: bool = False,
    client_id: str | None = None,
) -> NewOrder:
    """Return a one-leg order; `price` is signed (credit > 0), None at the market."""
    return NewOrder(
        client_id=client_id,
        legs=(Leg(symbol=symbol, action=action),),
        order_qty=qty,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        net_price=None if price is None else Decimal(price),
        time_in_force=tif,
        strict_close=strict,
    )


def call_spread(price: str, qty: int = 1, *, tif: TimeInForce = TimeInForce.DAY, ratio: int = 1) -> NewOrder:
    """Return a short 3700/3710 call spread."""
    return NewOrder(
        legs=(
            Leg(symbol=C3700, action=Action.SELL_TO_OPEN, ratio=ratio),
            Leg(symbol=C3710, action=Action.BUY_TO_OPEN, ratio=ratio),
        ),
        order_qty=qty,
        net_price=Decimal(price),
        time_in_force=tif,
    )


def condor(price: str, qty: int = 1) -> NewOrder:
    """Return a short iron condor, ten points wide on both sides."""
    return NewOrder(
        legs=(
            Leg(symbol=C3700, action=Action.SELL_TO_OPEN),
            Leg(symbol=C3710, action=Action.BUY_TO_OPEN),
            Leg(symbol=P3690, action=Action.SELL_TO_OPEN),
            Leg(symbol=P3680, action=Action.BUY_TO_OPEN),
        ),
        order_qty=qty,
        net_price=Decimal(price),
    )


SPREAD_QUOTES: dict[str, Quoted] = {C3700: (5.0, 5.2), C3710: (2.0, 2.1)}
CONDOR_QUOTES: dict[str, Quoted] = SPREAD_QUOTES | {P3690: (4.0, 4.2), P3680: (1.5, 1.6)}
