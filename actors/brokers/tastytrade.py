"""The route to tastytrade: orders over our own wire, reads and the account stream beside it.

tastytrade enforces no client id: `external-identifier` is echoed only. So an order in doubt is looked for by reading
every page of the orders since the day before in New York; finding none is one look, and says nothing alone. The parts
of a complex order stand in that list too, each with its own mark. Orders are never replaced. Options on
futures get our names as they are read, and the broker's as they are sent (`tastytrade_instruments`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field

from actors.brokers import tastytrade_shapes as shapes
from actors.brokers.coverages import COVERAGES
from actors.brokers.market_hours import of_tastytrade
from actors.brokers.outcomes import RETRYABLE, Unsendable, outcome_of, outcome_of_failure
from actors.brokers.payload import Json, decoded, readable
from actors.brokers.reads import ReadLimits, Reads
from actors.brokers.tastytrade_dry_run import read_dry_run
from actors.brokers.tastytrade_instruments import FUTURES, Instruments
from actors.brokers.tastytrade_pages import InstrumentPages, Pages
from actors.brokers.tastytrade_status import read_balances, read_status
from actors.brokers.tastytrade_stream import AccountStream, AccountStreamLimits
from actors.brokers.tastytrade_token import AccessToken, TastytradeLogin, TokenLimits
from actors.brokers.wire import Answer, Doubt, NothingSent, Wire, WireLimits
from actors.domain.connection.route_health import Vitals
from actors.domain.market.contract import Products
from actors.domain.market.market_hours import MarketHours
from actors.domain.orders.attempt import Absent, Accepted, Found, InDoubt, Rejected, Resolution, SubmitOutcome, Unknown
from actors.domain.orders.order import Contingency, Order
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.value import Money, Value
from actors.ports import BrokerRefused, BrokerUnavailable, Clock, Guard

_NEW_YORK = ZoneInfo("America/New_York")
_USER_AGENT = ("User-Agent", "holdfast/0.1.0")  # without one every request is a 401
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))


class TastytradeSettings(Value):
    """Where the route leads, and its bounds."""

    route: str
    account_domain: str
    url: str
    stream_url: str
    account: str
    page_size: int = Field(default=100, gt=0)
    pages_max: int = Field(default=200, gt=0)
    futures: tuple[str, ...] = ()
    """Product codes (`ES`) of the futures whose options are traded; those of what is held are found by reading."""
    still_looks_max: int = Field(default=3, gt=0)
    """How often an account is read anew because fills came in between its parts."""
    probe_timeout_s: float = Field(default=1.5, gt=0)
    wire: WireLimits = WireLimits()
    reads: ReadLimits = ReadLimits()
    token: TokenLimits = TokenLimits()
    stream: AccountStreamLimits = AccountStreamLimits()


class Tastytrade:
    """A live session with one tastytrade account; implements `ports.Broker`."""

    def __init__(
        self, settings: TastytradeSettings, login: TastytradeLogin, clock: Clock, products: Products | None = None
    ) -> None:
        self.route, self.account_domain = settings.route, settings.account_domain
        self.coverage = COVERAGES["tastytrade"]
        self._settings, self._clock = settings, clock
        self._base = f"/accounts/{settings.account}"
        self._wire = Wire(settings.url, settings.wire)
        self._reads = Reads(settings.url, self._read_headers, settings.reads, lambda: self._token.doubt())  # noqa: PLW0108 - comes later
        self._pages = Pages(self._reads, settings.page_size, settings.pages_max)
        self._instruments = Instruments(products or Products())
        self._listed = InstrumentPages(self._instruments, self._reads, self._pages, settings.futures, clock)
        self._token = AccessToken(self._reads, login, clock, settings.token)
        self._stream = AccountStream(
            settings.stream_url,
            settings.account,
            lambda: self._token.authorization,
            self._token.doubt,
            settings.stream,
        )
        self._refreshing: asyncio.Task[None] | None = None
        self._trial: bytes | None = None
        """The last order sent: a dry run of it is what heals the path."""
        self._failed = False
        """Whether the write path last failed."""

    def vitals(self) -> Vitals:
        """Return the token's age and what is left of it, and the age of the stream's last word."""
        return self._token.vitals.model_copy(update={"stream_heard_s": self._stream.heard_s})

    async def connect(self) -> None:
        """Log in and open the account's event stream. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._token.ensure()
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._token.keep_fresh())
        await self._stream.open()
        with contextlib.suppress(NothingSent):  # the first order will say so
            await self._wire.warm()

    def words(self, attempt_id: str, order: Order) -> bytes | Rejected:
        """Return the JSON of an order, marked with `attempt_id`; a refusal where there are no words for it here."""
        try:
            return msgspec.json.encode(shapes.order_body(attempt_id, order, self._instruments.theirs))
        except Unsendable as error:
            return error.refusal()

    async def submit(self, attempt_id: str, words: bytes, timeout_s: float, before_first_byte: Guard) -> SubmitOutcome:  # noqa: ARG002 - it stands in the words
        """Send an order once. Expected outcomes never raise."""
        self._trial, withheld = words, False

        def guard() -> str | None:
            nonlocal withheld
            reason = before_first_byte()
            withheld = reason is not None
            return reason

        try:
            answer = await self._write("POST", f"{self._base}/orders", words, timeout_s, guard)
        except (NothingSent, Doubt) as failure:
            self._failed = self._failed or not withheld
            return outcome_of_failure(failure)
        outcome = outcome_of(
            answer,
            lambda payload: shapes.accepted(payload, self.route, self.account_domain, self._ours),
            shapes.refusal,
        )
        self._failed = isinstance(outcome, InDoubt)
        return outcome

    async def submit_complex(
        self, contingency: Contingency, parts: Sequence[tuple[str, Order]], timeout_s: float, before_first_byte: Guard
    ) -> tuple[SubmitOutcome, ...]:
        """Send orders that depend on each other once. What is not known of one is not known of any."""
        try:
            body = msgspec.json.encode(shapes.complex_body(contingency, parts, self._instruments.theirs))
        except Unsendable as error:
            return tuple(error.refusal() for _ in parts)
        try:
            answer = await self._write("POST", f"{self._base}/complex-orders", body, timeout_s, before_first_byte)
        except (NothingSent, Doubt) as failure:
            return tuple(outcome_of_failure(failure) for _ in parts)

        def accepted(place: int) -> Callable[[Json], Accepted]:
            return lambda payload: shapes.accepted_part(payload, place, self.route, self.account_domain, self._ours)

        return tuple(outcome_of(answer, accepted(place), shapes.refusal) for place in range(len(parts)))

    async def cancel(self, broker_order_id: str, timeout_s: float, before_first_byte: Guard) -> tuple[bool, str]:
        """Ask for a cancel; return whether the broker took the request, and its words."""
        path = f"{self._base}/orders/{broker_order_id}"
        try:
            answer = await self._write("DELETE", path, b"", timeout_s, before_first_byte)
        except (NothingSent, Doubt) as failure:
            return False, str(failure)
        if answer.status // 100 == 2:
            return True, "cancel requested"
        try:
            return False, ": ".join(shapes.refusal(decoded(answer.body, "answer")))
        except BrokerUnavailable:
            return False, f"answered {answer.status}"

    async def resolve(self, attempt_id: str, order: Order, since: datetime) -> Resolution:
        """Look once through every order since the day before `since`, New York."""
        start = _day_before(min(since, order.created_at))
        try:
            orders = await self._orders(start)
            for payload in orders:
                if payload.get("external-identifier") == attempt_id:
                    return Found(report=self._report(payload))
        except (BrokerUnavailable, BrokerRefused) as error:
            return Unknown(reason=str(error))
        return Absent(proof=f"none of {len(orders)} orders since {start} is marked {attempt_id}")

    async def order(self, broker_order_id: str) -> ExecutionReport:
        """Read one order. Raises `BrokerUnavailable`, `BrokerRefused`."""
        answer = await self._reads.get(f"{self._base}/orders/{broker_order_id}")
        with readable("order"):
            payload = answer["data"]
        return self._report(payload)

    async def account(self, since: datetime) -> AccountState:
        """Read orders, positions, balances, transactions, whole. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._listed.refresh(self._today())
        state = await self._whole(since)
        if await self._listed.refresh(self._today()):  # it named what had no name here yet
            state = await self._whole(since)
        return state

    async def _whole(self, since: datetime) -> AccountState:
        orders = await self._orders(_day_before(since))
        for _ in range(self._settings.still_looks_max):
            before = shapes.exec_ids(orders)
            state = await self._around(orders, since)
            orders = await self._orders(_day_before(since))
            if shapes.exec_ids(orders) == before:
                return state
        raise BrokerUnavailable(f"fills came in during each of {self._settings.still_looks_max} readings")

    async def events(self) -> AsyncIterator[ExecutionReport]:
        """Yield reports as they are pushed. Raises `BrokerUnavailable` when the stream dies or goes silent."""
        async for payload in self._stream.orders():
            yield self._report(payload)

    async def hours(self) -> MarketHours | None:
        """Read the current session and its neighbours. Raises `BrokerUnavailable`, `BrokerRefused`."""
        found = await self._reads.get("/market-time/equities/sessions/current")
        return of_tastytrade(found["data"], self._today())

    async def probe_reads(self) -> None:
        """Read the account's trading status. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._reads.probe(f"{self._base}/trading-status")

    async def probe_writes(self) -> None:
        """Read over the order's own wire; after a failure dry-run the last order, where any words of the broker do."""
        timeout_s = self._settings.probe_timeout_s
        method, path, body = "GET", f"{self._base}/trading-status", b""
        if self._failed and self._trial is not None:
            method, path, body = "POST", f"{self._base}/orders/dry-run", self._trial
        self._failed = True
        try:
            answer = await self._write(method, path, body, timeout_s, lambda: None)
            await self._wire.warm()
        except (NothingSent, Doubt) as failure:
            raise BrokerUnavailable(f"write probe: {failure}") from failure
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in RETRYABLE:
            raise BrokerUnavailable(f"write probe: answered {answer.status}")
        decoded(answer.body, "write probe")
        self._failed = False

    async def dry_run(self, order: Order) -> Money | None:
        """Return what an opening would take of the buying power. Raises `BrokerUnavailable`, `BrokerRefused`."""
        return await read_dry_run(self._reads, self._base, order, self._instruments.theirs)

    async def close(self) -> None:
        """Close every socket at once."""
        self._wire.close()
        self._stream.close()
        if self._refreshing is not None:
            self._refreshing.cancel()
        await self._reads.close()

    async def _write(self, method: str, path: str, body: bytes, timeout_s: float, guard: Guard) -> Answer:
        if (token := self._token.authorization) is None:
            raise NothingSent("no live token")
        headers = (_USER_AGENT, ("Authorization", token), *_JSON)
        answer = await self._wire.request(method, path, headers, body, timeout_s, guard)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._token.doubt()
        return answer

    def _read_headers(self) -> dict[str, str]:
        return {**dict((_USER_AGENT, *_JSON)), **self._token.headers()}

    async def _around(self, orders: list[Json], since: datetime) -> AccountState:
        day = since.astimezone(_NEW_YORK).date()
        positions = await self._reads.get(f"{self._base}/positions")
        transactions = await self._pages.items(f"{self._base}/transactions", {"start-date": day.isoformat()})
        balances = await read_balances(self._reads, self._base)
        fill_ids = shapes.exec_ids(orders)
        gone = shapes.reversals(transactions, fill_ids)
        events = (shapes.cash_event(each, self.account_domain, fill_ids, gone, self._ours) for each in transactions)
        with readable("positions"):
            held = positions["data"]["items"]
        return AccountState(
            route=self.route,
            account_domain=self.account_domain,
            since=since,
            read_at=self._clock.market_now(),
            orders=tuple(self._report(each, tuple(gone.values())) for each in orders),
            positions=tuple(shapes.position(each, self._ours) for each in held),
            cash_events=tuple(event for event in events if event is not None),
            **balances._asdict(),
            trading=await read_status(self._reads, self._base, balances.net_liquidation),
        )

    async def _orders(self, start: date) -> list[Json]:
        return await self._pages.items(f"{self._base}/orders", {"start-date": start.isoformat(), "sort": "Desc"})

    def _report(self, payload: Json, busted: Sequence[str] = ()) -> ExecutionReport:
        return shapes.report(payload, self.route, self.account_domain, busted, self._ours)

    def _ours(self, symbol: str) -> str:
        """Return our symbol of what the broker names."""
        return self._instruments.ours(symbol, self._today()) if symbol.startswith(FUTURES) else symbol

    def _today(self) -> date:
        return self._clock.market_now().astimezone(_NEW_YORK).date()


def _day_before(instant: datetime) -> date:
    return instant.astimezone(_NEW_YORK).date() - timedelta(days=1)
