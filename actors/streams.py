"""Streams between actor processes, on ZeroMQ: the two hot paths, and the few words said beside them.

Every actor has an inbox (PULL), and may publish (PUB). What is told goes to one inbox, what is published to whoever
subscribed. On one node they are sockets in the run folder.

* Nothing is resent. A push socket keeps a queue only while its peer is connected (IMMEDIATE) and drops it when the peer
  goes (LINGER 0); `tell` raises `PeerUnavailable` when it certainly did not leave. What left may still never be read:
  whoever needs an answer asks again, by id.
* Everything is bounded: inboxes block the sender into `PeerUnavailable`, publications drop, and the gap is seen.
* Everything is sequenced, per sender, per way. A missing number, a new incarnation or a first contact is a `Resync`
  before the message; a message of an older incarnation than one already heard is dropped and counted.
* The end of a peer's socket is a `PeerLost`, within a millisecond of its death.

One frame on the wire: a fixed head, the sender's name, the message's type, its JSON. Quotes are a fixed head and seven
arrays. A stream belongs to one thread.
"""

import selectors
import struct
import weakref
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import zmq
from pydantic import Field
from zmq.utils.monitor import parse_monitor_message

from actors import messages
from actors.domain.market.quote import QuoteFrame
from actors.domain.value import Value
from actors.places import Places
from actors.ports import Arrival, Envelope, PeerLost, PeerUnavailable, Resync

_MESSAGE, _QUOTES = b"M", b"Q"
_HEAD = struct.Struct("<cxBBxxxxQQ")
"""Kind, length of the sender's name, length of the type's name, incarnation, sequence."""
_QUOTE_HEAD = struct.Struct("<cxBxIQQQQq")
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

_Sockets = list["zmq.Socket[bytes]"]
_Source = tuple["zmq.Socket[bytes]", str | None]
"""A socket that is read, and the peer it monitors where it does."""
_TYPES: Mapping[str, type[Value]] = {
    name: kind for name, kind in vars(messages).items() if isinstance(kind, type) and issubclass(kind, Value)
}


class StreamLimits(Value):
    """How much a stream holds before it says no."""

    inbox_messages: int = Field(default=10_000, gt=0)
    publication_messages: int = Field(default=2_000, gt=0)
    receive_messages: int = Field(default=256, gt=0)
    """Most that one `receive` returns."""
    reconnect_ms: int = Field(default=5, gt=0)
    dial_timeout_s: float = Field(default=0.2, gt=0)
    """How long the first message to a peer may wait for its socket."""


