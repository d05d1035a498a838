"""Reads a folder in LEAN's data format: which days it holds, and the minute bars of one day, as columns.

    option/usa/minute/goog/20151224_quote_american.zip          one csv a contract, named by right, strike and expiry
    indexoption/usa/minute/spxw/20210104_quote_european.zip     likewise
    futureoption/cme/minute/es/202003/20200106_quote_american.zip   likewise, a folder for each month of the future
    equity/usa/minute/goog/20151224_quote.zip, .._trade.zip     one csv
    index/usa/minute/spx/20210104_trade.zip                     one csv
    future/cme/minute/es/20200106_quote.zip                     one csv a month

A quote row is `ms, bid o, h, l, c, bid size, ask o, h, l, c, ask size`, a missing side four empty fields; a trade row
is `ms, o, h, l, c, volume`; `ms` is the START of the minute, counted from midnight on the family's own clock. Only
closing prices are used: they are what stood when the minute ended. Prices come out in points, sizes as they stand.

A row that does not read is returned as `Skipped` with its line, never dropped in silence. Leaves out everything that is
not minute quotes and underlyings' trades (daily files, open interest, universes, factor files).
"""

import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.quote import Floats, Nanos, Sizes
from actors.venue.market import Skipped

_DECICENTS = 1e-4
_MS_PER_DAY = 86_400_000
_NS_PER_MS = 1_000_000
_QUOTE_FIELDS = 11
_TRADE_FIELDS = 6
_SIDES = ((4, 5), (9, 10))
"""Fields of closing price and size: bid, ask."""
_CLOSE, _VOLUME = 4, 5


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of file: where it lies, on which clock its rows are, and what one unit of its prices is in points."""

    folder: str
    zone: ZoneInfo
    point: float


FAMILIES = {
    family.folder: family
    for family in (
        # First rows at 09:30, last ones at 12:59 on the half day 2015-12-24 and 15:59 or 16:14 otherwise: New York.
        Family("option/usa", ZoneInfo("America/New_York"), _DECICENTS),
        Family("equity/usa", ZoneInfo("America/New_York"), _DECICENTS),
        # 09:30 to 16:14; the series that expired on 2021-01-04 ends at 15:59: New York.
        Family("indexoption/usa", ZoneInfo("America/New_York"), _DECICENTS),
        # First row at 08:30, the last change in the minute of 15:00: Chicago. On 2021-01-04 the minute changes of call
        # less put, SPXW 3700, correlate with the index's by 0.97 an hour apart, and by less than 0.2 at any other lag.
        Family("index/usa", ZoneInfo("America/Chicago"), 1.0),
        # Globex rests from 17:00 to 18:00 New York. The files pause from 22:00 to 23:00 in January 2020, from 21:15 in
        # October 2013 and from 22:15 in November 2013: the pause moves with New York's summer time, so UTC.
        Family("future/cme", ZoneInfo("UTC"), 1.0),
        Family("futureoption/cme", ZoneInfo("UTC"), 1.0),
    )
}


class NoSuchData(LookupError):
    """The folder does not hold what was asked for; the message says what was looked for and what there is."""


class DamagedData(ValueError):
    """A file of the folder cannot be opened at all; the message names it."""


@dataclass(frozen=True, slots=True)
class Bars:
    """The rows of one csv in the order of the file. `ends_ns` is when a bar was over, in Unix nanoseconds, UTC.

    Of a trade file both sides are NaN, and `last` is the closing print; of a quote file `last` is NaN.
    """

    name: str
    ends_ns: Nanos
    bid: Floats
    ask: Floats
    bid_size: Sizes
    ask_size: Sizes
    last: Floats


def read_bars(path: Path, family: Family, on: date) -> Iterator[tuple[Bars, tuple[Skipped, ...]]]:
    """Yield the bars of each csv in a LEAN zip, with the rows left out. Raises `DamagedData`."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DamagedData(f"{path}: {error}") from error
    midnight_ns = int(datetime.combine(on, time(), family.zone).astimezone(UTC).timestamp()) * 1_000_000_000
    fields = _TRADE_FIELDS if "_trade" in path.name else _QUOTE_FIELDS
    with archive:
        for name in sorted(archive.namelist()):
            file = f"{path.name}/{name}"
            try:
                text = archive.read(name)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                yield _bars(name, np.empty((0, fields)), midnight_ns, family), (Skipped(file, 0, str(error)),)
                continue
            table, skipped = parse(text, fields, file)
            yield _bars(name, table, midnight_ns, family), skipped


def parse(text: bytes, fields: int, file: str) -> tuple[NDArray[np.float64], tuple[Skipped, ...]]:
    """Return the sound rows of one csv as a table of `fields` columns, NaN where a field is empty, and the others."""
    lines = text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
    if lines == 0:
        return np.empty((0, fields)), ()
    # Twice, as matches do not overlap. An empty last field does not occur in sound rows: a missing side has size 0.
    filled = text.replace(b",,", b",nan,").replace(b",,", b",nan,")
    try:
        table = np.loadtxt(io.BytesIO(filled), delimiter=",", ndmin=2, comments=None) if text.strip() else None
    except ValueError:
        table = None
    if table is not None and table.shape == (lines, fields) and _sound(table).all():
        return table, ()
    return _parse_row_by_row(text, fields, file)


