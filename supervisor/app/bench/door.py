"""The broker's REST door of the measuring venue: answers at once, and knows when the first byte of each order came.

The time is the kernel's own, stamped when the packet arrived (SO_TIMESTAMPNS), so neither the venue's waking up nor its
work before is charged to the order. Linux only. HTTP/1.1 with Content-Length bodies, as our own clients speak it; no
more of the protocol than they use.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

_SO_TIMESTAMPNS = 35
_STAMP = struct.Struct("@qq")
_READ_BYTES = 1 << 16
_ANCILLARY_BYTES = 64
_REASONS = {200: "OK", 201: "Created", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `first_byte_ns` on the boot clock."""

    method: str
    path: str
    body: bytes
    first_byte_ns: int


Answer = tuple[int, object]
"""Status and JSON."""


class Door:
    """A listening socket on the running event loop; `answer` is asked for every request."""

    def __init__(self, port: int, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self._socket.settimeout(0)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)  # those it accepts have it from the start
        self._open: set[socket.socket] = set()

    def open(self) -> None:
        """Accept connections."""
        asyncio.get_running_loop().add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Close every connection."""
        loop = asyncio.get_running_loop()
        for each in (self._socket, *self._open):
            loop.remove_reader(each)
            each.close()

    def _accept(self) -> None:
        peer, _ = self._socket.accept()
        peer.settimeout(0)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(peer)
        asyncio.get_running_loop().add_reader(peer, self._read, peer, _Pending())

    def _read(self, peer: socket.socket, pending: "_Pending") -> None:
        data = b""
        with contextlib.suppress(ConnectionError):
            data, ancillary, _, _ = peer.recvmsg(_READ_BYTES, _ANCILLARY_BYTES)
        if not data:
            asyncio.get_running_loop().remove_reader(peer)
            self._open.discard(peer)
            peer.close()
            return
        pending.add(data, ancillary)
        while (request := pending.take()) is not None:
            peer.sendall(_encoded(*self._answer(request)))


class _Pending:
    """The bytes of one connection that are no whole request yet."""

    def __init__(self) -> None:
        self._bytes = b""
        self._first_ns = 0

    def add(self, data: bytes, ancillary: list[tuple[int, int, bytes]]) -> None:
        if not self._bytes:
            self._first_ns = _boot_ns(ancillary)
        self._bytes += data

    def take(self) -> Request | None:
        head, found, rest = self._bytes.partition(b"\r\n\r\n")
        if not found:
            return None
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        method, target, _ = lines[0].split(" ")
        self._bytes = rest[length:]
        return Request(method, target.partition("?")[0], rest[:length], self._first_ns)


def _boot_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    """Return the packet's arrival on the boot clock; the kernel tells it on the wall clock.

    The first packets after the first socket asked for stamps may have none: they count from now.
    """
    if not ancillary:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    seconds, nanos = _STAMP.unpack(ancillary[0][2][: _STAMP.size])
    ago_ns = time.time_ns() - (int(seconds) * 1_000_000_000 + int(nanos))
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) - ago_ns


def _encoded(status: int, answer: object) -> bytes:
    body = msgspec.json.encode(answer)
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
