"""A LEAN folder is read whole: what does not read is named, what is not there is said."""

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venue.lean import FAMILIES, DamagedData, LeanFolder, NoSuchData, parse, read_bars

ON = date(2015, 12, 24)
QUOTE = "34200000,10000,11000,9000,10500,7,12000,13000,11500,12500,9"
OPTIONS = FAMILIES["option/usa"]

prices = st.integers(1, 10**9)
quote_rows = st.builds(
    lambda minute, bid, ask: f"{minute * 60_000},{bid},{ask}",
    st.integers(0, 1439),
    st.just(",,,,0") | st.builds(lambda p, n: f"{p},{p},{p},{p},{n}", prices, st.integers(0, 999)),
    st.just(",,,,0") | st.builds(lambda p, n: f"{p},{p},{p},{p},{n}", prices, st.integers(0, 999)),
)
broken_rows = st.sampled_from(
    [
        "",
        "34200000",
        "noon,1,1,1,1,1,1,1,1,1,1",
        "34200000,1,1,1,x,1,1,1,1,1,1",
        "34200000,1,1,1,1,1,1,1,1,1,1,1",
        "34200000,1,1,1,1,1,1,1,1,1",
        "-60000,1,1,1,1,1,1,1,1,1,1",
        "86400000,1,1,1,1,1,1,1,1,1,1",
        "34200000.5,1,1,1,1,1,1,1,1,1,1",
        "34200000,1,1,1,-1,1,1,1,1,1,1",
        "34200000,1,1,1,inf,1,1,1,1,1,1",
        "34200000,1,1,1,1,,1,1,1,1,1",
        ",1,1,1,1,1,1,1,1,1,1",
        "# a comment",
        "\x00\x00",
    ]
)


def write_zip(path: Path, **files: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return path


@given(
    st.lists(st.tuples(st.booleans(), quote_rows, broken_rows), max_size=20),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_every_line_is_either_a_row_or_skipped_with_its_number(choices, ending, ends) -> None:
    lines = [sound if is_sound else broken for is_sound, sound, broken in choices]
    text = ending.join(lines) + (ending if ends or (lines and not lines[-1]) else "")
    if not lines:
        text = ""
    table, skipped = parse(text.encode(), 11, "f.csv")
    assert len(table) == sum(is_sound for is_sound, _, _ in choices)
    assert [skip.row for skip in skipped] == [k for k, (is_sound, _, _) in enumerate(choices, 1) if not is_sound]
    assert all(skip.file == "f.csv" and skip.reason for skip in skipped)


@given(st.lists(quote_rows, min_size=1, max_size=20))
def test_one_broken_row_changes_none_of_the_others(rows) -> None:
    alone, nothing = parse("\n".join(rows).encode(), 11, "f.csv")
    beside, skipped = parse("\n".join([*rows, "broken"]).encode(), 11, "f.csv")
    assert nothing == ()
    assert len(skipped) == 1
    np.testing.assert_array_equal(alone, beside)


def test_a_quote_row_gives_the_closing_prices_in_points_at_the_end_of_its_minute(tmp_path) -> None:
    path = write_zip(tmp_path / "20151224_quote_american.zip", a=QUOTE + "\n34260000,,,,,0,1,1,1,12345,3\n")
    ((bars, skipped),) = read_bars(path, OPTIONS, ON)
    assert skipped == ()
    assert bars.bid[0] == 1.05
    assert bars.ask.tolist() == [1.25, 1.2345]
    assert np.isnan(bars.bid[1])
    assert (bars.bid_size.tolist(), bars.ask_size.tolist()) == ([7, 0], [9, 3])
    assert np.isnan(bars.last).all()
    ends = [datetime.fromtimestamp(stamp / 1e9, UTC) for stamp in bars.ends_ns.tolist()]
    assert ends == [datetime(2015, 12, 24, 14, 31, tzinfo=UTC), datetime(2015, 12, 24, 14, 32, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("family", "price", "hour"),
    [
        ("option/usa", 0.01, 5),
        ("equity/usa", 0.01, 5),
        ("indexoption/usa", 0.01, 5),
        ("index/usa", 100.0, 6),
        ("future/cme", 100.0, 0),
        ("futureoption/cme", 100.0, 0),
    ],
)
def test_each_family_has_its_own_clock_and_unit(tmp_path, family, price, hour) -> None:
    path = write_zip(tmp_path / "20151224_trade.zip", a="0,100,100,100,100,5\n")
    ((bars, _),) = read_bars(path, FAMILIES[family], ON)
    assert bars.last.tolist() == [price]
    assert datetime.fromtimestamp(int(bars.ends_ns[0]) / 1e9, UTC) == datetime(2015, 12, 24, hour, 1, tzinfo=UTC)


def test_a_csv_whose_bytes_are_damaged_is_skipped_and_the_others_are_read(tmp_path) -> None:
    path = tmp_path / "20151224_quote_american.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", QUOTE)
        archive.writestr("b.csv", QUOTE)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"34200000", b"34200009", 1))
    (first, skipped), (second, nothing) = read_bars(path, OPTIONS, ON)
    assert len(first.ends_ns) == 0
    assert skipped[0].file.endswith("/a.csv")
    assert "CRC" in skipped[0].reason
    assert len(second.ends_ns) == 1
    assert nothing == ()


def test_a_file_that_is_no_zip_is_named(tmp_path) -> None:
    path = tmp_path / "20151224_quote_american.zip"
    path.write_text("nothing of the kind")
    with pytest.raises(DamagedData, match="20151224_quote_american"):
        list(read_bars(path, OPTIONS, ON))


def test_a_missing_day_says_what_was_looked_for_and_what_is_nearest(tmp_path) -> None:
    for day in ("20151201", "20151223", "20151228"):
        write_zip(tmp_path / f"option/usa/minute/goog/{day}_quote_american.zip", a=QUOTE)
    write_zip(tmp_path / "option/usa/minute/aapl/20151226_quote_american.zip", a=QUOTE)
    folder = LeanFolder(tmp_path)
    assert folder.option_files("GOOG", date(2015, 12, 26)) == ()
    said = str(folder.missing(("GOOG",), date(2015, 12, 26)))
    assert "GOOG on 2015-12-26" in said
    assert str(tmp_path) in said
    assert "2015-12-28, 2015-12-23, 2015-12-01" in said
    assert "underlyings there on 2015-12-26: AAPL" in said
    assert "on any date: AAPL, GOOG" in said


def test_a_missing_folder_and_one_of_another_kind_are_named(tmp_path) -> None:
    with pytest.raises(NoSuchData, match="no such folder"):
        LeanFolder(tmp_path / "nowhere")
    with pytest.raises(NoSuchData, match="indexoption/usa"):
        LeanFolder(tmp_path)


def test_a_real_file_reads_fast_and_whole(shared) -> None:
    folder = LeanFolder(shared / "data" / "market" / "lean")
    ((family, path),) = folder.option_files("GOOG", ON)
    counted = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            counted += sum(1 for line in archive.read(name).split(b"\n") if line)
    read = list(read_bars(path, family, ON))
    assert len(read) == 2_192
    assert sum(len(bars.ends_ns) + len(skipped) for bars, skipped in read) == counted == 275_552
