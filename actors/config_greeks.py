"""The configuration's section on greeks and the stress grid: how the book is measured, what openings are held to."""

from pydantic import Field

from actors.domain.risk.exposure_limits import ExposureLimits


class GreeksSection(ExposureLimits):
    """Limits in dollars (`actors.domain.risk.exposure` says of what), and how often they are measured."""

    enabled: bool = True
    """Without it no opening is asked about greeks or stress; they are measured and shown all the same."""
    every_s: float = Field(default=1.0, gt=0, le=60, allow_inf_nan=False)
    """How often the surface is made anew."""
    quote_age_max_s: float = Field(default=300.0, gt=0, le=86_400, allow_inf_nan=False)
    """Market time; an older quote says nothing about volatility."""
    knots_max: int = Field(default=15, ge=2, le=200)
    """Strikes kept of each expiry."""
    rate: float = Field(default=0.04, ge=0, le=0.5, allow_inf_nan=False)
    """A year's interest, for the early exercise of American options alone; all else follows from quotes."""
