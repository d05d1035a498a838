"""The write client: HTTP/1.1 with exact knowledge of whether a byte has left. It decides nothing about orders.

Rules of this file
* Nothing is retried and no redirect followed: one request is one write on one socket.
* Until the first byte is written every failure is `NothingSent`; from then on everything short of a whole answer is
  `Doubt`. What an answer means, 5xx included, is the caller's.
* The guard is asked right before the first byte, with no await in between.
* What an order needs is ready before it comes: a connection, the head of the request (checked by h11, kept), and h11
  waiting for an answer. It is told of a request of its own, for only our bytes travel; the framing of an answer does
  not depend on which of POST, GET and DELETE was asked.
* A connection whose peer has gone is seen before writing (end of file or reset on the idle socket) and dialled anew. A
  close that races the write is a `Doubt`.
* A socket in doubt is aborted: SO_LINGER 0 drops what the kernel still holds, TCP_USER_TIMEOUT bounds what it may
  resend, so no byte lives longer than the settle window.

Assumes bodies fit a socket buffer, and one event loop. Leaves out proxies, compression, pipelining and HTTP/2.
"""

import asyncio
import select
import socket
import ssl
import struct
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import h11
from pydantic import Field

from actors.domain.value import Value
from actors.ports import Guard

Headers = tuple[tuple[str, str], ...]

_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
_DROP_UNSENT = struct.pack("ii", 1, 0)
_EVIDENCE_BYTES = 300
_EXPECTED = h11.Request(method="POST", target="/", headers=[("Host", "-")])


class WireLimits(Value):
    """The bounds of one write."""

    connect_timeout_s: float = Field(default=3.0, gt=0)
    user_timeout_s: float = Field(default=10.0, gt=0)
    """Longest time unacknowledged bytes are resent by the kernel; below the settle window."""
    idle_max: int = Field(default=2, gt=0)
    """Connections kept warm: one for an order, one for the probe or the order beside it."""
    answer_bytes_max: int = Field(default=2**20, gt=0)


class NothingSent(Exception):
    """No byte of the request left this machine."""


class Doubt(Exception):
    """At least one byte left and no whole answer came. `evidence` is what was seen of one."""

    def __init__(self, cause: str, evidence: str = "") -> None:
        super().__init__(cause)
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes


class Wire:
    """A client of one server, with a few connections kept warm."""

    def __init__(self, url: str, limits: WireLimits | None = None, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._tls else 80)
        self._host_header = ("Host", parts.netloc.rpartition("@")[2])
        self._limits = limits or WireLimits()
        self._idle: deque[_Link] = deque()
        self._links: set[_Link] = set()

    async def request(
        self, method: str, path: str, headers: Headers, body: bytes, timeout_s: float, before_first_byte: Guard
    ) -> Answer:
        """Send once; return the whole answer. `timeout_s` counts from the first byte. Raises `NothingSent`, `Doubt`."""
        head = _head(method, path, (self._host_header, *headers))
        link = self._fresh_idle() or await self._dial()
        if withheld := before_first_byte():
            self._keep(link)
            raise NothingSent(withheld)
        whole = link.send(b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
        try:
            async with asyncio.timeout(timeout_s):
                answer = await whole
        except TimeoutError:
            raise Doubt(f"no whole answer within {timeout_s:g} s", link.seen()) from None
        finally:  # cancelled, timed out or broken: whatever is not cleanly done with is aborted
            self._keep(link)
        return answer

    async def warm(self) -> None:
        """Dial until `idle_max` connections stand ready. Raises `NothingSent`."""
        self._idle = deque(link for link in self._idle if self._is_fresh(link))
        while len(self._idle) < self._limits.idle_max:
            self._keep(await self._dial())

    def close(self) -> None:
        """Abort every connection at once, busy ones too."""
        for link in tuple(self._links):
            link.abort()
        self._idle.clear()

    def _fresh_idle(self) -> "_Link | None":
        while self._idle:
            link = self._idle.popleft()  # the longest idle first, so that all of them stay warm
            if self._is_fresh(link):
                return link
        return None

    def _is_fresh(self, link: "_Link") -> bool:
        if link.is_ready():
            return True
        link.abort()
        return False

    def _keep(self, link: "_Link") -> None:
        if link.is_ready() and len(self._idle) < self._limits.idle_max:
            self._idle.append(link)
        else:
            link.abort()

    async def _dial(self) -> "_Link":
        patience_s = self._limits.connect_timeout_s
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience_s):
                _, link = await loop.create_connection(
                    lambda: _Link(self._limits, self._links), self._host, self._port, ssl=self._tls
                )
        except TimeoutError:
            raise NothingSent(f"no connection within {patience_s:g} s") from None
        except OSError as error:  # refused, unreachable, name or certificate not found good
            raise NothingSent(f"no connection: {error}") from error
        return link


