"""A recorded day plays whole, in order, and once."""

import gzip
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.brokers.market_hours import of_alpaca, of_tastytrade
from actors.calendars import load_sessions
from actors.domain.market.market_hours import disagreement
from actors.domain.market.session import NEW_YORK
from actors.products import load_products
from actors.venue.alpaca_account_shapes import calendar_json
from actors.venue.lean import LeanFolder, NoSuchData
from actors.venue.replay import ReplayMarket
from actors.venue.tastytrade_market_shapes import session_json

CONFIG = Path(__file__).resolve().parents[3] / "config"
ON = date(2015, 12, 24)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
CALL, PUT = "GOOG  151224C00750000", "GOOG  151224P00750000"


@pytest.fixture(scope="module")
def products():
    return load_products(CONFIG / "products.toml")


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    return load_sessions(CONFIG / "sessions.toml", tmp_path_factory.mktemp("calendar") / "xnys.json")


@pytest.fixture(scope="module")
def lean(shared):
    return LeanFolder(shared / "data" / "market" / "lean")


def write_day(root: Path, call: str, put: str = "", quotes: str = "", trades: str = "") -> LeanFolder:
    """One day of GOOG with two options."""
    files = {
        "option/usa/minute/goog/20151224_quote_american.zip": {
            "20151224_goog_minute_quote_american_call_7500000_20151224.csv": call,
            "20151224_goog_minute_quote_american_put_7500000_20151224.csv": put,
        },
        "equity/usa/minute/goog/20151224_quote.zip": {"20151224_goog_minute_quote.csv": quotes},
        "equity/usa/minute/goog/20151224_trade.zip": {"20151224_goog_minute_trade.csv": trades},
    }
    for name, entries in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for entry, text in entries.items():
                archive.writestr(entry, text)
    return LeanFolder(root)


def quote(minute: int, bid: int, ask: int) -> str:
    """A row of the minute counted from midnight, with prices in cents."""
    bid, ask = bid * 100, ask * 100
    return f"{minute * 60_000},{bid},{bid},{bid},{bid},1,{ask},{ask},{ask},{ask},2\n"


def test_every_row_of_a_real_half_day_is_in_exactly_one_batch(lean, products, sessions) -> None:
    market = ReplayMarket(lean, ON, "GOOG", products, sessions)
    assert len(market.contracts) == 1 + 2_192
    assert market.contracts[0].symbol == "GOOG"
    count, before = Counter(), LONG_AGO
    for batch in market.batches(LONG_AGO):
        assert batch.at > before
        assert len(np.unique(batch.rows)) == len(batch.rows)
        assert (batch.exchange_ns == int(batch.at.timestamp()) * 1_000_000_000).all()
        before = batch.at
        count["options"] += int((batch.rows > 0).sum())
    assert count["options"] + len(market.skipped) == 275_552 == market.option_rows
    assert market.skipped == ()


def test_the_real_half_day_closes_at_one_and_settles_at_its_closing_price(lean, products, sessions) -> None:
    market = ReplayMarket(lean, ON, "GOOG", products, sessions)
    assert market.session == ON
    assert market.opens_at == datetime(2015, 12, 24, 14, 30, tzinfo=UTC)
    assert market.closes_at == datetime(2015, 12, 24, 18, 0, tzinfo=UTC)
    assert market.settlement_price("GOOG") == 748.40
    assert market.settlement_price("MSFT") is None
    assert max(batch.at for batch in market.batches(LONG_AGO)) > market.closes_at


def test_the_same_quotes_as_in_the_tidy_table_are_played(lean, products, sessions, shared) -> None:
    market = ReplayMarket(lean, date(2021, 1, 4), "SPXW", products, sessions)
    row = [contract.symbol for contract in market.contracts].index("SPXW  210104C03700000")
    played = {}
    for batch in market.batches(LONG_AGO):
        for place in np.flatnonzero(batch.rows == row):
            played[batch.at - timedelta(minutes=1)] = (batch.bid[place], batch.ask[place])
    with gzip.open(shared / "data/market/tidy/spxw_minute_quotes_2021-01_2023-06-26.csv.gz", "rt") as file:
        lines = [line.split(",") for line in file if line.startswith("2021-01-04") and ",20210104,C,3700" in line]
    assert len(lines) == len(played)
    for stamp, _, _, _, _, bid, _, ask, _ in lines:
        at = datetime.fromisoformat(stamp + "-05:00").astimezone(UTC)
        assert played[at] == (float(bid), float(ask)), stamp


