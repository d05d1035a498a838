"""What a look over a whole chain says against single contracts: each flaw with its figures, as it reaches the gate.

A quote's own code (`quote_check`) judges one quote by itself, as it arrives; a flaw is seen only beside other quotes.
It stands until the next survey, whatever quotes come in between, and a survey replaces the one before it whole.
"""

from enum import IntFlag
from typing import NamedTuple

from pydantic import Field

from actors.domain.value import Value


class Flaw(IntFlag):
    """Why a contract's price is not believed. Where several hold, the figures are those of the lowest."""

    UNDER_WORTH = 0x01
    """Offered for less than exercising it is worth. Points below that, and allowed."""
    PARITY = 0x02
    """Call and put of its strike disagree with the chain's forward. Points beyond both spreads, and allowed."""
    VERTICAL = 0x04
    """With a neighbouring strike, a spread that cannot lose could be had for nothing. Points won, and allowed."""
    BUTTERFLY = 0x08
    """Bid above the line between what its neighbours are offered at. Points above, and allowed."""
    OFF_MODEL = 0x10
    """Offered below what its neighbours and the chain's own straddle leave it. Points below, and allowed."""
    STUCK = 0x20
    """It stood still while the underlying moved. Points its price should have moved, and allowed."""


class FlawLimits(Value):
    """How far a contract may stray from the others. Points, and shares."""

    ticks: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Steps of its own product that a price may be off and mean nothing."""
    carry_max: float = Field(default=0.10, ge=0, le=10, allow_inf_nan=False)
    """Highest interest, dividend or borrow a year that is believed."""
    early_max: float = Field(default=0.05, ge=0, le=1, allow_inf_nan=False)
    """What early exercise may add, as a share of moneyness."""
    bend: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    """The sharpest bend between strikes, as a multiple of what the chain's straddle implies."""
    stuck_spreads: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    """A price that stands still is stuck once it should have moved by so many of its own spreads."""


class FlawFound(NamedTuple):
    """One contract's flaws, with the figures of the lowest bit, in points."""

    flaws: Flaw
    value: float
    limit: float

    @property
    def names(self) -> str:
        """Name every flaw, the one that the figures are of first."""
        return ", ".join(str(flaw.name) for flaw in Flaw if flaw & self.flaws)


class News(Value):
    """What the feed says of contracts beside their quotes; each kind replaces the one before it."""

    universe: int


class Survey(News):
    """What one look over all chains found. `rows`, `flaws`, `values`, `limits` have one length; other rows are clean.

    `at_ns` is the boot clock. `halted` names underlyings. `drift_s` is how far the exchange's stamps lie behind this
    machine's clock, in the market's seconds for each of the machine's; None: not known yet. `since_ns`, on the clock of
    `at_ns`: when the quotes last broke off or began anew (`quote_gaps`).
    """

    at_ns: int
    rows: tuple[int, ...] = ()
    flaws: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    limits: tuple[float, ...] = ()
    halted: tuple[str, ...] = ()
    drift_s: float | None = None
    since_ns: int = 0

    def found(self) -> dict[int, FlawFound]:
        """Return the flaws by row."""
        figures = zip(self.flaws, self.values, self.limits, strict=True)
        return {row: FlawFound(Flaw(each[0]), each[1], each[2]) for row, each in zip(self.rows, figures, strict=True)}
