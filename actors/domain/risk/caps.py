"""Limits of admission on what is opened together: by underlying, strategy and expiry, by margin, by pace.

Each is data of the permit (`[risk.caps]`); none is asked of an exit.
"""

from decimal import Decimal

from pydantic import Field

from actors.domain.market.contract import Right
from actors.domain.value import Money, Value


class Caps(Value):
    """What is None is bounded by the account's own limits alone. Money in dollars at expiry, counts in structures."""

    underlying_loss_max: Money | None = Field(default=None, gt=0)
    """Of all structures on one underlying, as all of these: held, working or in doubt."""
    underlying_structures_max: int | None = Field(default=None, gt=0)
    strategy_loss_max: Money | None = Field(default=None, gt=0)
    strategy_structures_max: int | None = Field(default=None, gt=0)
    expiry_loss_max: Money | None = Field(default=None, gt=0)
    """Of all structures that first expire on one day."""
    expiry_structures_max: int | None = Field(default=None, gt=0)
    naked_rights: tuple[Right, ...] = (Right.PUT, Right.CALL)
    """What may be short without cover where `naked_allowed` says so."""
    margin_share_max: Decimal = Field(default=Decimal("0.75"), gt=0, le=1)
    """The most of an account's worth that margin may take, with the new order's."""
    margin_haircut: Decimal = Field(default=Decimal("0.10"), ge=0, le=5)
    """What the local rules' margin is raised by where the broker's own dry run has not said what it takes."""
    power_age_max_s: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    """Oldest reading of an account that still says what it may open; the machine's seconds."""
    dry_run_age_max_s: float = Field(default=900.0, gt=0, allow_inf_nan=False)
    """Oldest dry run that still says what the broker asks for such a structure."""
    orders_per_minute_max: int = Field(default=60, gt=0)
    """Of all strategies, closes and replacements counted; the market's minute."""
    strategy_orders_per_minute_max: int = Field(default=30, gt=0)
    duplicate_window_s: float = Field(default=5.0, ge=0, allow_inf_nan=False)
    """For so long the same strategy does not open the same legs again; 0: it may at once."""

    @property
    def bounds_sums(self) -> bool:
        """Whether any sum has a limit of its own."""
        losses = self.underlying_loss_max, self.strategy_loss_max, self.expiry_loss_max
        counts = self.underlying_structures_max, self.strategy_structures_max, self.expiry_structures_max
        return any(limit is not None for limit in (*losses, *counts))