def test_the_recorded_index_settles_and_its_clock_meets_that_of_its_options(lean, products, sessions) -> None:
    market = ReplayMarket(lean, date(2021, 1, 4), "SPXW", products, sessions)
    assert market.settlement_price("SPX") == 3700.65
    symbols = [contract.symbol for contract in market.contracts]
    call, put = symbols.index("SPXW  210104C03700000"), symbols.index("SPXW  210104P03700000")
    gaps = []
    for batch in market.batches(market.opens_at):
        rows = batch.rows.tolist()
        if not {0, call, put} <= set(rows) or batch.at > market.closes_at - timedelta(minutes=20):
            continue
        middle = {row: (batch.bid[rows.index(row)] + batch.ask[rows.index(row)]) / 2 for row in (call, put)}
        gaps.append(3700 + middle[call] - middle[put] - batch.last[rows.index(0)])
    assert len(gaps) > 300
    assert np.nanmedian(np.abs(gaps)) < 1.0


def test_options_on_futures_play_on_utc_and_belong_to_the_future_of_their_month(lean, products, sessions) -> None:
    market = ReplayMarket(lean, date(2020, 1, 6), "/ESH20", products, sessions)
    assert market.contracts[0].symbol == "/ESH20"
    assert all(contract.underlying == "/ESH20" for contract in market.contracts)
    assert len(market.contracts) == 1 + 104
    resting = [
        batch
        for batch in market.batches(LONG_AGO)
        if datetime(2020, 1, 6, 22, 1, tzinfo=UTC) < batch.at < datetime(2020, 1, 6, 22, 45, tzinfo=UTC)
    ]
    assert resting == []  # Globex rests from 17:00 to 18:00 New York
    both = ReplayMarket(lean, date(2020, 1, 6), "ES", products, sessions)
    assert [contract.symbol for contract in both.contracts[:2]] == ["/ESH20", "/ESM20"]
    assert len(both.contracts) == 2 + 104 + 107


@pytest.mark.parametrize(("underlying", "on"), [("GOOG", ON), ("SPXW", date(2021, 1, 4)), ("/ESH20", date(2020, 1, 6))])
def test_both_brokers_tell_the_stock_exchanges_hours_however_long_these_options_trade(
    lean, products, sessions, underlying: str, on: date
) -> None:
    market = ReplayMarket(lean, on, underlying, products, sessions)
    noon = datetime.combine(on, time(12), NEW_YORK)
    told = of_tastytrade(session_json(market, noon), on), of_alpaca(calendar_json(market, None, None), on)
    assert [disagreement(each, sessions, noon) for each in told] == ["", ""]


def test_a_day_without_files_of_the_index_plays_its_options_alone(lean, products, sessions) -> None:
    market = ReplayMarket(lean, date(2021, 1, 5), "SPXW", products, sessions)
    assert market.contracts[0].symbol == "SPX"
    assert market.settlement_price("SPX") is None
    assert all((batch.rows > 0).all() for batch in market.batches(LONG_AGO))


def test_the_underlying_carries_its_last_quote_through_a_minute_that_only_printed(tmp_path, products, sessions) -> None:
    folder = write_day(
        tmp_path,
        call=quote(570, 100, 110),
        quotes=quote(570, 74_900, 75_000) + quote(573, 75_000, 75_100),
        trades="34200000,1,1,1,7495000,5\n34320000,1,1,1,7499000,5\n",
    )
    market = ReplayMarket(folder, ON, "GOOG", products, sessions)
    seen = [(batch.bid[0], batch.ask[0], batch.last[0]) for batch in market.batches(LONG_AGO) if batch.rows[0] == 0]
    assert seen[0] == (749.0, 750.0, 749.5)
    assert seen[1] == (749.0, 750.0, 749.9)
    assert seen[2][:2] == (750.0, 751.0)
    assert np.isnan(seen[2][2])


