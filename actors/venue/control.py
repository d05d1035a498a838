"""The venue's own door: faults in, status out, and the market's clock, for whoever holds the run folder's token.

GET    /status            what plays, what was sent, what was injected, what the accounts hold
GET    /faults            faults in force, by number
POST   /faults            one fault as JSON; its number
DELETE /faults[/NUMBER]   one, or all
POST   /assign            {"account": NAME, "symbol": OCC, "quantity": 1}: shorts are assigned early
POST   /clock             {"action": "start", "speed": 60} | {"action": "hold"} | {"action": "step_to", "at": TIME}
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from pydantic import Field, TypeAdapter, ValidationError

from actors.domain.value import Instant, Value
from actors.venue.faults import Fault, FaultBook
from actors.venue.logins import is_same

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SPEED_MAX = 3600.0


class Start(Value):
    """Let the market's time run."""

    action: Literal["start"] = "start"
    speed: float = Field(default=1.0, gt=0, le=SPEED_MAX)


class Hold(Value):
    """Stop the market's time."""

    action: Literal["hold"] = "hold"


class StepTo(Value):
    """Play every batch up to `at` at once, and hold there."""

    action: Literal["step_to"] = "step_to"
    at: Instant


class Assign(Value):
    """Assign shorts of an account, as their holders' exercises would."""

    account: str
    symbol: str
    quantity: int = Field(default=1, gt=0)


ClockOrder = Annotated[Start | Hold | StepTo, Field(discriminator="action")]
_CLOCK_ORDER: TypeAdapter[Start | Hold | StepTo] = TypeAdapter(ClockOrder)


class Control:
    """Serves one venue. `changed` is awaited after each change of the faults."""

    def __init__(
        self,
        token: str,
        faults: FaultBook,
        status: Callable[[], Json],
        changed: Callable[[], Awaitable[None]],
        set_clock: Callable[[Start | Hold | StepTo], Awaitable[datetime]],
        assign: Callable[[str, str, int], None],
    ) -> None:
        self._token = token
        self._faults = faults
        self._status = status
        self._changed = changed
        self._set_clock, self._assign = set_clock, assign
        self.app = web.Application(middlewares=[self._guard])
        self.app.router.add_get("/status", self._read)
        self.app.router.add_get("/faults", self._active)
        self.app.router.add_post("/faults", self._add)
        self.app.router.add_delete("/faults", self._clear)
        self.app.router.add_delete("/faults/{number:\\d+}", self._clear)
        self.app.router.add_post("/clock", self._clock)
        self.app.router.add_post("/assign", self._assigned)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_same(request.headers.get("Authorization", ""), f"Bearer {self._token}"):
            return _json({"error": "the token of venue.json is needed"}, HTTPStatus.UNAUTHORIZED)
        try:
            return await handler(request)
        except ValidationError as error:
            return _json({"error": error.errors(include_url=False, include_context=False)}, HTTPStatus.BAD_REQUEST)
        except ValueError as error:
            return _json({"error": str(error)}, HTTPStatus.BAD_REQUEST)

    async def _read(self, _: web.Request) -> web.Response:
        return _json(self._status())

    async def _active(self, _: web.Request) -> web.Response:
        return _json({number: fault.model_dump(mode="json") for number, fault in self._faults.active().items()})

    async def _add(self, request: web.Request) -> web.Response:
        number = self._faults.add(Fault.model_validate_json(await request.read()))
        await self._changed()
        return _json({"fault": number})

    async def _clear(self, request: web.Request) -> web.Response:
        number = request.match_info.get("number")
        self._faults.clear(None if number is None else int(number))
        await self._changed()
        return _json({})

    async def _clock(self, request: web.Request) -> web.Response:
        order = _CLOCK_ORDER.validate_json(await request.read())
        return _json({"market_now": await self._set_clock(order)})

    async def _assigned(self, request: web.Request) -> web.Response:
        order = Assign.model_validate_json(await request.read())
        self._assign(order.account, order.symbol, order.quantity)
        return _json({})


def _json(body: object, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
