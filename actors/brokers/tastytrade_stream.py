"""tastytrade's account streamer: full objects as they change, never replayed.

    open -> connect (token) -> ok -> heartbeat every heartbeat_s, acknowledged -> pushes

The socket alone proves nothing, so it is dead when no heartbeat was acknowledged for two intervals. Every message
carries the token of its time; to an old one the streamer says only that it failed, so `on_refused` should doubt it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

from pydantic import Field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from actors.brokers.payload import Json, decoded, readable
from actors.domain.value import Value
from actors.ports import BrokerUnavailable


class AccountStreamLimits(Value):
    """The bounds of the stream."""

    open_timeout_s: float = Field(default=10.0, gt=0)
    heartbeat_s: float = Field(default=15.0, gt=0)
    message_bytes_max: int = Field(default=2**20, gt=0)


class AccountStream:
    """One connection at a time to the account streamer."""

    def __init__(
        self,
        url: str,
        account: str,
        authorization: Callable[[], str | None],
        on_refused: Callable[[], None],
        limits: AccountStreamLimits,
    ) -> None:
        self._url, self._account, self._limits = url, account, limits
        self._authorization, self._on_refused = authorization, on_refused
        self._socket: ClientConnection | None = None
        self._request_id = 0
        self._heard_at = 0.0

    @property
    def heard_s(self) -> float | None:
        """Seconds since the streamer last said anything; None where the socket is closed."""
        return None if self._socket is None else asyncio.get_running_loop().time() - self._heard_at

    async def open(self) -> None:
        """Connect and subscribe. Raises `BrokerUnavailable`."""
        self.close()
        self._heard_at = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._limits.open_timeout_s):
                self._socket = await connect(
                    self._url, proxy=None, ping_interval=None, max_size=self._limits.message_bytes_max
                )
                await self._send("connect", value=[self._account])
                frame: Json = {}
                while frame.get("action") != "connect":
                    frame = decoded(await self._receive(), "stream frame")
                    self._check(frame)
        except (OSError, WebSocketException, TimeoutError) as error:
            self.close()
            raise BrokerUnavailable(f"account stream: {type(error).__name__} {error}") from error

    async def orders(self) -> AsyncIterator[Json]:
        """Yield each order pushed. Raises `BrokerUnavailable` when the stream ends or goes silent."""
        loop = asyncio.get_running_loop()
        acknowledged = heartbeat = loop.time()
        while True:
            if loop.time() - acknowledged > 2 * self._limits.heartbeat_s:
                self.close()
                raise BrokerUnavailable("account stream: no heartbeat acknowledged for two intervals")
            try:
                if loop.time() >= heartbeat:
                    heartbeat = loop.time() + self._limits.heartbeat_s
                    await self._send("heartbeat")
                frame = await self._next(heartbeat)
            except (OSError, WebSocketException) as error:
                self.close()
                raise BrokerUnavailable(f"account stream: {type(error).__name__} {error}") from error
            self._check(frame)
            if frame.get("action") == "heartbeat":
                acknowledged = loop.time()
            elif frame.get("type") == "Order":
                with readable("order pushed"):
                    order = frame["data"]
                yield order

    def close(self) -> None:
        """Abort the socket."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None

    async def _next(self, until: float) -> Json:
        waiting = asyncio.timeout_at(until)
        try:
            async with waiting:
                return decoded(await self._receive(), "stream frame")
        except TimeoutError:
            if not waiting.expired():  # the socket's own, not ours
                raise
            return {}

    async def _receive(self) -> bytes:
        if self._socket is None:
            raise BrokerUnavailable("account stream is closed")
        message = await self._socket.recv()
        self._heard_at = asyncio.get_running_loop().time()
        return message if isinstance(message, bytes) else message.encode()

    async def _send(self, action: str, **more: Json) -> None:
        token = self._authorization()
        if self._socket is None or token is None:
            raise BrokerUnavailable("account stream: no live token" if self._socket else "account stream is closed")
        self._request_id += 1
        await self._socket.send(
            json.dumps({"action": action, "auth-token": token, "request-id": self._request_id, **more})
        )

    def _check(self, frame: Json) -> None:
        if not isinstance(frame, dict) or frame.get("status") == "error":
            self._on_refused()
            self.close()
            raise BrokerUnavailable(f"account stream refused: {frame}")
