"""What is to be done about what expires or may be assigned, as configured. The rules are `expiry`'s.

`warn` tells a person and does nothing; `close` closes the structure whole, from the middle to the natural;
`close_at_any_price` goes on with the market. `roll` closes it early, at the middle, and asks for the same in the next
expiry once it is gone (`roll`); what that did not close in time, the ladder closes at any price, and does not roll.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field, model_validator

from actors.domain.value import Value


class Measure(StrEnum):
    """What is done."""

    WARN = "warn"
    ROLL = "roll"
    CLOSE = "close"
    CLOSE_AT_ANY_PRICE = "close_at_any_price"


class Will(StrEnum):
    """How much a close gives for being filled; a higher one takes a lower one's place."""

    ROLL = "roll"
    """The middle, and what fills so is rolled."""
    MID = "mid"
    NATURAL = "natural"
    ANY = "any"

    @property
    def rank(self) -> int:
        """Its place, from the least willing on."""
        return tuple(Will).index(self)


class Rung(Value):
    """One step of the ladder: from `before_min` minutes before the end on, at this price."""

    before_min: float = Field(gt=0, le=390)
    price: Will


class Dividend(Value):
    """One dividend, as its company announced it."""

    underlying: str
    ex_on: date
    """The first day on which a buyer does not get it."""
    amount: Decimal = Field(gt=0)
    """Dollars a share."""


class ExpiryPolicy(Value):
    """The measures and their limits. Minutes count back from the end of the contract's trading, half days included."""

    cash: Measure = Measure.CLOSE_AT_ANY_PRICE
    """Structures with shorts that are settled in cash, in their last session."""
    physical: Measure = Measure.CLOSE_AT_ANY_PRICE
    """Those that are settled in shares or futures."""
    pin: Measure = Measure.CLOSE
    """A short settled in shares whose strike is near, from `pin_before_min` on."""
    dividend: Measure = Measure.CLOSE
    """A short call that is worth less than a dividend to whoever holds it, on the last day with it."""
    early: Measure = Measure.WARN
    """A short in the money that its holder gives up nothing by exercising."""
    exercise: Measure = Measure.CLOSE_AT_ANY_PRICE
    """A long that would be exercised, and the account has not the cash for it."""
    leftover: Measure = Measure.CLOSE_AT_ANY_PRICE
    """What an assignment left of a structure, and the shares it brought, once the market is open."""
    ladder: tuple[Rung, ...] = Field(
        default=(
            Rung(before_min=10, price=Will.MID),
            Rung(before_min=6, price=Will.NATURAL),
            Rung(before_min=3, price=Will.ANY),
        ),
        min_length=1,
        max_length=10,
    )
    roll_before_min: float = Field(default=60, gt=0, le=390)
    """When a roll begins."""
    roll_credit_min: Decimal = Field(default=Decimal(0), ge=-1_000, le=1_000)
    """Points per combo that a roll must bring, the close paid: less is closed and not rolled."""
    hold: tuple[str, ...] = Field(default=(), max_length=32)
    """Strategies that hold what is settled in cash through its expiry: there only a warning comes."""
    pin_share: Decimal = Field(default=Decimal("0.005"), ge=0, le=1)
    """Of the strike: nearer than this counts as pinned."""
    pin_before_min: float = Field(default=30, gt=0, le=390)
    dividend_before_min: float = Field(default=60, gt=0, le=390)
    extrinsic_min: Decimal = Field(default=Decimal("0.05"), ge=0)
    """Points a holder must give up by exercising, or an early assignment is likely."""
    openings_until_min: float = Field(default=15, ge=0, le=390)
    """From then on nothing is opened that trades for the last time today; a broker's own row may say earlier."""
    leftover_after_min: float = Field(default=1, ge=0, le=390)
    """After the open: until then quotes are wide."""
    held_alert_min: float = Field(default=2, gt=0, le=390)
    """A structure that is to be closed and is still held so late is paged."""
    quote_age_max_s: float = Field(default=120, gt=0)
    """An underlying whose price is older counts as unknown, and what is unknown as the worst."""
    dividends: tuple[Dividend, ...] = Field(default=(), max_length=1_000)

    @model_validator(mode="after")
    def _rises(self) -> "ExpiryPolicy":
        if any(
            measure is Measure.ROLL for measure in (self.pin, self.dividend, self.early, self.exercise, self.leftover)
        ):
            raise ValueError("what is rolled is rolled for its expiry: cash and physical alone may say so")
        if any(rung.price is Will.ROLL for rung in self.ladder):
            raise ValueError("the ladder closes what no roll did: no rung of it rolls")
        minutes, wills = [rung.before_min for rung in self.ladder], [rung.price.rank for rung in self.ladder]
        if minutes != sorted(set(minutes), reverse=True) or wills != sorted(wills):
            raise ValueError("the ladder goes towards the end, and gives more with each step")
        return self
