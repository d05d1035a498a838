"""Each law has a switch: one function of the product replaced by one that does not keep it, and a check fails.

A check is a short story of one law, told by a `Rig` or with real files; it passes as the code stands. Switching off is
done on the rule itself: it is the rule that is disabled, nothing is faked around it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from actors import order_desk
from actors.account_desk import AccountDesk
from actors.brokers.gates import Gates
from actors.brokers.send_desk import SendDesk, SendLimits
from actors.brokers.send_ledger import SendLedger
from actors.chase import Chase
from actors.desk import Desk, Step
from actors.domain.connection import absence
from actors.domain.connection.absence import Search, SettleLimits
from actors.domain.orders.attempt import Accepted, Attempt, AttemptState, InDoubt, NotSent, Rejected
from actors.domain.orders.event import ReportTaken
from actors.domain.orders.order import Action
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.book import Book
from actors.domain.risk import gate
from actors.epoch import take_epoch
from actors.executor import Executor
from actors.latch import Latch, StopLevel, tighten
from actors.messages import AccountRead, AskAccount, CancelOrder, IssuePermit, OrderSent, SendOrder
from actors.places import Places
from tests.builders import close_signal, open_signal, permit
from tests.fakes import FakeClock
from tests.rig import Rig, account, fills_of, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"


def sent() -> Rig:
    rig = Rig().ready()
    rig.ask(open_signal(1))
    return rig


def opened() -> Rig:
    rig = Rig().ready()
    rig.opened(open_signal(1))
    return rig


# 1. Write, then act.


def the_intent_is_durable_before_it_is_told(_: Path) -> None:
    rig = Rig().ready()
    told = []
    tell = rig.stream.tell

    def watching(peer: str, message: object) -> None:
        if isinstance(message, SendOrder):
            told.append([kind for kind, about in rig.journal.kinds if about == ORDER])
        tell(peer, message)

    rig.stream.tell = watching
    rig.ask(open_signal(1))
    assert told == [["order_placed", "attempt_started"]]


def tell_then_write(off: pytest.MonkeyPatch) -> None:
    commit = Executor._commit

    def hasty(self: Executor, step: Step) -> None:
        for peer, message in step.tells:
            self._tell(peer, message)
        commit(self, Step(events=step.events, alerts=step.alerts))

    off.setattr(Executor, "_commit", hasty)


# 2. Doubt is a state.


def a_doubt_stays_a_doubt_and_is_not_sent_again(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    rig.told(SendOrder)
    rig.after(3600)
    assert rig.book.orders[ORDER].attempts[0].state is AttemptState.IN_DOUBT
    assert rig.told(SendOrder) == []


def a_timeout_means_nothing_was_sent(off: pytest.MonkeyPatch) -> None:
    take = order_desk.OrderDesk.on_outcome

    def sure(self: order_desk.OrderDesk, told: OrderSent, peer: str) -> Step:
        is_doubt = isinstance(told.outcome, InDoubt)
        known = told.model_copy(update={"outcome": NotSent(cause="timeout")}) if is_doubt else told
        return take(self, known, peer)

    off.setattr(order_desk.OrderDesk, "on_outcome", sure)


def absence_is_proved_only_after_the_settle_window(_: Path) -> None:
    limits = SettleLimits(window_s=45, looks_min=3)
    looks = (0, 15 * 10**9, 30 * 10**9)
    assert absence.proof(Search(since_ns=0, looks_ns=looks), limits) is None


def three_looks_are_enough(off: pytest.MonkeyPatch) -> None:
    off.setattr(absence, "proof", lambda search, limits: "seen" if len(search.looks_ns) >= limits.looks_min else None)


# 3. One intent, one route lease.


def a_refused_order_goes_nowhere_else(_: Path) -> None:
    rig = sent()
    rig.told(SendOrder)
    rig.outcome(ATTEMPT, Rejected(code="422", text="no"))
    assert rig.told(SendOrder) == []


def the_lease_always_moves(off: pytest.MonkeyPatch) -> None:
    off.setattr(Attempt, "lets_lease_move", property(lambda _: True))


def an_order_that_turns_up_late_is_cancelled_there(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT, NotSent(cause="refused"))
    rig.outcome(f"{ORDER}-r2", route="backup")
    rig.push(report("primary-9", Status.NEW, attempt=ATTEMPT))
    assert [told.broker_order_id for _, told in rig.told(CancelOrder)] == ["primary-9"]


def the_old_route_is_not_watched(off: pytest.MonkeyPatch) -> None:
    off.setattr(OrderLife, "is_stray", lambda self, told: False)


# 4. Closing orders never cross account domains.


def a_close_stays_in_its_account(_: Path) -> None:
    rig = opened()
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1", NotSent(cause="refused"))
    assert {peer for peer, _ in rig.told(SendOrder)} == {"connection-primary"}


def any_route_will_do(off: pytest.MonkeyPatch) -> None:
    def first_untried(life: OrderLife, routes: list[Any], attempts_max: int) -> Any:
        tried = {attempt.route for attempt in life.attempts}
        return next((route for route in routes if route.name not in tried), None)

    off.setattr(order_desk, "next_route", first_untried)


# 5. Unreadable is not flat.


def a_failed_reading_says_nothing(_: Path) -> None:
    rig = opened()
    for _turn in range(4):
        rig.after(11)
        asked = [message for peer, message in rig.told(AskAccount) if peer == "connection-primary"]
        failed = AccountRead(route="primary", request_id=asked[-1].request_id, state=None, failure="503")
        rig.hear("connection-primary", failed)
    assert (rig.book.structures[ORDER].quantity, rig.book.quarantined) == (1, {})


def nothing_read_is_nothing_there(off: pytest.MonkeyPatch) -> None:
    compare = AccountDesk.on_compared

    def trusting(self: AccountDesk, read: AccountRead) -> Step:
        return compare(self, read.model_copy(update={"state": read.state or account(read.route)}))

    off.setattr(AccountDesk, "on_compared", trusting)


# 6. A fill is never refused.


def a_fill_after_a_cancel_is_booked_and_paged(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.CANCELED, attempt=ATTEMPT))
    rig.push(report("primary-1", Status.FILLED, *fills_of(rig.book.orders[ORDER].order), attempt=ATTEMPT))
    rig.after(0.1)
    assert (len(rig.book.positions.get("primary-account", {})), len(rig.alerts("A022"))) == (4, 1)


def a_finished_order_takes_no_fill(off: pytest.MonkeyPatch) -> None:
    apply = Book.apply

    def tidy(self: Book, event: Any, sequence: int) -> Any:
        if isinstance(event, ReportTaken) and not self.orders[event.cl_ord_id].is_live:
            event = event.model_copy(update={"report": event.report.model_copy(update={"fills": ()})})
        return apply(self, event, sequence)

    off.setattr(Book, "apply", tidy)


# 7. Openings fail closed, exits stay open; a close is bounded.


def a_stale_quote_opens_nothing(_: Path) -> None:
    rig = Rig().ready()
    rig.clock.advance(120)
    assert not rig.ask(open_signal(1)).admitted


def quotes_never_age(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "_age_s", lambda quote, seen: 0.0)


def nothing_stops_a_close(_: Path) -> None:
    rig = opened()
    rig.hear("risk", IssuePermit(permit=permit(sequence=99, ttl_s=1)))
    rig.stop = "halt by hand"
    rig.clock.advance(120)
    assert rig.ask(close_signal(2, ORDER)).admitted


def a_close_needs_leave_to_trade(off: pytest.MonkeyPatch) -> None:
    review = gate._review_close

    def strict(request: Any, seen: Any) -> Any:
        yield gate.Check(code=gate.Code.R011_NO_PERMIT, passed=seen.permit is not None)
        yield from review(request, seen)

    off.setattr(gate, "_review_close", strict)


def what_is_not_there_is_not_closed(_: Path) -> None:
    rig = opened()
    bought = fills_of(rig.book.orders[ORDER].order)[1].model_copy(
        update={"exec_id": "by hand", "action": Action.BUY_TO_CLOSE}
    )
    rig.push(report("theirs-1", Status.FILLED, bought))
    rig.ask(close_signal(2, ORDER))
    legs = {leg.symbol for _, sent in rig.told(SendOrder) for leg in sent.order.legs}
    assert bought.symbol not in legs


def a_close_takes_what_it_believes_it_holds(off: pytest.MonkeyPatch) -> None:
    off.setattr(order_desk, "closable", lambda book, structure: structure.holdings)


# 8. Start-up is recovery.


def nothing_opens_before_the_accounts_agree(_: Path) -> None:
    rig = Rig()
    rig.connect()
    assert not rig.ask(open_signal(1)).admitted


def every_start_is_ready(off: pytest.MonkeyPatch) -> None:
    gather = Desk.circumstances
    off.setattr(
        Desk, "circumstances", lambda self, *a, **k: replace(gather(self, *a, **k), ready=True, routes=("primary",))
    )


# 9 and 10 at the connection: the last look before the first byte.


class Broker:
    """Sends whatever its guard lets leave."""

    route = "primary"

    async def submit(self, attempt_id: str, order: Any, timeout_s: float, guard: Callable[[], str | None]) -> Any:
        reason = guard()
        return Accepted(broker_order_id="1") if reason is None else NotSent(cause=reason)


def outcome_at_the_connection(folder: Path, executor_epoch: int) -> OrderSent:
    """Hand one opening to a connection whose files lie in `folder`; return what it tells."""
    ((_, message),) = sent().told(SendOrder)
    message = message.model_copy(update={"executor_epoch": executor_epoch})
    told: list[Any] = []
    ledger = SendLedger(folder / "ledger", 1, "boot")

    async def once() -> None:
        gates = Gates.of(Places(state=folder, run=folder))
        desk = SendDesk(Broker(), ledger, FakeClock(), gates, told.append, SendLimits())
        desk.send(message, asyncio.get_running_loop().create_task, lambda _: None)
        await desk.drain(5)

    asyncio.run(once())
    ledger.close()
    return told[0]


def a_predecessor_sends_nothing(folder: Path) -> None:
    old = take_epoch(folder / "epoch")
    take_epoch(folder / "epoch")
    assert isinstance(outcome_at_the_connection(folder, old).outcome, NotSent)


def epochs_are_not_compared(off: pytest.MonkeyPatch) -> None:
    off.setattr(Gates, "fence", lambda self, executor_epoch: None)


def a_latched_stop_keeps_an_opening_in(folder: Path) -> None:
    epoch = take_epoch(folder / "epoch")
    tighten(folder / "latch.json", Latch(level=StopLevel.REDUCE, reason="test", by="test"))
    assert isinstance(outcome_at_the_connection(folder, epoch).outcome, NotSent)


def the_latch_is_not_read(off: pytest.MonkeyPatch) -> None:
    off.setattr(Gates, "stop", lambda self: None)


def a_latched_stop_cancels_what_works(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.stop = "reduce by hand"
    rig.after(0.1)
    assert len(rig.told(CancelOrder)) == 1


def openings_go_on(off: pytest.MonkeyPatch) -> None:
    off.setattr(Chase, "_obey_latch", lambda self, step: None)


def a_restart_keeps_the_baseline(_: Path) -> None:
    rig = Rig()
    rig.connect()
    rig.read(net_liquidation=100)
    rig.start()
    rig.connect()
    rig.read(net_liquidation=60)
    assert rig.book.baseline == {"primary-account": 100}


def every_start_is_a_new_day(off: pytest.MonkeyPatch) -> None:
    recover = Executor._recover

    def forgetful(self: Executor, products: Any) -> Book:
        book = recover(self, products)
        book.session = None
        return book

    off.setattr(Executor, "_recover", forgetful)


@dataclass(frozen=True)
class Switch:
    """One law, a check of it, and how it is switched off."""

    law: int
    check: Callable[[Path], None]
    off: Callable[[pytest.MonkeyPatch], None]


LAW_SWITCHES = (
    Switch(1, the_intent_is_durable_before_it_is_told, tell_then_write),
    Switch(2, a_doubt_stays_a_doubt_and_is_not_sent_again, a_timeout_means_nothing_was_sent),
    Switch(2, absence_is_proved_only_after_the_settle_window, three_looks_are_enough),
    Switch(3, a_refused_order_goes_nowhere_else, the_lease_always_moves),
    Switch(3, an_order_that_turns_up_late_is_cancelled_there, the_old_route_is_not_watched),
    Switch(4, a_close_stays_in_its_account, any_route_will_do),
    Switch(5, a_failed_reading_says_nothing, nothing_read_is_nothing_there),
    Switch(6, a_fill_after_a_cancel_is_booked_and_paged, a_finished_order_takes_no_fill),
    Switch(7, a_stale_quote_opens_nothing, quotes_never_age),
    Switch(7, nothing_stops_a_close, a_close_needs_leave_to_trade),
    Switch(7, what_is_not_there_is_not_closed, a_close_takes_what_it_believes_it_holds),
    Switch(8, nothing_opens_before_the_accounts_agree, every_start_is_ready),
    Switch(9, a_predecessor_sends_nothing, epochs_are_not_compared),
    Switch(10, a_latched_stop_keeps_an_opening_in, the_latch_is_not_read),
    Switch(10, a_latched_stop_cancels_what_works, openings_go_on),
    Switch(10, a_restart_keeps_the_baseline, every_start_is_a_new_day),
)
named = pytest.mark.parametrize(
    "switch", LAW_SWITCHES, ids=[f"{each.law}-{each.check.__name__}" for each in LAW_SWITCHES]
)


@named
def test_the_law_holds(switch, tmp_path):
    switch.check(tmp_path)


@named
def test_without_the_rule_its_check_fails(switch, tmp_path, monkeypatch):
    switch.off(monkeypatch)
    with pytest.raises(AssertionError, match="assert"):
        switch.check(tmp_path)


def test_every_law_about_orders_has_a_switch():
    assert {each.law for each in LAW_SWITCHES} == set(range(1, 11))
