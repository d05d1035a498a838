"""Logins, tokens and reads: what is retried, what is final, and what never becomes a reading."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from pydantic import SecretStr

from actors.brokers.alpaca import Alpaca, AlpacaSettings
from actors.brokers.alpaca_stream import AlpacaLogin
from actors.brokers.reads import ReadLimits, Reads
from actors.brokers.tastytrade import Tastytrade, TastytradeSettings
from actors.brokers.tastytrade_token import AccessToken, TastytradeLogin, TokenLimits
from actors.domain.connection.backoff import BackoffLimits
from actors.ports import BrokerRefused, BrokerUnavailable
from actors.venue.tastytrade_account_shapes import trading_status_json

SECRET = SecretStr("the-secret-itself")
FAST = ReadLimits(timeout_s=0.3, tries=3, backoff=BackoffLimits(first_s=0.001, longest_s=0.002))
LOGIN = TastytradeLogin(client_secret=SECRET, refresh_token=SECRET)
SECOND = 1_000_000_000


class HandClock:
    """A boot clock moved by hand."""

    now_ns = 0

    def boot_ns(self):
        return self.now_ns


class TokenServer:
    """Hands out numbered tokens, or answers as told."""

    def __init__(self):
        self.asked, self.status, self.bodies = 0, 200, []

    def app(self):
        app = web.Application()
        app.router.add_post("/oauth/token", self.token)
        return app

    async def token(self, request):
        self.asked += 1
        self.bodies.append(await request.json())
        if self.status != 200:
            return web.json_response({"error": {"code": "invalid_grant"}}, status=self.status)
        return web.json_response({"access_token": f"token-{self.asked}", "token_type": "Bearer", "expires_in": 900})


def with_token(serving, scenario, server=None):
    async def run():
        found = server or TokenServer()
        async with serving(found.app()) as port:
            clock = HandClock()
            reads = Reads(f"http://127.0.0.1:{port}", dict, FAST)
            token = AccessToken(reads, LOGIN, clock, TokenLimits(ahead_s=120, pause_s=20, check_every_s=0.01))
            result = await scenario(token, clock, found)
            await reads.close()
        return result

    return asyncio.run(run())


def test_a_token_is_fetched_once_and_again_ahead_of_its_end(serving):
    async def scenario(token, clock, server):
        seen = []
        for at_s in (0, 779, 781, 1_000):
            clock.now_ns = at_s * SECOND
            await token.ensure()
            seen.append(token.authorization)
        return seen, server.bodies[0]

    seen, body = with_token(serving, scenario)
    assert seen == ["Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2"]
    assert body == {
        "grant_type": "refresh_token",
        "client_secret": "the-secret-itself",
        "refresh_token": "the-secret-itself",
    }


def test_a_token_past_its_end_is_no_token(serving):
    async def scenario(token, clock, _):
        await token.ensure()
        clock.now_ns = 901 * SECOND
        return token.authorization, dict(token.headers())

    assert with_token(serving, scenario) == (None, {})


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_refresh_is_final_and_is_not_asked_again(serving, status):
    async def scenario(token, clock, server):
        server.status = status
        for _ in range(3):
            with pytest.raises(BrokerRefused, match="not tried again"):
                await token.ensure()
            clock.now_ns += 10_000 * SECOND
        await token.keep_fresh()  # ends by itself
        return server.asked

    assert with_token(serving, scenario) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refresh_that_fails_for_a_while_is_tried_again(serving, status):
    async def scenario(token, _, server):
        server.status = status
        with pytest.raises(BrokerUnavailable):
            await token.ensure()
        server.status = 200
        await token.ensure()
        return token.authorization

    assert with_token(serving, scenario) == "Bearer token-2"


def test_a_doubted_token_is_fetched_anew_but_not_at_every_doubt(serving):
    async def scenario(token, clock, server):
        await token.ensure()
        for at_s in (1, 2, 21, 22, 23):
            clock.now_ns = at_s * SECOND
            token.doubt()
            await token.ensure()
        return server.asked

    assert with_token(serving, scenario) == 2


def test_a_token_is_kept_fresh_in_the_background(serving):
    async def scenario(token, clock, server):
        await token.ensure()
        keeping = asyncio.create_task(token.keep_fresh())
        clock.now_ns = 800 * SECOND
        async with asyncio.timeout(5):
            while server.asked < 2:
                await asyncio.sleep(0.001)
        keeping.cancel()
        return token.authorization

    assert with_token(serving, scenario) in {"Bearer token-1", "Bearer token-2"}


def test_secrets_do_not_show_when_printed(clock):
    settings = AlpacaSettings(route="a", account_domain="a", url="http://x", stream_url="ws://x")
    keys = AlpacaLogin(key_id=SECRET, secret_key=SECRET)
    Alpaca(settings, keys, clock)
    assert "the-secret-itself" not in repr((LOGIN, keys, settings))


class Scripted:
    """Answers one path with a list of statuses in turn, the last one for ever."""

    def __init__(self, *statuses, body=b'{"price": 1.10}'):
        self.statuses, self.asked, self.body = list(statuses), 0, body

    def app(self):
        app = web.Application()
        app.router.add_get("/x", self.answer)
        return app

    async def answer(self, _):
        self.asked += 1
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, body=self.body)


def read(serving, server, **more):
    async def run():
        async with serving(server.app()) as port:
            reads = Reads(f"http://127.0.0.1:{port}", dict, FAST, **more)
            try:
                return await reads.get("/x")
            finally:
                await reads.close()

    return asyncio.run(run())


@pytest.mark.parametrize("statuses", [(200,), (503, 200), (500, 429, 200)])
def test_a_read_is_tried_a_few_times_and_loses_no_digit(serving, statuses):
    server = Scripted(*statuses)
    assert str(read(serving, server)["price"]) == "1.10"
    assert server.asked == len(statuses)


@pytest.mark.parametrize(
    ("statuses", "failure", "asked"),
    [
        ((503,), BrokerUnavailable, 3),
        ((403,), BrokerRefused, 1),
        ((404,), BrokerRefused, 1),
        ((302,), BrokerUnavailable, 3),
    ],
)
def test_a_read_that_fails_says_whether_trying_again_would_help(serving, statuses, failure, asked):
    server = Scripted(*statuses)
    with pytest.raises(failure):
        read(serving, server)
    assert server.asked == asked


def test_a_401_is_heard_of_and_garbage_is_unavailable(serving):
    heard = []
    with pytest.raises(BrokerUnavailable, match="401"):
        read(serving, Scripted(401), on_unauthorised=lambda: heard.append(1))
    assert len(heard) == 3
    with pytest.raises(BrokerUnavailable, match="cannot be read"):
        read(serving, Scripted(200, body=b"<html>"))


class Account:
    """A tastytrade account whose answers the test changes."""

    def __init__(self):
        self.orders, self.totals, self.grow = [], {}, 0
        self.broken = ""
        self.balances = {"cash-balance": "10.50", "net-liquidating-value": "11", "derivative-buying-power": "9.25"}
        self.status = trading_status_json("5W", datetime.now(UTC))

    def app(self):
        app = web.Application()
        app.router.add_post("/oauth/token", TokenServer().token)
        for name in ("positions", "transactions", "balances", "trading-status"):
            app.router.add_get(f"/accounts/5W/{name}", self.other)
        app.router.add_get("/accounts/5W/orders", self.read_orders)
        return app

    async def other(self, request):
        name = request.path.rpartition("/")[2]
        if name == self.broken:
            return web.Response(status=500)
        data = {"balances": self.balances, "trading-status": self.status}.get(name, {"items": []})
        return web.json_response({"data": data})

    async def read_orders(self, request):
        if self.broken == "orders":
            return web.Response(status=500)
        size, offset = int(request.query["per-page"]), int(request.query["page-offset"])
        if self.grow and not offset:
            self.grow -= 1
            self.orders.insert(0, filled_order(100 + self.grow))
        pages = -(-len(self.orders) // size)
        paging = {"total-pages": pages, "total-items": len(self.orders)} | self.totals
        return web.json_response(
            {"data": {"items": self.orders[offset * size : (offset + 1) * size]}, "pagination": paging}
        )


def filled_order(number):
    fill = {"fill-id": f"f{number}", "quantity": 1, "fill-price": "1", "filled-at": "2026-11-20T15:00:00Z"}
    leg = {"symbol": "SPY", "action": "Buy to Open", "quantity": 1, "remaining-quantity": 0, "fills": [fill]}
    return {"id": number, "status": "Filled", "updated-at": 1, "legs": [leg]}


def account_of(serving, clock, server):
    async def run():
        async with serving(server.app()) as port:
            settings = TastytradeSettings(
                route="t",
                account_domain="t",
                url=f"http://127.0.0.1:{port}",
                stream_url="ws://x",
                account="5W",
                page_size=2,
                reads=FAST,
            )
            adapter = Tastytrade(settings, LOGIN, clock)
            await adapter._token.ensure()
            try:
                return await adapter.account(clock.market_now() - timedelta(hours=1))
            finally:
                await adapter.close()

    return asyncio.run(run())


def test_an_account_is_read_through_every_page(serving, clock):
    server = Account()
    server.orders = [filled_order(number) for number in range(5)]
    state = account_of(serving, clock, server)
    assert [order.broker_order_id for order in state.orders] == ["0", "1", "2", "3", "4"]
    assert str(state.cash) == "10.50"


@pytest.mark.parametrize("part", ["orders", "positions", "transactions", "balances"])
def test_an_account_with_one_part_missing_is_no_account(serving, clock, part):
    server = Account()
    server.broken = part
    with pytest.raises(BrokerUnavailable):
        account_of(serving, clock, server)


def test_what_the_account_may_do_is_read_with_it(serving, clock):
    server = Account()
    server.status |= {"is-closing-only": True}
    state = account_of(serving, clock, server)
    assert (str(state.buying_power), state.trading.bars) == ("9.25", ("closing only",))


@pytest.mark.parametrize("broken", [None, "trading-status", "no flags"])
def test_an_account_whose_status_cannot_be_read_is_read_without_it(serving, clock, broken):
    server = Account()
    server.broken = broken
    if broken is None:
        server.status = []
    if broken == "no flags":
        server.status = {}
    server.balances["derivative-buying-power"] = "NaN"
    state = account_of(serving, clock, server)
    assert str(state.cash) == "10.50"
    assert state.buying_power is None
    assert state.trading is None or state.trading.unknown


def test_pages_that_do_not_add_up_are_no_reading(serving, clock):
    server = Account()
    server.orders, server.totals = [filled_order(1)], {"total-items": 3}
    with pytest.raises(BrokerUnavailable, match="1 of 3"):
        account_of(serving, clock, server)


def test_a_fill_that_comes_in_between_makes_the_account_be_read_anew(serving, clock):
    server = Account()
    server.grow = 2
    assert len(account_of(serving, clock, server).orders) == 2


def test_an_account_that_never_stands_still_is_unavailable(serving, clock):
    server = Account()
    server.grow = 99
    with pytest.raises(BrokerUnavailable, match="fills came in"):
        account_of(serving, clock, server)
