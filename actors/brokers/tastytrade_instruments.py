"""What tastytrade calls futures and their options, and what it says of them: an order on one is named from this table.

    future           /ESZ5                       ours   /ESZ25
    option on it     ./ESZ5 ESZ5  251219C800     ours   ./ESZ25 251219C00800000
    of a weekly      ./ESZ5 EW3V5 251017C6500    ours   ./ESZ25 EW3 251017C06500000
                     future, series (root, month, year), expiry, right, strike

Rules of this file
* A year of one digit is the first that fits and is not over: at the option's expiry, or on the day a future is named.
* Which month a series bears only the broker knows: an order is named from what it lists, by future, expiry and root.
* A leg that opens is said only of a series whose facts are the product table's, for gate and book reckon with that
  table alone: what a point is worth, and whether it settles in the morning. Its future must be tradeable, its product
  supported. A leg that closes is said whatever these say, and where it is called like its future, without a list.
* A future itself is said where a leg closes it, and never where one opens it.
* What is read needs no list: it may have expired today. Roots that the product table does not have keep the broker's
  name: strangers, never traded.
* What was not read yet is refused for now.
"""

import re
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from actors.brokers.outcomes import Unread, Unsendable
from actors.brokers.payload import Json, number
from actors.domain.market.contract import Contract, Products, Right, SettlementTime, future_option_symbol, names_future
from actors.domain.orders.order import Leg

FUTURES: Final = ("/", "./")
"""How every symbol of a future or an option on one begins, ours and the broker's."""
_OPTION: Final = re.compile(r"^\./([A-Z0-9]+[FGHJKMNQUVXZ])(\d) (.{6})(\d\d)(\d\d)(\d\d)([CP])(\d+(?:\.\d+)?)$")
_FUTURE: Final = re.compile(r"^/([A-Z0-9]+[FGHJKMNQUVXZ])(\d)$")


class Series(NamedTuple):
    """One expiry of options on one future, as listed."""

    root: str
    name: str
    multiplier: Decimal
    """Dollars a point."""
    settlement_time: SettlementTime
    is_supported: bool


class Instruments:
    """The table, by product code (`ES`)."""

    def __init__(self, products: Products) -> None:
        self._products = products
        self._tradeable: dict[str, bool] = {}
        self._series: dict[str, dict[tuple[str, date], list[Series]]] = {}
        self.met: set[str] = set()
        """Product codes of the options that the broker named and we have a name for."""

    def take(self, code: str, futures: Iterable[Json], chain: Json, option_products: Iterable[Json]) -> None:
        """Take in what the broker lists of one product. Raises `KeyError`, `ValueError`, `TypeError`."""
        for each in futures:
            last = date.fromisoformat(each["expiration-date"])
            self._tradeable[_future(each["symbol"], last)] = bool(each["is-tradeable"]) and bool(each["active"])
        supported = {each["root-symbol"] for each in option_products if each["supported"]}
        found: dict[tuple[str, date], list[Series]] = {}
        for listed in chain["option-chains"]:
            for expiry in listed["expirations"]:
                on = date.fromisoformat(expiry["expiration-date"])
                series = _series(expiry, supported)
                found.setdefault((_future(expiry["underlying-symbol"], on), on), []).append(series)
        self._series[code] = found

    def theirs(self, leg: Leg) -> str:
        """Return what the broker calls a leg's contract. Raises `Unsendable`, of which `Unread` is for now."""
        if not leg.symbol.startswith(FUTURES):
            return leg.symbol
        contract = self._products.contract(leg.symbol)
        future = f"{contract.underlying[1:-2]}{contract.underlying[-1]}"
        if contract.right is None or contract.strike is None:
            if leg.action.is_open:
                raise Unsendable(f"{leg.symbol}: futures themselves are not opened here")
            return f"/{future}"
        series = self._opening(contract) if leg.action.is_open else self._closing(contract, future)
        strike = f"{contract.strike.normalize():f}"
        return f"./{future} {series:<6}{contract.expires_on:%y%m%d}{contract.right.value}{strike}"

    def ours(self, symbol: str, today: date) -> str:
        """Return our symbol of what the broker calls `symbol`; its own where we have none for it."""
        if _FUTURE.match(symbol):
            return _future(symbol, today)
        if (match := _OPTION.match(symbol)) is None:
            return symbol
        expires_on = date(2000 + int(match[4]), int(match[5]), int(match[6]))
        future = _future(f"/{match[1]}{match[2]}", expires_on)
        root = match[3].strip()[:-2]  # without month and year
        if not self._products.lists(f"./{root}"):
            return symbol
        self.met.add(future[1:-3])
        return future_option_symbol(future, expires_on, Right(match[7]), Decimal(match[8]), root)

    def _opening(self, contract: Contract) -> str:
        series = self._listed(contract)
        if fault := self._fault(series, contract):
            raise Unsendable(f"{contract.symbol} is {series.name} at the broker: {fault}")
        return series.name

    def _closing(self, contract: Contract, future: str) -> str:
        return future if contract.product.root == f"./{future[:-2]}" else self._listed(contract).name

    def _listed(self, contract: Contract) -> Series:
        symbol, future, expires_on = contract.symbol, contract.underlying, contract.expires_on
        if future[1:-3] not in self._series:
            raise Unread(f"{symbol}: what the broker lists of {future[:-3]} is not read yet")
        assert expires_on is not None
        there = self._series[future[1:-3]].get((future, expires_on), [])
        series = next((each for each in there if f"./{each.root}" == contract.product.root), None)
        if series is None:
            names = ", ".join(each.name for each in there) or "none"
            raise Unsendable(f"{symbol}: of the series of {future} that end on that day the broker lists {names}")
        return series

    def _fault(self, series: Series, contract: Contract) -> str:
        """Return why a series is not traded; an empty text where it is."""
        product = contract.product
        if not self._tradeable.get(contract.underlying, False):
            return f"{contract.underlying} is not tradeable there"
        if not series.is_supported:
            return "its product is not supported there"
        if series.multiplier != product.multiplier:
            return f"a point is worth {series.multiplier:f}, by the product table {product.multiplier}"
        if series.settlement_time is not product.settlement_time:
            return f"it settles {series.settlement_time}, by the product table {product.settlement_time}"
        return ""


def instrument_type(symbol: str) -> str:
    """Return tastytrade's name for the kind of instrument a canonical symbol names."""
    if symbol.startswith("./"):
        return "Future Option"
    if names_future(symbol):
        return "Future"
    return "Equity Option" if len(symbol) == 21 else "Equity"


def _future(symbol: str, not_over: date) -> str:
    """Return our symbol of a future that is not over on a day."""
    year = not_over.year + (int(symbol[-1]) - not_over.year) % 10
    return f"{symbol[:-1]}{year % 100:02d}"


def _series(expiry: Json, supported: Collection[str]) -> Series:
    return Series(
        root=expiry["option-root-symbol"],
        name=expiry["option-contract-symbol"],
        multiplier=number(expiry["notional-value"]) / number(expiry["display-factor"]),
        settlement_time=SettlementTime(expiry["settlement-type"]),
        is_supported=expiry["option-root-symbol"] in supported,
    )
