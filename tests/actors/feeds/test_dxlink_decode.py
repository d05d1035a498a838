"""Wire messages to columns: recorded frames, every spelling of a number, and the counting of strangers."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.interest import Held
from actors.feeds.dxlink_decode import FIELDS, PROFILE, QUOTE, SUMMARY, TRADE, Decoder, Garbled, empty, parse

ROWS = {".SPXW210104C3700": 0, ".SPXW210104P3700": 1, "GOOG": 2}
PRINTS = {"SPX": 3}


def decoded(data, decoder=None):
    message = parse(json.dumps({"type": "FEED_DATA", "channel": 1, "data": data}))
    return (decoder or Decoder(ROWS, PRINTS)).columns(message.data)


def quote(symbol, bid=1.0, ask=1.1, bid_size=5, ask_size=7, bid_ms=1000, ask_ms=2000):
    return [symbol, bid, ask, bid_size, ask_size, bid_ms, ask_ms]


def test_a_quote_becomes_a_row_with_the_later_of_its_two_times():
    batch = decoded([QUOTE, [*quote("GOOG", bid_ms=3000), *quote(".SPXW210104C3700", 2, 3.5)]])
    assert batch.rows.tolist() == [2, 0]
    assert batch.bid.tolist() == [1.0, 2.0]
    assert batch.ask.tolist() == [1.1, 3.5]
    assert (batch.bid_size.tolist(), batch.ask_size.tolist()) == ([5.0, 5.0], [7.0, 7.0])
    assert batch.exchange_ns.tolist() == [3_000_000_000, 2_000_000_000]
    assert batch.unknown == 0


def test_columns_have_the_types_of_the_frame():
    batch = decoded([QUOTE, quote("GOOG")])
    kinds = [column.dtype for column in (batch.rows, batch.bid, batch.ask, batch.bid_size, batch.exchange_ns)]
    assert kinds == [np.int32, np.float64, np.float64, np.float32, np.int64]


def test_an_index_print_stands_on_both_sides_without_sizes():
    batch = decoded([TRADE, ["SPX", 3700.65, 1609772400123]])
    assert (batch.rows.tolist(), batch.bid.tolist(), batch.ask.tolist()) == ([3], [3700.65], [3700.65])
    assert (batch.bid_size.tolist(), batch.exchange_ns.tolist()) == ([0.0], [1609772400123000000])


@pytest.mark.parametrize(("spelled", "meant"), [("NaN", np.nan), (None, np.nan), ("Infinity", np.inf), (3, 3.0)])
def test_every_spelling_of_a_price_is_understood(spelled, meant):
    assert decoded([QUOTE, quote("GOOG", bid=spelled)]).bid.tolist() == pytest.approx([meant], nan_ok=True)


@pytest.mark.parametrize("spelled", ["NaN", None, 0])
def test_an_absent_time_is_none_and_the_other_side_counts(spelled):
    assert decoded([QUOTE, quote("GOOG", bid_ms=spelled)]).exchange_ns.tolist() == [2_000_000_000]
    assert decoded([QUOTE, quote("GOOG", bid_ms=spelled, ask_ms=spelled)]).exchange_ns.tolist() == [0]


def test_types_in_one_message_make_one_batch():
    batch = decoded([QUOTE, quote("GOOG"), TRADE, ["SPX", 3700.0, 1], "Candle", ["GOOG", 12]])
    assert (batch.rows.tolist(), batch.bid.tolist()) == ([2, 3], [1.0, 3700.0])


@pytest.mark.parametrize(
    ("status", "halts"),
    [("HALTED", ((2, True),)), ("ACTIVE", ((2, False),)), ("UNDEFINED", ()), (None, ()), ("NaN", ())],
)
def test_a_profile_tells_a_halt_and_its_end_and_no_quote(status, halts):
    decoder = Decoder(ROWS, PRINTS, {"GOOG": 2})
    batch = decoded([PROFILE, ["GOOG", status, "MSFT", status]], decoder)
    assert (batch.halts, len(batch.rows), batch.unknown) == (halts, 0, 0)
    both = decoded([QUOTE, quote("GOOG"), PROFILE, ["GOOG", status]], decoder)
    assert (both.halts, both.rows.tolist()) == (halts, [2])


@pytest.mark.parametrize("spelled", ["NaN", None])
def test_a_summary_tells_open_interest_and_yesterdays_volume_or_that_nobody_knows(spelled):
    decoder = Decoder(ROWS, PRINTS, {}, ROWS)
    batch = decoded([SUMMARY, ["GOOG", 12, 3.0, "MSFT", 1, 1, ".SPXW210104C3700", 0, spelled]], decoder)
    assert (batch.held, len(batch.rows), batch.unknown) == (((2, Held(12, 3)), (0, Held(0, None))), 0, 0)


def test_a_print_of_something_that_has_quotes_is_a_stranger():
    assert decoded([TRADE, ["GOOG", 750.0, 1]]).unknown == 1


@given(st.lists(st.sampled_from([*ROWS, "MSFT", ".GOOG151224C1"]), max_size=30))
def test_every_event_is_a_row_or_unknown(symbols):
    batch = decoded([QUOTE, [value for symbol in symbols for value in quote(symbol, bid=len(symbol))]])
    known = [symbol for symbol in symbols if symbol in ROWS]
    assert batch.rows.tolist() == [ROWS[symbol] for symbol in known]
    assert batch.bid.tolist() == [len(symbol) for symbol in known]
    assert batch.unknown == len(symbols) - len(known)


def test_the_servers_layout_is_followed():
    decoder = Decoder(ROWS, PRINTS)
    fields = ["eventType", "askPrice", "eventSymbol", "bidPrice", "askSize", "bidSize"]
    decoder.configure(parse(json.dumps({"type": "FEED_CONFIG", "channel": 1, "eventFields": {QUOTE: fields}})))
    batch = decoded([QUOTE, ["Quote", 1.1, "GOOG", 1.0, 7, 5]], decoder)
    assert (batch.bid[0], batch.ask[0], batch.bid_size[0], batch.ask_size[0]) == (1.0, 1.1, 5.0, 7.0)
    assert batch.exchange_ns.tolist() == [0]


@pytest.mark.parametrize(
    "config",
    [
        {"dataFormat": "FULL"},
        {"eventFields": {QUOTE: ["eventSymbol", "bidPrice"]}},
        {"eventFields": {TRADE: ["price"]}},
    ],
)
def test_a_layout_without_what_we_need_is_garbled(config):
    with pytest.raises(Garbled):
        Decoder(ROWS, PRINTS).configure(parse(json.dumps({"type": "FEED_CONFIG", "channel": 1, **config})))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [QUOTE],
        [QUOTE, quote("GOOG")[:-1]],
        [QUOTE, quote("GOOG", bid="cheap")],
        [QUOTE, quote(["GOOG"])],
        [QUOTE, quote("GOOG", bid_ms=10**40)],
        [{"eventSymbol": "GOOG", "eventType": QUOTE}, {"eventSymbol": "GOOG", "eventType": QUOTE}],
    ],
)
def test_what_is_not_compact_data_is_garbled(data):
    with pytest.raises(Garbled):
        decoded(data)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"channel":1}', b'{"type":"FEED_DATA","data":["Quote",[', b"\xff"]
)
def test_what_is_no_message_is_garbled(text):
    with pytest.raises(Garbled):
        parse(text)


def test_an_empty_batch_has_every_column():
    assert [len(column) for column in (empty().rows, empty().bid, empty().exchange_ns)] == [0, 0, 0]


def recorded(shared, name):
    return parse((shared / "fixtures" / "tastytrade" / f"leanbrk_{name}_1.json").read_bytes())


def test_the_recorded_quotes_are_read(shared):
    decoder = Decoder({"NVDA": 0, "PLTR": 1}, {})
    setup = json.loads((shared / "fixtures/tastytrade/leanbrk_SerializeFeedSetupRequestMessage_1.json").read_text())
    decoder.configure(parse(json.dumps({"type": "FEED_CONFIG", "eventFields": setup["acceptEventFields"]})))
    batch = decoder.columns(recorded(shared, "DeserializeFeedDataQuoteStreamResponse").data)
    assert (batch.bid.tolist(), batch.ask.tolist()) == ([131.66, 124.05], [131.67, 124.07])
    assert (batch.bid_size.tolist(), batch.ask_size.tolist()) == ([760.0, 275.0], [307.0, 326.0])


def test_the_recorded_prints_are_read_and_the_strangers_counted(shared):
    decoder = Decoder({}, {"SPX": 0})
    fields = {TRADE: ["eventSymbol", "price", "size", "time"]}
    decoder.configure(parse(json.dumps({"type": "FEED_CONFIG", "eventFields": fields})))
    batch = decoder.columns(recorded(shared, "DeserializeFeedDataTradeStreamResponse").data)
    assert (batch.bid.tolist(), batch.exchange_ns.tolist()) == ([5931.91], [1748892788016000000])
    assert batch.unknown == 4


def test_other_recorded_messages_hold_no_quotes(shared):
    batch = Decoder(ROWS, PRINTS).columns(recorded(shared, "DeserializeFeedDataCandleStreamResponse").data)
    assert (len(batch.rows), batch.unknown) == (0, 0)
    error = recorded(shared, "DeserializeErrorStreamResponse")
    assert (error.type, error.error) == ("ERROR", "BAD_ACTION")


def test_every_field_we_ask_for_is_one_of_the_protocols(shared):
    protocol = (shared / "fixtures/dxlink/asyncapi.yml").read_text()
    for kind, fields in FIELDS.items():
        event = protocol.partition(f"    {kind}Event:\n")[2].partition("Event:\n")[0]
        assert [field for field in fields if f"        {field}:\n" not in event] == []
