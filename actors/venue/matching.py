"""When an order fills, how much of it, and at what prices. Pure: an order and the quotes of its legs in, a match out.

Rules of this file:

* The *natural* price of a combo takes the bid for what it sells and the ask for what it buys. A limit order fills at
  the natural when that is at its limit or better. A market order has one leg and fills at the natural.
* Where `concession` < 1, a limit between natural and mid fills too, at the limit, once it gives up at least that share
  of the way from mid (0) to natural (1). The improvement over the natural is split over the legs in the measure of
  their spreads, in whole cents where quotes and limit are (else in hundredths of a cent), so that the legs' prices sum
  to the net exactly and none leaves its own quote. Where no such split exists the order waits.
* A stop rests until its leg's market has come to its trigger: a sale when the bid is there or lower, a purchase when
  the ask is there or higher. Then it is a limit order where it has a limit, and a market order where it has none.
* A combo fills whole: as many as the displayed size of every leg allows.
* Nothing fills on a halted contract, on a side that is missing, not positive or of no size, or on a crossed quote.
* `only` breaks the combo on purpose (a fault): just those legs fill, as far as they have something left.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from actors.domain.orders.order import Action
from actors.domain.value import CENT, ZERO
from actors.venue.paper_order import PaperLeg, PaperOrder

FINE = Decimal("0.0001")
NATURAL = Decimal(1)
"""The concession at which only the natural fills."""


@dataclass(frozen=True, slots=True)
class LegQuote:
    """What is displayed for one contract. A missing side is None."""

    bid: Decimal | None
    ask: Decimal | None
    bid_size: int
    ask_size: int
    halted: bool = False

    @property
    def crossed(self) -> bool:
        """Whether the bid is above the ask."""
        return self.bid is not None and self.ask is not None and self.bid > self.ask

    def side(self, action: Action) -> tuple[Decimal, int] | None:
        """Return price and size that `action` would meet; None where it meets nothing."""
        price, size = (self.ask, self.ask_size) if action.is_buy else (self.bid, self.bid_size)
        if price is None or price <= 0 or size <= 0 or self.halted or self.crossed:
            return None
        return price, size


@dataclass(frozen=True, slots=True)
class LegMatch:
    """What one leg trades: `leg` is its place in the order, `quantity` contracts > 0."""

    leg: int
    quantity: int
    price: Decimal


Match = tuple[LegMatch, ...]
"""Empty where nothing trades."""


def match(
    order: PaperOrder,
    quotes: Sequence[LegQuote],
    concession: Decimal = NATURAL,
    only: Collection[int] | None = None,
) -> Match:
    """Return what trades now. `quotes` stand in the order of the legs."""
    sides = [quote.side(leg.action) for leg, quote in zip(order.legs, quotes, strict=True)]
    met = [side for side in sides if side is not None]
    if len(met) != len(sides):
        return ()
    prices = _prices(order, quotes, [price for price, _ in met], concession)
    if prices is None:
        return ()
    taking = [place for place in range(len(sides)) if only is None or place in only]
    combos = min((_combos(order.legs[place], met[place][1]) for place in taking), default=0)
    if combos == 0:
        return ()
    return tuple(LegMatch(place, combos * order.legs[place].ratio, prices[place]) for place in taking)


def is_reached(order: PaperOrder, quotes: Sequence[LegQuote]) -> bool:
    """Whether a resting stop's market has come to its trigger; a halted or crossed one is no market."""
    (leg,), (quote,) = order.legs, quotes
    seen = quote.ask if leg.action.is_buy else quote.bid
    if order.stop_trigger is None or seen is None or quote.halted or quote.crossed:
        return False
    return seen >= order.stop_trigger if leg.action.is_buy else seen <= order.stop_trigger


def net_of(legs: Sequence[PaperLeg], prices: Sequence[Decimal]) -> Decimal:
    """Return the net price of one combo at these leg prices: credit > 0."""
    return sum((-leg.action.sign * leg.ratio * price for leg, price in zip(legs, prices, strict=True)), ZERO)


def _combos(leg: PaperLeg, size: int) -> int:
    return min(size, leg.remaining) // leg.ratio


def _prices(
    order: PaperOrder, quotes: Sequence[LegQuote], natural: list[Decimal], concession: Decimal
) -> list[Decimal] | None:
    if order.net_price is None:
        return natural
    gain = order.net_price - net_of(order.legs, natural)
    if gain <= 0:
        return natural
    if concession >= NATURAL or any(quote.bid is None or quote.ask is None for quote in quotes):
        return None
    spreads = [(quote.ask or ZERO) - (quote.bid or ZERO) for quote in quotes]
    half = sum((leg.ratio * spread for leg, spread in zip(order.legs, spreads, strict=True)), ZERO) / 2
    if half - gain < concession * half:
        return None
    parts = split(gain, [leg.ratio for leg in order.legs], spreads)
    if parts is None:
        return None
    return [price - leg.action.sign * part for leg, price, part in zip(order.legs, natural, parts, strict=True)]


def split(gain: Decimal, ratios: Sequence[int], spreads: Sequence[Decimal]) -> list[Decimal] | None:
    """Split `gain` > 0 over legs: sum(ratio * part) == gain and 0 <= part <= spread for each; None where none is found.

    Each leg takes its share by spread, rounded down to the step; what is left goes to the legs of the smallest ratio.
    """
    step = CENT if all(value % CENT == 0 for value in (gain, *spreads)) else FINE
    if gain % step:
        return None
    room = [int(spread / step) for spread in spreads]
    total = sum(ratio * most for ratio, most in zip(ratios, room, strict=True))
    left = int(gain / step)
    if left > total:
        return None
    parts = [left * most // total for most in room]
    left -= sum(ratio * part for ratio, part in zip(ratios, parts, strict=True))
    for place in sorted(range(len(ratios)), key=lambda place: ratios[place]):
        more = min(left // ratios[place], room[place] - parts[place])
        parts[place] += more
        left -= more * ratios[place]
    return None if left else [part * step for part in parts]