def _sound(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows could be bars: a minute of the day, and no price or size that is negative or infinite."""
    ms = table[:, 0]
    is_minute = (ms >= 0) & (ms < _MS_PER_DAY) & (ms == np.floor(ms))
    figures = table[:, 1:]
    sizes = table[:, [size for _, size in _SIDES] if table.shape[1] == _QUOTE_FIELDS else [_CLOSE, _VOLUME]]
    sound: NDArray[np.bool_] = (
        is_minute & ~((figures < 0) | np.isinf(figures)).any(axis=1) & ~np.isnan(sizes).any(axis=1)
    )
    return sound


def _parse_row_by_row(text: bytes, fields: int, file: str) -> tuple[NDArray[np.float64], tuple[Skipped, ...]]:
    rows: list[list[float]] = []
    skipped: list[Skipped] = []
    for number, line in enumerate(text.decode("utf-8", "replace").removesuffix("\n").split("\n"), start=1):
        row, reason = _parse_row(line.strip(), fields)
        if row is None:
            skipped.append(Skipped(file, number, reason))
        else:
            rows.append(row)
    return np.array(rows, np.float64).reshape(-1, fields), tuple(skipped)


def _parse_row(line: str, fields: int) -> tuple[list[float] | None, str]:
    parts = line.split(",")
    if len(parts) != fields:
        return None, f"{len(parts)} fields, not {fields}: {line[:80]!r}"
    try:
        row = [float(part) if part else math.nan for part in parts]
    except ValueError as error:
        return None, str(error)
    if not _sound(np.array([row]))[0]:
        return None, f"no time of day, or a figure that is negative, infinite or missing: {line[:80]!r}"
    return row, ""


def _bars(name: str, table: NDArray[np.float64], midnight_ns: int, family: Family) -> Bars:
    count = len(table)
    ends_ns = midnight_ns + (table[:, 0].astype(np.int64) + 60_000) * _NS_PER_MS
    if table.shape[1] == _TRADE_FIELDS:
        nothing, zeros = np.full(count, np.nan), np.zeros(count, np.float32)
        return Bars(name, ends_ns, nothing, nothing, zeros, zeros, _points(table[:, _CLOSE], family))
    (bid, bid_size), (ask, ask_size) = (
        (_points(table[:, price], family), table[:, size].astype(np.float32)) for price, size in _SIDES
    )
    return Bars(name, ends_ns, bid, ask, bid_size, ask_size, np.full(count, np.nan))


def _points(prices: Floats, family: Family) -> Floats:
    # A price of nothing is nobody's: LEAN writes an absent side as empty fields, some exporters as zeros.
    # Rounded, because 12345 * 1e-4 is not the double nearest to 1.2345.
    return np.round(np.where(prices > 0, prices, np.nan) * family.point, 4)


class LeanFolder:
    """The days and underlyings of one data folder. Nothing is read before it is asked for."""

    def __init__(self, root: Path, families: dict[str, Family] | None = None) -> None:
        """`families` replaces the table above, for a folder whose clocks differ."""
        self.root = root
        self.families = families or FAMILIES
        if not root.is_dir():
            raise NoSuchData(f"looked for LEAN data in {root}: there is no such folder")
        if not any((root / family).is_dir() for family in self.families):
            raise NoSuchData(f"looked for LEAN data in {root}: it holds none of {', '.join(self.families)}")

    def option_files(self, root: str, on: date) -> tuple[tuple[Family, Path], ...]:
        """Return the option quote files of one option root and date; of a future's options, one for each month."""
        return tuple(
            (self.families[folder], path)
            for folder in _OPTION_FOLDERS
            for path in sorted(self._minute(folder, root).rglob(f"{on:%Y%m%d}_quote_*.zip"))
        )

    def underlying_files(self, folder: str, ticker: str, on: date) -> tuple[tuple[Family, Path], ...]:
        """Return the quote and trade files of an underlying in `equity/usa`, `index/usa` or `future/cme`."""
        paths = (self._minute(folder, ticker) / f"{on:%Y%m%d}_{kind}.zip" for kind in ("quote", "trade"))
        return tuple((self.families[folder], path) for path in paths if path.is_file())

    def names_on(self, on: date) -> tuple[str, ...]:
        """Return the option roots that have quotes of a date. Raises `NoSuchData` where none has."""
        held = self._held()
        found = tuple(sorted(name.upper() for name, days in held.items() if on in days))
        if not found:
            days = sorted({day for days in held.values() for day in days}, key=lambda day: abs(day - on))
            raise NoSuchData(f"looked for option quotes on {on} in {self.root}; nearest dates there: {_list(days)}")
        return found

    def missing(self, names: Sequence[str], on: date) -> NoSuchData:
        """Return the error for option roots `names` on a date: what was looked for, and the nearest there is."""
        held = self._held()
        mine = sorted({day for name in names for day in held.get(name.lower(), ())}, key=lambda day: abs(day - on))
        then = sorted(name.upper() for name, days in held.items() if on in days)
        looked = f"looked for option quotes of {' or '.join(names)} on {on} in {self.root}"
        return NoSuchData(
            f"{looked}; dates of {names[0]} there: {_list(mine)}; underlyings there on {on}: {_list(then)}; "
            f"on any date: {_list(sorted(name.upper() for name in held))}"
        )

    def _held(self) -> dict[str, set[date]]:
        held: dict[str, set[date]] = {}
        for folder in _OPTION_FOLDERS:
            minute = self.root / folder / "minute"
            for path in minute.rglob("*_quote_*.zip"):
                if match := re.match(r"(\d{4})(\d{2})(\d{2})_", path.name):
                    name = path.relative_to(minute).parts[0]
                    held.setdefault(name, set()).add(date(int(match[1]), int(match[2]), int(match[3])))
        return held

    def _minute(self, folder: str, name: str) -> Path:
        return self.root / folder / "minute" / name.lower()


_OPTION_FOLDERS = ("option/usa", "indexoption/usa", "futureoption/cme")


def _list(items: Sequence[object], most: int = 12) -> str:
    if not items:
        return "none"
    shown = ", ".join(str(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
