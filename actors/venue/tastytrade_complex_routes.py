"""tastytrade's complex orders: OCO, OTO and OTOCO, placed, shown and cancelled as one.

Its parts are orders like any other, in the lists of orders too; each names the complex order and its part in it. As the
broker's documents have it: a part is cancelled with the others, by the id of the whole.
"""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from actors.venue.exchange import Exchange, OrderRefused
from actors.venue.paper_order import NewOrder, PaperOrder
from actors.venue.tastytrade_replies import Refused, body_of, data, items, not_found, page, preflight
from actors.venue.tastytrade_shapes import draft_json, new_order, order_json
from actors.venue.tastytrade_views import AccountViews

_PER_PAGE = 10
_PARTS = {"OCO": (0, 2), "OTO": (1, 1), "OTOCO": (1, 2)}
"""Trigger orders and orders of each kind."""
Json = dict[str, Any]


class ComplexRoutes:
    """The doors of complex orders."""

    def __init__(self, exchange: Exchange, views: AccountViews) -> None:
        self._exchange, self._views = exchange, views

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Open them."""
        base = "/accounts/{account}/complex-orders"
        router.add_route("GET", base, self._list)
        router.add_route("POST", base, self._place)
        router.add_route("POST", f"{base}/dry-run", self._dry_run)
        router.add_route("GET", f"{base}/live", self._live)
        router.add_route("GET", f"{base}/{{complex}}", self._one)
        router.add_route("DELETE", f"{base}/{{complex}}", self._cancel)

    async def _place(self, request: web.Request) -> web.Response:
        account, kind, trigger, orders = await self._asked(request)
        first = trigger or orders[0]
        try:
            preview = self._views.preview(first, self._exchange.preview(account, first, self._views.now()))
            placed = self._exchange.place_complex(account, kind, trigger, orders, self._views.now())
        except OrderRefused as refused:
            raise preflight(refused.code, refused.text) from refused
        return data(request, preview | {"complex-order": self._show(list(placed))}, HTTPStatus.CREATED)

    async def _dry_run(self, request: web.Request) -> web.Response:
        account, kind, trigger, orders = await self._asked(request)
        first = trigger or orders[0]
        try:
            preview = self._views.preview(first, self._exchange.preview(account, first, self._views.now()))
        except OrderRefused as refused:
            raise preflight(refused.code, refused.text) from refused
        contingent = {
            "status": "Contingent",
            "contingent-status": "Pending Order",
            "complex-order-tag": f"{kind}::order",
        }
        drafts = [draft_json(account, order, self._views.contract) | contingent for order in orders]
        shown: Json = {"account-number": account, "type": kind, "orders": drafts}
        if trigger is not None:
            tag = {"complex-order-tag": f"{kind}::trigger-order"}
            shown["trigger-order"] = draft_json(account, trigger, self._views.contract) | tag
        return data(request, preview | {"complex-order": shown}, HTTPStatus.CREATED)

    async def _asked(self, request: web.Request) -> tuple[str, str, NewOrder | None, list[NewOrder]]:
        body = await body_of(request)
        kind = str(body.get("type"))
        if kind not in _PARTS:
            raise preflight("complex_order_type_not_supported", f"{kind} orders are not supported.")
        asked = ([body["trigger-order"]] if body.get("trigger-order") else [], body.get("orders") or [])
        if tuple(map(len, asked)) != _PARTS[kind]:
            raise preflight("invalid_complex_order", f"{kind} takes {_PARTS[kind]} trigger orders and orders.")
        try:
            trigger, orders = ([new_order(each, self._views.named) for each in part] for part in asked)
        except (KeyError, TypeError, AttributeError) as error:
            text = f"Request validation failed: {error!r}"
            raise Refused(HTTPStatus.BAD_REQUEST, "validation_error", text) from error
        return request.match_info["account"], kind, next(iter(trigger), None), orders

    async def _list(self, request: web.Request) -> web.Response:
        return page(request, self._all(request), self._show, _PER_PAGE)

    async def _live(self, request: web.Request) -> web.Response:
        live = [parts for parts in self._all(request) if not all(part.is_terminal for part in parts)]
        return items(request, [self._show(parts) for parts in live])

    def _all(self, request: web.Request) -> list[list[PaperOrder]]:
        found: dict[int, list[PaperOrder]] = {}
        for order in self._exchange.orders(request.match_info["account"]):
            if order.complex_id is not None:
                found.setdefault(order.complex_id, []).append(order)
        return list(reversed(found.values()))

    async def _one(self, request: web.Request) -> web.Response:
        return data(request, self._show(self._parts(request)))

    async def _cancel(self, request: web.Request) -> web.Response:
        for part in self._parts(request):
            if not part.is_terminal:
                self._exchange.cancel(part.account, part.order_id, self._views.now())
        return data(request, self._show(self._parts(request)))

    def _parts(self, request: web.Request) -> list[PaperOrder]:
        number = request.match_info["complex"]
        orders = self._exchange.orders(request.match_info["account"])
        parts = [order for order in orders if str(order.complex_id) == number]
        if not parts:
            raise not_found(f"Complex order {number}")
        return parts

    def _show(self, parts: list[PaperOrder]) -> Json:
        kind, _, _ = (parts[0].complex_tag or "").partition("::")
        shown: Json = {
            "id": parts[0].complex_id,
            "account-number": parts[0].account,
            "type": kind,
            "orders": [order_json(part, self._views.contract) for part in parts if not part.is_trigger],
        }
        if parts[0].is_trigger:
            shown["trigger-order"] = order_json(parts[0], self._views.contract)
        return shown
