"""What sellers of premium are told and remember, and when they leave.

Exits, whole structures only, the first that holds: time of day, days to expiry, stop, profit target. The stop looks at
the middle, because a quote that widens is no loss yet; the profit target at the natural and the fees of closing there,
because a profit counts once it can be had. A structure that cannot be priced is left alone by these two, never by the
first two.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated

import numpy as np
from pydantic import Field

from actors.domain.market.chain import Chain, Smile, smile
from actors.domain.market.quote import Floats
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.order import Leg
from actors.domain.portfolio.view import StructureView
from actors.domain.value import CENT, Instant, Value
from actors.strategies.base import MarketView
from actors.strategies.work import Pace, Task, combo_quote

_MOMENT = re.compile(r"^(open|close)([+-]\d{1,4})?$")

Moment = Annotated[str, Field(pattern=r"^((open|close)([+-]\d{1,4})?|([01]\d|2[0-3]):[0-5]\d)$")]
"""A time of the session: `open+15` and `close-30` count minutes, `10:30` is New York's clock."""
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class SellerParameters(Value):
    """What every seller is told. Prices are points per combo; None switches a rule off."""

    order_qty: int = Field(default=1, gt=0)
    entry_from: Moment = "open+15"
    entry_until: Moment = "close-60"
    entries_max: int = Field(default=1, gt=0, le=100)
    """Entries of one session."""
    open_max: int = Field(default=1, gt=0, le=100)
    """Structures held at once."""
    credit_min: Decimal = Field(default=Decimal("0.05"), gt=0)
    credit_share_min: float = Field(default=0.6, gt=0, le=1, allow_inf_nan=False)
    """Least share of the middle's credit to sell for: what a wide market takes is not earned back."""
    profit_target: Share | None = 0.5
    """Share of the credit kept."""
    stop: float | None = Field(default=2.0, gt=1, allow_inf_nan=False)
    """Cost of closing, as a multiple of the credit."""
    exit_at: Moment | None = None
    exit_dte: int | None = Field(default=None, ge=0)
    quote_age_max_s: float = Field(default=90.0, gt=0)
    """Age at which a quote is too old to choose legs by, on the exchange's stamp."""
    look_s: float = Field(default=1.0, ge=0, le=60)
    """Market seconds between looks at what is held; 0: at every frame."""
    pace: Pace = Pace()


class SellerState(Value):
    """All that a seller remembers."""

    session: date | None = None
    entries: int = 0
    """Filled in this session."""
    entry_after: Instant | None = None
    """No attempt to enter before."""
    tasks: tuple[Task, ...] = ()


class Pick(Value):
    """What to sell, and what it was chosen by."""

    legs: tuple[Leg, ...]
    reason: str


def since_ns(view: MarketView, rules: SellerParameters) -> int:
    """Return the oldest stamp a quote may bear to choose legs by, nanoseconds on the market's clock."""
    return int((view.now.timestamp() - rules.quote_age_max_s) * 1e9)


def read_smile(chain: Chain, view: MarketView, rules: SellerParameters) -> Smile | None:
    """Return forward and deltas of `chain` from quotes young enough to choose by; None where they do not say."""
    return smile(chain, view.quotes, since_ns(view, rules))


def by_delta(deltas: Floats, target: float, excess: float) -> int | None:
    """Return the place of the delta nearest `target` (both unsigned) and at most `excess` above; None without one."""
    size = np.abs(deltas)
    fitting = np.flatnonzero(size <= target + excess)  # NaN compares false
    return int(fitting[np.argmin(np.abs(size[fitting] - target))]) if len(fitting) else None


def instant(moment: str, view: MarketView) -> datetime:
    """Return when `moment` is in the session of `view`."""
    if match := _MOMENT.match(moment):
        anchor = view.hours.opens_at if match[1] == "open" else view.hours.closes_at
        return anchor + timedelta(minutes=int(match[2] or 0))
    return datetime.combine(view.session, time.fromisoformat(moment), NEW_YORK)


def tick(view: MarketView, legs: Iterable[Leg]) -> Decimal:
    """Return the smallest step of a combination's net price, in points."""
    contracts = view.quotes.universe.contracts
    rows = (view.quotes.row_of.get(leg.symbol) for leg in legs)
    return max((contracts[row].product.tick_small for row in rows if row is not None), default=CENT)


def exit_reason(rules: SellerParameters, view: MarketView, structure: StructureView) -> str | None:
    """Return why `structure` must be closed now; None while it may stay."""
    if rules.exit_at is not None and view.now >= instant(rules.exit_at, view):
        return f"time exit at {rules.exit_at}"
    dte = _dte(view, structure)
    if rules.exit_dte is not None and dte is not None and dte <= rules.exit_dte:
        return f"{dte} days to expiry, exit at {rules.exit_dte}"
    quote = combo_quote(structure.legs, view.quotes, closing=True)
    credit = structure.entry_price
    if quote is None or credit is None or credit <= 0:
        return None
    mid_cost, sold = -quote[0], float(credit)
    exit_cost = -quote[1] + exit_fee(view, structure)
    if rules.stop is not None and mid_cost >= rules.stop * sold:
        return f"stop: closing costs {mid_cost:.2f} at the middle, {rules.stop:g} times {credit} or more"
    if rules.profit_target is not None and exit_cost <= (1 - rules.profit_target) * sold:
        return f"profit target: closes for {exit_cost:.2f} of {credit}, keeps {rules.profit_target:.0%} or more"
    return None


def exit_fee(view: MarketView, structure: StructureView) -> float:
    """Return the fees of closing a structure, in points per combo; 0 where nothing is known of them."""
    fee, contracts = view.exit_fees.get(structure.structure_id), view.quotes.universe.contracts
    row = view.quotes.row_of.get(structure.legs[0].symbol)
    if fee is None or row is None or not structure.quantity:
        return 0.0
    return float(fee / (structure.quantity * contracts[row].multiplier))


def _dte(view: MarketView, structure: StructureView) -> int | None:
    """Return days to the first expiry among the legs; None where the universe knows none of them."""
    contracts = view.quotes.universe.contracts
    rows = (view.quotes.row_of.get(leg.symbol) for leg in structure.legs)
    days = [day for row in rows if row is not None and (day := contracts[row].expires_on) is not None]
    return (min(days) - view.session).days if days else None
