"""A model of one route's connection process: what the executor sees of it, and what it does to its broker.

It keeps the contract of `broker_connection` and its parts, without their sockets and files: nothing is sent that
another incarnation was meant to send, that is late, expired, fenced or stopped; an entry before the first byte; the
outcome kept until the executor has journaled it; what a dead predecessor left behind is answered from the ledger;
absence by the product's own rule (`connection.absence`), health by its own (`route_watch`). The ledger outlives the
process, and is lost with the machine.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from actors.brokers.route_watch import RouteWatch
from actors.domain.connection.absence import SettleLimits
from actors.domain.connection.route_health import Vitals
from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected, SubmitOutcome
from actors.domain.orders.order import Intent, Order
from actors.domain.orders.report import ExecutionReport
from actors.domain.value import Value
from actors.messages import (
    AccountRead,
    AskAccount,
    AskOutcome,
    CancelAnswered,
    CancelOrder,
    ConnectionState,
    OrderSent,
    OutcomeJournaled,
    Release,
    Reported,
    Resolve,
    SendOrder,
)
from supervisor.app.order_machine.broker import Held, ModelBroker
from supervisor.app.order_machine.luck import ANSWER_TIMEOUT_S, Fate, Send
from supervisor.app.order_machine.searches import Ledger, Searches
from supervisor.app.order_machine.surroundings import Surroundings

CANCEL_S: Final = 0.05


class Link:
    """One connection and all its incarnations."""

    def __init__(self, broker: ModelBroker, world: Surroundings, settle: SettleLimits) -> None:
        self.broker, self._world, self._settle = broker, world, settle
        self.incarnation, self.boot = 0, 0
        self.is_up = self.is_sick = False
        """Sick: its write path fails, and it says so; what is sent all the same does not leave."""
        self.faults = 0
        self._boots: dict[int, int] = {}
        self._ledger = Ledger()
        self._held: dict[tuple[str, ...], SendOrder] = {}
        self._searches = Searches(broker, world, settle, self._ledger, self._tell, self._later)
        self._handlers: Mapping[type[Value], Callable[[Any], None]] = {
            SendOrder: lambda message: self._held.update({message.attempt_ids: message}),
            Release: self._send,
            AskOutcome: self._ask,
            OutcomeJournaled: lambda message: self._ledger.unconfirmed.discard(message.attempt_id),
            Resolve: self._searches.resolve,
            CancelOrder: self._cancel,
            AskAccount: lambda message: self._read(message.request_id),
        }

    @property
    def peer(self) -> str:
        """The process's name."""
        return f"connection-{self.broker.route}"

    def start(self) -> None:
        """Be a new incarnation: log in, read the account, say what can be done."""
        self.incarnation += 1
        self._held.clear()
        self._boots[self.incarnation] = self.boot
        self.is_up = True
        self._searches.end_all()
        self._watch = RouteWatch(self._world.clock, self._world.watch)
        self._watch.stream_up()
        self.say_state()
        self._read(0)

    def die(self) -> None:
        """End at once; what was on its way to the broker is still on its way."""
        self.is_up = False
        self._world.link_died(self)

    def lose_ledger(self) -> None:
        """Lose what was never fsynced, with the machine."""
        self.boot += 1
        self._ledger.lose()

    def hear(self, message: Value) -> None:
        """Take one message of the executor."""
        self._handlers[type(message)](message)

    def hear_anew(self) -> None:
        """Make good for a new executor, or for messages that were lost."""
        for attempt_id in sorted(self._ledger.unconfirmed):
            self._tell_outcome(attempt_id)
        self._read(0)

    def say_state(self) -> None:
        """Say what the route can do, if that is news or due."""
        if self.is_sick:
            self._watch.write_probe("sick")
        else:
            self._watch.write_probe()
        status = self._watch.news(Vitals(), None)
        if status is None:
            return
        self._tell(
            ConnectionState(
                route=self.broker.route,
                account_domain=self.broker.account_domain,
                incarnation=self.incarnation,
                reads=status.reads,
                writes=status.writes and not self.is_sick,
                stream=status.stream,
                reason=status.reason,
                at_ns=self._world.clock.boot_ns(),
            )
        )

    def push(self, held: Held) -> None:
        """Have the broker push an order: once, twice, late, out of order, or never."""
        for delay_s in self._world.luck.pushes_s():
            told = self.broker.report(held, self._world.clock.market_now())
            self._later(delay_s, partial(self._on_push, told))

    # -- sending ----------------------------------------------------------------------------------------------------

    def _send(self, released: Release) -> None:
        (attempt_id,) = released.attempt_ids
        message = self._held.pop(released.attempt_ids, None)
        if attempt_id in self._ledger.entries or attempt_id in self._ledger.outcomes:
            self._retell(attempt_id, released.connection_incarnation)
            return
        if message is None or (withheld := self._withheld(message, released)):
            self._end(attempt_id, NotSent(cause=withheld if message else "not made ready here"))
            return
        send = self._world.luck.send()
        self.faults += send.fate is not Fate.TAKEN or send.answered_s is None
        if self.is_sick or send.fate is Fate.REFUSED:
            self._decide(attempt_id, NotSent(cause="connection refused"))
        elif send.fate is Fate.DIES_BEFORE_ENTRY:
            self.die()
        else:
            self._ledger.entries[attempt_id] = self.incarnation, message.order
            self._on_the_wire(attempt_id, message.order, send)

    def _withheld(self, message: SendOrder, released: Release) -> str:
        order, world = message.order, self._world
        if message.executor_epoch != released.executor_epoch:
            return "another executor's"
        if released.connection_incarnation != self.incarnation:
            return "meant for another incarnation"
        if world.clock.boot_ns() > message.deadline_ns:
            return "late"
        if world.clock.market_now() >= order.expires_at:
            return "expired"
        if message.executor_epoch != world.epoch:
            return "fenced"
        if order.intent is Intent.OPEN and world.stop is not None:
            return "latched"
        return ""

    def _on_the_wire(self, attempt_id: str, order: Order, send: Send) -> None:
        match send.fate:
            case Fate.DIES_AFTER_ENTRY:
                self.die()
            case Fate.REJECTED:
                self._later(send.booked_s, lambda: self._decide(attempt_id, Rejected(code="422", text="no")))
            case Fate.REJECTED_FOR_NOW:
                no = Rejected(code="429", text="later", retryable=True)
                self._later(send.booked_s, lambda: self._decide(attempt_id, no))
            case Fate.LOST:
                self._doubt_later(attempt_id)
            case _:
                self._world.at(send.booked_s, lambda: self._arrive(attempt_id, order, send, self.incarnation))
                self._doubt_later(attempt_id)
                if send.fate is Fate.DIES_SENDING:
                    self.die()

    def _arrive(self, attempt_id: str, order: Order, send: Send, sender: int) -> None:
        """Reach the broker, whoever sent it and whether the sender still lives."""
        held = self.broker.book(attempt_id, order, self._world.clock.market_now())
        if held is not None:
            self._world.booked(self, held)
            self.push(held)
        if sender != self.incarnation or not self.is_up or send.answered_s is None:
            return
        if send.fate is Fate.DIES_ANSWERED:
            self.die()
            return
        answer = (
            Accepted(broker_order_id=held.theirs)
            if held
            else Rejected(code="422", text="the id is known, or nothing is there to close")
        )
        self._later(max(0.0, send.answered_s - send.booked_s), lambda: self._decide(attempt_id, answer))

    def _doubt_later(self, attempt_id: str) -> None:
        self._later(ANSWER_TIMEOUT_S, lambda: self._decide(attempt_id, InDoubt(cause="no answer in time")))

    def _decide(self, attempt_id: str, outcome: SubmitOutcome) -> None:
        """End a send by what the route did; what comes after its end is too late."""
        if attempt_id in self._ledger.outcomes:
            return
        self._watch.write(outcome)
        self._end(attempt_id, outcome)
        self.say_state()

    def _end(self, attempt_id: str, outcome: SubmitOutcome) -> None:
        self._ledger.outcomes[attempt_id] = outcome
        self._ledger.unconfirmed.add(attempt_id)
        self._tell_outcome(attempt_id)

    # -- what was sent before -----------------------------------------------------------------------------------------

    def _ask(self, message: AskOutcome) -> None:
        self._retell(message.attempt_id, message.connection_incarnation)

    def _retell(self, attempt_id: str, sent_to: int) -> None:
        if attempt_id in self._ledger.outcomes:
            self._tell_outcome(attempt_id)
            return
        sender, _ = self._ledger.entries.get(attempt_id, (None, None))
        if sender == self.incarnation:
            return  # under way
        if sender is not None:
            self._end(attempt_id, InDoubt(cause="the connection ended while sending"))
        elif self._boots.get(sent_to) == self.boot:
            self._end(attempt_id, NotSent(cause="no connection of this boot began to send it"))
        else:
            self._end(attempt_id, InDoubt(cause="its ledger may have been lost with the machine"))

    def _tell_outcome(self, attempt_id: str) -> None:
        self._tell(
            OrderSent(
                route=self.broker.route,
                connection_incarnation=self.incarnation,
                attempt_id=attempt_id,
                outcome=self._ledger.outcomes[attempt_id],
            )
        )

    # -- cancels, pushes, readings ------------------------------------------------------------------------------------

    def _cancel(self, message: CancelOrder) -> None:
        fate, held = self._world.luck.cancel(), self.broker.orders.get(message.broker_order_id)
        if fate is Fate.LOST or message.executor_epoch != self._world.epoch or held is None:
            self.faults += fate is Fate.LOST
            return
        is_taken = self.broker.ask_cancel(held)
        text = "taken" if is_taken else "finished"
        self._tell(CancelAnswered(route=self.broker.route, cl_ord_id=message.cl_ord_id, requested=is_taken, text=text))
        if not is_taken:
            self._tell(Reported(report=self.broker.report(held, self._world.clock.market_now())))
            return
        self.push(held)
        ended = self.broker.cancel if fate is Fate.TAKEN else self.broker.refuse_cancel
        self._world.at(CANCEL_S, lambda: self._cancelled(held, ended))

    def _cancelled(self, held: Held, ended: Callable[[Held], None]) -> None:
        ended(held)
        self.push(held)

    def _on_push(self, told: ExecutionReport) -> None:
        self._searches.pushed(told)
        self._tell(Reported(report=told))

    def _read(self, request_id: int) -> None:
        """Read the account: its positions first, its orders when the answer comes."""
        delay_s, early = self._world.luck.read_s(), dict(self.broker.positions)
        self.faults += delay_s is None
        self._later(ANSWER_TIMEOUT_S if delay_s is None else delay_s, lambda: self._read_on(request_id, delay_s, early))

    def _read_on(self, request_id: int, delay_s: float | None, early: Mapping[str, int]) -> None:
        state = None
        if delay_s is not None:
            state = self.broker.account(self._world.began_at, self._world.clock.market_now(), early)
        failure = "" if state is not None else "503"
        self._tell(AccountRead(route=self.broker.route, request_id=request_id, state=state, failure=failure))

    def _tell(self, message: Value) -> None:
        if self.is_up:
            self._world.tell_executor(self, message)

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something that this incarnation alone may do."""
        incarnation = self.incarnation

        def do() -> None:
            if self.is_up and self.incarnation == incarnation:
                act()

        self._world.at(delay_s, do)
