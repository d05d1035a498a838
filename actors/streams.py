"""Streams between actor processes, over local sockets: the two hot paths, and the few words said beside them.

Every actor has one door, a socket in the run folder. Whoever connects says what for: to tell it something, to hear its
words, or to hear its quotes. What is told goes to one actor, what is published to all that hear.

* Nothing is resent but alerts (`actors.retold`). What waits for a peer is dropped when it goes; `tell` raises
  `PeerUnavailable` when the message certainly did not leave. What left may never be read: ask again, by id.
* Everything is bounded: a full queue makes `tell` a `PeerUnavailable`; of publications the oldest are dropped, and the
  gap is seen.
* Everything is sequenced, per sender, per way. A missing number, a new incarnation or a new link is a `Resync` before
  the message; a message of an older incarnation than one already heard is dropped and counted.
* Quotes go first to those that decide on them: whoever hears of them wants a core then.
* Where an answer is about to come, `receive` may stay awake, yielding at each look, and rests nine times as long.
* The end of a peer told before, or named at the start, is a `PeerLost`, as soon as its kernel closes the socket.

A stream belongs to one thread, and moves only in `receive`: whoever only publishes calls it too.
"""

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from actors import frames
from actors.domain.market.quote import QuoteFrame
from actors.domain.value import Value
from actors.links import Inflow, LinkBroken, Outflow, StreamLimits, dial, has_ended, listen
from actors.places import Places
from actors.ports import Arrival, PeerLost, PeerUnavailable, Resync
from actors.retold import NOTIFIER, Retold

_TELL: Final = b"T"
_HEAR: Final = b"M"
_HEAR_QUOTES: Final = b"Q"
_HEAR_QUOTES_FIRST: Final = b"F"
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_Hearing = tuple[Inflow, bytes, str | None]
"""A link that is read, its way, and the peer that was dialled for it; None for one who knocked."""


