"""What can be traded: one canonical symbol per contract, and the facts a product's rules give it.

The canonical symbol of an option is OCC's: root padded to six, yymmdd, C or P, strike in thousandths, 21 characters
(`SPXW  210104C03700000`). Equities and indices are their ticker (`GOOG`, `SPX`). Futures follow the broker's form with
a two-digit year (`/ESH20`), their options put the future first: `./ESH20 200320C03200000`. Where their series is not
called like the future, its root stands between: `./ESZ25 EW3 251017C06500000`.

A root that ends in a digit (`SPY1`) is what OCC calls a contract after a split or a merger: it delivers something else
than 100 shares, and only a row of the product table under that very root can say what. Until then it is *adjusted*.

The facts a symbol does not carry (multiplier, exercise style, settlement, underlying) come from the product table
keyed by root; a root not in the table is an American equity option of 100 shares, physically settled. Futures have no
such default, nor have their options: what a point of one is worth is in the table, or the symbol names nothing known.
"""

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum

from actors.domain.value import Value

_TAIL = r"(?P<day>\d{6})(?P<right>[CP])(?P<strike>\d{8})$"
_OCC = re.compile(r"^([A-Z0-9.^]{1,6}) *" + _TAIL)
_FUTURE_OPTION = re.compile(r"^\./([A-Z0-9]+[FGHJKMNQUVXZ]\d{2}) (?:([A-Z0-9]{1,4}) )?" + _TAIL)
_FUTURE = re.compile(r"^/([A-Z0-9]+)([FGHJKMNQUVXZ])(\d{2})$")
_ADJUSTED = re.compile(r"^([A-Z.^]+)\d$")
_THOUSANDTHS = Decimal(1000)


class Kind(StrEnum):
    """What kind of instrument a symbol names."""

    EQUITY = "EQUITY"
    INDEX = "INDEX"
    EQUITY_OPTION = "EQUITY_OPTION"
    INDEX_OPTION = "INDEX_OPTION"
    FUTURE = "FUTURE"
    FUTURE_OPTION = "FUTURE_OPTION"


class Right(StrEnum):
    """Call or put."""

    CALL = "C"
    PUT = "P"


class Style(StrEnum):
    """When an option may be exercised."""

    AMERICAN = "AMERICAN"
    EUROPEAN = "EUROPEAN"


class Settlement(StrEnum):
    """What an exercise delivers."""

    CASH = "CASH"
    PHYSICAL = "PHYSICAL"


class SettlementTime(StrEnum):
    """Which print of the last day settles: the opening one (AM) or the closing one (PM)."""

    AM = "AM"
    PM = "PM"


class Product(Value):
    """The rules all contracts of one option root (or future) share."""

    root: str
    alike: tuple[str, ...] = ()
    """Other roots of the same rules."""
    underlying: str
    kind: Kind = Kind.EQUITY_OPTION
    multiplier: int = 100
    style: Style = Style.AMERICAN
    settlement: Settlement = Settlement.PHYSICAL
    settlement_time: SettlementTime = SettlementTime.PM
    session: str = "equity_option"
    """Name of the session rule in `sessions.toml`."""
    tick_small: Decimal = Decimal("0.01")
    """Smallest price step below `tick_threshold`."""
    tick_large: Decimal = Decimal("0.01")
    tick_threshold: Decimal = Decimal(3)

    def tick_at(self, price: Decimal) -> Decimal:
        """Return the price step of a single order at `price`, whatever its sign."""
        return self.tick_small if abs(price) < self.tick_threshold else self.tick_large


class Contract(Value):
    """One tradable contract. `strike`, `right`, `expires_on` are None for anything but an option."""

    symbol: str
    product: Product
    expires_on: date | None = None
    right: Right | None = None
    strike: Decimal | None = None

    @property
    def is_option(self) -> bool:
        """Whether the contract is an option of any kind."""
        return self.right is not None

    @property
    def underlying(self) -> str:
        """Ticker of the underlying."""
        return self.product.underlying

    @property
    def multiplier(self) -> int:
        """Dollars per point of price."""
        return self.product.multiplier


class UnknownSymbol(ValueError):
    """The symbol follows none of the known forms."""


