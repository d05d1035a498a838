"""From a route's section to an adapter that is logged in: every adapter, built as the tree builds it, on paper."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event, Thread

import pytest

from actors.config import SHIPPED, load
from actors.config_sections import RouteSection
from actors.places import Places
from supervisor.app.adapters import account_number, broker
from supervisor.app.market import venue
from supervisor.app.plan import settle, store
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

PATIENCE_S = 20.0


@pytest.fixture(params=["broker", "pipe"])
def place(request, tmp_path):
    """Return a workplace beside a venue whose QuantConnect trades an account of its own, or tastytrade's."""
    config = load(SHIPPED / "holdfast.toml")
    primary = config.primary
    domain = primary.account_domain if request.param == "pipe" else "elsewhere"
    third = RouteSection(
        name="third", adapter="quantconnect", account_domain=domain, covers=request.param, role="backup", url="paper"
    )
    config = settle(config.model_copy(update={"routes": (*config.routes, third)}), datetime.now(UTC))
    where = Places(state=tmp_path, run=tmp_path)
    store(config, where)
    context = ChildContext(name="venue", incarnation=1, state=tmp_path, run=tmp_path, factory="a:b")
    stop, shell = Event(), venue(context)
    thread = Thread(target=shell.run, args=(stop,), daemon=True)
    thread.start()
    yield Workplace.visitor(where)
    stop.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_every_route_is_built_logged_in_and_read(place):
    async def scenario():
        read = {}
        for route in place.config.routes:
            adapter = broker(place, route)
            async with asyncio.timeout(PATIENCE_S):
                await adapter.connect()
                read[route.name] = await adapter.account(place.clock.market_now() - timedelta(hours=1))
            await adapter.close()
        return read

    read = asyncio.run(scenario())
    assert {route.name for route in place.config.routes} == set(read)
    assert {state.cash for state in read.values()} == {Decimal(100_000)}
    assert {name: state.route for name, state in read.items()} == {name: name for name in read}


def test_a_pipe_and_the_route_it_stands_behind_trade_one_account(place):
    first, _, third = place.config.routes
    same = account_number(place, first) == account_number(place, third)
    assert same == (third.covers == "pipe")
