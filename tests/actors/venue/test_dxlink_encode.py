"""Frames as text: what goes in comes out, whatever the columns."""

import json
import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venue.dxlink_encode import EVENTS, EVENTS_PER_FRAME, encode_quotes, encode_trades, parts, pick
from actors.venue.market import Batch

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
SYMBOLS = tuple(f".SPXW261120C{strike}" for strike in range(4000, 5000))
PRICES = st.one_of(st.just(float("nan")), st.floats(0, 10_000, allow_nan=False))


def batch(prices: list[tuple[float, float]], stamp: int = 1_795_185_000_123_456_789) -> Batch:
    count = len(prices)
    return Batch(
        at=AT,
        rows=np.arange(count, dtype=np.int32),
        bid=np.array([bid for bid, _ in prices], np.float64),
        ask=np.array([ask for _, ask in prices], np.float64),
        bid_size=np.full(count, 7, np.float32),
        ask_size=np.full(count, 8, np.float32),
        last=np.array([bid for bid, _ in prices], np.float64),
        exchange_ns=np.full(count, stamp, np.int64),
    )


def read(frame: bytes, width: int) -> list[list]:
    message = json.loads(frame)
    assert (message["type"], message["channel"]) == ("FEED_DATA", 3)
    _, values = message["data"]
    return [values[start : start + width] for start in range(0, len(values), width)]


@given(st.lists(st.tuples(PRICES, PRICES), max_size=50))
def test_every_price_arrives_as_it_was_and_a_missing_one_as_the_string_nan(prices):
    events = read(encode_quotes(3, ("askPrice", "eventSymbol", "bidPrice"), SYMBOLS, batch(prices)), 3)
    for row, (bid, ask) in enumerate(prices):
        shown = ["NaN" if math.isnan(price) else price for price in (ask, bid)]
        assert events[row] == [shown[0], SYMBOLS[row], shown[1]]


@pytest.mark.parametrize("event", ["Quote", "Trade"])
def test_every_field_of_an_event_can_be_asked_for(event: str):
    encode = encode_quotes if event == "Quote" else encode_trades
    fields = tuple(EVENTS[event])
    [shown] = read(encode(3, fields, SYMBOLS, batch([(1.5, 1.6)])), len(fields))
    named = dict(zip(fields, shown, strict=True))
    assert (named["eventType"], named["eventTime"], named["timeNanoPart"]) == (event, 0, 456_789)
    if event == "Quote":
        # Whole seconds: what the real wire has.
        assert (named["bidTime"], named["askTime"], named["bidSize"]) == (1_795_185_000_000, 1_795_185_000_000, 7.0)
    else:
        assert (named["time"], named["price"], named["dayId"]) == (1_795_185_000_123, 1.5, 20_777)


@given(st.integers(0, 3 * EVENTS_PER_FRAME + 1))
def test_parts_hold_every_row_once_in_order(count: int):
    split = parts(batch([(1.0, 2.0)] * count))
    assert [row for part in split for row in part.rows.tolist()] == list(range(count))
    assert all(len(part.rows) <= EVENTS_PER_FRAME for part in split)


def test_picking_takes_whole_rows():
    picked = pick(batch([(1.0, 2.0), (3.0, 4.0)]), np.array([False, True]))
    assert (picked.rows.tolist(), picked.bid.tolist(), picked.ask.tolist()) == ([1], [3.0], [4.0])
