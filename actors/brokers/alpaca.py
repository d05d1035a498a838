"""The route to Alpaca: a second broker, another account domain.

`client_order_id` is enforced and can be looked up, so one look answers a doubt; absence still waits out the window,
because a request may be on its way. An answer that the id exists already is a doubt, not a refusal: the order is there.
A push is only a hint: fills are read from the activities (see `alpaca_shapes`), a few times while those lag behind.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

import msgspec
from pydantic import Field

from actors.brokers import alpaca_shapes as shapes
from actors.brokers.alpaca_pages import Pages
from actors.brokers.alpaca_status import trading_status
from actors.brokers.alpaca_stream import AlpacaLogin, TradeUpdates, TradeUpdatesLimits
from actors.brokers.coverages import COVERAGES
from actors.brokers.market_hours import of_alpaca
from actors.brokers.outcomes import RETRYABLE, Unsendable, outcome_of, outcome_of_failure
from actors.brokers.payload import Json, decoded, instant, known, number, readable
from actors.brokers.reads import ReadLimits, Reads
from actors.brokers.wire import Answer, Doubt, NothingSent, Wire, WireLimits
from actors.domain.connection.route_health import Vitals
from actors.domain.market.market_hours import MarketHours
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.attempt import (
    Absent,
    Accepted,
    Found,
    InDoubt,
    Rejected,
    Resolution,
    SubmitOutcome,
    Unknown,
)
from actors.domain.orders.order import Contingency, Order
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.value import Money, Value
from actors.ports import BrokerRefused, BrokerUnavailable, Clock, Guard

_EXISTS = "client_order_id must be unique"
_DAY = timedelta(days=1)


class AlpacaSettings(Value):
    """Where the route leads, and its bounds."""

    route: str
    account_domain: str
    url: str
    stream_url: str
    orders_page: int = Field(default=500, gt=0)
    activities_page: int = Field(default=100, gt=0)
    pages_max: int = Field(default=200, gt=0)
    still_looks_max: int = Field(default=3, gt=0)
    """How often an account is read anew because fills came in between its parts."""
    fill_looks_max: int = Field(default=5, gt=0)
    """How often the activities are read for a fill that a push announced."""
    fill_pause_s: float = Field(default=0.2, gt=0)
    legs_known_max: int = Field(default=10_000, gt=0)
    probe_timeout_s: float = Field(default=1.5, gt=0)
    wire: WireLimits = WireLimits()
    reads: ReadLimits = ReadLimits()
    stream: TradeUpdatesLimits = TradeUpdatesLimits()


class Alpaca:
    """A live session with one Alpaca account; implements `ports.Broker`."""

    def __init__(self, settings: AlpacaSettings, login: AlpacaLogin, clock: Clock) -> None:
        self.route, self.account_domain = settings.route, settings.account_domain
        self.coverage = COVERAGES["alpaca"]
        self._settings, self._clock = settings, clock
        self._headers = (
            ("APCA-API-KEY-ID", login.key_id.get_secret_value()),
            ("APCA-API-SECRET-KEY", login.secret_key.get_secret_value()),
            ("User-Agent", "holdfast/0.1.0"),
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
        )
        self._wire = Wire(settings.url, settings.wire)
        self._reads = Reads(settings.url, lambda: dict(self._headers), settings.reads)
        self._pages = Pages(self._reads, settings.orders_page, settings.activities_page, settings.pages_max)
        self._stream = TradeUpdates(settings.stream_url, login, settings.stream)
        self._combos: dict[str, str] = {}
        """Leg's order id to its combo's: a push may speak of either."""

    def vitals(self) -> Vitals:
        """Return the age of the stream's last word; keys have none."""
        return Vitals(stream_heard_s=self._stream.heard_s)

    async def connect(self) -> None:
        """Log in and open the account's event stream. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._reads.probe("/v2/account", refused_by_401=True)  # keys do not run out: a 401 is final
        await self._stream.open()
        with contextlib.suppress(NothingSent):  # the first order will say so
            await self._wire.warm()

    def words(self, attempt_id: str, order: Order) -> bytes | Rejected:
        """Return the JSON of an order, known by `attempt_id`; a refusal where there are no words for it here."""
        try:
            return msgspec.json.encode(shapes.order_body(attempt_id, order))
        except Unsendable as error:
            return Rejected(code="unsendable", text=str(error))

    async def submit(self, attempt_id: str, words: bytes, timeout_s: float, before_first_byte: Guard) -> SubmitOutcome:  # noqa: ARG002 - it stands in the words
        """Send an order once. Expected outcomes never raise."""
        try:
            answer = await self._write("POST", "/v2/orders", words, timeout_s, before_first_byte)
        except (NothingSent, Doubt) as failure:
            return outcome_of_failure(failure)
        outcome = outcome_of(answer, self._accepted, shapes.refusal)
        if isinstance(outcome, Rejected) and _EXISTS in outcome.text:
            return InDoubt(cause="the broker knows this id already", evidence=outcome.text)
        return outcome

    async def submit_complex(
        self,
        contingency: Contingency,
        parts: Sequence[tuple[str, Order]],
        timeout_s: float,  # noqa: ARG002 - the port's
        before_first_byte: Guard,  # noqa: ARG002 - the port's
    ) -> tuple[SubmitOutcome, ...]:
        """Refuse: options have no complex orders here."""
        return tuple(Rejected(code="unsendable", text=f"no {contingency} of options here") for _ in parts)

    async def cancel(self, broker_order_id: str, timeout_s: float, before_first_byte: Guard) -> tuple[bool, str]:
        """Ask for a cancel; return whether the broker took the request, and its words."""
        try:
            answer = await self._write("DELETE", f"/v2/orders/{broker_order_id}", b"", timeout_s, before_first_byte)
        except (NothingSent, Doubt) as failure:
            return False, str(failure)
        if answer.status // 100 == 2:
            return True, "cancel requested"
        try:
            return False, ": ".join(shapes.refusal(decoded(answer.body, "answer")))
        except BrokerUnavailable:
            return False, f"answered {answer.status}"

    async def resolve(self, attempt_id: str, order: Order, since: datetime) -> Resolution:  # noqa: ARG002 - the port's; the id alone finds it
        """Look the order up by its id, once."""
        try:
            found = await self._reads.find("/v2/orders:by_client_order_id", {"client_order_id": attempt_id})
            if found is None:
                return Absent(proof=f"no order has the id {attempt_id}")
            with readable("order"):
                broker_order_id = found["id"]
            return Found(report=await self.order(broker_order_id))
        except (BrokerUnavailable, BrokerRefused) as error:
            return Unknown(reason=str(error))

    async def order(self, broker_order_id: str) -> ExecutionReport:
        """Read one order with its fills. Raises `BrokerUnavailable`, `BrokerRefused`."""
        payload = await self._reads.get(f"/v2/orders/{broker_order_id}", {"nested": "true"})
        return self._report(payload, await self._fills_since(payload))

    async def account(self, since: datetime) -> AccountState:
        """Read account, orders, positions, activities, whole. Raises `BrokerUnavailable`, `BrokerRefused`."""
        since_before = since - _DAY  # what was sent before `since` may have been filled after
        activities = await self._pages.activities(since_before)
        for _ in range(self._settings.still_looks_max):
            before = [activity["id"] for activity in activities]
            state = await self._around(activities, since)
            activities = await self._pages.activities(since_before)
            if [activity["id"] for activity in activities] == before:
                return state
        raise BrokerUnavailable(f"fills came in during each of {self._settings.still_looks_max} readings")

    async def events(self) -> AsyncIterator[ExecutionReport]:
        """Yield reports as they are pushed. Raises `BrokerUnavailable` when the stream dies."""
        async for pushed in self._stream.orders():
            with readable("trade update"):
                broker_order_id = self._combos.get(pushed["id"], pushed["id"])
                is_plain = broker_order_id == pushed["id"] and not number(pushed.get("filled_qty") or 0)
            if is_plain and not any(number(leg.get("filled_qty") or 0) for leg in pushed.get("legs") or []):
                yield self._report(pushed, [])
                continue
            async for report in self._filled(broker_order_id):
                yield report

    async def hours(self) -> MarketHours | None:
        """Read the calendar's line of today. Raises `BrokerUnavailable`, `BrokerRefused`."""
        on = self._clock.market_now().astimezone(NEW_YORK).date()
        span = {"start": on.isoformat(), "end": on.isoformat()}
        return of_alpaca(await self._reads.get("/v2/calendar", span), on)

    async def probe_reads(self) -> None:
        """Read the account. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._reads.probe("/v2/account")

    async def dry_run(self, order: Order) -> Money | None:  # noqa: ARG002 - its broker has none
        """Return None: there is no dry run here."""
        return None

    async def probe_writes(self) -> None:
        """Read the account over the order's own wire: there is no dry run here. Raises `BrokerUnavailable`."""
        try:
            answer = await self._write("GET", "/v2/account", b"", self._settings.probe_timeout_s, lambda: None)
            await self._wire.warm()
        except (NothingSent, Doubt) as failure:
            raise BrokerUnavailable(f"write probe: {failure}") from failure
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in RETRYABLE:
            raise BrokerUnavailable(f"write probe: answered {answer.status}")
        decoded(answer.body, "write probe")

    async def close(self) -> None:
        """Close every socket at once."""
        self._wire.close()
        self._stream.close()
        await self._reads.close()

    async def _write(self, method: str, path: str, body: bytes, timeout_s: float, guard: Guard) -> Answer:
        return await self._wire.request(method, path, self._headers, body, timeout_s, guard)

    def _accepted(self, payload: Json) -> Accepted:
        with readable("answer"):
            broker_order_id = str(payload["id"])
        report = None
        with contextlib.suppress(BrokerUnavailable):  # what has an id exists, however odd the rest of it
            report = self._report(payload, [])
        return Accepted(broker_order_id=broker_order_id, report=report)

    def _report(self, payload: Json, activities: list[Json]) -> ExecutionReport:
        for leg_id in shapes.order_ids(payload) - {payload["id"]}:
            self._combos[leg_id] = payload["id"]
            if len(self._combos) > self._settings.legs_known_max:
                del self._combos[next(iter(self._combos))]
        return shapes.report(payload, activities, self.route, self.account_domain)

    async def _filled(self, broker_order_id: str) -> AsyncIterator[ExecutionReport]:
        for look in range(self._settings.fill_looks_max):
            if look:
                await asyncio.sleep(self._settings.fill_pause_s)
            payload = await self._reads.get(f"/v2/orders/{broker_order_id}", {"nested": "true"})
            report = self._report(payload, await self._fills_since(payload))
            yield report
            if not shapes.unexplained(payload, report.fills):
                return

    async def _fills_since(self, payload: Json) -> list[Json]:
        with readable("order"):
            since = instant(payload.get("submitted_at") or payload["created_at"])
        activities = shapes.by_order(await self._pages.activities(since - timedelta(seconds=1), "/FILL"))
        return [activity for order_id in shapes.order_ids(payload) for activity in activities.get(order_id, [])]

    async def _around(self, activities: list[Json], since: datetime) -> AccountState:
        account = await self._reads.get("/v2/account")
        positions = await self._reads.get("/v2/positions")
        fills = shapes.by_order(activities)
        orders = tuple(
            self._report(order, [each for name in shapes.order_ids(order) for each in fills.get(name, [])])
            for order in await self._pages.orders(since - _DAY)
        )
        events = (shapes.cash_event(activity, self.account_domain) for activity in activities)
        with readable("account"):
            cash, net_liquidation = number(account["cash"]), number(account["equity"])
            trading = trading_status(account, net_liquidation)
        return AccountState(
            route=self.route,
            account_domain=self.account_domain,
            since=since,
            read_at=self._clock.market_now(),
            orders=orders,
            positions=tuple(shapes.position(each) for each in positions),
            cash_events=tuple(event for event in events if event is not None),
            cash=cash,
            net_liquidation=net_liquidation,
            buying_power=known(account, "options_buying_power"),
            trading=trading,
        )