class LocalStream:
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
        decides_on_quotes: bool = False,
        limits: StreamLimits | None = None,
    ) -> None:
        self._places, self._name, self._incarnation = places, name, incarnation
        self._limits = limits or StreamLimits()
        self._selector = selectors.DefaultSelector()
        self._arrived: deque[Arrival] = deque()
        self._unread: deque[_Hearing] = deque()
        """Links that hold whole frames there was no room for."""
        self._heard: dict[tuple[bytes, str], tuple[int, int]] = {}
        self._told: dict[str, Outflow] = {}
        self._hearers: dict[bytes, dict[Outflow, None]] = {_HEAR: {}, _HEAR_QUOTES_FIRST: {}, _HEAR_QUOTES: {}}
        self._published = {_HEAR: 0, _HEAR_QUOTES: 0}
        self._wanted = [(_HEAR, peer) for peer in hears]
        if hears_quotes_of:
            self._wanted.append((_HEAR_QUOTES_FIRST if decides_on_quotes else _HEAR_QUOTES, hears_quotes_of))
        self._wanted += [(_TELL, peer) for peer in peers]
        self._missing = dict.fromkeys(self._wanted)
        self._retold = Retold()
        self._redial_at = self._awake_until = self._rested_at = 0.0
        self.dropped_stale = 0
        self._path = places.socket(name)
        self._door = listen(self._path)
        self._inode = self._path.stat().st_ino
        self._watch(self._door, self._admit)
        self._redial()

    def receive(self, timeout_s: float) -> Sequence[Arrival]:
        """Wait until something arrived or `timeout_s` passed; return all there is, up to `receive_messages`."""
        end = time.monotonic() + timeout_s
        for hearing in [self._unread.popleft() for _ in range(len(self._unread))]:
            self._take_all(hearing)
        while True:
            now = time.monotonic()
            if self._missing and now >= self._redial_at:
                self._redial()
            next_look = min(end, self._redial_at) if self._missing else end
            is_awake = now < self._awake_until
            if is_awake:
                os.sched_yield()  # the disk's own threads, and whoever is to answer, may want this core
            for key, events in self._selector.select(0 if self._arrived or is_awake else max(0.0, next_look - now)):
                key.data(events)
            if self._arrived or time.monotonic() >= end:
                arrived = list(self._arrived)
                self._arrived.clear()
                return arrived

    def stay_awake(self, seconds: float) -> None:
        """Have `receive` not sleep for so long, unless it was asked for just before."""
        now = time.monotonic()
        if now >= self._rested_at:
            self._awake_until, self._rested_at = now + seconds, now + 10 * seconds

    def tell(self, peer: str, message: Value) -> None:
        """Send to one peer. Raises `PeerUnavailable`: then it certainly did not leave."""
        link = self._told.get(peer) or self._dial(peer)
        if link is None or link.is_full:
            raise PeerUnavailable(peer)
        try:
            self._send(link, frames.pack(self._name, self._incarnation, link.sequence + 1, message))
        except LinkBroken:
            self._lose(peer, link)
            raise PeerUnavailable(peer) from None
        if peer == NOTIFIER:
            self._retold.keep(message)

    def publish(self, message: Value) -> None:
        """Send to every hearer."""
        self._published[_HEAR] += 1
        if self._hearers[_HEAR]:
            self._spread(_HEAR, frames.pack(self._name, self._incarnation, self._published[_HEAR], message))

    def publish_quotes(self, frame: QuoteFrame) -> None:
        """Send columns to every hearer of quotes."""
        self._published[_HEAR_QUOTES] += 1
        if self._hearers[_HEAR_QUOTES_FIRST] or self._hearers[_HEAR_QUOTES]:
            packed = frames.pack_quotes(self._name, self._incarnation, self._published[_HEAR_QUOTES], frame)
            self._spread(_HEAR_QUOTES_FIRST, packed)
            self._spread(_HEAR_QUOTES, packed)

    def fileno(self) -> int:
        """Return a descriptor that turns readable when something may have arrived.

        What one `receive` had no room for it does not tell of: then call `receive(0)` until it returns nothing.
        """
        return self._selector.fileno()

    def close(self) -> None:
        """Close at once; what was not yet sent is dropped."""
        for key in list((self._selector.get_map() or {}).values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()
        if self._path.exists() and self._path.stat().st_ino == self._inode:
            self._path.unlink()  # not a successor's

    def _watch(self, line: socket.socket, then: Callable[[int], None]) -> None:
        self._selector.register(line, _READ, then)

    def _forget(self, line: socket.socket) -> None:
        self._selector.unregister(line)
        line.close()

    def _redial(self) -> None:
        """Look for every peer that is to be heard or watched and is not there."""
        self._redial_at = time.monotonic() + self._limits.redial_ms / 1000
        for way, peer in list(self._missing):
            if way == _TELL:
                self._dial(peer)
                continue
            try:
                line = dial(self._places.socket(peer), way)
            except LinkBroken:
                continue
            del self._missing[way, peer]
            self._watch(line, partial(self._read, (Inflow(line), way, peer)))

    def _dial(self, peer: str) -> Outflow | None:
        try:
            line = dial(self._places.socket(peer), _TELL)
        except LinkBroken:
            return None
        self._missing.pop((_TELL, peer), None)
        link = self._told[peer] = Outflow(line, self._limits.inbox_messages)
        self._watch(line, partial(self._attend, link, lambda: self._lose(peer, link)))
        with suppress(LinkBroken):  # seen by whoever tells it next
            for message in self._retold.again() if peer == NOTIFIER else ():
                self._send(link, frames.pack(self._name, self._incarnation, link.sequence + 1, message))
        return link

    def _lose(self, peer: str, link: Outflow) -> None:
        """A peer that was told, or watched, is gone; what was kept for it goes too."""
        self._forget(link.line)
        del self._told[peer]
        self._arrived.append(PeerLost(peer))
        self._miss(_TELL, peer)

    def _miss(self, way: bytes, peer: str) -> None:
        if (way, peer) in self._wanted:
            self._missing[way, peer] = None
            self._redial_at = 0.0  # its successor may stand there already

    def _admit(self, _: int) -> None:
        """Take in everyone who knocks; what for, their first byte says."""
        try:
            while True:
                line, _address = self._door.accept()
                line.settimeout(0)
                self._watch(line, partial(self._introduce, line))
        except BlockingIOError:
            return

    def _introduce(self, line: socket.socket, _: int) -> None:
        try:
            purpose = line.recv(1)
        except OSError:
            purpose = b""
        if purpose == _TELL:
            self._selector.modify(line, _READ, partial(self._read, (Inflow(line), _TELL, None)))
        elif purpose in self._hearers:
            kept_max = self._limits.publication_messages if purpose == _HEAR else self._limits.publication_frames
            hearer, hearers = Outflow(line, kept_max), self._hearers[purpose]
            hearers[hearer] = None
            self._selector.modify(line, _READ, partial(self._attend, hearer, lambda: self._dismiss(hearer, hearers)))
        else:
            self._forget(line)

    def _dismiss(self, hearer: Outflow, hearers: dict[Outflow, None]) -> None:
        self._forget(hearer.line)
        del hearers[hearer]

    def _send(self, link: Outflow, frame: bytes) -> None:
        waited = link.is_waiting
        link.send(frame)
        link.sequence += 1
        if link.is_waiting and not waited:
            self._selector.modify(link.line, _READ | _WRITE, self._selector.get_key(link.line).data)

    def _spread(self, way: bytes, frame: bytes) -> None:
        hearers = self._hearers[way]
        for hearer in list(hearers):
            try:
                self._send(hearer, frame)
            except LinkBroken:
                self._dismiss(hearer, hearers)

    def _attend(self, link: Outflow, lost: Callable[[], None], events: int) -> None:
        """Send on what was kept; a peer that is only written to has nothing to say but its end."""
        try:
            if events & _WRITE:
                link.flush()
                if not link.is_waiting:
                    self._selector.modify(link.line, _READ, self._selector.get_key(link.line).data)
        except LinkBroken:
            lost()
            return
        if events & _READ and has_ended(link.line):
            lost()

    def _read(self, hearing: _Hearing, _: int) -> None:
        if len(self._arrived) >= self._limits.receive_messages:
            return  # the kernel keeps it, and then makes the sender keep it
        try:
            hearing[0].fill()
        except LinkBroken:
            self._hang_up(hearing)
        else:
            self._take_all(hearing)

    def _take_all(self, hearing: _Hearing) -> None:
        link, way, _ = hearing
        try:
            while len(self._arrived) < self._limits.receive_messages:
                frame = link.take()
                if frame is None:
                    return
                self._take(frame, way)
        except LinkBroken:
            self._hang_up(hearing)
        else:
            self._unread.append(hearing)

    def _hang_up(self, hearing: _Hearing) -> None:
        link, way, peer = hearing
        self._forget(link.line)
        if peer is not None:
            self._miss(way, peer)

    def _take(self, frame: frames.Frame, way: bytes) -> None:
        sender, incarnation, sequence = frames.origin(frame)
        if self._follows(way, sender, incarnation, sequence):
            self._arrived.append(frames.unpack(frame))

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
