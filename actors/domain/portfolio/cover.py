"""What covers what: the options of a combo, put together so that each short stands with the long that answers for it.

Rules of this file:
* A long covers a short of its right that expires no later, one for one, whatever the strikes are. What a short has
  beyond that is uncovered, whole lots of shares apart. What settles in the morning ends on the day before: it covers
  nothing that lives until the close.
* Options are grouped by the expiries of what is short, the latest first: a group takes as many longs as it needs, the
  best strikes first. What no short needs joins the latest short that it could cover, or stands alone.
* A group is valued when it expires, over every price of the underlying: straight between strikes, so its lowest point
  is at zero or at a strike, or nowhere, where it falls for ever.
* A long that outlives its group is worth then what exercising it would bring. A European one may be worth less, by the
  interest until its own day: `CARRY` of its strike a year is taken off.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from actors.domain.market.contract import Contract, Right, SettlementTime, Style
from actors.domain.orders.order import Leg
from actors.domain.value import CENT, ZERO

CARRY = Decimal("0.06")
"""The highest rate of interest a year that a European option is held to be discounted by."""
_YEAR_DAYS = 365
_DAY = timedelta(days=1)


class Part(NamedTuple):
    """One option of a combo: signed contracts, and the last day that it lives on."""

    expires_on: date
    right: Right
    strike: Decimal
    quantity: int
    style: Style = Style.AMERICAN


Parts = tuple[Part, ...]
"""By expiry, right and strike, none twice."""


class MarginKind(NamedTuple):
    """Combos that one broker has one rule for: the same options in the same order of strikes, wherever these are."""

    underlying: str
    sides: tuple[tuple[Right, int], ...]
    """Right and signed contracts of each part: a vertical's word says nothing of a condor."""
    is_one_day: bool
    has_naked_calls: bool
    has_naked_puts: bool


class Combo(NamedTuple):
    """What one combo of an order is, whatever its price: worked out once, for its legs never change."""

    parts: Parts
    contract: Contract
    """Its first leg's: underlying, kind and multiplier are those of all."""
    worst: Decimal | None
    """What it is worth at worst when its shorts expire, in points; None: no bound, or a leg is no option."""
    naked_calls: int
    naked_puts: int
    lots: int = 0
    """The lots of shares that stand beside it, signed."""

    @property
    def first_on(self) -> date | None:
        """The day that the first of it ends on."""
        return self.parts[0].expires_on if self.parts else None

    @property
    def kind(self) -> "MarginKind":
        """What a broker's margin of it depends on beside the distances of its strikes."""
        one_day = bool(self.parts) and self.first_on == self.parts[-1].expires_on
        sides = tuple((part.right, part.quantity) for part in self.parts)
        return MarginKind(self.contract.underlying, sides, one_day, self.naked_calls > 0, self.naked_puts > 0)

    @property
    def is_plain(self) -> bool:
        """Whether it is all covered and ends on one day: what it can lose is then its margin too."""
        one_day = bool(self.parts) and self.first_on == self.parts[-1].expires_on
        return self.worst is not None and one_day and not self.naked_calls and not self.naked_puts

    def loss(self, net_price: Decimal, quantity: int) -> Decimal | None:
        """Return the most that `quantity` of them can lose at a net price, in dollars; None: no bound."""
        if self.worst is None:
            return None
        return max(ZERO, -(self.worst + net_price)) * self.contract.multiplier * quantity


class Bounds(NamedTuple):
    """The smallest and the largest value of a combo at expiry, in points from the account's side; None: no bound."""

    worst: Decimal | None
    best: Decimal | None


def parts_of(held: Iterable[tuple[Contract, int]]) -> Parts:
    """Return the options among contracts held, netted; `held` is signed contracts."""
    found = sorted(part for contract, quantity in held if (part := _part(contract, quantity)) is not None)
    if any(one[:3] == other[:3] for one, other in pairwise(found)):  # seldom: an order names no option twice
        found = _netted(found)
    return tuple(part for part in found if part.quantity)


def _part(contract: Contract, quantity: int) -> Part | None:
    last_on, product = contract.expires_on, contract.product
    if last_on is None or contract.right is None or contract.strike is None:
        return None
    if product.settlement_time is SettlementTime.AM:
        last_on -= _DAY
    return Part(last_on, contract.right, contract.strike, quantity, product.style)


def _netted(parts: Iterable[Part]) -> list[Part]:
    netted: dict[Part, int] = {}
    for part in parts:
        alike = part._replace(quantity=0)
        netted[alike] = netted.get(alike, 0) + part.quantity
    return sorted(part._replace(quantity=quantity) for part, quantity in netted.items())


