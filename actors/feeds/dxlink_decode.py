"""DXLink's compact frames to columns: one message in, six arrays out, nothing done per quote in Python.

A compact frame names a type and gives one flat list of values, so a column is every n-th of them. Which n, and in
which order, the server states in FEED_CONFIG; until it does, it is the order we asked for. Prices may be the strings
"NaN" and "Infinity", or null. A quote's time is the later of its two sides', in milliseconds, 0 where there is none;
`eventTime` is not asked for, since it is always 0, nor is `sequence`, in which a gap says nothing (`quote_gaps`).

Every event of the types we asked for is either a row or counted as unknown. What does not follow this shape is
`Garbled`: half of a message is never used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from actors.domain.market.interest import Held
from actors.domain.market.quote import Nanos, RawQuotes, Rows

QUOTE, TRADE, PROFILE, SUMMARY = "Quote", "Trade", "Profile", "Summary"
FIELDS: Mapping[str, tuple[str, ...]] = {
    QUOTE: ("eventSymbol", "bidPrice", "askPrice", "bidSize", "askSize", "bidTime", "askTime"),
    TRADE: ("eventSymbol", "price", "time"),
    PROFILE: ("eventSymbol", "tradingStatus"),
    SUMMARY: ("eventSymbol", "openInterest", "prevDayVolume"),
}
"""What we ask for, in the order we ask for it."""
_REQUIRED = {QUOTE: 5, TRADE: 2, PROFILE: 2, SUMMARY: 2}
"""So many of them must be there; times need not."""
_NS_PER_MS = 1_000_000
_STATUS = {"HALTED": True, "ACTIVE": False}
"""What a Profile says of trading; UNDEFINED, as of an index, says nothing."""


class Garbled(ValueError):
    """The message is not what the protocol says."""


class Message(msgspec.Struct):
    """Any message of the server, with the parts we read."""

    type: str
    channel: int = 0
    data: Any = None
    state: str = ""
    error: str = ""
    message: str = ""
    keepalive_timeout: float = msgspec.field(default=60.0, name="keepaliveTimeout")
    data_format: str = msgspec.field(default="COMPACT", name="dataFormat")
    event_fields: dict[str, list[str]] = msgspec.field(default_factory=dict, name="eventFields")


_DECODER = msgspec.json.Decoder(Message)


def parse(text: bytes | str) -> Message:
    """Return the message. Raises `Garbled`."""
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise Garbled(f"{error}, in {text[:80]!r}") from error


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields of one type stand in its flat list, in the order of `FIELDS`; None for one that is not sent."""

    width: int
    places: tuple[int | None, ...]


class Decoder:
    """Turns FEED_DATA of one subscription into batches.

    Rows by DXLink name: of `quotes`, of `prints`, of `profiles`, which tell halts, and of `summaries`.
    """

    def __init__(
        self,
        quotes: Mapping[str, int],
        prints: Mapping[str, int],
        profiles: Mapping[str, int] | None = None,
        summaries: Mapping[str, int] | None = None,
    ) -> None:
        rows = {QUOTE: quotes, TRADE: prints, PROFILE: profiles, SUMMARY: summaries}
        self._rows = {kind: dict(of or {}) for kind, of in rows.items()}
        self._layouts = {kind: _layout(kind, fields) for kind, fields in FIELDS.items()}

    def configure(self, config: Message) -> None:
        """Take the layout the server states in FEED_CONFIG. Raises `Garbled` where it leaves out what we need."""
        if config.data_format != "COMPACT":
            raise Garbled(f"data format {config.data_format}, not COMPACT")
        for kind, fields in config.event_fields.items():
            if kind in FIELDS:
                self._layouts[kind] = _layout(kind, fields)

    def columns(self, data: Any) -> RawQuotes:
        """Return the events of one FEED_DATA as a batch. Raises `Garbled`."""
        try:
            batches = [
                self._batch(kind, values) for kind, values in zip(data[::2], data[1::2], strict=True) if kind in FIELDS
            ]
        except (TypeError, ValueError, OverflowError) as error:
            raise Garbled(f"{error}, in {str(data)[:80]}") from error
        return batches[0] if len(batches) == 1 else _joined(batches)

    def _batch(self, kind: str, values: list[Any]) -> RawQuotes:
        layout = self._layouts[kind]
        if len(values) % layout.width:
            raise Garbled(f"{len(values)} values of {kind} do not divide into events of {layout.width}")
        symbol, *places = layout.places
        symbols = values[symbol :: layout.width]
        rows, known = _numbered(symbols, self._rows[kind])
        columns = [None if place is None else values[place :: layout.width] for place in places]
        if kind == PROFILE:
            return _halts(rows, columns[0] or [])
        if kind == SUMMARY:
            return _interest(rows, *columns)
        batch = _quotes(rows, columns) if kind == QUOTE else _prints(rows, columns)
        return batch if known is None else _only(batch, known)


