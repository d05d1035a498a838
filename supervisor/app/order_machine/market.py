"""What the order machine trades: one index, four of its options, one long session, quotes that stand still.

Quotes, sessions and limits of risk are made to refuse nothing: what is proved here is what becomes of orders. But for
one thing: wings lose their bids for a while, as far ones do on any day, and then a long alone is worth nothing.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import numpy as np

from actors.domain.market.contract import Kind, Product, Products, Right, Settlement, Style, occ_symbol
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.market.quote_check import QuoteCode
from actors.domain.market.session import ExchangeDay, ExchangeTable, LastSession, OfficialTable, SessionRule, Sessions
from actors.domain.orders.order import Action, Leg
from actors.domain.risk.caps import Caps
from actors.domain.risk.permit import Limits, Permit, TradingState

UNDERLYING: Final = "SPX"
DAY: Final = date(2026, 1, 5)
START: Final = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""A Monday, 10:00 in New York."""
LAST_PX: Final = Decimal("1.50")
_ROOT: Final = "SPXW"
PRODUCTS: Final = Products(
    (
        Product(
            root=_ROOT,
            underlying=UNDERLYING,
            kind=Kind.INDEX_OPTION,
            style=Style.EUROPEAN,
            settlement=Settlement.CASH,
            session="index_option",
        ),
    )
)
_STRIKES: Final = (
    (Action.BUY_TO_OPEN, Right.PUT, 5800),
    (Action.SELL_TO_OPEN, Right.PUT, 5850),
    (Action.SELL_TO_OPEN, Right.CALL, 6050),
    (Action.BUY_TO_OPEN, Right.CALL, 6100),
)
CONDOR: Final = tuple(
    Leg(symbol=occ_symbol(_ROOT, DAY, right, Decimal(strike)), action=action) for action, right, strike in _STRIKES
)
SPREAD: Final = CONDOR[2:]
SHAPES: Final = (CONDOR, SPREAD)
WINGS: Final = (CONDOR[0].symbol, CONDOR[3].symbol)
UNIVERSE: Final = Universe(
    version=1, contracts=tuple(PRODUCTS.contract(each) for each in (UNDERLYING, *(leg.symbol for leg in CONDOR)))
)
SURVEY: Final = Survey(universe=UNIVERSE.version, at_ns=1)
"""Nothing is wrong with any of them."""
_WIDE: Final = 10**8
PERMIT: Final = Permit(
    risk_epoch=1,
    sequence=1,
    state=TradingState.ACTIVE,
    limits=Limits(
        structure_loss_max=Decimal(_WIDE),
        account_loss_max=Decimal(_WIDE),
        structures_max=_WIDE,
        order_qty_max=10,
        contracts_max=_WIDE,
        quote_age_max_s=_WIDE,
        leg_skew_max_s=_WIDE,
        spread_max=0.5,
        spread_floor=0.3,
        survey_age_max_s=_WIDE,
        caps=Caps(
            duplicate_window_s=0,
            orders_per_minute_max=_WIDE,
            strategy_orders_per_minute_max=_WIDE,
            margin_share_max=Decimal(1),
            power_age_max_s=_WIDE,
        ),
    ),
    ttl_s=_WIDE,
)


def sessions() -> Sessions:
    """Return the calendar of one ordinary day."""
    day = ExchangeDay(
        opens_at=datetime(2026, 1, 5, 14, 30, tzinfo=UTC), closes_at=datetime(2026, 1, 5, 21, 0, tzinfo=UTC)
    )
    span = {"first_on": DAY, "last_on": DAY}
    return Sessions(
        exchange=ExchangeTable(source="machine", days={DAY: day}, **span),
        official=OfficialTable(source="machine", checked_on=DAY, holidays=frozenset(), half_days=frozenset(), **span),
        rules={
            "equity_option": SessionRule(),
            "index_option": SessionRule(close_lag_min=15, expiring=LastSession.EXCHANGE_CLOSE),
        },
    )


def quotes(sequence: int = 1, unwanted: Collection[str] = ()) -> QuoteFrame:
    """Return the market: a condor worth 1.90 at the natural, its call spread half of that; `unwanted`: without bids."""
    bid = np.array([5950.0, 1.00, 2.00, 2.00, 1.00])
    ask = bid + 0.05
    ask[0] = bid[0]
    count = len(bid)
    lacks = np.array([contract.symbol in unwanted for contract in UNIVERSE.contracts])
    return QuoteFrame(
        universe=UNIVERSE.version,
        sequence=sequence,
        rows=np.arange(count, dtype=np.int32),
        bid=np.where(lacks, np.nan, bid),
        ask=ask,
        bid_size=np.where(lacks, 0, 20).astype(np.float32),
        ask_size=np.full(count, 20, np.float32),
        exchange_ns=np.full(count, int(START.timestamp() * 1e9), np.int64),
        received_ns=1,
        codes=np.where(lacks, np.uint16(QuoteCode.ONE_SIDED | QuoteCode.NO_SIZE), np.uint16(0)),
    )
