"""How an order is worked: asked for at the middle or where its plan says, moved towards the natural, then given up.

Rules of this file:
* A price stands for `step_s`. Then the next one follows from the quotes of that moment: `step_share` of the way from
  middle to natural further, or `step_ticks` ticks; never beyond `concession_max` of the way, never worse than the
  signal's own price, on valid ticks, rounded towards the natural.
* Quotes that are not sound move nothing; time goes on.
* After `give_up_s` an order is cancelled, or, where the plan says MARKET, priced to trade at once, bounded, and moved
  with the market from then on. Only a close may say so: an opening that nobody wants at a fair price is not wanted.

The plan and its beginning travel in the order, so a restart goes on where it was. Seconds are of the market's time.
Prices are net, per combo: credit > 0, so for openings and closings alike a lower one is nearer the natural.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.value import ZERO, Instant, Value


class GiveUp(StrEnum):
    """What ends an order that did not fill."""

    CANCEL = "CANCEL"
    MARKET = "MARKET"


class Plan(Value):
    """How to work an order."""

    start: Decimal = Field(default=ZERO, ge=0, le=1)
    """First price: 0 the middle, 1 the natural."""
    step_s: float = Field(default=10.0, gt=0)
    step_share: Decimal = Field(default=Decimal("0.25"), gt=0, le=1)
    """Share of the way from middle to natural given up with each step."""
    step_ticks: int | None = Field(default=None, gt=0, le=100)
    """Or so many ticks."""
    concession_max: Decimal = Field(default=Decimal(1), ge=0, le=1)
    """The most of that way that is given up."""
    give_up_s: float = Field(default=60.0, gt=0)
    give_up: GiveUp = GiveUp.CANCEL


class Working(Value):
    """A plan at work."""

    plan: Plan
    began_at: Instant
    worst_px: Decimal | None = None
    """The signal's own price, for all of the plan but MARKET."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What a net price may be measured by, credit > 0; `marketable` trades at once and is bounded."""

    mid: Decimal
    natural: Decimal
    marketable: Decimal
    tick: Decimal


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is due."""


@dataclass(frozen=True, slots=True)
class Reprice:
    """Work at another price."""

    net_price: Decimal


@dataclass(frozen=True, slots=True)
class End:
    """Cancel what is left."""


Next = Hold | Reprice | End


def price_of(working: Working, now: datetime, spread: Spread) -> Decimal:
    """Return the price of the plan's step at `now`, by the quotes as they are."""
    plan = working.plan
    steps = int((now - working.began_at).total_seconds() / plan.step_s)
    width = spread.mid - spread.natural
    if plan.step_ticks is None:
        share = min(plan.start + steps * plan.step_share, plan.concession_max)
        exact = spread.mid - width * share
    else:
        exact = spread.mid - width * plan.start - steps * plan.step_ticks * spread.tick
        exact = max(exact, spread.mid - width * plan.concession_max)
    price = (exact / spread.tick).to_integral_value(ROUND_FLOOR) * spread.tick
    return price if working.worst_px is None else max(price, working.worst_px)


def next_step(working: Working, net_price: Decimal, since: datetime, now: datetime, spread: Spread | None) -> Next:
    """Return what is due for an order that has worked at `net_price` since then; `spread` None: no sound quotes."""
    plan = working.plan
    if (now - working.began_at).total_seconds() >= plan.give_up_s:
        if plan.give_up is GiveUp.CANCEL:
            return End()
        due = spread.marketable if spread is not None else net_price
    else:
        due = price_of(working, now, spread) if spread is not None else net_price
    is_late = (now - working.began_at).total_seconds() >= plan.give_up_s > (since - working.began_at).total_seconds()
    if due == net_price or not (is_late or (now - since).total_seconds() >= plan.step_s):
        return Hold()
    return Reprice(due)
