"""Loopback servers that do as a script says, and the orders that are sent to them."""

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from actors.domain.orders.order import Action, Intent, Leg, Order, OrderType, TimeInForce

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class FixedMarketClock:
    """The market stands still, the machine does not."""

    def market_now(self):
        return NOW

    def boot_ns(self):
        return time.monotonic_ns()


@pytest.fixture
def clock():
    return FixedMarketClock()


@pytest.fixture
def condor():
    """Return a function that builds an opening iron condor for a credit of 1.25, changed as asked."""

    def build(**changes):
        root = "SPY   261218"
        legs = (
            Leg(symbol=f"{root}P00600000", action=Action.BUY_TO_OPEN),
            Leg(symbol=f"{root}P00610000", action=Action.SELL_TO_OPEN),
            Leg(symbol=f"{root}C00700000", action=Action.SELL_TO_OPEN),
            Leg(symbol=f"{root}C00710000", action=Action.BUY_TO_OPEN),
        )
        order = Order(
            cl_ord_id="condor-20261120-1",
            signal_id="condor-20261120-1",
            strategy="condor",
            structure_id="condor-20261120-1",
            intent=Intent.OPEN,
            underlying="SPY",
            legs=legs,
            order_qty=2,
            order_type=OrderType.LIMIT,
            net_price=Decimal("1.25"),
            time_in_force=TimeInForce.DAY,
            created_at=NOW,
            expires_at=NOW + timedelta(minutes=5),
        )
        return Order.model_validate({**order.model_dump(), **changes})

    return build


@asynccontextmanager
async def _serving(app):
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
def serving():
    """Return an async context manager that serves an aiohttp application and yields its port."""
    return _serving


@asynccontextmanager
async def _serving_bytes(handle):
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
def serving_bytes():
    """Return an async context manager that serves raw connections and yields the port."""
    return _serving_bytes