class Products:
    """The product table, by root."""

    def __init__(self, products: tuple[Product, ...] = ()) -> None:
        self._by_root = {
            root: product if root == product.root else product.model_copy(update={"root": root})
            for product in products
            for root in (product.root, *product.alike)
        }
        self._parsed: dict[str, Contract] = {}

    def lists(self, root: str) -> bool:
        """Whether the table has rules of a root."""
        return root in self._by_root

    def listed(self) -> tuple[Product, ...]:
        """Return the product of every root in the table."""
        return tuple(self._by_root.values())

    def of_root(self, root: str) -> Product:
        """Return the product of an option root; an unknown one is an equity option of 100 shares."""
        return self._by_root.get(root) or Product(root=root, underlying=root)

    def roots_of(self, underlying: str) -> tuple[str, ...]:
        """Return every option root that trades on `underlying`, the equity root of that name included."""
        named = tuple(root for root, product in self._by_root.items() if product.underlying == underlying)
        return named or (underlying,)

    def adjusted_from(self, symbol: str) -> str | None:
        """Return the root an adjusted contract came from; None where it is none, or its root is in the table."""
        match = _OCC.match(symbol)
        if match is None or match[1].strip() in self._by_root:
            return None
        adjusted = _ADJUSTED.match(match[1].strip())
        return adjusted[1] if adjusted else None

    def contract(self, symbol: str) -> Contract:
        """Return the contract of a canonical symbol. Raises `UnknownSymbol`."""
        if (known := self._parsed.get(symbol)) is None:
            known = self._parsed[symbol] = self._parse(symbol)
        return known

    def _parse(self, symbol: str) -> Contract:
        if match := _OCC.match(symbol):
            return self._option(symbol, match, match[1].strip())
        if match := _FUTURE_OPTION.match(symbol):
            root = self._listed(symbol, f"./{match[2] or match[1][:-3]}")
            return self._option(symbol, match, root, underlying=f"/{match[1]}")
        if match := _FUTURE.match(symbol):
            product = self.of_root(self._listed(symbol, f"/{match[1]}"))
            product = product.model_copy(update={"kind": Kind.FUTURE, "underlying": symbol})
            return Contract(symbol=symbol, product=product)
        if re.match(r"^[A-Z][A-Z0-9.^]{0,9}$", symbol):
            kind = Kind.INDEX if self._is_index(symbol) else Kind.EQUITY
            return Contract(symbol=symbol, product=Product(root=symbol, underlying=symbol, kind=kind, multiplier=1))
        raise UnknownSymbol(f"{symbol!r} is neither an OCC option, a future, a future's option nor a ticker")

    def _listed(self, symbol: str, root: str) -> str:
        if not self.lists(root):
            raise UnknownSymbol(
                f"{symbol!r}: what a point of it is worth is not known, for no product is called {root}"
            )
        return root

    def _is_index(self, ticker: str) -> bool:
        return any(
            product.underlying == ticker and product.kind is Kind.INDEX_OPTION for product in self._by_root.values()
        )

    def _option(self, symbol: str, match: re.Match[str], root: str, underlying: str | None = None) -> Contract:
        product = self.of_root(root)
        if underlying is not None:
            product = product.model_copy(update={"underlying": underlying, "kind": Kind.FUTURE_OPTION})
        year, month, day = (int(match["day"][i : i + 2]) for i in (0, 2, 4))
        try:
            expires_on = date(2000 + year, month, day)
        except ValueError as error:
            raise UnknownSymbol(f"{symbol!r} expires on no day: {error}") from error
        return Contract(
            symbol=symbol,
            product=product,
            expires_on=expires_on,
            right=Right(match["right"]),
            strike=Decimal(match["strike"]) / _THOUSANDTHS,
        )


def names_option(symbol: str) -> bool:
    """Return whether a canonical symbol is an option's, from its form alone."""
    return symbol[-9:-8] in {"C", "P"} and symbol[-8:].isdigit()


def names_future(symbol: str) -> bool:
    """Return whether a canonical symbol is a future's own, from its form alone."""
    return symbol.startswith("/")


def occ_symbol(root: str, expires_on: date, right: Right, strike: Decimal) -> str:
    """Return the canonical symbol of an option on an equity or index root."""
    return f"{root:<6}{expires_on:%y%m%d}{right.value}{int(strike * _THOUSANDTHS):08d}"


def future_option_symbol(future: str, expires_on: date, right: Right, strike: Decimal, series: str = "") -> str:
    """Return the canonical symbol of an option on `future` (`/ESH20`), of a series not called like it where named."""
    named = f"{series} " if series and series != future[1:-3] else ""
    return f"./{future.removeprefix('/')} {named}{expires_on:%y%m%d}{right.value}{int(strike * _THOUSANDTHS):08d}"
