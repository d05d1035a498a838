"""The paper venue's shell: one process that plays a market in time and runs the brokers' servers in front of it.

Everything happens on one event loop: a batch is matched (`Exchange.advance`), put on the board, and sent to every
subscriber, then the next one is waited for. After a restart the exchange's store has the accounts, and the market goes
on where it was: the board is filled again, and the batches of the absence follow at once.

Faults that are states (REFUSE, BLACK_HOLE, FILL_LEGS) are looked at in each pass; the others strike where requests and
messages go.
"""

import asyncio
import os
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

import numpy as np
from aiohttp import web

from actors.clock import MarketClockWriter, SharedMarketClock
from actors.domain.market.contract import Products
from actors.places import Places
from actors.ports import Watermark
from actors.venue.account_streamer import AccountStreamer
from actors.venue.alpaca_server import AlpacaServer
from actors.venue.before import Before
from actors.venue.board import Board
from actors.venue.control import Control, Hold, Start, StepTo
from actors.venue.dxlink_server import DxlinkServer
from actors.venue.exchange import Exchange
from actors.venue.faults import FaultBook, FaultKind, Route
from actors.venue.listener import Condition, Listener
from actors.venue.logins import Tokens
from actors.venue.market import Batch, Market
from actors.venue.player import AFTER_CLOSE, PASS_S, Player, Playing
from actors.venue.quantconnect_lean import Lean
from actors.venue.quantconnect_server import QuantConnectServer
from actors.venue.tastytrade_server import TastytradeServer
from actors.venue.tastytrade_symbols import streamer_symbol
from actors.venue.tastytrade_views import AccountViews
from actors.venue.venue_settings import (
    Begin,
    VenueFile,
    VenueSettings,
    last_ports,
    load_market_time,
    publish,
    save_market_time,
)

SAVE_EVERY_S = 0.1
FAULT_LOG = "faults.jsonl"
MARKET_TIME = "market-time.json"
FLOOR_ROUTES = (Route.TASTYTRADE, Route.ALPACA)
Json = dict[str, Any]


@dataclass
class _Counts:
    """What was played since the process started."""

    batches: int = 0
    rows: int = 0
    saved_at_s: float = 0.0


_CONDITIONS = {FaultKind.REFUSE: Condition.REFUSING, FaultKind.BLACK_HOLE: Condition.SWALLOWING}