def empty() -> RawQuotes:
    """Return a batch that holds nothing: the stream is alive."""
    return _joined([])


def _layout(kind: str, fields: Sequence[str]) -> _Layout:
    missing = [field for field in FIELDS[kind][: _REQUIRED[kind]] if field not in fields]
    if missing:
        raise Garbled(f"{kind} without {', '.join(missing)}")
    places = tuple(fields.index(field) if field in fields else None for field in FIELDS[kind])
    return _Layout(len(fields), places)


def _numbered(symbols: list[str], rows: dict[str, int]) -> tuple[Rows, Rows | None]:
    """Return the row of each symbol, and which of them are known; None where all are."""
    try:
        return np.array(list(map(rows.__getitem__, symbols)), np.int32), None
    except KeyError:
        numbers = np.array([rows.get(symbol, -1) for symbol in symbols], np.int32)
        return numbers, np.flatnonzero(numbers >= 0).astype(np.int32)


def _quotes(rows: Rows, columns: list[list[Any] | None]) -> RawQuotes:
    bid, ask, bid_size, ask_size, bid_ms, ask_ms = columns
    return RawQuotes(
        rows=rows,
        bid=np.array(bid, np.float64),
        ask=np.array(ask, np.float64),
        bid_size=np.array(bid_size, np.float32),
        ask_size=np.array(ask_size, np.float32),
        exchange_ns=np.maximum(_nanos(bid_ms, len(rows)), _nanos(ask_ms, len(rows))),
    )


def _prints(rows: Rows, columns: list[list[Any] | None]) -> RawQuotes:
    price, ms = columns
    level, none = np.array(price, np.float64), np.zeros(len(rows), np.float32)
    return RawQuotes(rows, level, level, none, none, _nanos(ms, len(rows)))


def _halts(rows: Rows, statuses: list[Any]) -> RawQuotes:
    told = ((row, _STATUS.get(status)) for row, status in zip(rows.tolist(), statuses, strict=True) if row >= 0)
    return replace(empty(), halts=tuple((row, halted) for row, halted in told if halted is not None))


def _interest(rows: Rows, open_interest: list[Any] | None, volume: list[Any] | None) -> RawQuotes:
    nothing = [None] * len(rows)
    told = zip(rows.tolist(), open_interest or nothing, volume or nothing, strict=True)
    return replace(
        empty(), held=tuple((row, Held(_count(held), _count(traded))) for row, held, traded in told if row >= 0)
    )


def _count(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _nanos(ms: list[Any] | None, count: int) -> Nanos:
    if ms is None:
        return np.zeros(count, np.int64)
    try:
        return np.array(ms, np.int64) * _NS_PER_MS
    except (TypeError, ValueError):  # null, or "NaN": no time
        return np.nan_to_num(np.array(ms, np.float64), posinf=0.0, neginf=0.0).astype(np.int64) * _NS_PER_MS


def _only(batch: RawQuotes, known: Rows) -> RawQuotes:
    return RawQuotes(
        rows=batch.rows[known],
        bid=batch.bid[known],
        ask=batch.ask[known],
        bid_size=batch.bid_size[known],
        ask_size=batch.ask_size[known],
        exchange_ns=batch.exchange_ns[known],
        unknown=len(batch.rows) - len(known),
    )


def _joined(batches: list[RawQuotes]) -> RawQuotes:
    def column(name: str, kind: type) -> Any:
        return np.concatenate([np.empty(0, kind), *(getattr(batch, name) for batch in batches)], dtype=kind)

    return RawQuotes(
        rows=column("rows", np.int32),
        bid=column("bid", np.float64),
        ask=column("ask", np.float64),
        bid_size=column("bid_size", np.float32),
        ask_size=column("ask_size", np.float32),
        exchange_ns=column("exchange_ns", np.int64),
        unknown=sum(batch.unknown for batch in batches),
        halts=tuple(halt for batch in batches for halt in batch.halts),
        held=tuple(held for batch in batches for held in batch.held),
    )
