"""Plays a market in time: every batch when its instant has come, and the market's clock with it.

The clock stands still while a batch is matched and sent, and never runs past the next one: a reader that cannot keep up
slows the market down, it never sees old quotes under a new time. The clock never goes back, not even when a restarted
venue plays the batches of its absence: those follow at once, under the time it is.

What is on is one of: WAITING for the first subscriber, RUNNING, HELD, STEPPING to a time, OVER.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import StrEnum

from actors.clock import MarketClockWriter
from actors.venue.market import Batch, Market

PASS_S = 0.05
"""Longest wait between two passes: what a cancel, a fault's end or a stop may be late."""
AFTER_CLOSE = timedelta(minutes=15)
"""How long the clock goes on after the close before it is held."""


class Playing(StrEnum):
    """What the player does."""

    WAITING = "waiting"
    RUNNING = "running"
    HELD = "held"
    STEPPING = "stepping"
    OVER = "over"


class Player:
    """Plays one market from `resume_at`.

    `play` takes in one batch and returns when everyone has it; `idle` is called between batches, at least each
    `PASS_S`; `end` once, when the session is over.
    """

    def __init__(
        self,
        market: Market,
        clock: MarketClockWriter,
        now: Callable[[], datetime],
        speed: float,
        play: Callable[[Batch], Awaitable[None]],
        idle: Callable[[], Awaitable[None]],
        end: Callable[[datetime], None],
    ) -> None:
        self._market = market
        self._clock = clock
        self._now = now
        self._play_one = play
        self._idle = idle
        self._end = end
        self._wake = asyncio.Event()
        self._limit: datetime | None = None
        self._stepped = asyncio.Event()
        self._ended = False
        self.speed = speed
        self.state = Playing.WAITING

    def begin(self) -> None:
        """Start the market's time, or hold it where the speed is 0; whoever asked for something before is obeyed."""
        if self.state is Playing.WAITING and self.speed > 0:
            self.start(self.speed)
        elif self.state is Playing.WAITING:
            self.hold()

    def start(self, speed: float) -> None:
        """Let the market's time run on at `speed`."""
        self.speed = speed
        if self.state is not Playing.OVER:
            self._clock.start(self._now(), speed)
            self._become(Playing.RUNNING)

    def hold(self) -> None:
        """Stop the market's time."""
        self._clock.hold()
        if self.state is not Playing.OVER:
            self._become(Playing.HELD)

    async def step_to(self, at: datetime) -> None:
        """Play every batch up to `at` at once and hold there; returns when that is done, or something else is asked."""
        if self.state is Playing.OVER:
            return
        self._clock.hold()
        self._limit = at
        self._become(Playing.STEPPING)
        self._stepped.clear()
        await self._stepped.wait()

    def _become(self, state: Playing) -> None:
        """Be in a state; no step goes on, whoever waits for one is released, and the player looks anew."""
        self.state = state
        self._stepped.set()
        self._wake.set()

    async def run(self, batches: Iterator[Batch]) -> None:
        """Play the day, then idle; ends by cancellation alone."""
        with ThreadPoolExecutor(1, "market") as fetcher:
            loop = asyncio.get_running_loop()
            coming = loop.run_in_executor(fetcher, next, batches, None)
            while (batch := await coming) is not None:
                coming = loop.run_in_executor(fetcher, next, batches, None)
                if batch.at > self._market.closes_at:
                    await self._end_once()
                await self._wait_for(batch.at)
                await self._take(batch)
        await self._end_once()
        await self._wait_for(self._market.closes_at + AFTER_CLOSE)
        self._clock.hold()
        self._become(Playing.OVER)
        while True:
            await self._rest(PASS_S)

    async def _end_once(self) -> None:
        """End the session at its close; a recorded day may go on after it."""
        if not self._ended:
            self._ended = True
            await self._wait_for(self._market.closes_at)
            self._end(self._move_to(self._market.closes_at))

    async def _take(self, batch: Batch) -> None:
        self._move_to(batch.at, run_on=False)
        await self._play_one(batch)
        if self.state is Playing.RUNNING:
            self._clock.start(self._now(), self.speed)

    def _move_to(self, at: datetime, *, run_on: bool = True) -> datetime:
        """Set the clock to `at`, never back; return the time it is."""
        at = max(at, self._now())
        if run_on and self.state is Playing.RUNNING:
            self._clock.start(at, self.speed)
        else:
            self._clock.step_to(at)
        return at

    async def _wait_for(self, at: datetime) -> None:
        """Wait until the market's time is `at`, or `at` is within the step that was asked for."""
        while True:
            wait_s = PASS_S
            if self.state is Playing.STEPPING and self._limit is not None:
                if at <= self._limit:
                    return
                self._move_to(self._limit)
                self._become(Playing.HELD)
            elif self.state is Playing.RUNNING:
                wait_s = (at - self._now()).total_seconds() / self.speed
                if wait_s <= 0:
                    return
            await self._rest(min(wait_s, PASS_S))

    async def _rest(self, wait_s: float) -> None:
        await self._idle()
        self._wake.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass
