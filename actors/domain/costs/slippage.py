"""How much of the half spread a fill costs: a stated guess that the account's own fills take the place of.

    share = (PRIOR_FILLS x prior + sum of the shares seen) / (PRIOR_FILLS + fills seen)

the mean of a normal prior after normal observations of the same variance, worth `prior_fills` fills of its own
(Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.5). Each share is bounded to what one order can teach, so
a single bad fill does not reprice a product. Openings are worked and closes are often pressed, so they are kept apart,
by option root. The state is a count and a sum: one addition a fill.

Size beyond the displayed one walks the book: each further multiple of it costs `size_impact` of a half spread more, up
to `SIZE_FACTOR_MAX`. A quote that shows no size counts as one contract. Volume is not in the quotes that are kept.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from actors.domain.costs.cost_limits import SlippageTerms
from actors.domain.orders.order import Intent, Leg
from actors.domain.value import ZERO, Value

if TYPE_CHECKING:
    from actors.domain.market.quote import QuoteTable  # columns: whoever only reads the shares needs none

SHARE_MIN: Final = Decimal(-1)
SHARE_MAX: Final = Decimal(4)
SIZE_FACTOR_MAX: Final = Decimal(5)


class Seen(Value):
    """The shares of one root and intent that were seen."""

    fills: int = 0
    total: Decimal = ZERO

    def after(self, paid: Decimal, half_spread: Decimal) -> "Seen":
        """Return it after one more order, in points; a spread of nothing teaches nothing."""
        if half_spread <= 0:
            return self
        share = min(max(paid / half_spread, SHARE_MIN), SHARE_MAX)
        return Seen(fills=self.fills + 1, total=self.total + share)

    def share(self, terms: SlippageTerms) -> Decimal:
        """Return the share to expect."""
        return (terms.prior_fills * terms.prior + self.total) / (terms.prior_fills + self.fills)


NOTHING_SEEN: Final = Seen()


def key(root: str, intent: Intent) -> str:
    """Return the name under which fills are kept."""
    return f"{root} {intent}"


class Spread(NamedTuple):
    """What a combo is quoted at, in points: the middle (credit > 0), and its half spread in and out, grown by size."""

    mid: Decimal
    half_in: Decimal
    half_out: Decimal


def spread(legs: Iterable[Leg], order_qty: int, quotes: "QuoteTable", impact: Decimal) -> Spread | None:
    """Return the spread of `order_qty` combos; None where a leg is not quoted on both sides."""
    double = half_in = half_out = ZERO
    for leg in legs:
        quote = quotes.quote(leg.symbol)
        if quote is None or quote.bid is None or quote.ask is None:
            return None
        ratio, buys = leg.ratio, leg.action.is_buy
        width, centre = ratio * max(quote.ask - quote.bid, ZERO) / 2, ratio * (quote.ask + quote.bid)
        shown_in, shown_out = (quote.ask_size, quote.bid_size) if buys else (quote.bid_size, quote.ask_size)
        half_in += width * _factor(ratio * order_qty, shown_in, impact)
        half_out += width * _factor(ratio * order_qty, shown_out, impact)
        double += -centre if buys else centre
    return Spread(double / 2, half_in, half_out)


def _factor(contracts: int, shown: int, impact: Decimal) -> int | Decimal:
    shown = shown or 1
    return 1 if contracts <= shown else min(1 + impact * (Decimal(contracts) / shown - 1), SIZE_FACTOR_MAX)
