"""Recorded days through the validation, and its counts recounted from the files themselves, row by row."""

import csv
import io
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from actors.calendars import load_sessions
from actors.products import load_products
from actors.venue.lean import LeanFolder, NoSuchData
from actors.venue.replay import ReplayMarket
from supervisor.app.data_day import ContractCounts, check_day, check_days, summed
from supervisor.app.plan import TABLES

pytestmark = pytest.mark.reference
DAYS = [
    ("GOOG", date(2015, 12, 24), "option/usa/minute/goog"),
    ("SPXW", date(2021, 1, 4), "indexoption/usa/minute/spxw"),
    ("SPXW", date(2021, 1, 5), "indexoption/usa/minute/spxw"),
    ("SPXW", date(2021, 1, 6), "indexoption/usa/minute/spxw"),
    ("SPXW", date(2021, 1, 7), "indexoption/usa/minute/spxw"),
    ("SPXW", date(2021, 1, 8), "indexoption/usa/minute/spxw"),
    ("SPY", date(2023, 8, 3), "option/usa/minute/spy"),
    ("ES", date(2020, 1, 6), "futureoption/cme/minute/es"),
]
RECOUNTED = ("EMPTY", "ONE_SIDED", "LOCKED", "CROSSED")
KEPT_MS = 5 * 60_000


@pytest.fixture(scope="module")
def checked(shared, tmp_path_factory):
    products = load_products(TABLES / "products.toml")
    sessions = load_sessions(TABLES / "sessions.toml", tmp_path_factory.mktemp("calendar") / "xnys.json")
    folder = LeanFolder(shared / "data" / "market" / "lean")
    return lambda word, on, market=ReplayMarket: check_day(market(folder, on, word, products, sessions), word)


def recount(folder: Path, on: date) -> tuple[int, Counter[str], Counter[str]]:
    """Return rows, counts by name, and rows by the csv they are in, of every quote file below a folder."""
    counts, of_file = Counter(), Counter()
    for path in folder.rglob(f"{on:%Y%m%d}_quote_*.zip"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                stood = {4: (-(10**9), ""), 9: (-(10**9), "")}
                for row in csv.reader(io.TextIOWrapper(archive.open(name))):
                    of_file[name] += 1
                    counts[named(row, stood)] += 1
    return sum(of_file.values()), counts, of_file


def named(row: list[str], stood: dict[int, tuple[int, str]]) -> str:
    """Say what is odd about a row; a side that is missing alone is as it last stood, for five minutes."""
    now = int(row[0])
    sides = {place: row[place] for place in stood}
    for place, side in sides.items():
        if side:
            stood[place] = (now, side)
    if any(sides.values()):
        sides = {place: stood[place][1] if now - stood[place][0] <= KEPT_MS else "" for place in stood}
    bid, ask = sides.values()
    if not bid and not ask:
        return "EMPTY"
    if not bid or not ask:
        return "ONE_SIDED"
    return "LOCKED" if float(bid) == float(ask) else "CROSSED" if float(bid) > float(ask) else "sound"


@pytest.mark.parametrize(("word", "on", "below"), DAYS)
def test_the_counts_are_those_of_the_files(checked, shared, word, on, below):
    day = checked(word, on)
    rows, counts, of_file = recount(shared / "data" / "market" / "lean" / below, on)
    options = {symbol: each for symbol, each in day.contracts.items() if each.rows and len(symbol) > len("/ESH20")}
    whole = summed(options.values())
    assert whole.rows == rows
    assert sorted(each.rows for each in options.values()) == sorted(of_file.values())
    assert {name: (whole.rejected | whole.flagged).get(name, 0) for name in RECOUNTED} == {
        name: counts[name] for name in RECOUNTED
    }


@pytest.mark.parametrize(("word", "on", "below"), DAYS)
def test_every_row_is_accepted_or_rejected_for_one_reason(checked, word, on, below):
    day = checked(word, on)
    assert below
    for counts in (day.total, *day.contracts.values()):
        assert counts.rows == counts.accepted + sum(counts.rejected.values())
    assert day.total == summed(day.contracts.values())
    assert day.skipped == ()


def test_of_half_a_million_looks_at_real_contracts_next_to_none_finds_a_flaw(checked):
    day = checked("GOOG", date(2015, 12, 24))
    assert day.looks * len(day.contracts) > 500_000
    assert 0 < sum(day.total.flaws.values()) < 20


class Frozen(ReplayMarket):
    """Recorded rows, but one contract stands still from 11:00 in New York on."""

    symbol = "GOOG  151231C00750000"

    def batches(self, start):
        row = [contract.symbol for contract in self.contracts].index(self.symbol)
        for batch in super().batches(start):
            keep = (batch.rows != row) | (batch.at.hour < 16)
            yield type(batch)(batch.at, *(getattr(batch, name)[keep] for name in batch.__slots__ if name != "at"))


def test_a_lie_among_recorded_quotes_is_counted_for_its_contract(checked):
    honest, lying = (checked("GOOG", date(2015, 12, 24), market) for market in (ReplayMarket, Frozen))
    assert honest.contracts[Frozen.symbol].flaws == {}
    assert sum(lying.contracts[Frozen.symbol].flaws.values()) > 50


def test_without_an_underlying_every_one_of_the_date_is_counted(shared, tmp_path):
    products = load_products(TABLES / "products.toml")
    sessions = load_sessions(TABLES / "sessions.toml", tmp_path / "xnys.json")
    folder = shared / "data" / "market" / "lean"
    found = list(check_days(folder, date(2021, 1, 5), None, products, sessions))
    assert [each.underlying for each in found] == ["SPXW"]
    with pytest.raises(NoSuchData, match=r"on 2021-01-09 in .*; nearest dates there: 2021-01-08, 2021-01-07"):
        list(check_days(folder, date(2021, 1, 9), None, products, sessions))


def test_sums_add_every_count():
    one = ContractCounts(rows=3, accepted=2, rejected={"EMPTY": 1}, flagged={"LOCKED": 2}, flaws={"STUCK": 1})
    assert summed([one, one]) == ContractCounts(
        rows=6, accepted=4, rejected={"EMPTY": 2}, flagged={"LOCKED": 4}, flaws={"STUCK": 2}
    )
    assert summed([]) == ContractCounts()
