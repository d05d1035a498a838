"""One door of the venue: a server on a loopback port that can refuse and accept again on the same port.

While it refuses, the port stays bound to a socket that does not listen: connecting is refused by the kernel, and no
other program can be given the port meanwhile. While it swallows, the port listens with a queue that is full: the kernel
drops whoever knocks, as a network does that leads nowhere; and what open connections bring waits unread, as bytes do
that are still on their way.
"""

import asyncio
import socket
from enum import Enum, auto

from aiohttp import web

BACKLOG = 128
KNOCKS_MAX = 8
KNOCK_TIMEOUT_S = 0.03
SHUTDOWN_S = 0.2


class Condition(Enum):
    """What a door does with whoever connects."""

    OPEN = auto()
    REFUSING = auto()
    SWALLOWING = auto()


class Listener:
    """A server's socket and the connections on it."""

    def __init__(self, app: web.Application, port: int = 0, host: str = "127.0.0.1", wished: int = 0) -> None:
        """Bind `port`; where that is 0, the `wished` one, or any other if that is taken."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, handle_signals=False)
        self._host = host
        self._site: web.SockSite | None = None
        self._socket = self._bound(port) if port else self._bound_if_free(wished)
        self._queued: list[socket.socket] = []
        self._unread: list[asyncio.Transport] = []
        self.condition = Condition.REFUSING
        self.port: int = self._socket.getsockname()[1]

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self._host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether it accepts connections."""
        return self.condition is Condition.OPEN

    async def become(self, condition: Condition) -> None:
        """Open, refuse or swallow from now on."""
        if condition is self.condition:
            return
        if self.condition is Condition.SWALLOWING:
            await self.open()
        match condition:
            case Condition.OPEN:
                await self.open()
            case Condition.REFUSING:
                await self.refuse()
            case Condition.SWALLOWING:
                await self.swallow()

    async def open(self) -> None:
        """Accept connections, and read on where it was not."""
        if self._runner.server is None:
            await self._runner.setup()
        if self._site is None:
            self._site = web.SockSite(self._runner, self._socket, backlog=BACKLOG)
            await self._site.start()
        for each in self._queued:
            each.close()
        for transport in self._unread:
            transport.resume_reading()
        self._queued, self._unread, self.condition = [], [], Condition.OPEN

    async def swallow(self) -> None:
        """Let nobody connect and nobody be told, and read no more."""
        if self._site is None:
            return
        site, self._site = self._site, None
        await site.stop()
        self._socket = self._bound(self.port)
        self._socket.listen(0)
        self._socket.setblocking(False)  # noqa: FBT003 - the library's own
        for connection in () if self._runner.server is None else tuple(self._runner.server.connections):
            if isinstance(connection.transport, asyncio.Transport):
                connection.transport.pause_reading()
                self._unread.append(connection.transport)
        self.condition = Condition.SWALLOWING
        while len(self._queued) < KNOCKS_MAX and await self._knock():
            pass

    async def _knock(self) -> bool:
        """Take a place in the queue; return whether there was one left."""
        knocking = socket.socket()
        knocking.setblocking(False)  # noqa: FBT003
        self._queued.append(knocking)
        try:
            async with asyncio.timeout(KNOCK_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(knocking, (self._host, self.port))
        except TimeoutError:
            return False
        return True

    async def refuse(self) -> None:
        """Refuse connections and cut those there are."""
        self.condition = Condition.REFUSING
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
            self._socket = self._bound(self.port)
            self.cut()

    def cut(self) -> None:
        """Cut every connection, unannounced."""
        server = self._runner.server
        for connection in () if server is None else tuple(server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Cut every connection and give the port back."""
        self.cut()
        await self._runner.cleanup()
        self._site = None
        self._socket.close()

    def _bound_if_free(self, wished: int) -> socket.socket:
        try:
            return self._bound(wished)
        except OSError:
            return self._bound(0)

    def _bound(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((self._host, port))
        return bound
