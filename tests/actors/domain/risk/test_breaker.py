"""Each limit trips exactly at its number, stays tripped until it is reset, and counts anew from there."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.domain.orders.breaker_event import BreakerReset, BreakerStep, Measure, ResetBy, Scope
from actors.domain.portfolio.breakers import Breakers
from actors.domain.portfolio.result import Result
from actors.domain.risk.breaker import BreakerRecord, Judgement, judge
from actors.domain.risk.breaker_limits import AccountLimits, BreakerLimit, BreakerLimits, ScopeLimits
from actors.domain.risk.permit import TradingState
from actors.domain.risk.withheld import findings, withheld

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
DAY = date(2026, 11, 23)
BASE = Decimal(100_000)
CENT = Decimal("0.01")
DOLLARS = st.decimals(-150_000, 50_000, places=2)
"""A gain beyond half the baseline is not believed."""


def result(pnl: Decimal | int | None = 0, **changes: object) -> Result:
    money = None if pnl is None else Decimal(pnl)
    plain = {"scope": Scope.ACCOUNT, "subject": "d", "day": DAY, "base": BASE, "pnl": money, "equity_age_s": 1.0}
    return Result(**(plain | {"sessions_base": BASE, "sessions_pnl": money} | changes))


def only(measure: Measure, at: str, step: BreakerStep = BreakerStep.REDUCE, **more: object) -> BreakerLimits:
    limit = BreakerLimit(at=Decimal(at), step=step, **more)
    far = {"loss_day": (BreakerLimit(at=Decimal(1), step=BreakerStep.HALT),), "drawdown": (), "loss_sessions": ()}
    return BreakerLimits(account=AccountLimits(**(far | {measure.value: (limit,)})), strategy=ScopeLimits())


class Days:
    """Risk's record and the journal's breakers, in step: what trips is journaled at once."""

    def __init__(self, limits: BreakerLimits, *, journals: bool = True) -> None:
        self.limits, self.journals = limits, journals
        self.record, self.known, self.sequence = BreakerRecord(), Breakers(), 100

    def see(self, seen: Result) -> Judgement:
        found = judge(self.record, (seen,), self.known, self.limits, AT)
        self.record = found.record
        if self.journals:
            for event in (*(each.trip for each in found.record.due.values()), *found.warnings):
                self.sequence += 1
                self.known = self.known.after(event, self.sequence)
        return found

    def trips(self, seen: Result) -> bool:
        self.see(seen)
        return bool(self.known.tripped) or bool(self.record.due)

    def reset(self, how: ResetBy = ResetBy.PERSON) -> None:
        for name in self.known.tripped:
            self.sequence += 1
            event = BreakerReset(name=name, how=how, by="me", reason="looked", at=AT)
            self.known = self.known.after(event, self.sequence)


@given(share=st.decimals("0.001", "1", places=3), pnl=DOLLARS)
def test_the_loss_of_the_day_trips_exactly_at_its_share_of_the_baseline(share, pnl):
    days = Days(only(Measure.LOSS_DAY, str(share)))
    assert days.trips(result(pnl, sessions_pnl=None)) is (-pnl >= share * BASE)


@given(share=st.decimals("0.001", "0.9", places=3), best=DOLLARS, pnl=DOLLARS)
def test_the_drawdown_trips_exactly_at_its_share_of_the_days_best(share, best, pnl):
    limits = only(Measure.DRAWDOWN, str(share), BreakerStep.PAUSE)
    highs = judge(BreakerRecord(), (result(best),), Breakers(), limits, AT).record.highs
    due = judge(BreakerRecord(highs=highs), (result(pnl),), Breakers(), limits, AT).record.due
    top = max(best, pnl, Decimal(0))
    assert ("account.d.drawdown.pause" in due) is (top - pnl >= share * (BASE + top))


@given(share=st.decimals("0.001", "1", places=3), before=DOLLARS, pnl=DOLLARS)
def test_the_loss_of_five_sessions_trips_exactly_at_its_share_of_the_first_baseline(share, before, pnl):
    days = Days(only(Measure.LOSS_SESSIONS, str(share), BreakerStep.PAUSE))
    seen = result(pnl, sessions_base=Decimal(80_000), sessions_pnl=before + pnl)
    days.see(seen)
    assert ("account.d.loss_sessions.pause" in days.known.tripped) is (-(before + pnl) >= share * 80_000)


@given(limit=st.integers(1, 10), count=st.integers(0, 12))
def test_losses_in_a_row_trip_exactly_at_their_number(limit, count):
    days = Days(only(Measure.LOSSES_IN_A_ROW, str(limit)))
    assert days.trips(result(0, losses=tuple(range(count, 0, -1)))) is (count >= limit)


@pytest.mark.parametrize(
    ("measure", "short", "there"),
    [
        (Measure.LOSS_DAY, {"pnl": Decimal("-4999.99")}, {"pnl": Decimal(-5000)}),
        (Measure.LOSS_SESSIONS, {"sessions_pnl": Decimal("-4999.99")}, {"sessions_pnl": Decimal(-5000)}),
        (Measure.DRAWDOWN, {"pnl": Decimal("-4999.99")}, {"pnl": Decimal(-5000)}),
    ],
)
def test_not_one_cent_before(measure, short, there):
    days = Days(only(measure, "0.05", BreakerStep.PAUSE))
    assert not days.trips(result().model_copy(update=short))
    assert days.trips(result().model_copy(update=there))


def test_a_fall_is_counted_from_the_best_of_the_day_and_a_new_day_has_a_new_best():
    days = Days(only(Measure.DRAWDOWN, "0.10", BreakerStep.PAUSE))
    assert not days.trips(result(20_000))
    assert not days.trips(result(8_000 + CENT)), "12,000 of 120,000, less one cent"
    days.see(result(-9_999, day=DAY + timedelta(days=1)))
    assert not days.known.tripped, "9,999 of 100,000"
    assert days.trips(result(-10_000, day=DAY + timedelta(days=1)))


def test_of_the_journal_and_the_broker_the_worse_one_counts():
    days = Days(only(Measure.LOSS_DAY, "0.05"))
    assert not days.trips(result(-4_000, broker_pnl=Decimal(9_000), equity=Decimal(109_000)))
    assert days.trips(result(-4_000, broker_pnl=Decimal(-5_000), equity=Decimal(95_000)))


@pytest.mark.parametrize("later", [result(30_000), result(None), result(-1, day=DAY + timedelta(days=9))])
@pytest.mark.parametrize("journals", [True, False])
def test_what_tripped_stays_tripped_whatever_comes(later, journals):
    days = Days(only(Measure.LOSS_DAY, "0.05"), journals=journals)
    days.see(result(-5000))
    assert days.trips(later)
    days.limits = only(Measure.LOSS_DAY, "1")
    assert days.trips(later), "nor does another configuration take it back"


def test_what_is_unknown_trips_nothing_resets_nothing_and_is_no_best():
    days = Days(only(Measure.DRAWDOWN, "0.05", BreakerStep.PAUSE))
    days.see(result(1_000))
    assert not days.trips(result(None))
    assert days.record.highs["account.d"].pnl == 1_000
    for equity, pnl in (("NaN", "NaN"), ("0", "-100000"), ("-1", "-100001"), ("9e9", "9e9"), ("100000", "NaN")):
        strange = result(0).model_copy(update={"equity": Decimal(equity), "broker_pnl": Decimal(pnl)})
        assert not days.trips(strange)
    assert days.record.highs["account.d"].pnl == 1_000, "a NaN is no high-water mark"


def test_a_reset_gives_the_limit_once_more_from_the_best_since():
    days = Days(only(Measure.LOSS_DAY, "0.05"))
    days.see(result(-6_000))
    days.reset()
    assert not days.trips(result(-6_000))
    assert not days.trips(result(-10_999))
    assert not days.trips(result(-3_000)), "it recovers, and counts from there"
    assert not days.trips(result(-7_999))
    assert days.trips(result(-8_000))


def test_a_reset_forgives_no_other_day():
    days = Days(only(Measure.LOSS_DAY, "0.05"))
    days.see(result(-30_000))
    days.reset()
    assert not days.trips(result(-30_000))
    assert days.trips(result(-5_000, day=DAY + timedelta(days=1)))


def test_the_next_sessions_reset_forgives_that_session_nothing():
    days = Days(only(Measure.LOSS_DAY, "0.05"))
    days.see(result(-5_000))
    days.reset(ResetBy.SESSION)
    assert days.trips(result(-5_000, day=DAY + timedelta(days=1)))


def test_losses_before_a_reset_are_not_counted_again():
    days = Days(only(Measure.LOSSES_IN_A_ROW, "3"))
    days.see(result(0, losses=(7, 6, 5)))
    days.reset()
    assert not days.trips(result(0, losses=(7, 6, 5)))
    after = days.sequence + 1
    assert not days.trips(result(0, losses=(after + 1, after, 7, 6, 5)))
    assert days.trips(result(0, losses=(after + 2, after + 1, after, 7, 6, 5)))


def test_a_trip_that_a_person_reset_meanwhile_is_void():
    days = Days(only(Measure.LOSS_DAY, "0.05"), journals=False)
    days.see(result(-5_000))
    (due,) = days.record.due.values()
    days.known = days.known.after(due.trip, 101)
    days.reset()
    assert not days.trips(result(-5_000))


def test_warnings_are_told_at_half_and_at_four_fifths_once_a_day_each():
    days = Days(only(Measure.LOSS_DAY, "0.05"))
    told = [[each.share for each in days.see(result(-pnl)).warnings] for pnl in (2499, 2500, 3000, 4000, 2500, 4500)]
    assert told == [[], [Decimal("0.5")], [], [Decimal("0.8")], [], []]
    tomorrow = days.see(result(-4100, day=DAY + timedelta(days=1)))
    assert [each.share for each in tomorrow.warnings] == [Decimal("0.8")], "the highest alone"
    assert "4,100.00, limit 5,000.00 (5 % of 100,000.00)" in tomorrow.warnings[0].text


STEPS = {
    BreakerStep.PAUSE: ("condor", None),
    BreakerStep.REDUCE: ("", TradingState.REDUCING),
    BreakerStep.HALT: ("", TradingState.HALTED),
    BreakerStep.FLATTEN: ("", TradingState.HALTED),
}


@pytest.mark.parametrize(("step", "scope"), list(product(BreakerStep, Scope)))
def test_each_step_stops_whom_it_says(step, scope):
    limit = ScopeLimits(loss_day=(BreakerLimit(at=Decimal("0.05"), step=step),))
    limits = BreakerLimits(account=AccountLimits(loss_day=limit.loss_day), strategies={"condor": limit})
    subject = "condor" if scope is Scope.STRATEGY else "d"
    found = judge(BreakerRecord(), (result(-5_000, scope=scope, subject=subject),), Breakers(), limits, AT)
    trips = [each.trip for name, each in found.record.due.items() if "loss_day" in name]
    (check,) = withheld(trips, (), limits).values()
    whom, state = STEPS[step]
    assert set(withheld(trips, (), limits)) == {whom if scope is Scope.STRATEGY else ""}
    assert [each.state for each in findings(trips)] == ([state] if state else [])
    assert (check.code.value, check.passed) == ("R018", False)
    assert "5,000.00" in check.value


def test_a_strategy_whose_result_is_unknown_is_stopped_alone():
    unknown = result(None, scope=Scope.STRATEGY, subject="condor")
    assert set(withheld((), (unknown, result(0)), BreakerLimits())) == {"condor"}


def test_a_strategy_has_the_limits_of_all_or_its_own():
    own = ScopeLimits(losses_in_a_row=(BreakerLimit(at=Decimal(2), step=BreakerStep.PAUSE),))
    all_of_them = ScopeLimits(losses_in_a_row=(BreakerLimit(at=Decimal(9), step=BreakerStep.PAUSE),))
    limits = BreakerLimits(strategy=all_of_them, strategies={"condor": own})
    told = {name: [limit.at for _, limit in limits.of(Scope.STRATEGY, name)] for name in ("condor", "other")}
    assert told == {"condor": [2], "other": [9]}


@pytest.mark.parametrize("at", ["0", "-0.05", "NaN", "Infinity", "1.5"])
def test_a_limit_that_could_never_trip_is_no_limit(at):
    with pytest.raises(ValidationError):
        AccountLimits(loss_day=[{"at": at, "step": "reduce"}])


def test_an_account_always_has_a_limit_of_the_day_and_what_is_not_named_keeps_its_own():
    with pytest.raises(ValidationError):
        AccountLimits(loss_day=[])
    changed = AccountLimits(loss_sessions=[])
    assert (changed.loss_day[0].at, changed.loss_sessions) == (Decimal("0.05"), ())


def test_the_same_step_twice_for_one_measure_is_refused():
    with pytest.raises(ValidationError, match="each step once"):
        ScopeLimits(drawdown=[{"at": "0.1", "step": "pause"}, {"at": "0.2", "step": "pause"}])
