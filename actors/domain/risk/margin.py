"""What an account must keep back for a structure, by the exchange's strategy-based rules. Dollars; all of it >= 0.

Rules of this file:
* Longs are paid for in full; where nothing is short, one that lives for more than nine months is lent a quarter of its
  price.
* What is covered (`portfolio.cover`) needs the most it can lose at expiry over every price of the underlying: a spread
  the distance of its strikes, a condor or a butterfly its worse side, a calendar or a box for more nothing.
* A naked short needs its price, and a share of the underlying's value less what it is out of the money, at least a
  smaller share of that value (calls) or of its strike (puts). Of naked puts and calls the greater side counts, plus the
  price of the other. Which shorts are naked where only some are: those furthest out of the money.
* A lot of shares covers a short call, a lot sold short a short put; neither then needs anything itself.
* What the credit brings in counts for the order: `taken` is the requirement less what the shorts are sold for.
* Where a row says nothing of naked shorts, or the level of the underlying is not known, a naked one has no known
  margin: None, never 0. Covered ones need neither.

Left out: portfolio margin, SPAN, a broker's own additions (its dry run knows them), the loan value of shares.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from actors.domain.market.contract import Contract, Right, Style
from actors.domain.portfolio.cover import Part, Parts, bounds, parts_of
from actors.domain.risk.margin_table import MarginRule, MarginTable
from actors.domain.value import ZERO


class Held(NamedTuple):
    """Signed contracts of one option, and the price of one in points."""

    contract: Contract
    quantity: int
    price: Decimal


class Margin(NamedTuple):
    """What a structure needs, by what it is for; `proceeds` is what its shorts are sold for."""

    longs: Decimal
    lent: Decimal
    spread: Decimal
    naked: Decimal
    """Beyond the prices of the naked shorts."""
    naked_prices: Decimal
    proceeds: Decimal

    @property
    def requirement(self) -> Decimal:
        """What is asked for, as the exchange's manual counts it."""
        return self.longs - self.lent + self.spread + self.naked + self.naked_prices

    @property
    def taken(self) -> Decimal:
        """What opening it takes of the buying power."""
        return self.requirement - self.proceeds


class Split(NamedTuple):
    """The options of a structure, what is naked of them apart."""

    covered: Parts
    calls: Parts
    puts: Parts
    """Naked shorts, their quantities made positive."""


def margin(held: Sequence[Held], level: Decimal | None, table: MarginTable, on: date, lots: int = 0) -> Margin | None:
    """Return what options of one underlying and multiplier need on a day; None where that is not known.

    `level` is the underlying's price in points of the strikes; `lots` of its shares stand beside them.
    """
    multiplier = held[0].contract.multiplier
    parts = parts_of((each.contract, each.quantity) for each in held)
    bare = unfunded(parts, held[0].contract, level, table, on, lots)
    if bare is None:
        return None
    longs = sum((each.quantity * each.price for each in held if each.quantity > 0), ZERO)
    shorts = sum((-each.quantity * each.price for each in held if each.quantity < 0), ZERO)
    prices = {parts_of([(each.contract, 1)])[0][:3]: each.price for each in held}
    naked = (part for side in split(parts, lots)[1:] for part in side)
    naked_prices = sum((part.quantity * prices[part[:3]] for part in naked), ZERO)
    lent = ZERO if shorts else _lent(held, table, on)
    return Margin(
        longs=longs * multiplier,
        lent=lent * multiplier,
        spread=bare[0] * multiplier,
        naked=bare[1] * multiplier,
        naked_prices=naked_prices * multiplier,
        proceeds=shorts * multiplier,
    )


def unfunded(
    parts: Parts, contract: Contract, level: Decimal | None, table: MarginTable | None, on: date, lots: int = 0
) -> tuple[Decimal, Decimal] | None:
    """Return what covered and naked options need beside their prices, in points; None where it is not known."""
    covered, calls, puts = split(parts, lots)
    worst = bounds(covered).worst
    assert worst is not None, "what is covered has a bound"
    spread = max(ZERO, -worst)
    if not calls and not puts:
        return spread, ZERO
    rule = table.rule_of(contract, on) if table is not None else None
    if rule is None or rule.share is None or rule.floor is None or level is None or level <= 0:
        return None
    sides = (sum((part.quantity * _share(part, level, rule) for part in side), ZERO) for side in (calls, puts))
    return spread, max(sides)


@lru_cache(maxsize=4096)
def split(parts: Parts, lots: int = 0) -> Split:
    """Part what is naked from what longs and shares cover; the exchange's own rules lend European longs full worth."""
    rest = {part[:3]: part._replace(style=Style.AMERICAN) for part in parts}
    calls = _naked(rest, Right.CALL, max(lots, 0))
    puts = _naked(rest, Right.PUT, max(-lots, 0))
    return Split(tuple(sorted(part for part in rest.values() if part.quantity)), calls, puts)


def _naked(rest: dict[tuple[date, Right, Decimal], Part], right: Right, lots: int) -> Parts:
    """Take the shorts of one right that no long of `rest` outlives out of it; the first `lots` of them are covered."""
    taken: list[Part] = []
    longs = shorts = 0
    outermost_first = sorted(
        (part for part in rest.values() if part.right is right and part.quantity < 0),
        key=lambda part: -part.strike if right is Right.CALL else part.strike,
    )
    for day in sorted({part.expires_on for part in rest.values()}, reverse=True):
        same = [part for part in rest.values() if part.right is right and part.expires_on == day]
        longs += sum(part.quantity for part in same if part.quantity > 0)
        shorts -= sum(part.quantity for part in same if part.quantity < 0)
        beyond = shorts - longs
        for part in outermost_first:
            count = min(beyond, -part.quantity) if part.expires_on == day else 0
            if count > 0:
                beyond, shorts = beyond - count, shorts - count
                rest[part[:3]] = part._replace(quantity=part.quantity + count)
                taken.append(part._replace(quantity=count))
    return _without(taken, lots)


def _without(naked: list[Part], lots: int) -> Parts:
    """Take off what shares cover, the deepest in the money first."""
    left = []
    for part in reversed(naked):
        by_shares = min(lots, part.quantity)
        lots -= by_shares
        if part.quantity > by_shares:
            left.append(part._replace(quantity=part.quantity - by_shares))
    return tuple(sorted(left))


def _share(part: Part, level: Decimal, rule: MarginRule) -> Decimal:
    """Return what one naked short needs beside its price, in points."""
    assert rule.share is not None
    assert rule.floor is not None
    call = part.right is Right.CALL
    outside = max(ZERO, part.strike - level if call else level - part.strike)
    least = rule.floor * rule.leverage * (level if call else part.strike)
    return max(rule.share * rule.leverage * level - outside, least)


def _lent(held: Sequence[Held], table: MarginTable, on: date) -> Decimal:
    long_lived = (each for each in held if _months(on, each.contract.expires_on) > table.long_months)
    return sum((each.quantity * each.price * table.long_lent for each in long_lived), ZERO)


def _months(start: date, end: date | None) -> Decimal:
    """Return the months between two days, a begun one as the share of it that has passed."""
    if end is None:
        return ZERO
    return Decimal((end.year - start.year) * 12 + end.month - start.month) + Decimal(end.day - start.day) / 31