class Venue:
    """Implements `ports.Shell`."""

    def __init__(
        self,
        market: Market,
        exchange: Exchange,
        products: Products,
        settings: VenueSettings,
        places: Places,
        watermark: Watermark,
    ) -> None:
        self._market = market
        self._exchange = exchange
        self._settings = settings
        self._places = places
        self._watermark = watermark
        self._folder = places.state / "venue"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._counts = _Counts()
        self._board = Board(market)
        self._clock_writer = MarketClockWriter.create(places.clock)
        self._faults = FaultBook(settings.seed, self._folder / FAULT_LOG)
        for fault in settings.faults:
            self._faults.add(fault)
        played = load_market_time(self._folder / MARKET_TIME, market.session.isoformat())
        self._before = Before(settings.start or market.opens_at, played)
        self._clock_writer.step_to(self._before.shown(places.clock, market.closes_at + AFTER_CLOSE))
        self._clock = SharedMarketClock.open(places.clock)
        self._tokens = Tokens(settings.credentials)
        accounts = settings.tastytrade_accounts
        self._views = AccountViews(exchange, self._board, products, accounts, self._clock.market_now)
        self._control_token = secrets.token_urlsafe(24)
        singly = exchange.behaviour.legs_told_singly | set(settings.tastytrade_accounts)
        exchange.behaviour = exchange.behaviour.model_copy(update={"legs_told_singly": singly})
        exchange.bind(market)

    def run(self, stop: Event) -> None:
        """Play and serve until `stop` is set."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: Event) -> None:
        self._build()
        self._player = Player(
            self._market,
            self._clock_writer,
            self._clock.market_now,
            self._settings.speed,
            self._play,
            self._idle,
            self._end_session,
        )
        for door in self._doors:
            await door.open()
        if self._lean is not None:
            self._lean.start()
        await self._apply_faults()
        self._publish()
        playing = asyncio.create_task(self._play_day())
        try:
            while not stop.is_set() and not playing.done():
                await asyncio.wait({playing}, timeout=PASS_S)
            if playing.done():
                playing.result()
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            self._save_time()
            if self._lean is not None:
                self._lean.close()
            for door in self._doors:
                await door.close()
            self._faults.close()

    def _build(self) -> None:
        settings, faults, exchange, clock = self._settings, self._faults, self._exchange, self._clock
        symbols = tuple(streamer_symbol(contract) for contract in self._board.contracts)
        self._dxlink = DxlinkServer(self._board, symbols, lambda token: self._tokens.is_good("quotes", token), faults)
        tastytrade = TastytradeServer(exchange, self._views, self._tokens, faults, lambda: self._file().dxlink)
        self._streamer = AccountStreamer(self._exchange, self._views, self._tokens, faults)
        login = settings.alpaca_account, self._tokens
        self._alpaca = AlpacaServer(exchange, self._board, *login, faults, clock.market_now)
        acts = self._status, self._apply_faults, self._set_clock
        control = Control(self._control_token, faults, *acts, lambda *what: exchange.assign(clock.market_now(), *what))
        wished = last_ports(self._places)

        def door(app: web.Application, name: str, port: int) -> Listener:
            return Listener(app, port, settings.host, wished.get(name, 0))

        self._control = door(control.app, "control", settings.control_port)
        self._routes = {
            Route.TASTYTRADE: door(tastytrade.app, "tastytrade", settings.tastytrade_port),
            Route.STREAMER: door(self._streamer.app, "streamer", settings.streamer_port),
            Route.DXLINK: door(self._dxlink.app, "dxlink", settings.dxlink_port),
            Route.ALPACA: door(self._alpaca.app, "alpaca", settings.alpaca_port),
        }
        self._lean = self._deployed()
        if self._lean is not None:
            quantconnect = QuantConnectServer(self._lean, settings.credentials, faults, self._clock.market_now)
            self._routes[Route.QUANTCONNECT] = door(quantconnect.app, "quantconnect", settings.quantconnect_port)
        self._doors = (*self._routes.values(), self._control)

    def _deployed(self) -> Lean | None:
        """Return what is deployed at QuantConnect."""
        if (deployed := self._settings.lean) is None:
            return None
        secret, folder = self._settings.credentials.quantconnect_ack, self._folder / "object-store"
        return Lean(deployed, secret, self._exchange, folder, self._clock.market_now, self._board.mark)

    def _file(self) -> VenueFile:
        at = {route: door.address for route, door in self._routes.items()}
        return VenueFile(
            pid=os.getpid(),
            tastytrade=f"http://{at[Route.TASTYTRADE]}",
            streamer=f"ws://{at[Route.STREAMER]}",
            dxlink=f"ws://{at[Route.DXLINK]}/realtime",
            alpaca=f"http://{at[Route.ALPACA]}",
            alpaca_stream=f"ws://{at[Route.ALPACA]}/stream",
            control=f"http://{self._control.address}",
            control_token=self._control_token,
            tastytrade_accounts=self._settings.tastytrade_accounts,
            alpaca_account=self._settings.alpaca_account,
            credentials=self._settings.credentials,
            quantconnect=f"http://{at[Route.QUANTCONNECT]}" if Route.QUANTCONNECT in at else "",
            lean=self._settings.lean,
        )

    def _publish(self) -> None:
        publish(self._places, self._file())

    async def _play_day(self) -> None:
        due = await asyncio.to_thread(self._before.restore, self._market, self._board)
        if self._board.is_known.any():
            everything = np.arange(len(self._board.contracts), dtype=np.int32)
            self._exchange.advance(self._board.snapshot(everything))
        await self._wait_for_subscribers()
        self._player.begin()
        await self._player.run(due)

    async def _wait_for_subscribers(self) -> None:
        """Wait for the first subscription, and until no more came for `quiet_s`."""
        if self._settings.begin is Begin.AT_ONCE:
            return
        seen, since_s = 0, time.monotonic()
        while self._player.state is Playing.WAITING:
            if self._dxlink.subscriptions != seen:
                seen, since_s = self._dxlink.subscriptions, time.monotonic()
            if seen and time.monotonic() - since_s >= self._settings.quiet_s:
                return
            await self._idle()
            await asyncio.sleep(PASS_S)

    async def _play(self, batch: Batch) -> None:
        self._board.post(batch)
        self._exchange.advance(batch)
        await self._dxlink.publish(batch)
        self._counts.batches += 1
        self._counts.rows += len(batch.rows)
        if time.monotonic() - self._counts.saved_at_s > SAVE_EVERY_S:
            self._save_time()
        await self._apply_faults()
        self._watermark.advance()

    async def _idle(self) -> None:
        self._exchange.tick(self._clock.market_now())
        await self._apply_faults()
        self._watermark.advance()

    def _end_session(self, now: datetime) -> None:
        self._exchange.end_session(self._market, now)
        self._save_time()

    def _save_time(self) -> None:
        self._counts.saved_at_s = time.monotonic()
        save_market_time(self._folder / MARKET_TIME, self._market.session.isoformat(), self._board.at)

    async def _apply_faults(self) -> None:
        """Bring the doors and the exchange in line with the faults that are states."""
        for route, door in self._routes.items():
            found = ((kind, self._faults.standing(route, kind)) for kind in _CONDITIONS)
            kind = next((kind for kind, fault in found if fault is not None), None)
            condition = Condition.OPEN if kind is None else _CONDITIONS[kind]
            if kind is not None and condition is not door.condition:
                self._faults.strike(route, {kind})
            await door.become(condition)
        self._exchange.halt(await self._dxlink.mind_halts())
        standing = (self._faults.standing(route, FaultKind.FILL_LEGS) for route in FLOOR_ROUTES)
        legs = next((frozenset(fault.legs) for fault in standing if fault is not None), None)
        if legs != self._exchange.behaviour.fill_legs_only:
            self._exchange.behaviour = self._exchange.behaviour.model_copy(update={"fill_legs_only": legs})

    async def _set_clock(self, order: Start | Hold | StepTo) -> datetime:
        if isinstance(order, Start):
            self._player.start(order.speed)
        elif isinstance(order, Hold):
            self._player.hold()
        else:
            await self._player.step_to(order.at)
        return self._clock.market_now()

    def _status(self) -> Json:
        deployed = self._settings.lean
        accounts = {*self._settings.tastytrade_accounts, self._settings.alpaca_account}
        accounts |= set() if deployed is None else {deployed.account}
        balances = {name: self._exchange.balances(name) for name in sorted(accounts)}
        return {
            "state": self._player.state,
            "session": self._market.session,
            "market_now": self._clock.market_now(),
            "opens_at": self._market.opens_at,
            "closes_at": self._market.closes_at,
            "speed": self._player.speed,
            "batches": self._counts.batches,
            "rows": self._counts.rows,
            "rows_before": self._before.rows,
            "rows_skipped": len(self._market.skipped),
            "quotes": self._dxlink.status(),
            "reports": {
                "tastytrade": self._streamer.pushed,
                "alpaca": self._alpaca.stream.pushed,
                "listeners": self._alpaca.stream.listeners,
            },
            "injected": dict(self._faults.injected),
            "accounts": {
                name: {"cash": held.cash, "net_liquidation": held.net_liquidation, "buying_power": held.buying_power}
                for name, held in balances.items()
            },
        }
