"""The executor's part on breakers: a trip stands by the journal, stops openings, never an exit, and ends by a reset."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from actors.domain.market.session import ExchangeDay
from actors.domain.orders.breaker_event import (
    BreakerReset,
    BreakerStep,
    BreakerTripped,
    BreakerWarned,
    Measure,
    ResetBy,
    Scope,
    StructuresMarked,
)
from actors.domain.orders.event import CancelAsked
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import Status
from actors.messages import AlertRaised, BreakersReset, IssuePermit, ReportBreaker, ResetBreakers, SendOrder
from tests.builders import cancel_signal, close_signal, open_signal, permit, replace_signal
from tests.fakes import START
from tests.rig import Rig, report

MONDAY = date(2026, 1, 5)
AT = START


def trip(
    scope: Scope = Scope.ACCOUNT,
    subject: str = "primary-account",
    measure: Measure = Measure.LOSS_DAY,
    step: BreakerStep = BreakerStep.REDUCE,
    reset: ResetBy = ResetBy.PERSON,
) -> BreakerTripped:
    return BreakerTripped(
        name=f"{scope}.{subject}.{measure}.{step}",
        scope=scope,
        subject=subject,
        measure=measure,
        step=step,
        reset=reset,
        day=MONDAY,
        value=Decimal(5_000),
        limit=Decimal(5_000),
        base=Decimal(100_000),
        text=f"{scope} {subject}: loss of the day 5,000.00, limit 5,000.00 (5 % of 100,000.00)",
        at=AT,
    )


EVERY = [
    trip(scope, subject, measure, step, reset)
    for scope, subject in ((Scope.ACCOUNT, "primary-account"), (Scope.STRATEGY, "condor"))
    for measure in Measure
    for step in BreakerStep
    for reset in ResetBy
]


def tripped(*trips: BreakerTripped, held: bool = False) -> Rig:
    rig = Rig().ready()
    if held:
        rig.opened(open_signal(1))
    for each in trips:
        rig.hear("risk", ReportBreaker(event=each))
    return rig


def reset(rig: Rig, beginning: str = "", reason: str = "looked at it") -> BreakersReset:
    rig.hear("cli", ResetBreakers(beginning=beginning, by="anna", reason=reason, reply_to="cli"))
    return rig.told(BreakersReset)[-1][1]


@pytest.mark.parametrize("each", EVERY, ids=lambda each: f"{each.name}-{each.reset}")
def test_an_opening_is_refused_with_code_and_numbers_and_an_exit_passes_every_breaker(each):
    rig = tripped(each, held=True)
    answer = rig.ask(open_signal(2))
    (check,) = [check for check in answer.checks if check.code is Code.R018_BREAKER]
    assert (answer.admitted, check.passed, check.subject) == (False, False, each.name)
    assert ("5,000.00" in check.value, check.limit) == (True, "5000")
    assert rig.ask(close_signal(3, "condor-20260105-1")).admitted
    assert len(rig.told(SendOrder)) == 1


def test_an_exit_passes_all_of_them_at_once_without_a_permit():
    rig = tripped(*EVERY, held=True)
    rig.executor._desk._permit = None
    assert rig.ask(close_signal(3, "condor-20260105-1")).admitted
    assert len(rig.told(SendOrder)) == 1


def test_a_pause_stops_its_strategy_alone():
    rig = tripped(trip(Scope.STRATEGY, "condor", Measure.LOSSES_IN_A_ROW, BreakerStep.PAUSE))
    assert not rig.ask(open_signal(1)).admitted
    assert rig.ask(open_signal(2).model_copy(update={"strategy": "strangle", "signal_id": "s-1"})).admitted


def test_what_the_permit_stops_is_stopped_before_the_journal_has_it():
    rig = Rig().ready()
    failed = tripped(trip()).book.tally.breakers.stops
    rig.hear("risk", IssuePermit(permit=permit(sequence=9).model_copy(update={"stops": failed})))
    assert Code.R018_BREAKER in [check.code for check in rig.ask(open_signal(1)).checks if not check.passed]


def test_what_the_journal_stops_is_stopped_whatever_a_permit_says():
    rig = tripped(trip())
    rig.hear("risk", IssuePermit(permit=permit(sequence=99)))
    assert not rig.ask(open_signal(1)).admitted


@pytest.mark.parametrize("step", list(BreakerStep))
def test_openings_at_work_are_cancelled_by_every_step(step):
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    rig.push(report("primary-1", Status.NEW, attempt="condor-20260105-1-r1"))
    rig.hear("risk", ReportBreaker(event=trip(Scope.STRATEGY, "condor", Measure.LOSS_DAY, step)))
    rig.after(1)
    assert [each.cl_ord_id for each in rig.events(CancelAsked)] == ["condor-20260105-1"]


def test_a_pause_leaves_the_openings_of_others_at_work():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    rig.hear("risk", ReportBreaker(event=trip(Scope.STRATEGY, "strangle", Measure.LOSS_DAY, BreakerStep.PAUSE)))
    rig.after(1)
    assert rig.events(CancelAsked) == []
    assert rig.ask(replace_signal(2, "condor-20260105-1", "1.85")).admitted
    assert not rig.ask(cancel_signal(3, "condor-20260105-9")).admitted


def test_a_paused_strategys_opening_is_not_worked_at_another_price():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    rig.executor._commit(rig.executor._desks.breakers.on_report(ReportBreaker(event=trip(Scope.STRATEGY, "condor"))))
    assert not rig.ask(replace_signal(2, "condor-20260105-1", "1.85")).admitted


def test_said_again_it_is_one_trip_and_one_page():
    rig = tripped(trip(), trip())
    assert len(rig.events(BreakerTripped)) == 1
    rig.after(1)
    (alert,) = [each.alert for _, each in rig.all_told(AlertRaised) if each.alert.code == "A091"]
    assert (alert.level, "5,000.00" in alert.text, "exits go on" in alert.done) == ("P0", True, True)
    assert "holdfast breaker reset account.primary-account.loss_day.reduce --reason" in alert.todo


def test_a_reset_is_journaled_with_person_and_reason_and_openings_go_again():
    rig = tripped(trip())
    assert reset(rig) == BreakersReset(names=(trip().name,), tripped=())
    (event,) = rig.events(BreakerReset)
    assert (event.how, event.by, event.reason) == (ResetBy.PERSON, "anna", "looked at it")
    assert rig.ask(open_signal(1)).admitted
    rig.after(1)
    assert len(rig.alerts("A092")) == 1


def test_a_reset_names_one_or_all_that_begin_so():
    one, other = trip(), trip(Scope.STRATEGY, "condor", step=BreakerStep.PAUSE)
    rig = tripped(one, other)
    assert reset(rig, "account.primary") == BreakersReset(names=(), tripped=(one.name, other.name))
    assert reset(rig, "strategy.condor") == BreakersReset(names=(other.name,), tripped=(one.name,))
    assert reset(rig).names == (one.name,)


def test_a_reset_without_a_reason_cannot_be_said():
    with pytest.raises(ValueError, match="at least 1 character"):
        ResetBreakers(beginning="", by="anna", reason="", reply_to="cli")


def test_a_trip_said_before_a_reset_that_risk_does_not_know_of_is_void():
    rig = tripped(trip())
    reset(rig)
    rig.hear("risk", ReportBreaker(event=trip(), reset=0))
    assert rig.book.tally.breakers.tripped == {}
    rig.hear("risk", ReportBreaker(event=trip(), reset=rig.book.tally.breakers.reset_at(trip().name)))
    assert trip().name in rig.book.tally.breakers.tripped


def warned(share: str, day: date = MONDAY) -> ReportBreaker:
    event = BreakerWarned(
        name=trip().name,
        day=day,
        share=Decimal(share),
        value=Decimal(1),
        limit=Decimal(2),
        text="account primary-account: loss of the day 2,500.00",
        at=AT,
    )
    return ReportBreaker(event=event)


def test_a_warning_is_journaled_and_told_once_a_day_and_a_higher_one_again():
    rig = Rig().ready()
    for share in ("0.5", "0.5", "0.8", "0.5"):
        rig.hear("risk", warned(share))
    rig.hear("risk", warned("0.5", MONDAY + timedelta(days=1)))
    assert [each.share for each in rig.events(BreakerWarned)] == [Decimal("0.5"), Decimal("0.8"), Decimal("0.5")]
    rig.after(1)
    assert [text[:4] for text in rig.alerts("A090")] == ["50% ", "80% ", "50% "]
    assert rig.ask(open_signal(1)).admitted, "a warning stops nothing"


@pytest.mark.parametrize("checkpoint_events", [1, 10_000])
def test_a_restart_disarms_nothing(checkpoint_events):
    rig = Rig(checkpoint_events=checkpoint_events).ready()
    rig.hear("risk", ReportBreaker(event=trip()))
    rig.start()
    rig.ready()
    assert not rig.ask(open_signal(1)).admitted


def days(rig: Rig, *more: date) -> None:
    """Give the executor further sessions, with the hours of its Monday."""
    known = rig.executor._desk.sessions
    hours = {
        on: ExchangeDay(
            opens_at=datetime(on.year, on.month, on.day, 14, 30, tzinfo=UTC),
            closes_at=datetime(on.year, on.month, on.day, 21, tzinfo=UTC),
        )
        for on in (MONDAY, *more)
    }
    exchange = known.exchange.model_copy(update={"days": hours, "last_on": max(more)})
    official = known.official.model_copy(update={"last_on": max(more)})
    rig.executor._desk.sessions = known.model_copy(update={"exchange": exchange, "official": official})


def at(rig: Rig, when: datetime) -> None:
    rig.clock.now = when
    rig.clock.ns += 10**9
    rig.quote()


@pytest.mark.parametrize(("how", "is_reset"), [(ResetBy.SESSION, True), (ResetBy.PERSON, False)])
def test_where_configured_the_next_sessions_open_resets_it_and_not_midnight(how, is_reset):
    rig = tripped(trip(reset=how))
    tuesday = MONDAY + timedelta(days=1)
    days(rig, tuesday)
    at(rig, datetime(2026, 1, 6, 6, tzinfo=UTC))
    assert rig.events(BreakerReset) == [], "01:00 in New York"
    at(rig, datetime(2026, 1, 6, 14, 29, 59, tzinfo=UTC))
    assert rig.events(BreakerReset) == []
    at(rig, datetime(2026, 1, 6, 14, 30, tzinfo=UTC))
    assert [(each.how, each.by) for each in rig.events(BreakerReset)] == [(ResetBy.SESSION, "calendar")] * is_reset


def test_what_is_held_over_is_marked_once_in_the_next_sessions_hours():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    days(rig, MONDAY + timedelta(days=1))
    rig.clock.now = datetime(2026, 1, 6, 13, tzinfo=UTC)
    rig.read(positions=rig.book.positions["primary-account"])
    at(rig, datetime(2026, 1, 6, 14, tzinfo=UTC))
    assert rig.events(StructuresMarked) == []
    at(rig, datetime(2026, 1, 6, 14, 31, tzinfo=UTC))
    at(rig, datetime(2026, 1, 6, 14, 32, tzinfo=UTC))
    (marked,) = rig.events(StructuresMarked)
    assert dict(marked.values) == {"condor-20260105-1": Decimal(-200)}


def test_the_picture_says_what_each_broker_says_an_account_is_worth_and_how_old_that_is():
    rig = Rig().ready()
    rig.after(7)
    view = rig.executor._picture().book
    (told,) = [each for each in view.results if each.subject == "primary-account"]
    assert (told.equity, told.equity_age_s, told.opens) == (100_000, 7.0, True)
    rig.connect(writes=False)
    (told,) = [each for each in rig.executor._picture().book.results if each.subject == "primary-account"]
    assert not told.opens, "nothing can be opened where nothing can be sent"


def test_results_are_published_at_a_pace_and_never_later_than_it_while_books_change():
    rig = Rig().ready()
    rig.clock.advance(1)
    rig.opened(open_signal(1))
    for _ in range(12):
        rig.clock.advance(0.05)
        rig.executor.turn(0)
    told = [message.book for message in rig.stream.published if message.book.executor_epoch == 1]
    with_results = [book for book in told if book.results is not None]
    assert len(with_results) < len(told), "not with every change"
    assert with_results[-1].journal_sequence == rig.book.sequence, "but soon after the last one"
    assert rig.executor._picture().book.results is not None, "and always to whoever asks"


def test_a_page_that_is_no_answer_leaves_the_last_word_to_grow_old():
    rig = Rig().ready()
    rig.after(61)
    rig.read("backup")
    ages = {each.subject: each.equity_age_s for each in rig.executor._picture().book.results}
    assert (ages["primary-account"], ages["backup-account"]) == (61.0, 0.0)
