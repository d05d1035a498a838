"""The route over QuantConnect: commands to our algorithm in LEAN (`brokers.lean`), its word as acknowledgement.

    covers     what it is                                            what it is good for
    pipe       QuantConnect trades the primary's own account         another path to the same broker, nothing more
    broker     QuantConnect trades an account elsewhere              another broker; cannot close what others hold

Rules of this file
* `success: true` says that QuantConnect took the command, not that the algorithm got it. Only the algorithm's signed
  word makes an order Accepted or Rejected; without it the attempt is in doubt.
* A doubt is asked about with a query, which may be repeated. What the algorithm has not seen it bars, so that its
  "absent" stays true; but the store it answers from may have lost its last seconds with an earlier run. So where this
  run began after the order was made, QuantConnect's own reading must show nothing either, once it no longer lags.
* The account is read from the algorithm, as it stands; QuantConnect's own readings are some ten minutes old. In a pipe
  it is read from the account's own broker: LEAN's holdings are those of its deployment, and its plug-in loses fills.
* A write is one request on our own wire, queries and cancels too; nothing is sent twice by itself.

Not established against the real service: command latency, whether an old deployment's orders are listed.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from itertools import count

import msgspec

from actors.brokers import quantconnect_shapes as shapes
from actors.brokers.coverages import COVERAGES
from actors.brokers.outcomes import Unsendable, outcome_of, outcome_of_failure
from actors.brokers.payload import Json, instant, known, number, readable
from actors.brokers.quantconnect_api import QuantConnectApi, QuantConnectLogin, QuantConnectSettings
from actors.brokers.quantconnect_channel import Channel
from actors.brokers.wire import Doubt, NothingSent
from actors.domain.connection.route_health import Vitals
from actors.domain.market.contract import Products
from actors.domain.market.market_hours import MarketHours
from actors.domain.orders.attempt import (
    Absent,
    Accepted,
    Found,
    InDoubt,
    NotSent,
    Rejected,
    Resolution,
    SubmitOutcome,
    Unknown,
)
from actors.domain.orders.order import Contingency, Order
from actors.domain.orders.report import AccountState, ExecutionReport, Status
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.value import Money
from actors.ports import Broker, BrokerRefused, BrokerUnavailable, Clock, Guard

_PAPER = frozenset({"PaperBrokerage", "QuantConnectBrokerage"})
_RETRYABLE = frozenset({"late", "absent"})
"""Refusals that speak of the attempt alone: it is barred, another may be made."""
_SHOWN_CHARS = 200


class QuantConnect:
    """A live session with one deployment; implements `ports.Broker`."""

    def __init__(
        self,
        settings: QuantConnectSettings,
        login: QuantConnectLogin,
        clock: Clock,
        products: Products,
        account: Broker | None = None,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        """`account` reads the account of a pipe: an adapter of its own broker, used for nothing else."""
        assert (settings.covers == "pipe") == (account is not None)
        self.route, self.account_domain = settings.route, settings.account_domain
        self.coverage = COVERAGES["quantconnect"]
        self._settings, self._clock, self._products, self._wall_s = settings, clock, products, wall_s
        self._account, self._account_is_open = account, False
        self._api = QuantConnectApi(settings, login, wall_s)
        self._channel = Channel(login.ack_secret, settings.channel, wall_s)
        self._prefix, self._numbers = f"{settings.route}-{clock.boot_ns()}", count(1)

    @property
    def ack_port(self) -> int:
        """The port the algorithm's words come in at."""
        return self._channel.port

    def vitals(self) -> Vitals:
        """Return how long ago the algorithm was last heard."""
        return Vitals(stream_heard_s=self._channel.heard_s)

    async def connect(self) -> None:
        """Log in, see the deployment run, and hear the algorithm. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._api.authenticate()
        deployed = await self._api.running()
        if self._settings.paper_only and (name := deployed.get("brokerage")) not in _PAPER:
            raise BrokerRefused(f"project {self._settings.project} trades over {name!r}, not on paper")
        await self._channel.open()
        await self._ask({"kind": "ping"})
        with contextlib.suppress(NothingSent):  # the first order will say so
            await self._api.wire.warm()

    def words(self, attempt_id: str, order: Order) -> bytes | Rejected:
        """Return the command that places an order, void after a while; a refusal where there are no words for it."""
        expires_s = self._wall_s() + self._settings.place_within_s
        try:
            return msgspec.json.encode(shapes.order_body(attempt_id, order, self._products, expires_s))
        except Unsendable as error:
            return Rejected(code="unsendable", text=str(error))

    async def submit(self, attempt_id: str, words: bytes, timeout_s: float, before_first_byte: Guard) -> SubmitOutcome:
        """Send an order once, and wait for the algorithm to speak of it. Expected outcomes never raise."""
        until = asyncio.get_running_loop().time() + timeout_s
        with self._channel.answers(attempt_id) as told:
            try:
                answer = await self._api.command(words, timeout_s, before_first_byte)
            except (NothingSent, Doubt) as failure:
                return outcome_of_failure(failure)
            refused = outcome_of(answer, shapes.taken, shapes.refusal)
            if refused is not None:
                return refused
            try:
                async with asyncio.timeout_at(until):
                    return await self._outcome(told)
            except TimeoutError:
                return InDoubt(
                    cause=f"no word from the algorithm within {timeout_s:g} s", evidence="QuantConnect took the command"
                )

    async def submit_complex(
        self,
        contingency: Contingency,
        parts: Sequence[tuple[str, Order]],
        timeout_s: float,  # noqa: ARG002 - the port's, here and below
        before_first_byte: Guard,  # noqa: ARG002
    ) -> tuple[SubmitOutcome, ...]:
        """Say no: LEAN holds no such orders."""
        return tuple(NotSent(cause=f"LEAN holds no {contingency} orders") for _ in parts)

    async def cancel(self, broker_order_id: str, timeout_s: float, before_first_byte: Guard) -> tuple[bool, str]:
        """Ask for a cancel; return whether the algorithm took the request, and its words."""
        try:
            told = await self._ask({"kind": "cancel", "order_id": broker_order_id}, timeout_s, before_first_byte)
            with readable("answer"):
                return bool(told["requested"]), str(told["text"])
        except BrokerUnavailable as failure:
            return False, str(failure)

    async def resolve(self, attempt_id: str, order: Order, since: datetime) -> Resolution:  # noqa: ARG002 - the port's
        """Ask the algorithm once; where its word is not enough, look at QuantConnect's own reading."""
        try:
            told = await self._ask({"kind": "query", "attempt_id": attempt_id})
            with readable("answer"):
                if told["kind"] == "order":
                    return Found(report=self._report(told["order"]))
                words = (
                    "not seen, and barred" if told["kind"] == "absent" else f"refused, {told['code']}: {told['text']}"
                )
                proof = f"{told['deployment']} says of {attempt_id}: {words}"
                # A refusal was stored before it was told; "absent" may come from a store that lost its last seconds.
                if told["kind"] == "refused" and told["code"] != "absent":
                    return Absent(proof=proof)
                if instant(told["started_at"]) <= order.created_at:
                    return Absent(proof=proof)
            return await self._late_reading(attempt_id, order, proof)
        except (BrokerUnavailable, BrokerRefused) as error:
            return Unknown(reason=str(error))

    async def order(self, broker_order_id: str) -> ExecutionReport:
        """Ask the algorithm for one order. Raises `BrokerUnavailable`, `BrokerRefused`."""
        told = await self._ask({"kind": "query", "order_id": broker_order_id})
        with readable("answer"):
            if told["kind"] != "order":
                raise BrokerRefused(f"the algorithm has no order {broker_order_id}")
            return self._report(told["order"])

    async def account(self, since: datetime) -> AccountState:
        """Read the account, whole. Raises `BrokerUnavailable`, `BrokerRefused`."""
        if self._account is not None:
            return await self._account_behind(self._account, since)
        told = await self._ask({"kind": "snapshot"})
        with readable("snapshot"):
            # What LEAN may never have been asked for has no state: its doubt is resolved, not read.
            orders = [each for each in told["orders"] if each["statuses"]]
            return AccountState(
                route=self.route,
                account_domain=self.account_domain,
                since=since,
                read_at=self._clock.market_now(),
                orders=tuple(self._report(each) for each in orders),
                positions=tuple(shapes.position(each) for each in told["positions"]),
                cash_events=tuple(fee for each in orders for fee in shapes.fees(each, self.account_domain)),
                cash=number(told["cash"]),
                net_liquidation=number(told["net_liquidation"]),
                buying_power=known(told, "buying_power"),
                trading=TradingStatus(),  # LEAN tells nothing of it: its broker refuses for itself
            )

    async def events(self) -> AsyncIterator[ExecutionReport]:
        """Yield reports as the algorithm tells them. Raises `BrokerUnavailable` when some may be missing."""
        async for told in self._channel.orders():
            if self._is_sure(told):  # else it is told of again, once it is
                yield self._report(told)

    async def hours(self) -> MarketHours | None:
        """Return no word: LEAN's hours come out of a table as well."""
        return None

    async def probe_reads(self) -> None:
        """Read the deployment's state. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._api.running()

    async def dry_run(self, order: Order) -> Money | None:  # noqa: ARG002 - its broker has none
        """Return None: there is no dry run here."""
        return None

    async def probe_writes(self) -> None:
        """Ping the algorithm the way an order goes, and hear it the way an answer comes. Raises `BrokerUnavailable`."""
        try:
            await self._ask({"kind": "ping"})
            await self._api.wire.warm()
        except (BrokerUnavailable, NothingSent) as failure:
            self._channel.end(f"the algorithm is silent: {failure}")
            raise BrokerUnavailable(f"write probe: {failure}") from failure

    async def close(self) -> None:
        """Close every socket at once."""
        await self._api.close()
        await self._channel.close()
        if self._account is not None:
            await self._account.close()

    async def _ask(self, body: Json, timeout_s: float | None = None, guard: Guard = lambda: None) -> Json:
        """Send a command that changes nothing when it comes twice; return the answer. Raises `BrokerUnavailable`."""
        what, patience_s = body["kind"], timeout_s or self._settings.answer_timeout_s
        request = f"{self._prefix}-{next(self._numbers)}"
        try:
            with self._channel.answers(request) as told:
                answer = await self._api.command(msgspec.json.encode({**body, "request": request}), patience_s, guard)
                refused = outcome_of(answer, shapes.taken, shapes.refusal)
                if refused is not None:
                    raise BrokerUnavailable(f"{what}: {refused}")
                async with asyncio.timeout(patience_s):
                    found = await told.get()
        except (NothingSent, Doubt) as failure:
            raise BrokerUnavailable(f"{what}: {failure}") from failure
        except TimeoutError:
            raise BrokerUnavailable(f"{what}: no word from the algorithm within {patience_s:g} s") from None
        if found["kind"] == "failed":
            raise BrokerUnavailable(f"{what}: the algorithm failed: {found.get('text', '')}")
        return found

    async def _outcome(self, told: "asyncio.Queue[Json]") -> SubmitOutcome:
        """Return what the algorithm made of an order; waits until the order has the name it is known by."""
        try:
            while True:
                found = await told.get()
                with readable("answer"):
                    if found["kind"] == "refused":
                        code = str(found["code"])
                        return Rejected(code=code, text=str(found["text"]), retryable=code in _RETRYABLE)
                    if found["kind"] == "failed":
                        return InDoubt(cause="the algorithm failed", evidence=str(found.get("text", "")))
                    if not self._is_sure(found["order"]):
                        continue
                report = self._report(found["order"])
                if report.status is Status.REJECTED:
                    return Rejected(code="invalid", text=report.text)
                return Accepted(broker_order_id=report.broker_order_id, report=report)
        except BrokerUnavailable as error:
            return InDoubt(cause=str(error))

    def _is_sure(self, told: Json) -> bool:
        is_pipe = self._settings.covers == "pipe"
        return shapes.is_ordered(told) and (not is_pipe or shapes.is_named(told) or shapes.is_refused(told))

    def _report(self, told: Json) -> ExecutionReport:
        return shapes.report(told, self.route, self.account_domain, is_pipe=self._settings.covers == "pipe")

    async def _late_reading(self, attempt_id: str, order: Order, proof: str) -> Resolution:
        found = await self._api.orders_tagged(attempt_id)
        if found:
            return Found(report=shapes.read_order(found, self.route, self.account_domain))
        lag = timedelta(seconds=self._settings.read_lag_s)
        if self._clock.market_now() - order.created_at <= lag:
            text = f"{proof}; this run began after the order, and QuantConnect's reading lags {lag.total_seconds():g} s"
            return Unknown(reason=text)
        return Absent(proof=f"{proof}; nor does QuantConnect's own reading list it")

    async def _account_behind(self, account: Broker, since: datetime) -> AccountState:
        if not self._account_is_open:
            await account.connect()
            self._account_is_open = True
        try:
            state = await account.account(since)
        except BrokerUnavailable:
            self._account_is_open = False
            raise
        return state.model_copy(update={"route": self.route})
