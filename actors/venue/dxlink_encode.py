"""Quotes and prints as DXLink frames: columns in, the text of a FEED_DATA message out.

A frame holds events of one type in the COMPACT format: the fields of one event after the other, in the order the
client asked for. A missing price is the string "NaN". `eventTime` is 0 and the times of a quote have whole seconds, as
on the real wire; `timeNanoPart` is what is left below the millisecond. Fields that the venue has no value for are
constant.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.venue.market import Batch

EVENTS_PER_FRAME = 300
_NANOS_PER_S = 1_000_000_000
_NANOS_PER_MS = 1_000_000
_MS_PER_S = 1000
_MS_PER_DAY = 86_400_000

Column = Sequence[object]
Columns = Mapping[str, Callable[[Sequence[str], Batch], Column]]


def _floats(values: NDArray[np.floating]) -> Column:
    column: list[object] = values.tolist()
    if np.isnan(values).any():
        return ["NaN" if value != value else value for value in column]  # noqa: PLR0124 - NaN alone differs from itself
    return column


def _constant(value: object) -> Callable[[Sequence[str], Batch], Column]:
    return lambda _, batch: [value] * len(batch.rows)


def _symbols(symbols: Sequence[str], batch: Batch) -> Column:
    return [symbols[row] for row in batch.rows.tolist()]


def _seconds_ms(_: Sequence[str], batch: Batch) -> Column:
    column: list[object] = (batch.exchange_ns // _NANOS_PER_S * _MS_PER_S).tolist()
    return column


def _time_ms(_: Sequence[str], batch: Batch) -> Column:
    column: list[object] = (batch.exchange_ns // _NANOS_PER_MS).tolist()
    return column


def _nano_part(_: Sequence[str], batch: Batch) -> Column:
    column: list[object] = (batch.exchange_ns % _NANOS_PER_MS).tolist()
    return column


def _day_id(_: Sequence[str], batch: Batch) -> Column:
    column: list[object] = (batch.exchange_ns // _NANOS_PER_MS // _MS_PER_DAY).tolist()
    return column


QUOTE: Columns = {
    "eventSymbol": _symbols,
    "eventType": _constant("Quote"),
    "eventTime": _constant(0),
    "sequence": _constant(0),
    "timeNanoPart": _nano_part,
    "bidTime": _seconds_ms,
    "bidExchangeCode": _constant("C"),
    "bidPrice": lambda _, batch: _floats(batch.bid),
    "bidSize": lambda _, batch: _floats(batch.bid_size),
    "askTime": _seconds_ms,
    "askExchangeCode": _constant("C"),
    "askPrice": lambda _, batch: _floats(batch.ask),
    "askSize": lambda _, batch: _floats(batch.ask_size),
}
TRADE: Columns = {
    "eventSymbol": _symbols,
    "eventType": _constant("Trade"),
    "eventTime": _constant(0),
    "time": _time_ms,
    "timeNanoPart": _nano_part,
    "sequence": _constant(0),
    "exchangeCode": _constant("C"),
    "price": lambda _, batch: _floats(batch.last),
    "change": _constant("NaN"),
    "size": _constant("NaN"),
    "dayId": _day_id,
    "dayVolume": _constant("NaN"),
    "dayTurnover": _constant("NaN"),
    "tickDirection": _constant("UNDEFINED"),
    "extendedTradingHours": _constant(value=False),
}
EVENTS: Mapping[str, Columns] = {"Quote": QUOTE, "Trade": TRADE}
PROFILE = "Profile"
PROFILE_FIELDS = ("eventSymbol", "eventType", "eventTime", "tradingStatus")
FIELDS: Mapping[str, tuple[str, ...]] = {name: tuple(columns) for name, columns in EVENTS.items()} | {
    PROFILE: PROFILE_FIELDS
}
"""What a client may ask for, by event type."""
_ENCODER = msgspec.json.Encoder()


def encode_quotes(channel: int, fields: Sequence[str], symbols: Sequence[str], batch: Batch) -> bytes:
    """Return one frame of Quote events: the text of a FEED_DATA message.

    `symbols` are the streamer symbols by row; the caller keeps the batch within `EVENTS_PER_FRAME`.
    """
    return _encode("Quote", channel, fields, symbols, batch)


def encode_trades(channel: int, fields: Sequence[str], symbols: Sequence[str], batch: Batch) -> bytes:
    """Return one frame of Trade events, the last prints of a batch."""
    return _encode("Trade", channel, fields, symbols, batch)


def encode_profiles(channel: int, fields: Sequence[str], halted: Mapping[str, bool]) -> bytes:
    """Return one frame of Profile events: by streamer symbol, whether it is halted."""
    flat = [
        {"eventSymbol": name, "eventType": PROFILE, "eventTime": 0, "tradingStatus": "HALTED" if is_so else "ACTIVE"}[
            field
        ]
        for name, is_so in halted.items()
        for field in fields
    ]
    return _ENCODER.encode({"type": "FEED_DATA", "channel": channel, "data": [PROFILE, flat]})


def _encode(event: str, channel: int, fields: Sequence[str], symbols: Sequence[str], batch: Batch) -> bytes:
    width = len(fields)
    flat: list[object] = [None] * (width * len(batch.rows))
    columns = EVENTS[event]
    for place, field in enumerate(fields):
        flat[place::width] = columns[field](symbols, batch)
    head = f'{{"type":"FEED_DATA","channel":{channel},"data":["{event}",'
    return b"".join((head.encode(), _ENCODER.encode(flat), b"]}"))


def pick(batch: Batch, chosen: NDArray[np.bool_] | slice) -> Batch:
    """Return some rows of a batch."""
    return Batch(
        at=batch.at,
        rows=batch.rows[chosen],
        bid=batch.bid[chosen],
        ask=batch.ask[chosen],
        bid_size=batch.bid_size[chosen],
        ask_size=batch.ask_size[chosen],
        last=batch.last[chosen],
        exchange_ns=batch.exchange_ns[chosen],
    )


def parts(batch: Batch, most: int = EVENTS_PER_FRAME) -> list[Batch]:
    """Return a batch in pieces of at most `most` rows, in order."""
    return [pick(batch, slice(start, start + most)) for start in range(0, len(batch.rows), most)]