@lru_cache(maxsize=64)
def _head(method: str, path: str, headers: Headers) -> bytes:
    request = h11.Request(method=method, target=path, headers=list(headers))
    text = h11.Connection(h11.CLIENT).send(request)
    assert text is not None
    return text.removesuffix(b"\r\n")


class _Link(asyncio.Protocol):
    """One connection: at most one request at a time, its answer read by h11."""

    def __init__(self, limits: WireLimits, links: "set[_Link]") -> None:
        self._limits, self._links = limits, links
        self._http = h11.Connection(h11.CLIENT)
        self._expects = False
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()
        self._waiter: asyncio.Future[Answer] | None = None
        self._status, self._received = 0, 0
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        plug: socket.socket = transport.get_extra_info("socket")
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP_UNSENT)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._limits.user_timeout_s * 1000))
        self._poll.register(plug.fileno(), getattr(select, "POLLRDHUP", 0))
        self._links.add(self)
        self._expect()

    def is_ready(self) -> bool:
        """Return whether a request may be written: nothing under way, and the kernel knows of no end or reset."""
        if self._transport is None or self._transport.is_closing() or not self._expects or self._waiter is not None:
            return False
        return not any(happened & _GONE for _, happened in self._poll.poll(0))

    def send(self, request: bytes) -> "asyncio.Future[Answer]":
        assert self._transport is not None
        self._expects = False
        self._status, self._received, self._body = 0, 0, bytearray()
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiter

    def _expect(self) -> None:
        self._http.send(_EXPECTED)
        self._http.send(h11.EndOfMessage())
        self._expects = True

    def seen(self) -> str:
        """Return what was seen of an answer, in words."""
        if not self._status:
            return f"{self._received} bytes of an answer"
        return f"status {self._status}, {self._received} bytes, {bytes(self._body[:_EVIDENCE_BYTES])!r}"

    def abort(self) -> None:
        self._links.discard(self)
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:  # nobody asked: this connection has lost its place
            self.abort()
        else:
            self._read(data)

    def eof_received(self) -> None:
        if self._waiter is not None:
            self._read(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self._links.discard(self)
        self._fail(f"connection lost: {exc or 'closed by the peer'}")

    def _read(self, data: bytes) -> None:
        self._received += len(data)
        try:
            self._http.receive_data(data)
            while self._waiter is not None:
                event = self._http.next_event()
                if event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                    return
                self._take(event)
        except h11.RemoteProtocolError as error:
            self._fail(f"answer is not HTTP, or not whole: {error}")
            self.abort()

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Response):
            self._status = event.status_code
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > self._limits.answer_bytes_max:
                self._fail(f"answer longer than {self._limits.answer_bytes_max} bytes")
        elif isinstance(event, h11.EndOfMessage):
            waiter, self._waiter = self._waiter, None
            if waiter is not None and not waiter.done():
                waiter.set_result(Answer(self._status, bytes(self._body)))
            if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
                self._http.start_next_cycle()
                self._expect()

    def _fail(self, cause: str) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(Doubt(cause, self.seen()))
