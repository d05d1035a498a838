"""Where the algorithm tells Holdfast: a small HTTP door of the connection's own process, for signed messages alone.

Rules of this file
* A message is refused (401) unless its body carries the HMAC of the shared secret; a stale one (its `sent_s` too far
  from our clock), and one whose sequence does not grow within its run of the algorithm (409): a replay.
* What got in is true for ever, whenever it is heard: the algorithm answers from a store. So the sequences need not
  outlive this process.
* An answer goes to whoever asked; an order that is told of goes to the events besides.
* A telling that the algorithm lost, another run of it, or a full queue ends the events: the account is read anew.

It binds to loopback as configured; what makes it reachable from QuantConnect's cloud (a tunnel, a proxy with TLS)
stands before it. Leaves out that, and the meaning of orders.
"""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from aiohttp import web
from pydantic import Field, SecretStr

from actors.brokers.payload import Json, decoded, number, readable
from actors.domain.value import Value
from actors.ports import BrokerUnavailable

PATH = "/holdfast"
SIGNATURE = "X-Holdfast-Signature"


class ChannelLimits(Value):
    """The bounds of the door."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65_535)
    body_bytes_max: int = Field(default=2**20, gt=0)
    skew_max_s: float = Field(default=60.0, gt=0)
    """Largest age of a message, and largest lead of the algorithm's clock."""
    events_max: int = Field(default=10_000, gt=0)
    runs_max: int = Field(default=64, gt=0)
    """Runs of the algorithm whose sequences are remembered."""


class Channel:
    """One door. `wall_s` is seconds since the Unix epoch, as the algorithm's."""

    def __init__(self, secret: SecretStr, limits: ChannelLimits, wall_s: Callable[[], float]) -> None:
        self._secret, self._limits, self._wall_s = secret.get_secret_value().encode(), limits, wall_s
        self._runner: web.AppRunner | None = None
        self._sequences: dict[str, int] = {}
        self._asked: dict[str, asyncio.Queue[Json]] = {}
        self._orders: asyncio.Queue[Json] = asyncio.Queue(limits.events_max)
        self._run = ""
        self._lost = 0
        self._ended: str | None = "not open"
        self._heard_at = 0.0
        self.port = limits.port

    @property
    def heard_s(self) -> float | None:
        """Seconds since the algorithm last gave a sign of life; None before the first."""
        return self._wall_s() - self._heard_at if self._heard_at else None

    async def open(self) -> None:
        """Open the door, once; begin the events anew. Raises `BrokerUnavailable`."""
        while not self._orders.empty():
            self._orders.get_nowait()
        self._ended, self._run, self._lost = None, "", 0
        if self._runner is not None:
            return
        app = web.Application(client_max_size=self._limits.body_bytes_max)
        app.router.add_post(PATH, self._heard)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handle_signals=False)
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._limits.host, self._limits.port).start()
        except OSError as error:
            await self.close()
            raise BrokerUnavailable(f"acknowledgements: {error}") from error
        self.port = self._runner.addresses[0][1]

    @contextmanager
    def answers(self, request: str) -> "Iterator[asyncio.Queue[Json]]":
        """Collect what is told in answer to a request, or of the attempt of that id, for as long as the block lasts."""
        told: asyncio.Queue[Json] = asyncio.Queue()
        self._asked[request] = told
        try:
            yield told
        finally:
            del self._asked[request]

    async def orders(self) -> AsyncIterator[Json]:
        """Yield each order told of. Raises `BrokerUnavailable` when something was missed."""
        while True:
            told = await self._orders.get()
            if told is None:
                raise BrokerUnavailable(f"acknowledgements: {self._ended}")
            yield told

    def end(self, reason: str) -> None:
        """End the events: what is told may not be whole."""
        if self._ended is None:
            self._ended = reason
            if self._orders.full():
                self._orders.get_nowait()
            self._orders.put_nowait(None)

    async def close(self) -> None:
        """Close the door and every connection."""
        self.end("closed")
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _heard(self, request: web.Request) -> web.Response:
        body = await request.read()
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get(SIGNATURE, "").encode(), signature.encode()):
            return web.Response(status=HTTPStatus.UNAUTHORIZED)
        try:
            message = decoded(body, "message")
            with readable("message"):
                refused = self._refused(message)
                if refused is None:
                    self._take(message)
        except BrokerUnavailable as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=str(error))
        return web.Response(status=refused or HTTPStatus.OK)

    def _refused(self, message: Json) -> HTTPStatus | None:
        if abs(float(number(message["sent_s"])) - self._wall_s()) > self._limits.skew_max_s:
            return HTTPStatus.UNAUTHORIZED
        run, sequence = f"{message['deployment']} {message['run']}", int(message["sequence"])
        if sequence <= self._sequences.get(run, 0):
            return HTTPStatus.CONFLICT
        self._sequences[run] = sequence
        if len(self._sequences) > self._limits.runs_max:
            del self._sequences[next(iter(self._sequences))]
        return None

    def _take(self, message: Json) -> None:
        run, lost = f"{message['deployment']} {message['run']}", int(message["lost"])
        if self._run and run != self._run:
            self.end("the algorithm was started anew")
        elif self._run and lost != self._lost:
            self.end(f"the algorithm could not tell {lost - self._lost} times")
        self._run, self._lost, self._heard_at = run, lost, self._wall_s()
        is_order = message["kind"] == "order"
        about = message.get("request") or (message["order"]["attempt_id"] if is_order else "")
        if about in self._asked:
            self._asked[about].put_nowait(message)
        if not is_order or self._ended is not None:
            return
        if self._orders.full():
            self.end(f"more than {self._limits.events_max} tellings wait")
        else:
            self._orders.put_nowait(message["order"])
