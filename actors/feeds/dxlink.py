"""Quotes from tastytrade: contracts from its chains, ticks over DXLink. Implements `ports.Feed`.

One connection, one channel, one wire message one batch; a batch is handed over before the next message is read, so a
slow reader fills the socket and the server feels it. Nothing is dropped here.

Silence: within `silence_max_s` the server has to say something, quotes or KEEPALIVE, and it is told so in SETUP; a mute
socket is lost by then, however well it looks. Silence of a single contract is not silence: an option may rest for
minutes, and its age is the gate's business. An empty batch is yielded once subscribed and at each KEEPALIVE.

Every way a connection can end is `FeedLost` with its reason; the caller connects anew. Only a login that is refused is
`BrokerRefused`: trying again would get the address blocked.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
from loguru import logger
from pydantic import Field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from actors.brokers.payload import readable
from actors.brokers.reads import ReadLimits, Reads
from actors.brokers.tastytrade_token import AccessToken, TastytradeLogin, TokenLimits
from actors.domain.market.contract import Contract, Kind, Products
from actors.domain.market.quote import RawQuotes
from actors.domain.market.streamer_symbol import streamer_symbol
from actors.domain.value import Value
from actors.feeds.dxlink_decode import PROFILE, QUOTE, SUMMARY, TRADE, Decoder, Garbled, empty, parse
from actors.feeds.dxlink_handshake import Handshake, Say, SessionEnded, State, keepalive
from actors.feeds.tastytrade_chain import read_chain
from actors.ports import BrokerUnavailable, Clock, FeedLost

_USER_AGENT = "holdfast/0.1.0"
"""tastytrade answers 401 to whoever does not say what it is."""
_BEATS = 3
"""Keepalives in the time after which the server would give us up."""
_GRACE_S = 0.1
"""To read what already arrived."""


class DxlinkSettings(Value):
    """Where the quotes come from, and the bounds."""

    url: str
    """tastytrade's REST interface; the stream's address comes from there."""
    contracts_max: int = Field(default=5_000, gt=0)
    dte_max: int = Field(default=60, ge=0)
    summaries: bool = False
    """Whether open interest and volume are wanted too."""
    silence_max_s: float = Field(default=20.0, gt=0)
    connect_timeout_s: float = Field(default=10.0, gt=0)
    """Longest for the connection, and for each thing we say."""
    subscription_chunk: int = Field(default=250, gt=0)
    frame_bytes_max: int = Field(default=8 * 2**20, gt=0)
    frames_queued_max: int = Field(default=64, gt=0)
    """Read ahead of us; then the socket is left to fill."""
    reads: ReadLimits = ReadLimits(timeout_s=20.0)  # a chain is megabytes
    token: TokenLimits = TokenLimits()


class DxlinkFeed:
    """A source of quotes; lives on one event loop."""

    def __init__(self, settings: DxlinkSettings, login: TastytradeLogin, products: Products, clock: Clock) -> None:
        self._settings, self._products = settings, products
        self._reads = Reads(settings.url, self._headers, settings.reads, self._on_unauthorised)
        self._token = AccessToken(self._reads, login, clock, settings.token)
        self._names: dict[str, str] = {}

    async def contracts(self, underlyings: Sequence[str]) -> tuple[Contract, ...]:
        """Return the contracts to watch: the underlyings first, then their options, nearest expiry first.

        Past `contracts_max` the farthest are left out, and the log says so. Raises `BrokerUnavailable`,
        `BrokerRefused`.
        """
        await self._token.ensure()
        chains = [
            await read_chain(self._reads, self._products, underlying, self._settings.dte_max)
            for underlying in underlyings
        ]
        first, options = [chain[0] for chain in chains], [listing for chain in chains for listing in chain[1:]]
        options.sort(key=lambda listing: str(listing.contract.expires_on))
        listings = (*first, *options)
        most = self._settings.contracts_max
        if len(listings) > most:
            logger.warning("watching {} of {} contracts: contracts_max", most, len(listings))
        self._names = {listing.contract.symbol: listing.streamer for listing in listings[:most]}
        return tuple(listing.contract for listing in listings[:most])

    async def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[RawQuotes]:
        """Yield one batch for each wire message. Raises `FeedLost`, `BrokerRefused`."""
        wire: ClientConnection | None = None
        try:
            url, token = await self._ticket()
            wire = await self._open(url)
            names = [self._names.get(contract.symbol) or streamer_symbol(contract) for contract in contracts]
            prints = {name: row for row, name in enumerate(names) if contracts[row].product.kind is Kind.INDEX}
            quotes = {name: row for row, name in enumerate(names) if name not in prints}
            profiles = {name: row for row, name in enumerate(names) if not contracts[row].is_option}
            summaries = dict(quotes) if self._settings.summaries else {}
            decoder = Decoder(quotes, prints, profiles, summaries)
            kinds = ((TRADE, prints), (QUOTE, quotes), (PROFILE, profiles), (SUMMARY, summaries))
            wanted = [(kind, name) for kind, rows in kinds for name in rows]
            async for batch in self._session(wire, decoder, token, wanted):
                yield batch
        except (SessionEnded, Garbled, BrokerUnavailable) as error:
            raise FeedLost(str(error)) from error
        except TimeoutError as error:
            raise FeedLost(f"no connection within {self._settings.connect_timeout_s:g} s") from error
        except (OSError, WebSocketException) as error:
            raise FeedLost(f"{type(error).__name__}: {error}") from error
        finally:
            if wire is not None:
                wire.transport.abort()  # a closing handshake with a mute peer would only take time

    async def close(self) -> None:
        """Close what is open of the broker's REST interface; the stream closes with its iteration."""
        await self._reads.close()

    def _headers(self) -> Mapping[str, str]:
        return {"User-Agent": _USER_AGENT, **self._token.headers()}

    def _on_unauthorised(self) -> None:
        self._token.doubt()

    async def _ticket(self) -> tuple[str, str]:
        await self._token.ensure()
        answer = await self._reads.get("/api-quote-tokens")
        with readable("quote token"):
            return str(answer["data"]["dxlink-url"]), str(answer["data"]["token"])

    async def _open(self, url: str) -> ClientConnection:
        settings = self._settings
        return await connect(
            url,
            compression=None,
            max_size=settings.frame_bytes_max,
            max_queue=settings.frames_queued_max,
            open_timeout=settings.connect_timeout_s,
            ping_interval=None,  # DXLink has a keepalive of its own, and a mute feed may still answer pings
            proxy=None,
        )

    async def _session(
        self, wire: ClientConnection, decoder: Decoder, token: str, wanted: Sequence[tuple[str, str]]
    ) -> AsyncIterator[RawQuotes]:
        settings = self._settings
        handshake = Handshake(token, wanted, silence_max_s=settings.silence_max_s, chunk=settings.subscription_chunk)
        await self._send(wire, handshake.greeting())
        pulse = _Pulse(settings.silence_max_s)
        while True:
            text = await self._read(wire, pulse)
            message = parse(text)
            if message.type == "FEED_DATA" and handshake.state is State.OPEN:
                yield decoder.columns(message.data)
                continue
            if message.type == "SETUP":
                pulse.hurry(message.keepalive_timeout)
            if message.type == "FEED_CONFIG":
                decoder.configure(message)
            for say in handshake.on(message):
                await self._send(wire, say)
            if message.type in {"CHANNEL_OPENED", "KEEPALIVE"} and handshake.state is State.OPEN:
                yield empty()

    async def _read(self, wire: ClientConnection, pulse: "_Pulse") -> bytes:
        """Wait for the next message, saying in between that we are here. Raises `FeedLost` where there is none."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + pulse.silence_max_s
        while (now := loop.time()) < ends_at:
            if now >= pulse.due_at:
                pulse.due_at = now + pulse.beat_s
                await self._send(wire, keepalive())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(pulse.due_at, ends_at)):
                    return await wire.recv(decode=False)
        # Was it the server that was silent, or did we sleep? What came meanwhile lies in the socket.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                return await wire.recv(decode=False)
        raise FeedLost(f"mute for {pulse.silence_max_s:g} s")

    async def _send(self, wire: ClientConnection, say: Say) -> None:
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await wire.send(msgspec.json.encode(say).decode())
        except TimeoutError as error:
            raise FeedLost(f"nothing could be said for {self._settings.connect_timeout_s:g} s") from error


class _Pulse:
    """When we speak next, and how long the server may be silent. Times on the event loop's clock."""

    def __init__(self, silence_max_s: float) -> None:
        self.silence_max_s = silence_max_s
        self.beat_s = silence_max_s / _BEATS
        self.due_at = asyncio.get_running_loop().time() + self.beat_s

    def hurry(self, timeout_s: float) -> None:
        """Beat often enough for a server that gives us up after `timeout_s`."""
        self.beat_s = min(self.beat_s, timeout_s / _BEATS)
        self.due_at = min(self.due_at, asyncio.get_running_loop().time() + self.beat_s)
