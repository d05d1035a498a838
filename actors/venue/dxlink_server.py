"""The quotes' door: DXLink over websockets, every row of a batch one event, none conflated.

A print alone (an index level: no bid, no ask, a last) is a Trade event, any other row a Quote event, and a row with a
last beside its quote is both, to whom subscribed to either. `publish` returns when every client's socket took the
frames: a slow reader holds the market's clock, and one that neither reads nor speaks for the keepalive's time is cut.
On a subscription the latest quotes are sent, counted apart, so that rows sent equal rows played while subscribed.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from aiohttp import WSMsgType, web
from numpy.typing import NDArray

from actors.domain.market.quote import Rows
from actors.venue.board import Board
from actors.venue.displayed import halted_by
from actors.venue.dxlink_encode import PROFILE, encode_profiles, encode_quotes, encode_trades, parts, pick
from actors.venue.dxlink_session import KEEPALIVE_S, Channel, DxlinkSession, Json
from actors.venue.fault_middleware import fault_middleware
from actors.venue.faults import QUOTE_KINDS, Fault, FaultBook, FaultKind, Route
from actors.venue.market import Batch
from actors.venue.push import Pusher

SEND_BUFFER_BYTES = 1 << 18
"""How far the market may run ahead of a reader, in the kernel's buffer."""
MESSAGE_BYTES_MAX = 1 << 20
SETUP_TIMEOUT_S = 10.0


