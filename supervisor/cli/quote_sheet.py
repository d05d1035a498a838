"""The feed's board of quotes as a screen reads it: bid and ask by symbol, with its age; needs no numeric library."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from struct import Struct
from typing import Final

from actors.places import Places

_HEAD: Final = Struct("=4q")
"""Universe's version, rows, market's and boot clock: as `actors.quote_board` writes it."""
_STEP: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Shown:
    """One quote. A missing side is None."""

    bid: Decimal | None
    ask: Decimal | None

    @property
    def mid(self) -> Decimal | None:
        """Middle of a two-sided quote."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class QuoteSheet:
    """All quotes at one moment; implements `Quoted`."""

    quotes: Mapping[str, Shown]
    age_s: float

    def quote(self, symbol: str) -> Shown | None:
        """Return the quote of `symbol`; None where nobody quoted it yet."""
        return self.quotes.get(symbol)


def read_quotes(where: Places) -> QuoteSheet | None:
    """Return the board; None where none was written since boot, or it is of another universe than is known."""
    try:
        content = where.quotes.read_bytes()
        universe = json.loads(where.universe.read_bytes())
    except FileNotFoundError:
        return None
    version, rows, _, boot_ns = _HEAD.unpack_from(content)
    symbols = [each["symbol"] for each in universe["contracts"]]
    if universe["version"] != version or len(symbols) != rows:
        return None
    floats, nanos = Struct(f"={rows}d"), Struct(f"={rows}q")
    offsets = [_HEAD.size + column * rows * 8 for column in range(4)]  # bid, ask, exchange's and receiver's clock
    bids, asks = floats.unpack_from(content, offsets[0]), floats.unpack_from(content, offsets[1])
    received = nanos.unpack_from(content, offsets[3])
    columns = zip(symbols, bids, asks, received, strict=True)
    quotes = {symbol: Shown(_price(bid), _price(ask)) for symbol, bid, ask, came_ns in columns if came_ns}
    age_s = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - boot_ns) / 1e9
    return QuoteSheet(quotes, round(max(age_s, 0), 1))


def _price(value: float) -> Decimal | None:
    return None if math.isnan(value) else Decimal(repr(value)).quantize(_STEP)
