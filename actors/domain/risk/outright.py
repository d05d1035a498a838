"""Why a future itself is not opened, by any route: options on it are.

* Nothing here bounds what it may lose: a structure has a largest loss, which the limits count, and it has none.
* What it needs is SPAN's, which nobody but the clearing house knows; no row of `margin.toml` stands in for it.
* Its orders say no position effect (tastytrade's `Buy` and `Sell`), so the broker would not keep a close of what is
  gone from opening the other side.

One that an option delivered is another matter: it is what is left of a structure, and closed as such.
"""

from collections.abc import Iterator, Mapping, Sequence

from actors.domain.market.contract import Contract, Kind
from actors.domain.orders.order import Leg
from actors.domain.orders.refusal import Check, Code


def only_options(legs: Sequence[Leg], contracts: Mapping[str, Contract]) -> Iterator[Check]:
    """Yield a refusal of each leg that is a future; nothing where none is."""
    for leg in legs:
        if contracts[leg.symbol].product.kind is Kind.FUTURE:
            value = "a future itself: no loss of it is bounded, and no margin of it is known"
            yield Check(code=Code.R100_OUTRIGHT_FUTURE, passed=False, subject=leg.symbol, value=value)