class ZmqStream:
    """The stream of one actor process; implements `ports.Stream`."""

    def __init__(
        self,
        places: Places,
        name: str,
        *,
        incarnation: int,
        peers: Iterable[str] = (),
        hears: Iterable[str] = (),
        hears_quotes_of: str | None = None,
        limits: StreamLimits | None = None,
    ) -> None:
        self._places, self._name, self._incarnation = places, name, incarnation
        self._limits = limits or StreamLimits()
        self._context = zmq.Context()
        self._selector = selectors.DefaultSelector()
        self._opened: list[zmq.Socket[bytes]] = []
        # A context that the garbage collector ends before its sockets waits for them for ever: they end together.
        self._end = weakref.finalize(self, _close, self._context, self._selector, self._opened)
        self._arrived: deque[Arrival] = deque()
        self._is_full = True
        """Whether something may lie unread that no descriptor will tell of again."""
        self._heard: dict[tuple[bytes, str], tuple[int, int]] = {}
        self._told: dict[str, tuple[zmq.Socket[bytes], int]] = {}
        self._monitors: dict[str, zmq.Socket[bytes]] = {}
        self._publisher: zmq.Socket[bytes] | None = None
        self._published = {_MESSAGE: 0, _QUOTES: 0}
        self.dropped_stale = 0
        self._inbox = self._socket(zmq.PULL, receive=self._limits.inbox_messages)
        self._inbox.bind(self._address(name, "inbox"))
        self._listen(self._inbox)
        self._sources = [self._inbox, *self._subscriptions(tuple(hears), hears_quotes_of)]
        for peer in peers:
            self._dial(peer)

    def receive(self, timeout_s: float) -> Sequence[Arrival]:
        """Wait until something arrived or `timeout_s` passed; return all there is, up to `receive_messages`."""
        # The descriptors tell of changes, not of content, so a source that stirred is read until it is empty; and now
        # and then all are, whatever the descriptors say: when none stirred, and where the last call left something.
        stirred = [key.data for key, _ in self._selector.select(0 if self._is_full else timeout_s)]
        for source in self._everything() if self._is_full or not stirred else stirred:
            self._drain(source)
        self._is_full = len(self._arrived) >= self._limits.receive_messages
        arrived = list(self._arrived)
        self._arrived.clear()
        return arrived

    def tell(self, peer: str, message: Value) -> None:
        """Send to one inbox. Raises `PeerUnavailable`: then it certainly did not leave."""
        first = peer not in self._told
        socket, sequence = self._told[peer] if not first else self._dial(peer)
        if first and not socket.poll(int(self._limits.dial_timeout_s * 1000), zmq.POLLOUT):
            self._hang_up(peer)
            raise PeerUnavailable(peer)
        try:
            socket.send(self._frame(message, sequence + 1), zmq.NOBLOCK)
        except zmq.Again:
            raise PeerUnavailable(peer) from None
        self._told[peer] = (socket, sequence + 1)

    def publish(self, message: Value) -> None:
        """Send to every subscriber."""
        self._published[_MESSAGE] += 1
        self._publication().send(self._frame(message, self._published[_MESSAGE]), zmq.NOBLOCK)

    def publish_quotes(self, frame: QuoteFrame) -> None:
        """Send columns to every subscriber."""
        self._published[_QUOTES] += 1
        name = self._name.encode()
        head = _QUOTE_HEAD.pack(
            _QUOTES,
            len(name),
            len(frame.rows),
            self._incarnation,
            self._published[_QUOTES],
            frame.universe,
            frame.sequence,
            frame.received_ns,
        )
        columns = [np.ascontiguousarray(getattr(frame, column), kind).data for column, kind in _COLUMNS.items()]
        self._publication().send(b"".join((head, *columns, name)), zmq.NOBLOCK)

    def fileno(self) -> int:
        """Return a descriptor that turns readable when something may have arrived.

        It tells of changes, not of content: then call `receive(0)` until it returns nothing.
        """
        return self._selector.fileno()

    def close(self) -> None:
        """Close at once; what was not yet sent is dropped."""
        self._end()

    def _socket(self, kind: int, *, send: int = 0, receive: int = 0) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        self._opened.append(socket)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RECONNECT_IVL, self._limits.reconnect_ms)
        if send:
            socket.setsockopt(zmq.SNDHWM, send)
        if receive:
            socket.setsockopt(zmq.RCVHWM, receive)
        return socket

    def _address(self, actor: str, kind: str) -> str:
        return f"ipc://{self._places.socket(actor, kind)}"

    def _listen(self, socket: "zmq.Socket[bytes]", peer: str | None = None) -> None:
        self._selector.register(_descriptor(socket), selectors.EVENT_READ, (socket, peer))

    def _subscriptions(self, hears: tuple[str, ...], quotes: str | None) -> "list[zmq.Socket[bytes]]":
        sources = []
        for kind, peers in ((_MESSAGE, hears), (_QUOTES, (quotes,) if quotes else ())):
            if not peers:
                continue
            socket = self._socket(zmq.SUB, receive=self._limits.publication_messages)
            socket.setsockopt(zmq.SUBSCRIBE, kind)
            for peer in peers:
                socket.connect(self._address(peer, "publication"))
            self._listen(socket)
            sources.append(socket)
        return sources

    def _publication(self) -> "zmq.Socket[bytes]":
        if self._publisher is None:
            self._publisher = self._socket(zmq.PUB, send=self._limits.publication_messages)
            self._publisher.bind(self._address(self._name, "publication"))
        return self._publisher

    def _dial(self, peer: str) -> "tuple[zmq.Socket[bytes], int]":
        socket = self._socket(zmq.PUSH, send=self._limits.inbox_messages)
        socket.setsockopt(zmq.IMMEDIATE, 1)
        monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self._opened.append(monitor)
        self._monitors[peer] = monitor
        self._listen(monitor, peer)
        socket.connect(self._address(peer, "inbox"))
        self._told[peer] = (socket, 0)
        return self._told[peer]

    def _hang_up(self, peer: str) -> None:
        """Forget a peer that never answered (a command line that went away), so that dead names do not pile up."""
        monitor = self._monitors.pop(peer)
        self._selector.unregister(_descriptor(monitor))
        socket, _ = self._told.pop(peer)
        socket.disable_monitor()
        for each in (monitor, socket):
            each.close(0)
            self._opened.remove(each)

    def _frame(self, message: Value, sequence: int) -> bytes:
        name, kind = self._name.encode(), type(message).__name__.encode()
        head = _HEAD.pack(_MESSAGE, len(name), len(kind), self._incarnation, sequence)
        return b"".join((head, name, kind, message.__pydantic_serializer__.to_json(message)))

    def _everything(self) -> "list[_Source]":
        return [*((source, None) for source in self._sources), *((each, peer) for peer, each in self._monitors.items())]

    def _drain(self, source: "_Source") -> None:
        socket, monitored = source
        if socket.closed:
            return  # a peer that was hung up on while its descriptor stirred
        while len(self._arrived) < self._limits.receive_messages and int(socket.get(zmq.EVENTS)) & zmq.POLLIN:
            if monitored is not None:
                parse_monitor_message(socket.recv_multipart())
                self._arrived.append(PeerLost(monitored))
            else:
                self._take(socket.recv(zmq.NOBLOCK), inbox=socket is self._inbox)

    def _take(self, frame: bytes, *, inbox: bool) -> None:
        if frame[:1] == _QUOTES:
            self._take_quotes(frame)
            return
        _, name_length, kind_length, incarnation, sequence = _HEAD.unpack_from(frame)
        start = _HEAD.size + name_length
        sender = frame[_HEAD.size : start].decode()
        if not self._follows(b"I" if inbox else _MESSAGE, sender, incarnation, sequence):
            return
        kind = _TYPES[frame[start : start + kind_length].decode()]
        message = kind.model_validate_json(frame[start + kind_length :])
        self._arrived.append(Envelope(sender=sender, incarnation=incarnation, sequence=sequence, message=message))

    def _take_quotes(self, frame: bytes) -> None:
        _, name_length, count, incarnation, sequence, universe, number, received_ns = _QUOTE_HEAD.unpack_from(frame)
        if not self._follows(_QUOTES, frame[len(frame) - name_length :].decode(), incarnation, sequence):
            return
        columns, offset = {}, _QUOTE_HEAD.size
        for column, kind in _COLUMNS.items():
            columns[column] = np.frombuffer(frame, kind, count, offset)
            offset += columns[column].nbytes
        self._arrived.append(QuoteFrame(universe=universe, sequence=number, received_ns=received_ns, **columns))

    def _follows(self, way: bytes, sender: str, incarnation: int, sequence: int) -> bool:
        """Note a message's place; a break in the sequence is told first. False: an older incarnation, drop it."""
        last = self._heard.get((way, sender))
        if last is not None and incarnation < last[0]:
            self.dropped_stale += 1
            return False
        self._heard[way, sender] = (incarnation, sequence)
        if last != (incarnation, sequence - 1):
            self._arrived.append(Resync(sender, incarnation))
        return True


def _close(context: "zmq.Context[zmq.Socket[bytes]]", selector: selectors.BaseSelector, opened: "_Sockets") -> None:
    selector.close()
    for socket in opened:
        socket.close(0)
    context.term()


def _descriptor(socket: "zmq.Socket[bytes]") -> int:
    return int(socket.getsockopt(zmq.FD))