def combo_of(legs: Sequence[Leg], contract_of: Callable[[str], Contract], lots: int = 0) -> Combo:
    """Return what one combo of legs is; `lots` of shares stand beside it."""
    held = [(contract_of(leg.symbol), leg.action.sign * leg.ratio) for leg in legs]
    parts = parts_of(held)
    return Combo(
        parts=parts,
        contract=held[0][0],
        worst=bounds(parts, lots).worst if all(contract.is_option for contract, _ in held) else None,
        naked_calls=uncovered(parts, Right.CALL),
        naked_puts=uncovered(parts, Right.PUT),
        lots=lots,
    )


def uncovered(parts: Parts, right: Right) -> int:
    """Return the shorts of one right that no long covers, in contracts."""
    if parts and parts[0].expires_on == parts[-1].expires_on:  # they are sorted: most combos end on one day
        return max(0, -sum(part.quantity for part in parts if part.right is right))
    latest_first = sorted({part.expires_on for part in parts}, reverse=True)
    beyond = most = 0
    for day in latest_first:
        beyond -= sum(part.quantity for part in parts if part.right is right and part.expires_on == day)
        most = max(most, beyond)
    return most


def groups(parts: Parts) -> Mapping[date, Parts]:
    """Return what is valued together, by the day it is valued on."""
    days = sorted({part.expires_on for part in parts if part.quantity < 0}, reverse=True)
    if len(days) == 1 and all(part.expires_on == days[0] for part in parts):
        return {days[0]: parts}
    found: dict[date, list[Part]] = {
        day: [part for part in parts if part.expires_on == day and part.quantity < 0] for day in days
    }
    longs = [part for part in parts if part.quantity > 0]
    for day in days:
        for right in Right:
            needed = -sum(part.quantity for part in found[day] if part.right is right)
            longs = _take(longs, found[day], day, right, needed)
    for part in longs:
        home = next((day for day in days if day <= part.expires_on), part.expires_on)
        found.setdefault(home, []).append(part)
    return {day: tuple(sorted(group)) for day, group in found.items()}


def _take(longs: Sequence[Part], group: list[Part], day: date, right: Right, needed: int) -> list[Part]:
    """Move up to `needed` longs into a group; return what is left."""
    left = []
    for part in sorted(longs, key=lambda each: each.strike if right is Right.CALL else -each.strike):
        taken = min(needed, part.quantity) if part.right is right and part.expires_on >= day else 0
        needed -= taken
        if taken:
            group.append(part._replace(quantity=taken))
        if part.quantity > taken:
            left.append(part._replace(quantity=part.quantity - taken))
    return left


@lru_cache(maxsize=4096)  # every admission asks for its own legs several times, and for those of what works
def bounds(parts: Parts, lots: int = 0) -> Bounds:
    """Return what a combo is worth at worst and at best when its shorts expire; `lots` of shares stand beside it."""
    if not parts:
        return Bounds(ZERO if lots >= 0 else None, ZERO if lots <= 0 else None)
    worst: Decimal | None = ZERO
    best: Decimal | None = ZERO
    for number, (day, group) in enumerate(sorted(groups(parts).items())):
        low, high = _bounds(group, day, lots if number == 0 else 0)
        worst = None if worst is None or low is None else worst + low
        best = None if best is None or high is None else best + high
    return Bounds(worst, best)


def _bounds(group: Parts, day: date, lots: int) -> Bounds:
    slope = lots + sum(part.quantity for part in group if part.right is Right.CALL)
    kinks = [value_at(group, spot, lots) for spot in (ZERO, *(part.strike for part in group))]
    carry = sum((_carry(part, day) for part in group if part.expires_on > day), ZERO)
    return Bounds(None if slope < 0 else min(kinks) - carry, None if slope > 0 else max(kinks))


def value_at(parts: Parts, spot: Decimal, lots: int = 0) -> Decimal:
    """Return what a combo is worth with everything exercised at a price of the underlying, in points."""
    total = lots * spot
    for _, right, strike, quantity, _ in parts:
        inside = spot - strike if right is Right.CALL else strike - spot
        if inside > 0:
            total += quantity * inside
    return total


def _carry(part: Part, day: date) -> Decimal:
    if part.style is Style.AMERICAN or part.quantity < 0:
        return ZERO
    owed = part.quantity * part.strike * CARRY * (part.expires_on - day).days / _YEAR_DAYS
    return owed.quantize(CENT, ROUND_UP)
