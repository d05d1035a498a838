"""One account, pass by pass: read it, take its news, cancel, look for what is in doubt, close; until nothing is left.

Each pass decides anew from a fresh reading (`domain.risk.kill_plan`), so a use that died at any line is gone on with by
the next one. Before each order's first byte its words are on the disk, and the epoch is still ours. What cannot be read
is not flat (law 5): it is read again until the time is up.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from actors.domain.connection.absence import Search, SettleLimits, after_look, proof
from actors.domain.market.contract import Contract, UnknownSymbol
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Absent, Accepted, Attempt, Found, InDoubt, NotSent, Rejected, SubmitOutcome
from actors.domain.orders.order import Order, attempt_id
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.reconcile import news
from actors.domain.risk import kill_plan
from actors.domain.risk.kill_plan import Cancelling, KillLimits, Left
from actors.ports import Broker, BrokerRefused, BrokerUnavailable, Clock, Guard
from supervisor.killswitch.quotes import Eyes
from supervisor.killswitch.record import Record

PASS_S: Final = 0.25
READ_AGAIN_S: Final = 0.5
GRACE_S: Final = 5.0
"""What cancelling our own closes may take beyond the time that was given."""
DAY: Final = timedelta(days=1)
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Means:
    """What an account is worked with. `book` None: nothing is closed."""

    broker: Broker
    clock: Clock
    book: Book | None
    record: Record
    eyes: Eyes
    guard: Guard
    epoch: int
    died_ns: int
    """When the last of what may have sent was confirmed dead, boot clock."""
    limits: KillLimits
    settle: SettleLimits
    answer_timeout_s: float
    cancel_timeout_s: float
    tell: Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """How an account was found last. `left` None: it could not be read."""

    account_domain: str
    left: Left | None = None
    read_at: datetime | None = None
    unreadable: str = ""
    cancelled: int = 0
    closed: list[str] = field(default_factory=list)

    @property
    def is_flat(self) -> bool:
        """Whether its broker, read anew, shows nothing of ours."""
        return not self.unreadable and self.left is not None and self.left.is_nothing


class AccountKill:
    """The work on one account."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.outcome = Outcome(means.broker.account_domain)
        self._asked_ns: dict[str, int] = {}
        self._sent_ns: dict[str, int] = {}
        self._searches: dict[str, Search] = {}
        self._said: set[str] = set()
        self._is_connected, self._is_refused, self._looking_ns = False, False, 0

    async def run(self, deadline_ns: int) -> Outcome:
        """Work until nothing of ours is left, or the time is up; then our own closes are cancelled, too."""
        end_ns, is_swept = deadline_ns + int(GRACE_S * _SECOND_NS), False
        try:
            while not self._is_done:
                now_ns = self._means.clock.boot_ns()
                works = self.outcome.left is None or bool(self.outcome.left.orders)
                if now_ns >= end_ns or (is_swept and not works):
                    break
                await self._try_pass(closing=now_ns < deadline_ns)
                is_swept = now_ns >= deadline_ns
                await asyncio.sleep(READ_AGAIN_S if self.outcome.unreadable else PASS_S)
            return self.outcome
        finally:
            await self._means.broker.close()

    @property
    def _is_done(self) -> bool:
        """Whether the account is flat, or refuses us; where nothing may be closed, whether nothing works."""
        found = self.outcome.left if not self.outcome.unreadable else None
        only_cancels = self._means.book is None and found is not None and not found.orders
        return self.outcome.is_flat or self._is_refused or only_cancels

    async def _try_pass(self, *, closing: bool) -> None:
        try:
            await self._pass(closing=closing)
        except BrokerUnavailable as error:
            self.outcome.unreadable = str(error)
        except BrokerRefused as error:  # trying again will not help, and may bar the address
            self.outcome.unreadable, self._is_refused = str(error), True
        except OSError as error:
            self.outcome.unreadable = f"nothing could be written down before it was done: {error.strerror}"
        if self.outcome.unreadable:
            self._say(f"NOT DONE {self.outcome.account_domain}: {self.outcome.unreadable}")

    async def _pass(self, *, closing: bool) -> None:
        means, book = self._means, self._means.book
        await self._connect()
        state = await means.broker.account(self._since())
        if book is not None:
            take(book, state)
            await self._look_for_doubts(book)
        self.outcome.left, self.outcome.read_at = kill_plan.left(state, book), state.read_at
        self.outcome.unreadable = ""
        now_ns = means.clock.boot_ns()
        asked_s = {name: (now_ns - at) / _SECOND_NS for name, at in self._asked_ns.items()}
        own_s = {name: (now_ns - at) / _SECOND_NS for name, at in self._sent_ns.items() if closing}
        for each in list(kill_plan.cancels(state, book, asked_s, own_s, means.limits)):
            await self._cancel(each, book)
        if book is not None and closing:
            await self._close(state, book)

    async def _connect(self) -> None:
        """Log in. The account's stream is no need of ours: without it the reads tell all."""
        if not self._is_connected:
            with suppress(BrokerUnavailable):
                await self._means.broker.connect()
                self._is_connected = True

    def _since(self) -> datetime:
        now, book, domain = self._means.clock.market_now(), self._means.book, self.outcome.account_domain
        if book is None:
            return now - DAY
        started = (each.started_at for life in book.live_orders() for each in life.attempts)
        return min(now, book.agreed_at.get(domain, now), *started) - DAY

    async def _cancel(self, order: Cancelling, book: Book | None) -> None:
        means = self._means
        self._asked_ns[order.broker_order_id] = means.clock.boot_ns()
        if order.cl_ord_id is not None and book is not None:
            with suppress(OSError):  # a full disk keeps no cancel in
                asked = happened.CancelAsked(signal=None, cl_ord_id=order.cl_ord_id, at=means.clock.market_now())
                self._note(book, asked)
        taken, words = await means.broker.cancel(order.broker_order_id, means.cancel_timeout_s, means.guard)
        self.outcome.cancelled += taken
        self._say(f"CANCEL   {order.cl_ord_id or order.broker_order_id} at {means.broker.route}: {words}")

    async def _close(self, state: AccountState, book: Book) -> None:
        means, name = self._means, f"{kill_plan.KILL}{self._means.epoch}-{self._means.broker.account_domain}"
        contracts = list(_contracts(book, state.account_domain))
        means.eyes.look(contracts)
        if self._waits_for_quotes(contracts):
            return
        now = means.clock.market_now()
        for order in kill_plan.closes(state, book, means.eyes.table, means.limits, name, now):
            await self._send(order, book)

    def _waits_for_quotes(self, contracts: Sequence[Contract]) -> bool:
        """Whether quotes of what is held may still come: they are worth a moment."""
        table, now_ns = self._means.eyes.table, self._means.clock.boot_ns()
        self._looking_ns = self._looking_ns or now_ns
        is_seen = table is not None and all(table.quote(each.symbol) is not None for each in contracts)
        waits_ns = self._means.limits.quotes_wait_s * _SECOND_NS
        return bool(contracts) and not is_seen and now_ns - self._looking_ns < waits_ns

    async def _send(self, order: Order, book: Book) -> None:
        means, now = self._means, self._means.clock.market_now()
        name = attempt_id(order.cl_ord_id, 1)
        words = means.broker.words(name, order)
        attempt = Attempt(
            number=1,
            route=means.broker.route,
            account_domain=means.broker.account_domain,
            connection_incarnation=0,
            executor_epoch=means.epoch,
            started_at=now,
        )
        placed = happened.OrderPlaced(signal=None, order=order, checks=(), at=now)
        self._note(book, placed, happened.AttemptStarted(cl_ord_id=order.cl_ord_id, attempt=attempt))
        if isinstance(words, Rejected):
            outcome: SubmitOutcome = words
        else:
            outcome = await means.broker.submit(name, words, means.answer_timeout_s, means.guard)
        self._sent_ns[order.cl_ord_id] = means.clock.boot_ns()
        self._end(name, order, outcome, book)

    def _end(self, name: str, order: Order, outcome: SubmitOutcome, book: Book) -> None:
        now = self._means.clock.market_now()
        ended: list[happened.Event] = [happened.AttemptEnded(attempt_id=name, outcome=outcome, at=now)]
        if isinstance(outcome, Rejected | NotSent):
            why = outcome.cause if isinstance(outcome, NotSent) else f"{outcome.code}: {outcome.text}"
            ended.append(happened.OrderAbandoned(cl_ord_id=order.cl_ord_id, text=why, at=now))
        if isinstance(outcome, InDoubt):
            self._searches[name] = Search(since_ns=self._means.clock.boot_ns())
        self._note(book, *ended)
        if isinstance(outcome, Accepted):
            self.outcome.closed.append(order.cl_ord_id)
            if outcome.report is not None:
                _report(book, outcome.report)
        self._say(f"CLOSE    {order.cl_ord_id} {order.structure_id} at {order.net_price}: {outcome.kind}")

    async def _look_for_doubts(self, book: Book) -> None:
        """Look once for each order in doubt whose next look is due; end the doubts that are proved."""
        means = self._means
        for life, number in kill_plan.doubtful(book, self.outcome.account_domain):
            name = attempt_id(life.order.cl_ord_id, number)
            search = self._searches.setdefault(name, Search(since_ns=means.died_ns))
            due_s = means.settle.look_every_s if search.looks_ns else 0.0
            if search.looks_ns and means.clock.boot_ns() - search.looks_ns[-1] < due_s * _SECOND_NS:
                continue
            await self._look(name, life, search, book)

    async def _look(self, name: str, life: OrderLife, search: Search, book: Book) -> None:
        means = self._means
        since = min(each.started_at for each in life.attempts)
        seen = await means.broker.resolve(name, life.order, since)
        now_ns, now = means.clock.boot_ns(), means.clock.market_now()
        if isinstance(seen, Found):
            self._note(book, happened.DoubtEnded(attempt_id=name, resolution=seen, at=now))
            _report(book, seen.report)
            self._say(f"FOUND    {name} at {means.broker.route}")
            return
        search = after_look(search, whole=isinstance(seen, Absent), now_ns=now_ns, limits=means.settle)
        self._searches[name] = search
        if (proved := proof(search, means.settle)) is None:
            self._say(f"IN DOUBT {name}: looked for over {means.settle.window_s:g} s")
            return
        ended = happened.DoubtEnded(attempt_id=name, resolution=Absent(proof=proved), at=now)
        self._note(book, ended)
        if all(each.lets_lease_move for each in book.orders[life.order.cl_ord_id].attempts):
            text = "the kill switch proved it absent"
            self._note(book, happened.OrderAbandoned(cl_ord_id=life.order.cl_ord_id, text=text, at=now))
        self._say(f"ABSENT   {name}: {proved}")

    def _note(self, book: Book, *events: happened.Event) -> None:
        """Write events, then take them in. Raises `OSError`: then nothing was written, and nothing may be done."""
        self._means.record.write(*events)
        for event in events:
            book.apply(event, book.sequence + 1)

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._means.tell(text)


def take(book: Book, state: AccountState) -> None:
    """Give a book the news of a reading, and the broker's word on its positions."""
    if state.account_domain in book.cash:
        for told in news(book, state)[0]:
            _report(book, told)
    theirs = {each.symbol: each.quantity for each in state.positions if each.quantity}
    book.positions[state.account_domain] = theirs


def _report(book: Book, told: ExecutionReport) -> None:
    taken = happened.ReportTaken(cl_ord_id=book.order_of(told), report=told, at=told.at)
    book.apply(taken, book.sequence + 1)


def _contracts(book: Book, domain: str) -> Sequence[Contract]:
    found = []
    for symbol in {symbol for holdings in kill_plan.held(book, domain).values() for symbol in holdings}:
        with suppress(UnknownSymbol):
            found.append(book.contract(symbol))
    return found
