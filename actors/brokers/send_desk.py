"""A connection's writes: each send once, under the guard, its outcome kept until the executor has journaled it.

Rules of this file
* An order is made ready when it is told, and sent when the same executor releases it: what is not released is never
  sent, whatever it was made ready for (law 1). Getting ready costs nothing while the intent goes to disk.
* An attempt that any ledger knows is never sent again; the answer is what the ledger says.
* The guard runs right before the first byte: deadline, expiry, epoch, and for openings the latch; then the ledger
  entry. What cannot be read says no. A refusal of ours is NotSent and says nothing of the route's health.
* An answer about an attempt that never began goes into the ledger too: should its message still come, it is refused.
* A send cut off after its entry is InDoubt in the ledger, whether by a cancelled task or by a death.
* Cancels pass every stop but the fence. One that the broker did not take has its order read and reported.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from pydantic import Field

from actors.brokers.gates import Gates
from actors.brokers.send_ledger import SendLedger
from actors.domain.orders.attempt import InDoubt, NotSent, Rejected, SubmitOutcome
from actors.domain.orders.order import Intent, Order
from actors.domain.value import Value
from actors.messages import (
    AskOutcome,
    CancelAnswered,
    CancelOrder,
    OrderSent,
    OutcomeJournaled,
    Release,
    Reported,
    SendComplex,
    SendOrder,
)
from actors.ports import Broker, BrokerRefused, BrokerUnavailable, Clock

Tell = Callable[[Value], None]
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class SendLimits(Value):
    """The bounds of writing."""

    sends_max: int = Field(default=16, gt=0)
    """Sends under way at once; one more is NotSent."""
    cancels_max: int = Field(default=64, gt=0)
    linger_s: float = Field(default=0.001, ge=0, le=0.01)
    """How long an order that is ready keeps the process awake for its release; 0: not at all."""
    answer_timeout_s: float = Field(default=8.0, gt=0)
    cancel_timeout_s: float = Field(default=5.0, gt=0)


class SendDesk:
    """Sends and cancels of one connection."""

    def __init__(
        self, broker: Broker, ledger: SendLedger, clock: Clock, gates: Gates, tell: Tell, limits: SendLimits
    ) -> None:
        self._broker, self._ledger, self._clock, self._gates = broker, ledger, clock, gates
        self._tell, self._limits = tell, limits
        self._held: dict[tuple[str, ...], tuple[SendOrder | SendComplex, bytes | Rejected]] = {}
        """What is ready, by its attempts; of a single order the words too."""
        self._held_ns = 0
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._begun_ns: dict[str, int] = {}
        """When the first byte of each send under way was let out; boot clock."""
        self._cancelling: set[str] = set()

    @property
    def waiting_since_ns(self) -> int | None:
        """When the oldest send without an answer began; None where there is none."""
        return min(self._begun_ns.values(), default=None)

    def hold(self, message: SendOrder | SendComplex) -> None:
        """Have an order ready, or several that are sent as one message. What was told before under the name is void."""
        words: bytes | Rejected = b""
        if isinstance(message, SendOrder):
            words = self._broker.words(message.attempt_id, message.order)
        self._held.pop(message.attempt_ids, None)
        self._held[message.attempt_ids] = message, words
        self._held_ns = self._clock.boot_ns()
        if len(self._held) > self._limits.sends_max:
            del self._held[next(iter(self._held))]  # more than may be under way: released, it ends as not sent

    @property
    def patience_s(self) -> float:
        """How long to wait for the release of what was made ready just now; 0 where nothing was."""
        waited_s = (self._clock.boot_ns() - self._held_ns) / 1e9
        return max(0.0, self._limits.linger_s - waited_s) if self._held else 0.0

    def release(self, message: Release, spawn: Spawn, heard: Callable[[SubmitOutcome], None]) -> None:
        """Send what is ready, or say of each attempt why not; any that a ledger knows is never sent again.

        `heard` is told of every outcome that the route decided.
        """
        names = message.attempt_ids
        if any(name in self._sending for name in names):
            return
        held, words = self._held.pop(names, (None, b""))
        known = [name for name in names if self._ledger.knows(name)]
        refusal = f"{', '.join(known)} was sent before" if known else self._unready(message, held)
        if not refusal:
            match held:
                case SendOrder():
                    task = spawn(self._send(held, words, heard))
                case SendComplex():
                    task = spawn(self._send_complex(held, heard))
            self._sending |= dict.fromkeys(names, task)
            return
        for name in names:
            if name in known:
                self._retell(name, message.connection_incarnation)
            else:
                self._end(name, NotSent(cause=refusal))

    def _unready(self, message: Release, held: SendOrder | SendComplex | None) -> str:
        """Return why what is released cannot be sent; an empty text where it can."""
        if message.connection_incarnation != self._ledger.incarnation:
            return f"meant for incarnation {message.connection_incarnation}, this is {self._ledger.incarnation}"
        if len(self._sending) + len(message.attempt_ids) > self._limits.sends_max:
            return f"{self._limits.sends_max} sends are under way"
        by = (message.executor_epoch, message.connection_incarnation)
        if held is None or (held.executor_epoch, held.connection_incarnation) != by:
            return "not made ready here by the executor that releases it"
        return ""

    def ask(self, message: AskOutcome) -> None:
        """Tell what became of an attempt; nothing while it is under way."""
        if message.attempt_id not in self._sending:
            self._retell(message.attempt_id, message.connection_incarnation)

    def journaled(self, message: OutcomeJournaled) -> None:
        """Forget an outcome that the executor has."""
        self._ledger.forget(message.attempt_id)

    def retell(self) -> None:
        """Tell every outcome not yet confirmed: the executor missed messages, or is a new one."""
        for attempt_id, outcome in self._ledger.unanswered.items():
            self._tell_outcome(attempt_id, outcome)

    def cancel(self, message: CancelOrder, spawn: Spawn) -> None:
        """Ask the broker for a cancel, once at a time per order."""
        if message.broker_order_id in self._cancelling:
            return
        if len(self._cancelling) >= self._limits.cancels_max:
            self._tell_cancel(message, requested=False, text=f"{self._limits.cancels_max} cancels are under way")
            return
        self._cancelling.add(message.broker_order_id)
        spawn(self._cancel(message))

    async def drain(self, grace_s: float) -> None:
        """Wait for the sends under way, at most `grace_s`; what is then cancelled ends in doubt."""
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=grace_s)

    async def _send(self, message: SendOrder, words: bytes | Rejected, heard: Callable[[SubmitOutcome], None]) -> None:
        attempt_id, withheld = message.attempt_id, ""

        def guard() -> str | None:
            nonlocal withheld
            withheld = self._withheld(attempt_id, message.order, message.executor_epoch, message.deadline_ns)
            return withheld or None

        try:
            outcome = (
                words
                if isinstance(words, Rejected)
                else await self._broker.submit(attempt_id, words, self._limits.answer_timeout_s, guard)
            )
        except asyncio.CancelledError:
            self._end(attempt_id, self._cut_off(attempt_id))
            raise
        finally:
            del self._sending[attempt_id]
            self._begun_ns.pop(attempt_id, None)
        self._end(attempt_id, outcome)
        if not withheld:
            heard(outcome)

    async def _send_complex(self, message: SendComplex, heard: Callable[[SubmitOutcome], None]) -> None:
        parts, withheld = [(part.attempt_id, part.order) for part in message.parts], ""
        names = [name for name, _ in parts]

        def guard() -> str | None:
            nonlocal withheld
            one_by_one = (
                self._withheld(name, order, message.executor_epoch, message.deadline_ns) for name, order in parts
            )
            withheld = next(filter(None, one_by_one), "")
            return withheld or None

        timeout_s = self._limits.answer_timeout_s
        try:
            outcomes = await self._broker.submit_complex(message.contingency, parts, timeout_s, guard)
        except asyncio.CancelledError:
            for name in names:
                self._end(name, self._cut_off(name))
            raise
        finally:
            for name in names:
                del self._sending[name]
                self._begun_ns.pop(name, None)
        for name, outcome in zip(names, outcomes, strict=True):
            self._end(name, outcome)
            if not withheld:
                heard(outcome)

    def _cut_off(self, attempt_id: str) -> SubmitOutcome:
        begun = self._ledger.knows(attempt_id)
        return InDoubt(cause="cut off while sending") if begun else NotSent(cause="cut off before the first byte")

    def _withheld(self, attempt_id: str, order: Order, executor_epoch: int, deadline_ns: int) -> str:
        """Return why no byte may leave; an empty text once the ledger knows that one will."""
        if self._clock.boot_ns() > deadline_ns:
            return "late: the deadline has passed"
        if self._clock.market_now() >= order.expires_at:
            return f"expired: at {order.expires_at.isoformat()}"
        if fenced := self._gates.fence(executor_epoch):
            return fenced
        if order.intent is Intent.OPEN and (stopped := self._gates.stop()):
            return stopped
        try:
            self._ledger.entry(attempt_id, opens=order.intent is Intent.OPEN)
        except OSError as error:
            return f"the send ledger cannot be written: {error}"
        self._begun_ns[attempt_id] = self._clock.boot_ns()
        return ""

    def _end(self, attempt_id: str, outcome: SubmitOutcome) -> None:
        # A full disk must not swallow an answer: it is told all the same, and a successor would call it a doubt.
        with suppress(OSError):
            self._ledger.outcome(attempt_id, outcome)
        self._tell_outcome(attempt_id, outcome)

    def _retell(self, attempt_id: str, sent_to: int) -> None:
        outcome = self._ledger.outcome_of(attempt_id, sent_to)
        if outcome is None:
            return
        if self._ledger.knows(attempt_id):
            self._tell_outcome(attempt_id, outcome)
        else:
            self._end(attempt_id, outcome)

    def _tell_outcome(self, attempt_id: str, outcome: SubmitOutcome) -> None:
        self._tell(
            OrderSent(
                route=self._broker.route,
                connection_incarnation=self._ledger.incarnation,
                attempt_id=attempt_id,
                outcome=outcome,
            )
        )

    async def _cancel(self, message: CancelOrder) -> None:
        try:
            requested, text = await self._broker.cancel(
                message.broker_order_id,
                self._limits.cancel_timeout_s,
                lambda: self._gates.fence(message.executor_epoch),
            )
            self._tell_cancel(message, requested=requested, text=text)
            if not requested:
                with suppress(BrokerUnavailable, BrokerRefused):  # the executor asks again
                    self._tell(Reported(report=await self._broker.order(message.broker_order_id)))
        finally:
            self._cancelling.discard(message.broker_order_id)

    def _tell_cancel(self, message: CancelOrder, *, requested: bool, text: str) -> None:
        self._tell(
            CancelAnswered(route=self._broker.route, cl_ord_id=message.cl_ord_id, requested=requested, text=text)
        )
