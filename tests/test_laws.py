"""Each law has a switch: one function of the product replaced by one that does not keep it, and a check fails.

A check is a short story of one law, told by a `Rig` or with real files; it passes as the code stands. Switching off is
done on the rule itself: it is the rule that is disabled, nothing is faked around it. The algorithm inside LEAN keeps
laws 1, 2 and 5 by rules of its own; their switches stand beside it (`actors/brokers/lean/test_holdfast_algorithm.py`).
"""

import asyncio
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from actors import close_queue, difference_watch, failback, order_desk, recovery, signal_desk
from actors.account_desk import AccountDesk
from actors.brokers.gates import Gates
from actors.brokers.orphans import Orphans
from actors.brokers.send_desk import SendDesk, SendLimits
from actors.brokers.send_ledger import SendLedger
from actors.chase import Chase
from actors.desk import Desk, Step
from actors.domain.connection import absence
from actors.domain.connection.absence import Search, SettleLimits
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import Quote
from actors.domain.orders import fill_check, lease
from actors.domain.orders.attempt import Absent, Accepted, Attempt, AttemptState, Found, InDoubt, NotSent, Rejected
from actors.domain.orders.event import ReportTaken
from actors.domain.orders.order import Action, Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.report import Status
from actors.domain.portfolio import closable as closable_rule
from actors.domain.portfolio import imbalance, legging, reconcile
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.reconcile import news
from actors.domain.portfolio.retention import Retained
from actors.domain.risk import gate
from actors.epoch import take_epoch
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.messages import (
    AccountRead,
    AskAccount,
    AskOutcome,
    CancelOrder,
    IssuePermit,
    OrderSent,
    Release,
    Resolved,
    SendOrder,
    SubmitSignal,
)
from actors.places import Places, places
from supervisor import hang_watch, health
from supervisor.child import Child
from supervisor.child_spec import ChildSpec
from supervisor.cli import stops
from supervisor.cli.main import main
from supervisor.hang_watch import HangWatch
from supervisor.journal import JournalWriter
from supervisor.journal_file import JournalFullError
from supervisor.process import Process, cpu_ticks, identify, send, stopped
from supervisor.state_disk import StateDisk
from tests import switches
from tests.actors.domain.portfolio.test_retention import KEPT, Days
from tests.builders import close_signal, open_signal, permit
from tests.fakes import FakeClock
from tests.rig import Rig, account, fills_of, report
from tests.supervisor.test_full_disk import DiskRig
from tests.supervisor.test_state_disk import fill

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


def the_intent_is_durable_before_it_is_released(_: Path) -> None:
    rig = Rig().ready()
    told = []
    tell = rig.stream.tell

    def watching(peer: str, message: object) -> None:
        if isinstance(message, Release):
            told.append([kind for kind, about in rig.journal.kinds if about == ORDER])
        tell(peer, message)

    rig.stream.tell = watching
    rig.ask(open_signal(1))
    assert told == [["order_placed", "attempt_started"]]


def a_send_is_in_the_ledger_before_its_first_byte(folder: Path) -> None:
    epoch = take_epoch(folder / "epoch")
    known: list[bool] = []
    outcome_at_the_connection(folder, epoch, when_the_byte_leaves=lambda ledger: known.append(ledger.knows(ATTEMPT)))
    assert known == [True]


def the_ledger_is_written_when_the_answer_comes(off: pytest.MonkeyPatch) -> None:
    off.setattr(SendLedger, "entry", lambda self, attempt_id, **_: None)


def the_same_signal_again_moves_nothing(_: Path) -> None:
    rig = sent()
    rig.ask(open_signal(1))
    assert len(rig.told(SendOrder)) == 1


def every_asking_is_a_new_signal(off: pytest.MonkeyPatch) -> None:
    take, count = signal_desk.SignalDesk.on_signal, iter(range(10**6))

    def anew(self: signal_desk.SignalDesk, asked: SubmitSignal) -> Step:
        signal = asked.signal.model_copy(update={"signal_id": f"{asked.signal.signal_id}-{next(count)}"})
        return take(self, asked.model_copy(update={"signal": signal}))

    off.setattr(signal_desk.SignalDesk, "on_signal", anew)


# 2. Doubt is a state.


