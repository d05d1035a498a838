"""QuantConnect's REST v2 in front of a LEAN in small: what Holdfast calls, and the ways a command goes astray.

`success: true` is answered before the algorithm hears anything, and whether it does or not. Faults of a command are
struck by its kind as path: LOSE, HOLD, DUPLICATE, RESTART.
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

from actors.venue.fault_middleware import fault_middleware
from actors.venue.faults import COMMAND_KINDS, FaultBook, FaultKind, Route
from actors.venue.logins import Credentials, is_same
from actors.venue.quantconnect_lean import Lean
from actors.venue.quantconnect_values import LeanOrder

SIGNATURE_AGE_MAX_S = 300
PAGE_MAX = 1_000
Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class QuantConnectServer:
    """One user's projects, of which one is deployed."""

    def __init__(
        self, lean: Lean, credentials: Credentials, faults: FaultBook, market_now: Callable[[], datetime]
    ) -> None:
        self._lean, self._credentials, self._faults, self._market_now = lean, credentials, faults, market_now
        self._held: set[asyncio.Task[None]] = set()
        self.app = web.Application(middlewares=[fault_middleware(faults, Route.QUANTCONNECT), self._signed])
        for call, answer in (
            ("authenticate", self._authenticate),
            ("live/read", self._live),
            ("live/orders/read", self._orders),
            ("live/commands/create", self._command),
        ):
            self.app.router.add_post(f"/api/v2/{call}", answer)

    @web.middleware
    async def _signed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        stamp = request.headers.get("Timestamp", "")
        token = hashlib.sha256(f"{self._credentials.quantconnect_token}:{stamp}".encode()).hexdigest()
        pair = base64.b64encode(f"{self._credentials.quantconnect_user}:{token}".encode()).decode()
        is_fresh = stamp.isdigit() and abs(time.time() - int(stamp)) < SIGNATURE_AGE_MAX_S
        if not is_fresh or not is_same(request.headers.get("Authorization", ""), f"Basic {pair}"):
            return _failure("Hash doesn't match.")
        return await handler(request)

    async def _authenticate(self, _: web.Request) -> web.Response:
        return _answer({})

    async def _live(self, request: web.Request) -> web.Response:
        if await self._project(request) is None:
            return _failure("No live algorithm found")
        status = "Running" if self._lean.is_running else "RuntimeError"
        return _answer(
            {"status": status, "deployId": self._lean.algorithm_id, "brokerage": self._lean.settings.brokerage}
        )

    async def _orders(self, request: web.Request) -> web.Response:
        body = await self._project(request)
        if body is None:
            return _failure("No live algorithm found")
        until = self._market_now() - timedelta(seconds=self._lean.settings.read_lag_s)
        orders = [each for each in (*self._lean.past, *self._lean.orders.values()) if each.created_at <= until]
        start, end = int(body.get("start", 0)), int(body.get("end", PAGE_MAX))
        return _answer({"orders": [_order_json(each) for each in orders[start:end]], "length": len(orders)})

    async def _command(self, request: web.Request) -> web.Response:
        body = await self._project(request)
        if body is None:
            return _failure("No live algorithm found")
        self._pass_on(body.get("command"))
        return _answer({})

    def _pass_on(self, command: Any) -> None:
        fault = self._faults.strike(Route.QUANTCONNECT, COMMAND_KINDS, "", _kind(command))
        kind = None if fault is None else fault.kind
        if kind is FaultKind.LOSE:
            return
        if kind is FaultKind.HOLD and fault is not None:
            task = asyncio.create_task(self._later(command, fault.delay_s))
            self._held.add(task)
            task.add_done_callback(self._held.discard)
            return
        if kind is FaultKind.RESTART and fault is not None and not fault.after:
            self._lean.restart()
        self._lean.deliver(command)
        if kind is FaultKind.DUPLICATE:
            self._lean.deliver(command)
        if kind is FaultKind.RESTART and fault is not None and fault.after:
            self._lean.restart()

    async def _later(self, command: Any, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._lean.deliver(command)

    async def _project(self, request: web.Request) -> Json | None:
        try:
            body = msgspec.json.decode(await request.read())
        except msgspec.DecodeError:
            return None
        return body if isinstance(body, dict) and body.get("projectId") == self._lean.settings.project else None


def _kind(command: Any) -> str:
    try:
        return str(msgspec.json.decode(command["body"])["kind"])
    except (TypeError, KeyError, msgspec.DecodeError):
        return ""


def _order_json(order: LeanOrder) -> Json:
    return {
        "id": order.id,
        "type": 9 if order.limit_price is not None else 0,
        "quantity": float(order.quantity),
        "brokerId": order.broker_id,
        "symbol": {"value": order.symbol.value, "id": order.symbol.value, "permtick": order.symbol.value},
        "time": order.created_at.isoformat(),
        "createdTime": order.created_at.isoformat(),
        "status": int(order.status),
        "tag": order.tag,
        "groupOrderManager": {"id": order.combo},
        "events": [],
    }


def _answer(body: Json) -> web.Response:
    whole = msgspec.json.encode({**body, "success": True, "errors": []})
    return web.Response(body=whole, content_type="application/json")


def _failure(text: str) -> web.Response:
    whole = msgspec.json.encode({"success": False, "errors": [text]})
    return web.Response(body=whole, content_type="application/json")
