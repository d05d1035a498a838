"""One door of the venue: a server on a loopback port that can refuse and accept again on the same port.

While it refuses, the port stays bound to a socket that does not listen: connecting is refused by the kernel, and no
other program can be given the port meanwhile.
"""

import socket

from aiohttp import web

BACKLOG = 128
SHUTDOWN_S = 0.2


class Listener:
    """A server's socket and the connections on it."""

    def __init__(self, app: web.Application, port: int = 0, host: str = "127.0.0.1", wished: int = 0) -> None:
        """Bind `port`; where that is 0, the `wished` one, or any other if that is taken."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, handle_signals=False)
        self._host = host
        self._site: web.SockSite | None = None
        self._socket = self._bound(port) if port else self._bound_if_free(wished)
        self.port: int = self._socket.getsockname()[1]

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self._host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether it accepts connections."""
        return self._site is not None

    async def open(self) -> None:
        """Accept connections."""
        if self._runner.server is None:
            await self._runner.setup()
        if self._site is None:
            self._site = web.SockSite(self._runner, self._socket, backlog=BACKLOG)
            await self._site.start()

    async def refuse(self) -> None:
        """Refuse connections and cut those there are."""
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
