"""The board of quotes: what the feed wrote is what others read, each state once."""

import numpy as np
import pytest

from actors.quote_board import QuoteBoard, write_quotes
from tests.fakes import START, FakeClock
from tests.surfaces import table

COLUMNS = ("bid", "ask", "bid_size", "ask_size", "exchange_ns", "received_ns", "codes")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "quotes.columns"


def test_every_column_comes_back_with_both_times(path):
    quotes = table()
    quotes.ask[3], quotes.codes[4], quotes.bid_size[5] = np.nan, 0x101, 7
    write_quotes(path, FakeClock(), quotes)
    found = QuoteBoard(path, lambda: quotes.universe).read()
    assert (found.at, found.boot_ns) == (START, 10**12)
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(found.table, column), getattr(quotes, column))
    assert path.stat().st_mode & 0o777 == 0o600


def test_each_state_is_read_once(path):
    quotes, clock = table(), FakeClock()
    board = QuoteBoard(path, lambda: quotes.universe)
    assert board.read() is None
    write_quotes(path, clock, quotes)
    assert board.read() is not None
    assert board.read() is None
    clock.advance(1)
    write_quotes(path, clock, quotes)
    assert board.read().boot_ns == 10**12 + 10**9


def test_quotes_of_contracts_nobody_knows_are_left_unread_until_they_are_known(path):
    quotes, known = table(), []
    board = QuoteBoard(path, lambda: known[0] if known else None)
    write_quotes(path, FakeClock(), quotes)
    assert board.read() is None
    known.append(quotes.universe.model_copy(update={"version": 2}))
    assert board.read() is None
    known[0] = quotes.universe
    assert board.read() is not None


def test_a_folder_that_is_not_there_stops_no_feed(tmp_path):
    write_quotes(tmp_path / "gone" / "quotes.columns", FakeClock(), table())
    assert not (tmp_path / "gone").exists()
