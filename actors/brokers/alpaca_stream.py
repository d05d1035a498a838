"""Alpaca's `trade_updates`: a hint that an order changed, in text or binary frames, never replayed.

    open -> authenticate -> authorized -> listen -> listening -> pushes

There is no heartbeat of its own, so the websocket's pings are the sign of life: one is sent after `ping_s` of silence,
and a stream that does not answer it for as long is dead.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from pydantic import Field, SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from actors.brokers.payload import Json, decoded, readable
from actors.domain.value import Value
from actors.ports import BrokerUnavailable


class AlpacaLogin(Value):
    """The key pair: values of secrets, never their text in a log."""

    key_id: SecretStr
    secret_key: SecretStr


class TradeUpdatesLimits(Value):
    """The bounds of the stream."""

    open_timeout_s: float = Field(default=10.0, gt=0)
    ping_s: float = Field(default=15.0, gt=0)
    message_bytes_max: int = Field(default=2**20, gt=0)


class TradeUpdates:
    """One connection at a time to the trading stream."""

    def __init__(self, url: str, login: AlpacaLogin, limits: TradeUpdatesLimits) -> None:
        self._url, self._login, self._limits = url, login, limits
        self._socket: ClientConnection | None = None
        self._heard_at = 0.0

    @property
    def heard_s(self) -> float | None:
        """Seconds since the stream last gave a sign of life; None where the socket is closed."""
        return None if self._socket is None else asyncio.get_running_loop().time() - self._heard_at

    async def open(self) -> None:
        """Connect, log in and listen. Raises `BrokerUnavailable`."""
        self.close()
        login = {
            "key_id": self._login.key_id.get_secret_value(),
            "secret_key": self._login.secret_key.get_secret_value(),
        }
        try:
            async with asyncio.timeout(self._limits.open_timeout_s):
                self._socket = await connect(
                    self._url,
                    proxy=None,
                    ping_interval=None,  # ours, below: its answers are the sign of life
                    max_size=self._limits.message_bytes_max,
                )
                await self._socket.send(json.dumps({"action": "authenticate", "data": login}))
                await self._expect("authorization", "authorized")
                await self._socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
                await self._expect("listening", None)
        except (OSError, WebSocketException, TimeoutError) as error:
            self.close()
            raise BrokerUnavailable(f"trade updates: {type(error).__name__} {error}") from error

    async def orders(self) -> AsyncIterator[Json]:
        """Yield each order pushed. Raises `BrokerUnavailable` when the stream ends or answers no ping."""
        while True:
            try:
                frame = await self._heard()
            except (OSError, WebSocketException) as error:
                self.close()
                raise BrokerUnavailable(f"trade updates: {type(error).__name__} {error}") from error
            if frame.get("stream") == "trade_updates":
                with readable("trade update"):
                    order = frame["data"]["order"]
                yield order

    async def _heard(self) -> Json:
        """Return the next frame, or an empty one once a ping was answered. Raises `BrokerUnavailable`."""
        try:
            async with asyncio.timeout(self._limits.ping_s):
                return await self._receive()
        except TimeoutError:
            pass
        if self._socket is None:
            raise BrokerUnavailable("trade updates are closed")
        try:
            async with asyncio.timeout(self._limits.ping_s):
                await (await self._socket.ping())
        except TimeoutError:
            self.close()
            raise BrokerUnavailable(f"trade updates: no ping answered for {self._limits.ping_s:g} s") from None
        self._heard_at = asyncio.get_running_loop().time()
        return {}

    def close(self) -> None:
        """Abort the socket."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None

    async def _expect(self, stream: str, status: str | None) -> None:
        frame = await self._receive()
        while frame.get("stream") != stream:
            frame = await self._receive()
        if status is not None and (frame.get("data") or {}).get("status") != status:
            self.close()
            raise BrokerUnavailable(f"trade updates refused: {frame}")

    async def _receive(self) -> Json:
        if self._socket is None:
            raise BrokerUnavailable("trade updates are closed")
        message = await self._socket.recv()
        self._heard_at = asyncio.get_running_loop().time()
        frame = decoded(message if isinstance(message, bytes) else message.encode(), "trade update")
        return frame if isinstance(frame, dict) else {}