@dataclass(eq=False)
class _Client:
    """One connection: its conversation, its socket, what was sent to it."""

    session: DxlinkSession
    socket: web.WebSocketResponse
    pusher: Pusher
    request: web.Request
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    quotes: int = 0
    trades: int = 0
    snapshots: int = 0

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits to be sent: only then may one send who can be cancelled.

        All who wait for the same socket wait for one future of aiohttp's, and cancelling one would cancel all.
        """
        return self.request.transport is not None and self.request.transport.get_write_buffer_size() == 0

    def cut(self) -> None:
        if self.request.transport is not None:
            self.request.transport.abort()


class DxlinkServer:
    """Serves one board; `symbols` are the streamer symbols of its rows."""

    def __init__(
        self,
        board: Board,
        symbols: tuple[str, ...],
        is_token_good: Callable[[str], bool],
        faults: FaultBook,
        keepalive_s: float = KEEPALIVE_S,
    ) -> None:
        self._board = board
        self._symbols = symbols
        self._row_of = {symbol: row for row, symbol in enumerate(symbols)}
        self._is_token_good = is_token_good
        self._faults = faults
        self._keepalive_s = keepalive_s
        self._clients: set[_Client] = set()
        self._halt: Fault | None = None
        self._halted_names = frozenset[str]()
        self._halted = np.zeros(len(symbols), np.bool_)
        """Rows that are halted, or whose underlying is."""
        self.rows_played = 0
        self.subscriptions = 0
        """Moves with every change of what is wanted."""
        self.app = web.Application(middlewares=[fault_middleware(faults, Route.DXLINK)])
        self.app.router.add_get("/realtime", self._serve)

    async def publish(self, batch: Batch) -> None:
        """Send a batch to everyone who wants rows of it; returns when the sockets took it."""
        self.rows_played += len(batch.rows)
        batch = self._spoiled(batch)
        if not len(batch.rows) or not self._clients:
            return
        await asyncio.gather(*(self._send_batch(client, batch) for client in tuple(self._clients)))

    async def mind_halts(self) -> frozenset[str]:
        """Bring the halts in line with the faults, tell who wants to hear; return the symbols that are halted."""
        fault = self._faults.standing(Route.DXLINK, FaultKind.HALT)
        if fault == self._halt:
            return self._halted_names
        self._halt = fault
        self._faults.strike(Route.DXLINK, {FaultKind.HALT})
        contracts = self._board.contracts
        fits = () if fault is None else zip(contracts, self._symbols, strict=True)
        self._halted_names = names = frozenset(
            contract.symbol for contract, name in fits if fault is not None and fault.covers("", name)
        )
        halted = np.array([halted_by(contract, names) for contract in contracts], np.bool_)
        changed = np.flatnonzero(halted != self._halted).astype(np.int32)
        if len(changed):
            self._halted = halted
            await asyncio.gather(*(self._send_profiles(client, changed) for client in tuple(self._clients)))
        return names

    def status(self) -> Json:
        """Return rows played, and per connection what is subscribed and was sent."""
        return {
            "rows_played": self.rows_played,
            "clients": [
                {
                    "subscribed": client.session.subscribed(),
                    "quotes": client.quotes,
                    "trades": client.trades,
                    "snapshots": client.snapshots,
                }
                for client in self._clients
            ],
        }

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False, max_msg_size=MESSAGE_BYTES_MAX, writer_limit=0)
        await ws.prepare(request)
        if request.transport is not None:
            raw: socket.socket = request.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        session = DxlinkSession(self._row_of, self._is_token_good)
        client = _Client(session, ws, Pusher(ws, self._faults, Route.DXLINK), request)
        self._clients.add(client)
        keeper = asyncio.create_task(self._keep_alive(client))
        try:
            with contextlib.suppress(ConnectionError):
                await self._converse(client)
        finally:
            keeper.cancel()
            self._clients.discard(client)
        return ws

    async def _converse(self, client: _Client) -> None:
        patience_s = SETUP_TIMEOUT_S
        while True:
            try:
                message = await client.socket.receive(timeout=min(patience_s, self._keepalive_s))
            except TimeoutError:
                if client.is_drained:
                    await self._say(client, (_timeout(patience_s),))
                client.cut()
                return
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            patience_s = self._keepalive_s
            heard = client.session.hear(message.data)
            await self._say(client, heard.replies)
            async with client.lock:
                for channel, event, rows in heard.added:
                    await self._send_snapshot(client, channel, event, rows)
            if heard.added:
                self.subscriptions += 1
            if heard.hang_up:
                await client.socket.close()
                return

    async def _say(self, client: _Client, replies: tuple[Json, ...]) -> None:
        for reply in replies:
            await client.pusher.send(msgspec.json.encode(reply))

    async def _keep_alive(self, client: _Client) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(min(client.session.client_keepalive_s, self._keepalive_s) / 2)
                if client.is_drained:  # what still waits to be sent keeps the connection alive itself
                    await self._say(client, ({"type": "KEEPALIVE", "channel": 0},))

    async def _send_profiles(self, client: _Client, rows: Rows) -> None:
        with contextlib.suppress(ConnectionError):
            async with client.lock:
                for channel in tuple(client.session.channels.values()):
                    await self._send_profile(client, channel, rows[channel.mask(PROFILE)[rows]])

    async def _send_profile(self, client: _Client, channel: Channel, rows: Rows) -> None:
        if len(rows):
            said = {self._symbols[row]: bool(self._halted[row]) for row in rows.tolist()}
            await client.pusher.send(encode_profiles(channel.number, channel.fields[PROFILE], said))

    async def _send_snapshot(self, client: _Client, channel: Channel, event: str, rows: Rows) -> None:
        if event == PROFILE:
            await self._send_profile(client, channel, rows)
            return
        latest = self._board.snapshot(rows)
        is_print = _is_print(latest)
        chosen = ~is_print if event == "Quote" else ~np.isnan(latest.last)
        client.snapshots += int(chosen.sum())
        for frame in self._frames(channel, event, pick(latest, chosen)):
            await client.pusher.send(frame)

    async def _send_batch(self, client: _Client, batch: Batch) -> None:
        try:
            async with client.lock:
                for channel in tuple(client.session.channels.values()):
                    for event in channel.wanted.keys() - {PROFILE}:
                        wanted = channel.wanted[event][batch.rows]
                        wanted &= ~_is_print(batch) if event == "Quote" else ~np.isnan(batch.last)
                        chosen = batch if wanted.all() else pick(batch, wanted)
                        self._count(client, event, len(chosen.rows))
                        for frame in self._frames(channel, event, chosen):
                            await client.pusher.send(frame)
        except ConnectionError:
            self._clients.discard(client)

    def _frames(self, channel: Channel, event: str, batch: Batch) -> Iterator[bytes]:
        encode = encode_quotes if event == "Quote" else encode_trades
        for part in parts(batch):
            yield encode(channel.number, channel.fields[event], self._symbols, part)

    def _spoiled(self, batch: Batch) -> Batch:
        if self._halted.any():
            batch = pick(batch, ~self._halted[batch.rows])
        fault = self._faults.strike(Route.DXLINK, QUOTE_KINDS)
        if fault is None:
            return batch
        struck = np.array([fault.covers("", self._symbols[row]) for row in batch.rows.tolist()], np.bool_)
        if fault.kind is FaultKind.FREEZE:
            return pick(batch, ~struck)
        if fault.kind is FaultKind.NAN:
            nothing = np.where(struck, np.nan, 0.0)
            return replace(batch, bid=batch.bid + nothing, ask=batch.ask + nothing)
        return replace(batch, bid=np.where(struck, batch.ask, batch.bid), ask=np.where(struck, batch.bid, batch.ask))

    @staticmethod
    def _count(client: _Client, event: str, events: int) -> None:
        if event == "Quote":
            client.quotes += events
        else:
            client.trades += events


def _is_print(batch: Batch) -> NDArray[np.bool_]:
    printed: NDArray[np.bool_] = np.isnan(batch.bid) & np.isnan(batch.ask) & ~np.isnan(batch.last)
    return printed


def _timeout(waited_s: float) -> Json:
    words = f"The timeout has been reached. The message was last received {waited_s:g} seconds ago."
    return {"type": "ERROR", "channel": 0, "error": "TIMEOUT", "message": words}
