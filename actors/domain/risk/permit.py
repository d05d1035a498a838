"""The permit: how risk rules the executor without a hop on the order path.

Risk issues it; the executor admits an opening only under a live one, checked against its own book in the same step.
It carries the risk actor's epoch and a sequence (a lower pair is refused), and expires by the receiver's own boot
clock, counted from its arrival: a dead risk actor means an expired permit, which means no openings. It never loosens a
latch.
"""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from actors.domain.orders.refusal import Check
from actors.domain.risk.caps import Caps
from actors.domain.risk.exposure import Exposure
from actors.domain.risk.exposure_limits import ExposureLimits
from actors.domain.value import Money, Value


class TradingState(StrEnum):
    """HALTED: no openings, cancels always, closes only up to a freshly read position. REDUCING: closes only."""

    HALTED = "HALTED"
    REDUCING = "REDUCING"
    ACTIVE = "ACTIVE"


class Limits(Value):
    """What one permit allows. Money in dollars, quantities in contracts or structures."""

    structure_loss_max: Money = Field(gt=0)
    """Largest loss one structure may reach at expiry."""
    account_loss_max: Money = Field(gt=0)
    """Largest sum of those over all open and working structures."""
    structures_max: int = Field(gt=0)
    order_qty_max: int = Field(gt=0)
    contracts_max: int = Field(gt=0)
    quote_age_max_s: float = Field(gt=0)
    leg_skew_max_s: float = Field(gt=0)
    spread_max: float = Field(gt=0)
    """Widest leg, as a share of its mid."""
    spread_floor: float = Field(ge=0)
    """A leg this narrow, in points, is never too wide."""
    spread_floor_ticks: float = Field(default=2.0, ge=0)
    """Nor is one of so many price steps of its own product."""
    heartbeat_max_s: float | None = Field(default=None, gt=0)
    """Oldest quote of the underlying itself; None: as old as a leg's may be."""
    survey_age_max_s: float = Field(default=10.0, gt=0)
    """Oldest look over the whole chain."""
    drift_max_s: float = Field(default=3.0, gt=0)
    """Farthest the exchange's stamps may lie from this machine's clock."""
    open_interest_min: int = Field(default=0, ge=0)
    """Fewest contracts of a leg that are held at all, where its exchange tells; 0: not asked."""
    volume_min: int = Field(default=0, ge=0)
    """And fewest that were traded in the session before."""
    naked_allowed: bool = False
    caps: Caps = Caps()


class Permit(Value):
    """Leave to trade, for `ttl_s` from its arrival."""

    risk_epoch: int
    sequence: int
    state: TradingState
    limits: Limits
    reasons: tuple[str, ...] = ()
    stops: Mapping[str, Check] = Field(default_factory=dict)
    """The check that a strategy's openings fail, by strategy; the empty name stands for all of them."""
    exposure_limits: ExposureLimits | None = None
    """What greeks and stress are held to; None: to nothing."""
    exposure: Exposure | None = None
    """What the book stood at; None: not known."""
    ttl_s: float = Field(gt=0)
    journal_sequence: int = 0
    """The book it was decided on."""