def a_doubt_stays_a_doubt_and_is_not_sent_again(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    rig.told(SendOrder)
    rig.after(3600)
    assert rig.book.orders[ORDER].attempts[0].state is AttemptState.IN_DOUBT
    assert rig.told(SendOrder) == []


def absence_is_proved_only_after_the_settle_window(_: Path) -> None:
    limits = SettleLimits(window_s=45, looks_min=3)
    looks = (0, 15 * 10**9, 30 * 10**9)
    assert absence.proof(Search(since_ns=0, looks_ns=looks), limits) is None


def three_looks_are_enough(off: pytest.MonkeyPatch) -> None:
    off.setattr(absence, "proof", lambda search, limits: "seen" if len(search.looks_ns) >= limits.looks_min else None)


def a_look_that_failed_begins_the_row_anew(_: Path) -> None:
    limits, search = SettleLimits(window_s=45, looks_min=3), Search(since_ns=0)
    for at_s, whole in ((15, True), (30, True), (40, False), (60, True)):
        search = absence.after_look(search, whole=whole, now_ns=at_s * 10**9, limits=limits)
    assert absence.proof(search, limits) is None


def a_failed_look_counts(off: pytest.MonkeyPatch) -> None:
    look = absence.after_look
    off.setattr(absence, "after_look", lambda search, *, whole, **more: look(search, whole=True, **more))


def only_the_route_that_owns_a_doubt_ends_it(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    rig.hear("connection-backup", Resolved(route="backup", attempt_id=ATTEMPT, resolution=Absent(proof="3 looks")))
    assert rig.book.orders[ORDER].in_doubt


def any_route_may_say_so(off: pytest.MonkeyPatch) -> None:
    take = order_desk.OrderDesk.on_resolved
    off.setattr(
        order_desk.OrderDesk,
        "on_resolved",
        lambda self, told: take(self, told.model_copy(update={"route": "primary"})),
    )


def what_is_known_to_be_another_order_ends_no_doubt(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    second = rig.ask(open_signal(2)).cl_ord_id
    rig.outcome(f"{second}-r1", InDoubt(cause="timeout"))
    looks_like_it = Found(report=report("primary-1", Status.NEW))
    rig.hear("connection-primary", Resolved(route="primary", attempt_id=f"{second}-r1", resolution=looks_like_it))
    assert rig.book.orders[second].in_doubt


def whatever_looks_like_it_is_it(off: pytest.MonkeyPatch) -> None:
    off.setattr(order_desk.OrderDesk, "_other", lambda self, found, life: None)


def a_restart_asks_and_never_sends_what_is_unanswered(_: Path) -> None:
    rig = sent()
    rig.start()
    rig.ready()
    rig.after(2)
    assert (rig.told(SendOrder), rig.book.orders[ORDER].is_unanswered) == ([], True)


def what_is_unanswered_is_sent_again(off: pytest.MonkeyPatch) -> None:
    ask = Chase._ask

    def resend(self: Chase, step: Step) -> None:
        ask(self, step)
        step.tells = [(peer, as_send(each) if isinstance(each, AskOutcome) else each) for peer, each in step.tells]

    def as_send(asked: AskOutcome) -> SendOrder:
        return SendOrder(**asked.model_dump(), deadline_ns=10**18)

    off.setattr(Chase, "_ask", resend)


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


def a_move_of_the_lease_is_durable_before_the_second_send(_: Path) -> None:
    rig = sent()
    seen: list[int] = []
    tell = rig.stream.tell

    def watching(peer: str, message: object) -> None:
        if isinstance(message, Release):
            seen.append([kind for kind, _ in rig.journal.kinds].count("attempt_started"))
        tell(peer, message)

    rig.stream.tell = watching
    rig.outcome(ATTEMPT, NotSent(cause="refused"))
    assert seen == [2]


def a_route_that_was_left_is_not_trusted_at_once(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT, NotSent(cause="refused"))
    rig.outcome(f"{ORDER}-r2", route="backup")
    rig.after(1)
    rig.told(SendOrder)
    rig.ask(open_signal(2))
    assert [peer for peer, _ in rig.told(SendOrder)] == ["connection-backup"]


def nothing_is_waited_for(off: pytest.MonkeyPatch) -> None:
    off.setattr(failback, "waits_for", lambda seen, after_s: ())


# 4. Closing orders never cross account domains.


def a_close_stays_in_its_account(_: Path) -> None:
    rig = opened()
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1", NotSent(cause="refused"))
    rig.after(2)
    assert {peer for peer, _ in rig.told(SendOrder)} == {"connection-primary"}


def any_route_will_do(off: pytest.MonkeyPatch) -> None:
    def first_untried(life: OrderLife, routes: list[Any], attempts_max: int) -> Any:
        tried = {attempt.route for attempt in life.attempts}
        return next((route for route in routes if route.name not in tried), None)

    off.setattr(close_queue, "next_route", first_untried)


def a_close_whose_account_is_away_is_not_sent_to_another(_: Path) -> None:
    rig = opened()
    rig.connect(writes=False)
    rig.ask(close_signal(2, ORDER))
    assert rig.told(SendOrder) == []


def the_first_route_that_can_send_gets_it(off: pytest.MonkeyPatch) -> None:
    obstacle = lease._obstacle

    def unbound(life: OrderLife, route: lease.Route) -> str:
        free = life.order.model_copy(update={"account_domain": None})
        return obstacle(life.model_copy(update={"order": free}), route)

    off.setattr(lease, "_obstacle", unbound)


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


def an_order_that_a_reading_does_not_list_is_still_there(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.NEW, attempt=ATTEMPT))
    rig.read(orders=[])
    assert rig.book.orders[ORDER].is_live


def what_is_not_listed_is_gone(off: pytest.MonkeyPatch) -> None:
    take = AccountDesk.on_account

    def tidy(self: AccountDesk, read: AccountRead) -> Step:
        step = take(self, read)
        gone = report("primary-1", Status.CANCELED, attempt=ATTEMPT)
        if read.state is not None and not read.state.orders and ORDER in self._desk.book.orders:
            step.events.append(ReportTaken(cl_ord_id=ORDER, report=gone, at=gone.at))
        return step

    off.setattr(AccountDesk, "on_account", tidy)


# 6. A fill is never refused.


def a_fill_after_a_cancel_is_booked_and_paged(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.push(report("primary-1", Status.CANCELED, attempt=ATTEMPT))
    rig.push(report("primary-1", Status.FILLED, *fills_of(rig.book.orders[ORDER].order), attempt=ATTEMPT))
    rig.after(0.1)
    assert (len(rig.book.positions.get("primary-account", {})), len(rig.alerts("A022"))) == (4, 1)


def an_execution_is_booked_once_however_often_it_is_told(_: Path) -> None:
    rig = opened()
    told = report("primary-1", Status.FILLED, *fills_of(rig.book.orders[ORDER].order), attempt=ATTEMPT)
    rig.push(told, told)
    assert set(map(abs, rig.book.positions["primary-account"].values())) == {1}


def an_execution_taken_back_is_booked_back(_: Path) -> None:
    rig = opened()
    gone = tuple(fill.exec_id for fill in rig.book.orders[ORDER].fills)
    rig.push(report("primary-1", Status.FILLED, attempt=ATTEMPT, busted=gone))
    assert (rig.book.positions["primary-account"], rig.book.structures[ORDER].is_flat) == ({}, True)


def a_fill_that_does_not_fit_is_booked_and_keeps_new_risk_out(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    twice = fills_of(rig.book.orders[ORDER].order, 2)
    rig.push(report("primary-1", Status.FILLED, *twice, attempt=ATTEMPT))
    assert set(rig.book.positions["primary-account"].values()) == {2, -2}
    assert not rig.ask(open_signal(2)).admitted


def every_fill_is_believed(off: pytest.MonkeyPatch) -> None:
    off.setattr(fill_check, "check", lambda *_: ())


def a_short_is_not_left_uncovered_past_the_deadline(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    short = fills_of(rig.book.orders[ORDER].order)[1]
    rig.push(report("primary-1", Status.CANCELED, short, attempt=ATTEMPT))
    rig.read(positions=rig.book.positions["primary-account"])
    rig.told(SendOrder)
    for _turn in range(9):
        rig.after(1)
    covering = [leg.action for _, told in rig.told(SendOrder) for leg in told.order.legs]
    assert covering == [Action.BUY_TO_CLOSE]


def a_fill_after_a_cancel_leaves_no_structure_with_what_the_account_does_not_have(_: Path) -> None:
    rig = Rig().ready()
    spread, _condor = rig.closed_twice()
    rig.read(positions=rig.book.positions["primary-account"])
    for _turn in range(9):
        rig.after(1)
    assert rig.book.structures[spread].is_flat
    unwound = {leg.symbol for _, told in rig.told(SendOrder) for leg in told.order.legs}
    assert unwound == rig.book.positions["primary-account"].keys(), "what is left of the condor is unwound"


def an_imbalance_is_waited_out(off: pytest.MonkeyPatch) -> None:
    off.setattr(imbalance, "remedy", lambda *_: imbalance.Remedy.WAIT)


# 7. Openings fail closed, exits stay open; a close is bounded.


def a_stale_quote_opens_nothing(_: Path) -> None:
    rig = Rig().ready()
    rig.clock.advance(120)
    rig.hear("data_feed", Survey(universe=1, at_ns=rig.clock.ns))
    assert not rig.ask(open_signal(1)).admitted


def quotes_never_age(off: pytest.MonkeyPatch) -> None:
    off.setattr(Quote, "age_s", lambda quote, now, boot_ns: 0.0)


def an_opening_that_waited_is_admitted_again_before_it_moves(_: Path) -> None:
    rig = sent()
    rig.told(SendOrder)
    rig.clock.advance(120)  # nobody quotes meanwhile
    rig.outcome(ATTEMPT, NotSent(cause="refused"))
    assert rig.told(SendOrder) == []


def once_admitted_always_admitted(off: pytest.MonkeyPatch) -> None:
    off.setattr(order_desk.OrderDesk, "_refused_again", lambda self, order: "")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A real file system of four megabytes, where we may mount one."""
    small = folder / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system here")
    try:
        yield small
    finally:
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def a_disk_with_too_little_room_opens_nothing(_: Path) -> None:
    rig = opened()
    rig.disk = "10.0 MB free, 200.0 MB must be"
    assert not rig.ask(open_signal(2)).admitted
    assert rig.ask(close_signal(3, ORDER)).admitted


def the_gate_does_not_know_of_the_disk(off: pytest.MonkeyPatch) -> None:
    gather = Desk.circumstances
    off.setattr(Desk, "circumstances", lambda self, *a, **k: replace(gather(self, *a, **k), disk=None))


def on_a_full_disk_an_exit_goes_out_of_the_reserve(folder: Path) -> None:
    with small_disk(folder) as small:
        where = places(small / "state")
        rig = DiskRig(where).ready()
        held = rig.opened(open_signal(1))
        fill(small, leave=0)
        answer = None
        with suppress(JournalFullError):
            answer = rig.ask(close_signal(2, held))
        rig.close()
        shutil.rmtree(where.run, ignore_errors=True)
    assert answer is not None
    assert answer.admitted


def nothing_is_let_go_of(off: pytest.MonkeyPatch) -> None:
    off.setattr(StateDisk, "release", lambda self: False)


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
    off.setattr(signal_desk, "closable", lambda book, structure: structure.holdings)


def a_close_in_doubt_is_neither_resent_nor_closed_over(_: Path) -> None:
    rig = opened()
    closing = rig.ask(close_signal(2, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1", InDoubt(cause="timeout"))
    rig.told(SendOrder)
    rig.after(60)
    assert (rig.ask(close_signal(3, ORDER)).admitted, rig.told(SendOrder)) == (False, [])


def a_doubt_about_a_close_does_not_count(off: pytest.MonkeyPatch) -> None:
    review = gate._review_close
    about_doubt = {gate.Code.R051_CLOSE_WORKING, gate.Code.R052_CLOSE_IN_DOUBT}
    off.setattr(
        gate,
        "_review_close",
        lambda request, seen: (check for check in review(request, seen) if check.code not in about_doubt),
    )


def what_another_close_may_still_take_is_not_closed_twice(_: Path) -> None:
    rig = opened()
    rig.opened(open_signal(2))
    closing = rig.ask(close_signal(3, ORDER)).cl_ord_id
    rig.outcome(f"{closing}-r1", InDoubt(cause="timeout"))
    order = rig.book.orders[ORDER].order
    by_hand = (
        fill.model_copy(update={"exec_id": f"by hand {place}", "action": fill.action.closing})
        for place, fill in enumerate(fills_of(order))
    )
    rig.push(report("theirs-1", Status.FILLED, *by_hand))
    assert not rig.ask(close_signal(4, "condor-20260105-2")).admitted, "one is left, and the doubt may take it"


def closes_do_not_know_of_each_other(off: pytest.MonkeyPatch) -> None:
    off.setattr(closable_rule, "_taken_by_others", lambda book, structure: Counter())


def a_late_close_takes_only_what_is_left(_: Path) -> None:
    rig = opened()
    rig.connect(writes=False)
    rig.ask(close_signal(2, ORDER))
    sold = fills_of(rig.book.orders[ORDER].order)[0].model_copy(
        update={"exec_id": "by hand", "action": Action.SELL_TO_CLOSE}
    )
    rig.push(report("theirs-1", Status.FILLED, sold))
    rig.connect(writes=True)
    rig.read(request_id=0, positions=rig.book.positions["primary-account"])
    rig.after(0.1)
    ((_, late),) = rig.told(SendOrder)
    assert sold.symbol not in {leg.symbol for leg in late.order.legs}


def a_late_close_is_sent_as_it_was(off: pytest.MonkeyPatch) -> None:
    off.setattr(close_queue, "late_close", lambda order, book, quotes: order)


def waiting_for_single_legs() -> Rig:
    """A structure held where its account's only route, which takes single legs alone, is away; its close waits."""
    rig = opened()
    rig.connect(writes=False, combo_legs_max=1)
    rig.ask(close_signal(2, ORDER))
    rig.after(20)
    rig.connect(combo_legs_max=1)
    for _ in range(3):
        rig.after(0.1)
    return rig


def a_close_that_waited_goes_as_legs_after_a_fresh_reading_alone(_: Path) -> None:
    rig = waiting_for_single_legs()
    assert rig.told(SendOrder) == []
    rig.read(request_id=0, positions=rig.book.positions["primary-account"])
    rig.after(0.1)
    rig.after(0.1)
    sent = [leg.action for _, told in rig.told(SendOrder) for leg in told.order.legs]
    assert sent == [Action.BUY_TO_CLOSE] * 2


def a_reading_of_before_is_fresh_enough(off: pytest.MonkeyPatch) -> None:
    gather = Desk.routes
    off.setattr(Desk, "routes", lambda self: [route.model_copy(update={"fresh": True}) for route in gather(self)])


def all_legs_go_at_once(off: pytest.MonkeyPatch) -> None:
    off.setattr(legging, "next_legs", lambda order, legs: [] if legs else [(leg, leg.ratio) for leg in order.legs])


def what_waits_goes_whole_or_not_at_all(off: pytest.MonkeyPatch) -> None:
    off.setattr(close_queue, "legs_domain", lambda order, load, routes: None)


# 8. Start-up is recovery.


def nothing_opens_before_the_accounts_agree(_: Path) -> None:
    rig = Rig()
    rig.connect()
    answer = rig.ask(open_signal(1))
    assert Code.R010_HALTED in [check.code for check in answer.checks if not check.passed]


def every_start_is_ready(off: pytest.MonkeyPatch) -> None:
    gather = Desk.circumstances
    off.setattr(
        Desk, "circumstances", lambda self, *a, **k: replace(gather(self, *a, **k), ready=True, routes=("primary",))
    )


def nothing_is_closed_before_its_account_was_read(_: Path) -> None:
    rig = opened()
    rig.start()
    rig.connect()
    rig.ask(close_signal(2, ORDER))
    assert rig.told(SendOrder) == []


def every_account_counts_as_read(off: pytest.MonkeyPatch) -> None:
    off.setattr(lease, "_obstacle", lambda life, route: "")


def what_is_ours_is_never_taken_for_foreign(_: Path) -> None:
    rig = opened()
    held = dict(rig.book.positions["primary-account"])
    for _turn in range(12):
        rig.after(10)
        rig.read(positions={symbol: 2 * count for symbol, count in held.items()})
    assert (list(rig.book.quarantined), rig.book.positions["primary-account"]) == (["SPX"], held)
    assert not rig.ask(open_signal(2)).admitted


def whatever_the_account_says_is_adopted(off: pytest.MonkeyPatch) -> None:
    off.setattr(difference_watch, "foreign", reconcile.differences)


def nothing_is_forgotten_while_an_account_that_holds_something_does_not_agree(_: Path) -> None:
    days = Days()
    days.session()
    days.order(1, Status.FILLED)
    ended = days.order(2, Status.CANCELED)
    for _day in range(2 * KEPT):
        days.session("backup-account")
    assert ended.cl_ord_id in days.book.orders


def every_account_is_said_to_agree(off: pytest.MonkeyPatch) -> None:
    off.setattr(Book, "domains", lambda self: set())


def what_was_forgotten_is_not_booked_again(_: Path) -> None:
    days = Days()
    days.session()
    days.order(1, Status.CANCELED)
    fee = days.fee("fee-1")
    days.sessions(2 * KEPT)
    assert news(days.book, account(cash_events=[fee])) == ([], [])


def what_is_not_known_is_news(off: pytest.MonkeyPatch) -> None:
    off.setattr(Retained, "is_past", lambda self, at: False)


# 9. One sender, in the journal's own transaction.


def a_fenced_executor_writes_nothing(folder: Path) -> None:
    def fence() -> None:
        raise PermissionError("another epoch is in force")

    writer = JournalWriter(folder / "journal", epoch=1, clock=lambda: 0, fence=fence)
    try:
        with suppress(PermissionError):
            writer.append([("kind", "about", b"{}")])
        assert list(writer.read()) == []
    finally:
        writer.close()


def the_journal_asks_nobody(off: pytest.MonkeyPatch) -> None:
    build = JournalWriter.__init__
    off.setattr(
        JournalWriter, "__init__", lambda self, path, **more: build(self, path, **{**more, "fence": lambda: None})
    )


# 9 and 10 at the connection: the last look before the first byte.


class Broker:
    """Sends whatever its guard lets leave."""

    route = "primary"

    def __init__(self, when_the_byte_leaves: Callable[[], None]) -> None:
        self._leaves = when_the_byte_leaves

    def words(self, attempt_id: str, order: Any) -> bytes:
        return b""

    async def submit(self, attempt_id: str, words: Any, timeout_s: float, guard: Callable[[], str | None]) -> Any:
        reason = guard()
        self._leaves()
        return Accepted(broker_order_id="1") if reason is None else NotSent(cause=reason)


def a_send(executor_epoch: int) -> SendOrder:
    ((_, message),) = sent().told(SendOrder)
    return message.model_copy(update={"executor_epoch": executor_epoch})


def what_is_not_released_is_never_sent(folder: Path) -> None:
    ledger, epoch = SendLedger(folder / "ledger", 1, "boot"), take_epoch(folder / "epoch")
    told: list[Any] = []

    async def once() -> None:
        gates = Gates.of(Places(state=folder, run=folder))
        desk = SendDesk(Broker(lambda: None), ledger, FakeClock(), gates, told.append, SendLimits())
        desk.hold(a_send(epoch))
        await desk.drain(5)

    asyncio.run(once())
    assert (told, ledger.knows(ATTEMPT)) == ([], False)
    ledger.close()


def what_is_ready_goes_at_once(off: pytest.MonkeyPatch) -> None:
    hold = SendDesk.hold

    def hasty(self: SendDesk, message: SendOrder) -> None:
        hold(self, message)
        self.release(message.release(), asyncio.get_running_loop().create_task, lambda _: None)

    off.setattr(SendDesk, "hold", hasty)


def what_one_executor_made_ready_no_other_releases(folder: Path) -> None:
    old = take_epoch(folder / "epoch")
    message, told = a_send(take_epoch(folder / "epoch")), []
    ledger = SendLedger(folder / "ledger", 1, "boot")

    async def once() -> None:
        gates = Gates.of(Places(state=folder, run=folder))
        desk = SendDesk(Broker(lambda: None), ledger, FakeClock(), gates, told.append, SendLimits())
        desk.hold(message)
        late = message.release().model_copy(update={"executor_epoch": old})
        desk.release(late, asyncio.get_running_loop().create_task, lambda _: None)
        await desk.drain(5)

    asyncio.run(once())
    ledger.close()
    assert [type(sent.outcome) for sent in told] == [NotSent]


def whoever_releases_it(off: pytest.MonkeyPatch) -> None:
    off.setattr(SendDesk, "_unready", lambda self, message, held: "" if held else "not made ready here")


def outcome_at_the_connection(
    folder: Path, executor_epoch: int, when_the_byte_leaves: Callable[[SendLedger], None] = lambda _: None
) -> OrderSent:
    """Hand one opening to a connection whose files lie in `folder`; return what it tells."""
    message = a_send(executor_epoch)
    told: list[Any] = []
    ledger = SendLedger(folder / "ledger", 1, "boot")

    async def once() -> None:
        gates = Gates.of(Places(state=folder, run=folder))
        desk = SendDesk(
            Broker(lambda: when_the_byte_leaves(ledger)), ledger, FakeClock(), gates, told.append, SendLimits()
        )
        desk.hold(message)
        desk.release(message.release(), asyncio.get_running_loop().create_task, lambda _: None)
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


def a_halt_by_a_person_keeps_an_opening_in(folder: Path) -> None:
    where = places(folder / "state")
    try:
        said = CliRunner().invoke(main, ["halt", "--state", str(where.state), "--reason", "enough"]).output
    finally:
        shutil.rmtree(where.run)
    rig = Rig().ready()
    rig.stop = read_latch(where.latch).words
    rig.ask(open_signal(1))
    assert ("LATCHED" in said, rig.told(SendOrder)) == (True, [])


def the_gate_does_not_know_of_the_stop(off: pytest.MonkeyPatch) -> None:
    leave = gate._leave_to_trade

    def more_leave(*seen: Any) -> Iterator[Check]:
        return (check for check in leave(*seen) if check.code is not Code.R012_LATCHED)

    off.setattr(gate, "_leave_to_trade", more_leave)


def a_person_latches_nothing(off: pytest.MonkeyPatch) -> None:
    off.setattr(stops, "latch_or_make_room", lambda where, latch: latch)


def a_latched_stop_cancels_what_works(_: Path) -> None:
    rig = sent()
    rig.outcome(ATTEMPT)
    rig.stop = "reduce by hand"
    rig.after(0.1)
    assert len(rig.told(CancelOrder)) == 1


def openings_go_on(off: pytest.MonkeyPatch) -> None:
    off.setattr(Chase, "_obey_latch", lambda self, step: None)


def an_opening_whose_executor_is_gone_is_cancelled_under_a_stop(folder: Path) -> None:
    ((_, message),) = sent().told(SendOrder)
    clock, asked = FakeClock(), []

    class Stating:
        async def account(self, since: Any) -> Any:
            return account(orders=[report("theirs-1", Status.NEW, attempt=ATTEMPT)])

        async def cancel(self, broker_order_id: str, timeout_s: float, guard: Callable[[], str | None]) -> Any:
            asked.append((broker_order_id, guard()))
            return True, ""

    tighten(folder / "latch.json", Latch(level=StopLevel.REDUCE, reason="test", by="test"))
    ledger = SendLedger(folder / "ledger", 1, "boot")
    ledger.entry(ATTEMPT, opens=message.order.intent is Intent.OPEN)
    orphans = Orphans(Stating(), ledger, clock, Gates.of(Places(state=folder, run=folder)), after_s=5)
    clock.advance(5)
    if orphans.are_due:
        asyncio.run(orphans.cancel(clock.market_now(), 1))
    ledger.close()
    assert asked == [("theirs-1", None)]


def nobody_else_obeys_a_stop(off: pytest.MonkeyPatch) -> None:
    off.setattr(Orphans, "are_due", False)


def a_restart_keeps_the_baseline(_: Path) -> None:
    rig = Rig()
    rig.connect()
    rig.read(net_liquidation=100)
    rig.start()
    rig.connect()
    rig.read(net_liquidation=60)
    assert rig.book.baseline == {"primary-account": 100}


def every_start_is_a_new_day(off: pytest.MonkeyPatch) -> None:
    recover = recovery.recover

    def forgetful(*how: Any) -> Book:
        book = recover(*how)
        book.session = None
        return book

    off.setattr(recovery, "recover", forgetful)


# Section 2: health is progress.

LIVELY = ChildSpec(name="executor", factory="module:function", hang_after_s=0.3, stall_max_s=60)


@contextmanager
def living(*program: str) -> Iterator[Process]:
    started = subprocess.Popen(program)
    try:
        process = identify(started.pid)
        assert process is not None
        yield process
    finally:
        started.kill()
        started.wait()


def called_hung(process: Process, within_s: float) -> str | None:
    """Watch a real process that makes no pass of its work loop, for so long by the watcher's clock."""
    child = Child(LIVELY, process=process, incarnation=1)
    watch, now_s = HangWatch(lambda _: health.Mark(1, 7, 0, thread=process.pid), 0.0), 0.0
    watch.begin(child, passes=7)
    while now_s < within_s:
        now_s += 0.05
        watch.advance(now_s)
        if (reason := watch.look(child)) is not None:
            return reason
    return None


def a_stopped_process_is_called_hung_soon(_: Path) -> None:
    with living("sleep", "60") as process:
        send(process, signal.SIGSTOP)
        while not stopped(process):
            time.sleep(0.001)
        assert called_hung(process, within_s=0.5) is not None


def nothing_is_charged(off: pytest.MonkeyPatch) -> None:
    off.setattr(hang_watch, "charge", lambda progress, account, watched_s: progress)


def a_process_that_works_or_waits_for_a_processor_is_not_called_hung(_: Path) -> None:
    with living("sh", "-c", "while :; do :; done") as process:
        while not cpu_ticks(process):
            time.sleep(0.001)
        assert called_hung(process, within_s=30) is None


def all_time_is_charged(off: pytest.MonkeyPatch) -> None:
    def charge(progress: health.Progress, account: object, watched_s: float) -> health.Progress:
        return replace(progress, charged_s=watched_s - progress.moved_at_s)

    off.setattr(hang_watch, "charge", charge)


@dataclass(frozen=True)
class Switch:
    """One law, a check of it, and how it is switched off. Law 0: health is progress (section 2)."""

    law: int
    check: Callable[[Path], None]
    off: Callable[[pytest.MonkeyPatch], None]


LAW_SWITCHES = (
    Switch(1, the_intent_is_durable_before_it_is_released, switches.tell_then_write),
    Switch(1, what_is_not_released_is_never_sent, what_is_ready_goes_at_once),
    Switch(1, what_one_executor_made_ready_no_other_releases, whoever_releases_it),
    Switch(1, a_send_is_in_the_ledger_before_its_first_byte, the_ledger_is_written_when_the_answer_comes),
    Switch(1, the_same_signal_again_moves_nothing, every_asking_is_a_new_signal),
    Switch(2, a_doubt_stays_a_doubt_and_is_not_sent_again, switches.a_timeout_means_nothing_was_sent),
    Switch(2, absence_is_proved_only_after_the_settle_window, three_looks_are_enough),
    Switch(2, a_look_that_failed_begins_the_row_anew, a_failed_look_counts),
    Switch(2, only_the_route_that_owns_a_doubt_ends_it, any_route_may_say_so),
    Switch(2, what_is_known_to_be_another_order_ends_no_doubt, whatever_looks_like_it_is_it),
    Switch(2, a_restart_asks_and_never_sends_what_is_unanswered, what_is_unanswered_is_sent_again),
    Switch(3, a_move_of_the_lease_is_durable_before_the_second_send, switches.tell_then_write),
    Switch(3, a_refused_order_goes_nowhere_else, the_lease_always_moves),
    Switch(3, an_order_that_turns_up_late_is_cancelled_there, the_old_route_is_not_watched),
    Switch(3, a_route_that_was_left_is_not_trusted_at_once, nothing_is_waited_for),
    Switch(4, a_close_stays_in_its_account, any_route_will_do),
    Switch(4, a_close_whose_account_is_away_is_not_sent_to_another, the_first_route_that_can_send_gets_it),
    Switch(5, a_failed_reading_says_nothing, nothing_read_is_nothing_there),
    Switch(5, an_order_that_a_reading_does_not_list_is_still_there, what_is_not_listed_is_gone),
    Switch(6, an_execution_is_booked_once_however_often_it_is_told, switches.an_execution_has_no_identity),
    Switch(6, an_execution_taken_back_is_booked_back, switches.nothing_is_ever_taken_back),
    Switch(6, a_fill_after_a_cancel_is_booked_and_paged, switches.a_finished_order_takes_no_fill),
    Switch(6, a_fill_that_does_not_fit_is_booked_and_keeps_new_risk_out, every_fill_is_believed),
    Switch(6, a_short_is_not_left_uncovered_past_the_deadline, an_imbalance_is_waited_out),
    Switch(
        6,
        a_fill_after_a_cancel_leaves_no_structure_with_what_the_account_does_not_have,
        switches.each_structure_stands_alone,
    ),
    Switch(7, a_stale_quote_opens_nothing, quotes_never_age),
    Switch(7, an_opening_that_waited_is_admitted_again_before_it_moves, once_admitted_always_admitted),
    Switch(7, a_disk_with_too_little_room_opens_nothing, the_gate_does_not_know_of_the_disk),
    Switch(7, on_a_full_disk_an_exit_goes_out_of_the_reserve, nothing_is_let_go_of),
    Switch(7, nothing_stops_a_close, a_close_needs_leave_to_trade),
    Switch(7, what_is_not_there_is_not_closed, a_close_takes_what_it_believes_it_holds),
    Switch(7, a_close_in_doubt_is_neither_resent_nor_closed_over, a_doubt_about_a_close_does_not_count),
    Switch(7, what_another_close_may_still_take_is_not_closed_twice, closes_do_not_know_of_each_other),
    Switch(8, nothing_is_closed_before_its_account_was_read, every_account_counts_as_read),
    Switch(7, a_late_close_takes_only_what_is_left, a_late_close_is_sent_as_it_was),
    Switch(7, a_close_that_waited_goes_as_legs_after_a_fresh_reading_alone, what_waits_goes_whole_or_not_at_all),
    Switch(7, a_close_that_waited_goes_as_legs_after_a_fresh_reading_alone, all_legs_go_at_once),
    Switch(8, a_close_that_waited_goes_as_legs_after_a_fresh_reading_alone, a_reading_of_before_is_fresh_enough),
    Switch(8, nothing_opens_before_the_accounts_agree, every_start_is_ready),
    Switch(8, what_is_ours_is_never_taken_for_foreign, whatever_the_account_says_is_adopted),
    Switch(
        8, nothing_is_forgotten_while_an_account_that_holds_something_does_not_agree, every_account_is_said_to_agree
    ),
    Switch(8, what_was_forgotten_is_not_booked_again, what_is_not_known_is_news),
    Switch(9, a_predecessor_sends_nothing, epochs_are_not_compared),
    Switch(9, a_fenced_executor_writes_nothing, the_journal_asks_nobody),
    Switch(10, a_latched_stop_keeps_an_opening_in, the_latch_is_not_read),
    Switch(10, a_halt_by_a_person_keeps_an_opening_in, the_gate_does_not_know_of_the_stop),
    Switch(10, a_halt_by_a_person_keeps_an_opening_in, a_person_latches_nothing),
    Switch(10, a_latched_stop_cancels_what_works, openings_go_on),
    Switch(10, an_opening_whose_executor_is_gone_is_cancelled_under_a_stop, nobody_else_obeys_a_stop),
    Switch(10, a_restart_keeps_the_baseline, every_start_is_a_new_day),
    Switch(0, a_stopped_process_is_called_hung_soon, nothing_is_charged),
    Switch(0, a_process_that_works_or_waits_for_a_processor_is_not_called_hung, all_time_is_charged),
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
    assert {each.law for each in LAW_SWITCHES} == set(range(11))
