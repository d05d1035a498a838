"""The market's time obeys whoever asks, from the first moment on."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from actors.clock import MarketClockWriter, SharedMarketClock
from actors.venue.market import Batch
from actors.venue.player import Player, Playing
from tests.actors.venue.conftest import OPENS_AT, SmallMarket

PATIENCE_S = 30


@pytest.fixture
def play(tmp_path) -> Callable[..., list[Batch]]:
    """Return what runs a scenario beside a player, and tells the batches that were played."""

    def run(scenario: Callable[[Player], Awaitable[None]], speed: float = 0) -> list[Batch]:
        played: list[Batch] = []
        market, file = SmallMarket(), tmp_path / "clock"
        writer = MarketClockWriter.create(file)
        writer.step_to(OPENS_AT)

        async def take(batch: Batch) -> None:
            played.append(batch)

        async def idle() -> None: ...

        async def together() -> None:
            now = SharedMarketClock.open(file).market_now
            player = Player(market, writer, now, speed, take, idle, lambda _: None)
            playing = asyncio.create_task(player.run(market.batches(OPENS_AT)))
            async with asyncio.timeout(PATIENCE_S):
                await scenario(player)
            playing.cancel()

        asyncio.run(together())
        return played

    return run


def test_a_step_asked_for_before_the_market_began_is_played(play):
    async def scenario(player: Player) -> None:
        step = asyncio.create_task(player.step_to(OPENS_AT + timedelta(seconds=2)))
        await asyncio.sleep(0)
        player.begin()
        await step
        assert player.state is Playing.HELD

    assert [batch.at - OPENS_AT for batch in play(scenario)] == [timedelta(seconds=second) for second in range(3)]


def test_a_market_held_before_it_began_stays_held(play):
    async def scenario(player: Player) -> None:
        player.hold()
        player.begin()
        assert player.state is Playing.HELD

    assert play(scenario, speed=60) == []


@pytest.mark.parametrize("asked", [Player.hold, lambda player: player.start(1.0)])
def test_whoever_waits_for_a_step_is_released_when_something_else_is_asked(play, asked):
    async def scenario(player: Player) -> None:
        player.begin()
        step = asyncio.create_task(player.step_to(OPENS_AT + timedelta(days=1)))
        await asyncio.sleep(0)
        asked(player)
        await step

    play(scenario)
