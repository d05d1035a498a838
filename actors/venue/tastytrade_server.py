"""tastytrade's REST API in front of the paper exchange: login, accounts, orders, transactions.

Decides nothing about trading: a handler parses, asks the exchange, and shows what it says. Assumes that every call of
the exchange is made on this one event loop. `external-identifier` is echoed, never enforced, as the broker does.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from actors.venue.account import Transaction
from actors.venue.exchange import Exchange, OrderFinished, OrderRefused
from actors.venue.fault_middleware import fault_middleware
from actors.venue.faults import FaultBook, Route
from actors.venue.logins import ACCESS_TOKEN_S, Tokens
from actors.venue.paper_order import NewOrder, PaperOrder
from actors.venue.tastytrade_account_shapes import account_json, trading_status_json
from actors.venue.tastytrade_complex_routes import ComplexRoutes
from actors.venue.tastytrade_market_routes import MarketRoutes
from actors.venue.tastytrade_replies import (
    Handler,
    Refused,
    answer_refusals,
    body_of,
    data,
    items,
    json_answer,
    not_found,
    page,
    preflight,
)
from actors.venue.tastytrade_shapes import STATUSES, draft_json, net_price, new_order, order_json
from actors.venue.tastytrade_views import AccountViews

NEW_YORK = ZoneInfo("America/New_York")
ORDERS_PER_PAGE = 10
TRANSACTIONS_PER_PAGE = 250
_LOGIN = "/oauth/token"
Json = dict[str, Any]


class TastytradeServer:
    """The REST door. `quote_url` returns where DXLink is, once it is bound."""

    def __init__(
        self,
        exchange: Exchange,
        views: AccountViews,
        tokens: Tokens,
        faults: FaultBook,
        quote_url: Callable[[], str],
    ) -> None:
        self._exchange = exchange
        self._views = views
        self._tokens, self._faults = tokens, faults
        middlewares = [fault_middleware(faults, Route.TASTYTRADE), answer_refusals, self._authorize]
        self.app = web.Application(middlewares=middlewares)
        self._route()
        ComplexRoutes(exchange, views).add_to(self.app.router)
        MarketRoutes(views.board, tokens, quote_url, views.now).add_to(self.app.router)

    def _route(self) -> None:
        account = "/accounts/{account}"
        add = self.app.router.add_route
        for method, path, handler in (
            ("POST", _LOGIN, self._login),
            ("GET", "/customers/me/accounts", self._accounts),
            ("GET", "/customers/me/accounts/{account}", self._one_account),
            ("GET", f"{account}/trading-status", self._trading_status),
            ("GET", f"{account}/balances", self._balances),
            ("GET", f"{account}/balances/USD", self._balances),
            ("GET", f"{account}/positions", self._positions),
            ("GET", f"{account}/transactions", self._transactions),
            ("POST", f"{account}/orders", self._place),
            ("POST", f"{account}/orders/dry-run", self._dry_run),
            ("GET", f"{account}/orders", self._orders),
            ("GET", f"{account}/orders/live", self._live),
            ("GET", f"{account}/orders/{{order}}", self._order),
            ("DELETE", f"{account}/orders/{{order}}", self._cancel),
            ("PUT", f"{account}/orders/{{order}}", self._replace),
            ("PATCH", f"{account}/orders/{{order}}", self._replace),
        ):
            add(method, path, handler)

    @web.middleware
    async def _authorize(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if "/" not in request.headers.get("User-Agent", ""):
            raise Refused(HTTPStatus.UNAUTHORIZED, "unauthorized", "A User-Agent of the form product/version is needed")
        if request.path != _LOGIN:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not self._tokens.is_good("access", token):
                raise Refused(HTTPStatus.UNAUTHORIZED, "token_invalid", "This token is invalid or has expired")
        account = request.match_info.get("account")
        if account is not None and account not in self._views.accounts:
            raise Refused(HTTPStatus.FORBIDDEN, "not_permitted", "User not permitted access")
        return await handler(request)

    async def _login(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        if body.get("grant_type") != "refresh_token":
            raise Refused(HTTPStatus.BAD_REQUEST, "invalid_request", "grant_type must be refresh_token")
        if not self._tokens.login(str(body.get("client_secret", "")), str(body.get("refresh_token", ""))):
            raise Refused(HTTPStatus.BAD_REQUEST, "invalid_grant", "Grant revoked or client not known")
        token = self._tokens.issue("access", ACCESS_TOKEN_S)
        return json_answer({"access_token": token, "token_type": "Bearer", "expires_in": ACCESS_TOKEN_S})

    async def _accounts(self, request: web.Request) -> web.Response:
        return items(
            request,
            [{"account": account_json(name), "authority-level": "owner"} for name in self._views.accounts],
        )

    async def _one_account(self, request: web.Request) -> web.Response:
        return data(request, account_json(request.match_info["account"]))

    async def _trading_status(self, request: web.Request) -> web.Response:
        told = trading_status_json(request.match_info["account"], self._views.now())
        return data(request, told | self._faults.restrictions(Route.TASTYTRADE))

    async def _balances(self, request: web.Request) -> web.Response:
        return data(request, self._views.balances(request.match_info["account"]))

    async def _positions(self, request: web.Request) -> web.Response:
        return items(request, self._views.positions(request.match_info["account"]))

    async def _transactions(self, request: web.Request) -> web.Response:
        account = request.match_info["account"]
        window = _window(request)
        found = [entry for entry in self._exchange.transactions(account) if _is_within(entry.at, window)]
        if request.query.get("sort", "Desc") == "Desc":
            found.reverse()

        def show(entry: Transaction) -> Json:
            return self._views.transaction(account, entry)

        return page(request, found, show, TRANSACTIONS_PER_PAGE)

    async def _place(self, request: web.Request) -> web.Response:
        account, new = await self._asked(request)
        try:
            preview = self._exchange.preview(account, new, self._views.now())
            order = self._exchange.place(account, new, self._views.now())
        except OrderRefused as refused:
            raise preflight(refused.code, refused.text) from refused
        shown = self._views.preview(new, preview) | {"order": self._show(order)}
        return data(request, shown, HTTPStatus.CREATED)

    async def _dry_run(self, request: web.Request) -> web.Response:
        account, new = await self._asked(request)
        try:
            preview = self._exchange.preview(account, new, self._views.now())
        except OrderRefused as refused:
            raise preflight(refused.code, refused.text) from refused
        draft = draft_json(account, new, self._views.contract)
        return data(request, self._views.preview(new, preview) | {"order": draft}, HTTPStatus.CREATED)

    async def _asked(self, request: web.Request) -> tuple[str, NewOrder]:
        body = await body_of(request)
        try:
            return request.match_info["account"], new_order(body, self._views.named)
        except (KeyError, TypeError, AttributeError) as error:
            raise Refused(
                HTTPStatus.BAD_REQUEST, "validation_error", f"Request validation failed: {error!r}"
            ) from error

    async def _orders(self, request: web.Request) -> web.Response:
        window = _window(request)
        statuses = set(request.query.getall("status[]", []))
        underlying = request.query.get("underlying-symbol")
        shown = [
            self._show(order)
            for order in self._exchange.orders(request.match_info["account"])
            if _is_within(order.received_at, window) and (not statuses or STATUSES[order.status] in statuses)
        ]
        found = [order for order in shown if underlying in {None, order["underlying-symbol"]}]
        if request.query.get("sort", "Desc") == "Desc":
            found.reverse()
        return page(request, found, dict, ORDERS_PER_PAGE)

    async def _live(self, request: web.Request) -> web.Response:
        midnight = self._views.now().astimezone(NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)
        orders = self._exchange.orders(request.match_info["account"])
        today = [order for order in orders if not order.is_terminal or order.updated_at >= midnight]
        return items(request, [self._show(order) for order in reversed(today)])

    async def _order(self, request: web.Request) -> web.Response:
        return data(request, self._show(self._known(request)))

    async def _cancel(self, request: web.Request) -> web.Response:
        known = self._known(request)
        try:
            return data(request, self._show(self._exchange.cancel(known.account, known.order_id, self._views.now())))
        except OrderFinished as finished:
            raise _cannot("cancelled") from finished
        except OrderRefused as refused:
            raise preflight(refused.code, refused.text) from refused

    async def _replace(self, request: web.Request) -> web.Response:
        known = self._known(request)
        body = await body_of(request)
        price = net_price(body, known.legs)
        try:
            name = body.get("external-identifier")
            order = self._exchange.replace(known.account, known.order_id, price, self._views.now(), name)
        except OrderFinished as finished:
            raise _cannot("replaced") from finished
        except OrderRefused as refused:
            raise preflight(refused.code, refused.text) from refused
        return data(request, self._show(order))

    def _known(self, request: web.Request) -> PaperOrder:
        number = request.match_info["order"]
        order = self._exchange.order(request.match_info["account"], int(number)) if number.isdecimal() else None
        if order is None:
            raise not_found(f"Order {number}")
        return order

    def _show(self, order: PaperOrder) -> Json:
        return order_json(order, self._views.contract)


def _cannot(done: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "cannot_update_order", f"the order could not be {done}")


def _window(request: web.Request) -> tuple[datetime | None, datetime | None]:
    """Return the time a query asks for: instants, or New York dates of which the last is included."""
    query = request.query
    try:
        start, end = (
            datetime.fromisoformat(query[key].replace(" ", "+") if "T" in query[key] else query[key])
            if key in query
            else None
            for key in ("start-at", "end-at")
        )
        first, last = (
            datetime.combine(date.fromisoformat(query[key]) + timedelta(days=days), datetime.min.time(), NEW_YORK)
            if key in query
            else None
            for key, days in (("start-date", 0), ("end-date", 1))
        )
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid_parameter", str(error)) from error
    return _aware(start) or first, _aware(end) or last


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _is_within(at: datetime, window: tuple[datetime | None, datetime | None]) -> bool:
    start, end = window
    return (start is None or at >= start) and (end is None or at < end)
