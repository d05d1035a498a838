"""One underlying's recorded day in a LEAN folder: which files it is in, and which bars belong to which symbol.

A user's word for an underlying is a ticker (`GOOG`, `SPX`, `ES`), one option root (`SPXW`), or one month of a future
(`/ESH20`). Bars whose csv names no contract, or one that another file named before, are skipped row by row. Assumes a
file's date is the session's; of Globex's session that leaves out the evening before, which LEAN files under the earlier
date. An underlying without files is simply empty: its options can be replayed all the same.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from actors.domain.market.contract import Kind, Products, Right, UnknownSymbol, future_option_symbol, occ_symbol
from actors.venue.lean import Bars, LeanFolder, NoSuchData, read_bars
from actors.venue.market import Skipped

_STRIKE_UNIT = Decimal(10_000)
_MONTHS = "FGHJKMNQUVXZ"
_OPTION_CSV = re.compile(r"^\d{8}_(\w+?)_minute_quote_\w+_(call|put)_(\d+)_(\d{4})(\d{2})(\d{2})\.csv$")
_FUTURE_CSV = re.compile(r"^\d{8}_(\w+?)_minute_\w+_(\d{4})(\d{2})\.csv$")
_INDEX_OPTIONS = "indexoption/usa"
_UNDERLYING_FOLDERS = {Kind.FUTURE: "future/cme", Kind.INDEX: "index/usa", Kind.EQUITY: "equity/usa"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the user's word for an underlying means in a LEAN folder."""

    roots: tuple[str, ...]
    ticker: str
    kind: Kind
    future: str | None = None
    """One month of a future (`/ESH20`); None for all."""


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """What was read: bars by symbol. `quotes` and `trades` are the underlyings'."""

    options: dict[str, Bars] = field(default_factory=dict)
    quotes: dict[str, Bars] = field(default_factory=dict)
    trades: dict[str, Bars] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def read_day(folder: LeanFolder, on: date, underlying: str, products: Products) -> RecordedDay:
    """Return the day's bars of an underlying and its options. Raises `NoSuchData`, `DamagedData`."""
    asked = _meaning(underlying, products)
    day = RecordedDay()
    _read_options(folder, on, asked, products, day)
    if not day.options:
        raise folder.missing(asked.roots, on)
    _read_underlyings(folder, on, asked, day)
    return day


def _meaning(word: str, products: Products) -> _Asked:
    name = word.upper()
    code = name.removeprefix("/")
    month = re.fullmatch(rf"([A-Z0-9]+)[{_MONTHS}]\d\d", code) if name.startswith("/") else None
    if month:
        return _Asked((month[1],), month[1], Kind.FUTURE, future=name)
    if products.of_root(f"./{code}").kind is Kind.FUTURE_OPTION:
        return _Asked((code,), code, Kind.FUTURE)
    ticker = products.of_root(code).underlying
    try:
        kind = products.contract(ticker).product.kind
    except UnknownSymbol as error:
        raise NoSuchData(f"looked for {word!r}: {error}") from error
    roots = (code,) if ticker != code else products.roots_of(code)
    return _Asked(roots, ticker, kind)


def _read_options(folder: LeanFolder, on: date, asked: _Asked, products: Products, day: RecordedDay) -> None:
    for root in asked.roots:
        for family, path in folder.option_files(root, on):
            if family.folder == _INDEX_OPTIONS and products.of_root(root).kind is not Kind.INDEX_OPTION:
                raise NoSuchData(f"{path}: {root} is an index root that the product table does not have")
            future = _future_symbol(root, path.parent.name) if asked.kind is Kind.FUTURE else None
            if asked.future not in {None, future}:
                continue
            for bars, skipped in read_bars(path, family, on):
                day.skipped.extend(skipped)
                _put(day, day.options, _option_symbol(bars.name, future), bars, path.name)


def _read_underlyings(folder: LeanFolder, on: date, asked: _Asked, day: RecordedDay) -> None:
    for family, path in folder.underlying_files(_UNDERLYING_FOLDERS[asked.kind], asked.ticker, on):
        into = day.trades if "_trade" in path.name else day.quotes
        for bars, skipped in read_bars(path, family, on):
            day.skipped.extend(skipped)
            symbol = _future_of(bars.name) if asked.kind is Kind.FUTURE else asked.ticker
            _put(day, into, symbol, bars, path.name)


def _put(day: RecordedDay, into: dict[str, Bars], symbol: str | None, bars: Bars, file: str) -> None:
    """File the bars under their symbol; bars that name none, or one that is there already, are skipped row by row."""
    if symbol is None or symbol in into:
        reason = "its name says no contract" if symbol is None else f"{symbol} was read from another file"
        day.skipped.extend(Skipped(f"{file}/{bars.name}", row, reason) for row in range(1, len(bars.ends_ns) + 1))
    else:
        into[symbol] = bars


def _option_symbol(csv: str, future: str | None) -> str | None:
    match = _OPTION_CSV.match(csv)
    if match is None:
        return None
    right = Right.CALL if match[2] == "call" else Right.PUT
    strike = Decimal(match[3]) / _STRIKE_UNIT
    expires_on = date(int(match[4]), int(match[5]), int(match[6]))
    if future is not None:
        return future_option_symbol(future, expires_on, right, strike)
    return occ_symbol(match[1].upper(), expires_on, right, strike)


def _future_of(csv: str) -> str | None:
    match = _FUTURE_CSV.match(csv)
    return _future_symbol(match[1], match[2] + match[3]) if match else None


def _future_symbol(code: str, month: str) -> str:
    return f"/{code.upper()}{_MONTHS[int(month[4:6]) - 1]}{month[2:4]}"
