"""One frame on a stream: its length, a fixed head, names, then a message's JSON or a quote frame's columns. No I/O.

    length u32 | head | sender | type | JSON                      a message
    length u32 | head | seven columns, widest first | sender      quotes

The length counts what follows it. Both ends are one version of one program on one machine, so integers are its own.
"""

import struct
from collections.abc import Mapping

import numpy as np

from actors import messages, size_messages
from actors.domain.market.flaw import Survey
from actors.domain.market.interest import Interest
from actors.domain.market.quote import QuoteFrame
from actors.domain.value import Value
from actors.ports import Envelope

_MESSAGE, _QUOTES = b"M", b"Q"
LENGTH = struct.Struct("=I")
_HEAD = struct.Struct("<cBBxQQ")
"""Kind, length of the sender's name, length of the type's name, incarnation, sequence."""
_QUOTE_HEAD = struct.Struct("<cBxxIQQQQq")
"""Kind, length of the sender's name, rows, incarnation, sequence, universe, frame sequence, received_ns."""
_COLUMNS: Mapping[str, str] = {  # widest first, so that every array lies aligned
    "bid": "<f8",
    "ask": "<f8",
    "exchange_ns": "<i8",
    "rows": "<i4",
    "bid_size": "<f4",
    "ask_size": "<f4",
    "codes": "<u2",
}
_TYPES: Mapping[str, type[Value]] = {
    name: kind
    for name, kind in (vars(messages) | vars(size_messages)).items()
    if isinstance(kind, type) and issubclass(kind, Value)
} | {"Survey": Survey, "Interest": Interest}

Frame = bytes | bytearray
"""What follows the length."""


def pack(sender: str, incarnation: int, sequence: int, message: Value) -> bytes:
    """Return a message as it crosses, its length first."""
    name, kind = sender.encode(), type(message).__name__.encode()
    body = message.__pydantic_serializer__.to_json(message)
    head = _HEAD.pack(_MESSAGE, len(name), len(kind), incarnation, sequence)
    return b"".join((LENGTH.pack(len(head) + len(name) + len(kind) + len(body)), head, name, kind, body))


def pack_quotes(sender: str, incarnation: int, sequence: int, frame: QuoteFrame) -> bytes:
    """Return quotes as they cross, their length first."""
    name = sender.encode()
    head = _QUOTE_HEAD.pack(
        _QUOTES,
        len(name),
        len(frame.rows),
        incarnation,
        sequence,
        frame.universe,
        frame.sequence,
        frame.received_ns,
    )
    columns = [np.ascontiguousarray(getattr(frame, column), kind).data for column, kind in _COLUMNS.items()]
    length = len(head) + sum(column.nbytes for column in columns) + len(name)
    return b"".join((LENGTH.pack(length), head, *columns, name))


def origin(frame: Frame) -> tuple[str, int, int]:
    """Return who sent a frame, their incarnation, and its place in their sequence."""
    if frame[:1] == _QUOTES:
        _, name_length, _, incarnation, sequence, *_ = _QUOTE_HEAD.unpack_from(frame)
        name = frame[len(frame) - name_length :]
    else:
        _, name_length, _, incarnation, sequence = _HEAD.unpack_from(frame)
        name = frame[_HEAD.size : _HEAD.size + name_length]
    return name.decode(), incarnation, sequence


def unpack(frame: Frame) -> Envelope | QuoteFrame:
    """Return what a frame holds. Columns are views of the frame, not copies."""
    if frame[:1] == _QUOTES:
        return _unpack_quotes(frame)
    _, name_length, kind_length, incarnation, sequence = _HEAD.unpack_from(frame)
    start = _HEAD.size + name_length
    body = start + kind_length
    message = _TYPES[frame[start:body].decode()].model_validate_json(frame[body:])
    sender = frame[_HEAD.size : start].decode()
    return Envelope(sender=sender, incarnation=incarnation, sequence=sequence, message=message)


def _unpack_quotes(frame: Frame) -> QuoteFrame:
    _, _, count, _, _, universe, number, received_ns = _QUOTE_HEAD.unpack_from(frame)
    columns, offset = {}, _QUOTE_HEAD.size
    for column, kind in _COLUMNS.items():
        columns[column] = np.frombuffer(frame, kind, count, offset)
        offset += columns[column].nbytes
    return QuoteFrame(universe=universe, sequence=number, received_ns=received_ns, **columns)