def test_a_batch_is_known_when_its_minute_is_over_and_playing_can_begin_at_any_time(
    tmp_path, products, sessions
) -> None:
    folder = write_day(tmp_path, call=quote(570, 100, 110) + quote(571, 101, 111))
    market = ReplayMarket(folder, ON, "GOOG", products, sessions)
    opens = market.opens_at
    assert [batch.at for batch in market.batches(LONG_AGO)] == [opens + timedelta(minutes=n) for n in (1, 2)]
    assert [batch.at for batch in market.batches(opens + timedelta(seconds=61))] == [opens + timedelta(minutes=2)]
    assert [batch.at for batch in market.batches(opens + timedelta(minutes=2))] == [opens + timedelta(minutes=2)]


@settings(max_examples=40, deadline=None)
@given(
    call=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=8),
    put=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=8),
    broken=st.integers(0, 3),
)
def test_rows_out_of_order_twice_or_broken_are_each_accounted_for(
    tmp_path_factory, products, sessions, call, put, broken
) -> None:
    text = ["".join(quote(570 + minute, bid, bid + 1) for minute, bid in rows) for rows in (call, put)]
    folder = write_day(tmp_path_factory.mktemp("lean"), call=text[0] + "broken\n" * broken, put=text[1])
    market = ReplayMarket(folder, ON, "GOOG", products, sessions)
    symbols = [contract.symbol for contract in market.contracts]
    played: dict[str, list[tuple[int, int]]] = {CALL: [], PUT: []}
    before = LONG_AGO
    for batch in market.batches(LONG_AGO):
        assert batch.at >= before
        assert len(set(batch.rows.tolist())) == len(batch.rows)
        before = batch.at
        minute = int((batch.at - market.opens_at).total_seconds()) // 60 - 1
        for row, bid in zip(batch.rows.tolist(), batch.bid.tolist(), strict=True):
            played[symbols[row]].append((minute, round(bid * 100)))
    # Within a minute the file's order is kept.
    assert played[CALL] == sorted(call, key=lambda row: row[0])
    assert played[PUT] == sorted(put, key=lambda row: row[0])
    assert [skip.row for skip in market.skipped] == list(range(len(call) + 1, len(call) + broken + 1))


def test_a_csv_that_names_no_contract_is_skipped_row_by_row(tmp_path, products, sessions) -> None:
    folder = write_day(tmp_path, call=quote(570, 100, 110))
    path = tmp_path / "option/usa/minute/goog/20151224_quote_american.zip"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("what_is_this.csv", quote(570, 1, 2) + quote(571, 1, 2))
    market = ReplayMarket(folder, ON, "GOOG", products, sessions)
    assert [(skip.row, skip.reason) for skip in market.skipped] == [
        (row, "its name says no contract") for row in (1, 2)
    ]


@pytest.mark.parametrize("word", ["MSFT", "NQX", "not a ticker", "/CLH20"])
def test_what_the_folder_does_not_hold_is_an_error_that_says_what_it_does(tmp_path, products, sessions, word) -> None:
    folder = write_day(tmp_path, call=quote(570, 100, 110))
    with pytest.raises(NoSuchData, match="looked for"):
        ReplayMarket(folder, ON, word, products, sessions)


def test_an_index_root_without_a_product_is_refused_rather_than_taken_for_a_stocks(
    tmp_path, products, sessions
) -> None:
    folder = write_day(tmp_path, call=quote(570, 100, 110))
    path = tmp_path / "indexoption/usa/minute/nqx/20151224_quote_european.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("20151224_nqx_minute_quote_european_put_19000000_20160318.csv", quote(570, 100, 110))
    with pytest.raises(NoSuchData, match="NQX is an index root"):
        ReplayMarket(folder, ON, "NQX", products, sessions)


def test_a_recorded_day_on_which_nothing_trades_is_refused_with_the_calendars_reason(
    tmp_path, products, sessions
) -> None:
    folder = write_day(tmp_path, call=quote(570, 100, 110))
    christmas = tmp_path / "option/usa/minute/goog/20151225_quote_american.zip"
    christmas.write_bytes((tmp_path / "option/usa/minute/goog/20151224_quote_american.zip").read_bytes())
    with pytest.raises(NoSuchData, match="the exchange is closed"):
        ReplayMarket(folder, date(2015, 12, 25), "GOOG", products, sessions)
