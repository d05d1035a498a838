"""The second broker's trading API in front of the paper exchange.

Decides nothing about trading but what this broker is strict about where the first is not: a `client_order_id` is
unique, and a close never becomes an opening. Assumes that every call of the exchange is made on this one event loop.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from actors.domain.value import ZERO
from actors.venue.account import PaperPosition
from actors.venue.alpaca_account_shapes import (
    account_json,
    activities_json,
    calendar_json,
    clock_json,
    contract_json,
    position_json,
)
from actors.venue.alpaca_replies import Refused, at_of, count_of, json_answer, understood
from actors.venue.alpaca_shapes import (
    Unprocessable,
    canonical_symbol,
    combo_price,
    new_order,
    order_json,
    order_number,
    order_uuid,
)
from actors.venue.alpaca_stream import TradeUpdates
from actors.venue.board import Board
from actors.venue.exchange import Exchange, OrderFinished, OrderRefused
from actors.venue.fault_middleware import fault_middleware
from actors.venue.faults import FaultBook, Route
from actors.venue.logins import Tokens
from actors.venue.paper_order import PaperOrder

ORDERS_PER_PAGE = 50
ORDERS_MAX = 500
ACTIVITIES_PER_PAGE = 100
CONTRACTS_PER_PAGE = 100
CONTRACTS_MAX = 10_000
UNPROCESSABLE = 40010001
FORBIDDEN = 40310000
NOT_FOUND = 40410000
NOT_CANCELABLE = 42210000
Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AlpacaServer:
    """REST and the order stream of one account. `now` is the market's time."""

    def __init__(
        self,
        exchange: Exchange,
        board: Board,
        account: str,
        tokens: Tokens,
        faults: FaultBook,
        now: Callable[[], datetime],
    ) -> None:
        self._exchange = exchange
        self._board = board
        self._account = account
        self._tokens, self._faults = tokens, faults
        self._now = now
        self.stream = TradeUpdates(exchange, account, tokens, faults)
        self.app = web.Application(middlewares=[fault_middleware(faults, Route.ALPACA), self._answer])
        self._route()

    def _route(self) -> None:
        add = self.app.router.add_route
        for method, path, handler in (
            ("GET", "/stream", self.stream.serve),
            ("GET", "/v2/account", self._account_read),
            ("GET", "/v2/account/activities", self._activities),
            ("GET", "/v2/account/activities/{kind}", self._activities),
            ("GET", "/v2/clock", self._clock),
            ("GET", "/v2/calendar", self._calendar),
            ("POST", "/v2/orders", self._place),
            ("GET", "/v2/orders", self._orders),
            ("DELETE", "/v2/orders", self._cancel_all),
            ("GET", "/v2/orders:by_client_order_id", self._by_client_id),
            ("GET", "/v2/orders/{order}", self._order),
            ("PATCH", "/v2/orders/{order}", self._replace),
            ("DELETE", "/v2/orders/{order}", self._cancel),
            ("GET", "/v2/positions", self._positions),
            ("GET", "/v2/positions/{symbol}", self._position),
            ("GET", "/v2/options/contracts", self._contracts),
            ("GET", "/v2/options/contracts/{symbol}", self._contract),
        ):
            add(method, path, handler)

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        key = request.headers.get("APCA-API-KEY-ID", "")
        secret = request.headers.get("APCA-API-SECRET-KEY", "")
        if request.path != "/stream" and not self._tokens.is_alpaca(key, secret):
            return json_answer({"message": "forbidden."}, HTTPStatus.FORBIDDEN)
        try:
            return await handler(request)
        except Refused as refused:
            return json_answer(refused.body, refused.status)
        except Unprocessable as error:
            return json_answer({"code": UNPROCESSABLE, "message": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        except OrderRefused as refused:
            return json_answer({"code": FORBIDDEN, "message": f"{refused.code}: {refused.text}"}, HTTPStatus.FORBIDDEN)
        except web.HTTPNotFound:
            return json_answer({"code": NOT_FOUND, "message": "endpoint not found"}, HTTPStatus.NOT_FOUND)

    async def _account_read(self, _: web.Request) -> web.Response:
        values = [position.quantity * position.multiplier * self._mark(position) for position in self._held()]
        long_value = sum((value for value in values if value > 0), ZERO)
        short_value = sum((value for value in values if value < 0), ZERO)
        told = account_json(self._account, self._exchange.balances(self._account), long_value, short_value)
        return json_answer(told | self._faults.restrictions(Route.ALPACA))

    async def _activities(self, request: web.Request) -> web.Response:
        query = request.query
        kinds = set((request.match_info.get("kind") or query.get("activity_types", "")).split(",")) - {""}
        after, until = at_of(query.get("after")), at_of(query.get("until"))
        found = [
            shown
            for entry in self._exchange.transactions(self._account, after)
            if (after is None or entry.at > after) and (until is None or entry.at < until)
            for kind, shown in activities_json(entry, self._order_of(entry.order_id))
            if not kinds or kind in kinds
        ]
        if query.get("direction", "desc") == "desc":
            found.reverse()
        start = next((n + 1 for n, each in enumerate(found) if each["id"] == query.get("page_token")), 0)
        return json_answer(
            found[start : start + count_of(request, "page_size", ACTIVITIES_PER_PAGE, ACTIVITIES_PER_PAGE)]
        )

    async def _clock(self, _: web.Request) -> web.Response:
        return json_answer(clock_json(self._now(), self._board.market.stock_hours))

    async def _calendar(self, request: web.Request) -> web.Response:
        return json_answer(calendar_json(self._board.market, request.query.get("start"), request.query.get("end")))

    async def _place(self, request: web.Request) -> web.Response:
        text = await request.read()
        with understood():
            new = new_order(msgspec.json.decode(text), {held.symbol: held.quantity for held in self._held()})
        if new.client_id is not None and self._exchange.order_by_client_id(self._account, new.client_id) is not None:
            raise Unprocessable("client_order_id must be unique")
        return json_answer(order_json(self._exchange.place(self._account, new, self._now())))

    async def _orders(self, request: web.Request) -> web.Response:
        query = request.query
        status = query.get("status", "open")
        after, until = at_of(query.get("after")), at_of(query.get("until"))
        found = [
            order
            for order in self._exchange.orders(self._account)
            if (status == "all" or order.is_terminal == (status == "closed"))
            and (after is None or order.received_at > after)
            and (until is None or order.received_at < until)
        ]
        if query.get("direction", "desc") == "desc":
            found.reverse()
        return json_answer(
            [order_json(order) for order in found[: count_of(request, "limit", ORDERS_PER_PAGE, ORDERS_MAX)]]
        )

    async def _by_client_id(self, request: web.Request) -> web.Response:
        order = self._exchange.order_by_client_id(self._account, request.query["client_order_id"])
        if order is None:
            raise Refused(HTTPStatus.NOT_FOUND, NOT_FOUND, "order not found")
        return json_answer(order_json(order))

    async def _order(self, request: web.Request) -> web.Response:
        return json_answer(order_json(self._known(request)))

    async def _cancel(self, request: web.Request) -> web.Response:
        order = self._known(request)
        try:
            self._exchange.cancel(self._account, order.order_id, self._now())
        except OrderFinished as finished:
            raise _finished(finished.order) from finished
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _cancel_all(self, _: web.Request) -> web.Response:
        open_orders = [order for order in self._exchange.orders(self._account) if not order.is_terminal]
        for order in open_orders:
            self._exchange.cancel(self._account, order.order_id, self._now())
        shown = [{"id": order_uuid(order.order_id), "status": HTTPStatus.OK} for order in open_orders]
        return json_answer(shown, HTTPStatus.MULTI_STATUS)

    async def _replace(self, request: web.Request) -> web.Response:
        order = self._known(request)
        single = order.legs[0].action if len(order.legs) == 1 else None
        text = await request.read()
        with understood():
            body = msgspec.json.decode(text)
            price = combo_price(body.get("limit_price"), single)
        try:
            # A replacement never keeps the name of what it replaces: names are unique here.
            name = body.get("client_order_id") or f"{order_uuid(order.order_id)}-replacement"
            replacement = self._exchange.replace(self._account, order.order_id, price, self._now(), name)
        except OrderFinished as finished:
            raise _finished(finished.order) from finished
        return json_answer(order_json(replacement))

    async def _positions(self, _: web.Request) -> web.Response:
        return json_answer([position_json(position, self._mark(position)) for position in self._held()])

    async def _position(self, request: web.Request) -> web.Response:
        symbol = canonical_symbol(request.match_info["symbol"])
        position = next((each for each in self._held() if each.symbol == symbol), None)
        if position is None:
            raise Refused(HTTPStatus.NOT_FOUND, NOT_FOUND, "position does not exist")
        return json_answer(position_json(position, self._mark(position)))

    async def _contracts(self, request: web.Request) -> web.Response:
        query = request.query
        underlyings = set(query.get("underlying_symbols", "").split(",")) - {""}
        kind, root, day = query.get("type"), query.get("root_symbol"), query.get("expiration_date")
        first, last = query.get("expiration_date_gte", ""), query.get("expiration_date_lte", date.max.isoformat())
        with understood():
            low = Decimal(query.get("strike_price_gte", "0"))
            high = Decimal(query.get("strike_price_lte", "Infinity"))
        shown = (
            contract_json(contract, self._board.market.session)
            for contract in self._board.contracts
            if contract.is_option
            and (not underlyings or contract.underlying in underlyings)
            and root in {None, contract.product.root}
        )
        found = [
            each
            for each in shown
            if kind in {None, each["type"]}
            and day in {None, each["expiration_date"]}
            and first <= each["expiration_date"] <= last
            and low <= Decimal(each["strike_price"]) <= high
        ]
        start = count_of(request, "page_token", 0, len(found))
        end = start + count_of(request, "limit", CONTRACTS_PER_PAGE, CONTRACTS_MAX)
        token = str(end) if end < len(found) else None
        return json_answer({"option_contracts": found[start:end], "next_page_token": token})

    async def _contract(self, request: web.Request) -> web.Response:
        contract = self._board.contract(canonical_symbol(request.match_info["symbol"]))
        if contract is None or not contract.is_option:
            raise Refused(HTTPStatus.NOT_FOUND, NOT_FOUND, "option contract not found")
        return json_answer(contract_json(contract, self._board.market.session))

    def _known(self, request: web.Request) -> PaperOrder:
        order = self._order_of(order_number(request.match_info["order"]))
        if order is None:
            raise Refused(HTTPStatus.NOT_FOUND, NOT_FOUND, "order not found")
        return order

    def _order_of(self, number: int | None) -> PaperOrder | None:
        return None if number is None else self._exchange.order(self._account, number)

    def _held(self) -> tuple[PaperPosition, ...]:
        return self._exchange.positions(self._account)

    def _mark(self, position: PaperPosition) -> Decimal:
        mark = self._board.mark(position.symbol)
        return position.average_price if mark is None else Decimal(repr(round(mark, 6)))


def _finished(order: PaperOrder) -> Refused:
    status = order_json(order)["status"]
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, NOT_CANCELABLE, f'order is already in "{status}" state')
