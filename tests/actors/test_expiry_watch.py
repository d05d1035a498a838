"""Risk's watch over expiries, and a real executor it talks to: closed in time, whole, once, whoever dies on the way."""

from datetime import datetime
from decimal import Decimal

import pytest

from actors.domain.alerts.alert import Level
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.working import GiveUp, Plan
from actors.domain.risk.expiry import Danger
from actors.domain.risk.expiry_policy import Dividend, ExpiryPolicy, Measure, Will
from actors.expiry_watch import ExpiryBoard, ExpiryPorts, ExpiryWatch, due_dividends
from actors.latch import Latch, StopLevel
from actors.messages import SendOrder
from tests.builders import close_signal
from tests.evening import CONDOR, Evening
from tests.expiries import EXPIRY_PORTS, SESSIONS, TABLE, at, book, held, seen


def test_nothing_is_asked_before_the_ladder_begins():
    evening = Evening()
    assert evening.look("15:49:59") == []
    assert [row.symbol[:4] for row in evening.boards[-1].legs] == ["SPXW"] * 4
    assert evening.boards[-1].concerns[0].acts_at == at("2026-01-05T15:50")


def test_the_ladder_goes_from_the_middle_to_any_price_each_step_in_the_place_of_the_one_before():
    evening = Evening()
    ((first,),) = [evening.look("15:50:00")]
    (mid,) = evening.serve()
    assert (first.signal.request.structure_id, len(mid.order.legs)) == (CONDOR, 4)
    assert mid.order.net_price == Decimal("-2.00"), "the middle of -2.10 and -1.90"
    assert evening.look("15:50:05") == [], "it is at work"
    (cancel,) = evening.look("15:54:00")
    assert cancel.signal.request.kind == "cancel"
    evening.serve()
    evening.look("15:54:03")
    (natural,) = evening.serve()
    assert (natural.order.net_price, natural.order.working.plan.give_up) == (Decimal("-2.10"), GiveUp.CANCEL)
    evening.look("15:57:00")
    evening.serve()
    evening.look("15:57:03")
    (last,) = evening.serve(fills=True)
    assert last.order.working.plan.give_up is GiveUp.MARKET
    assert evening.rig.book.structures[CONDOR].is_flat
    assert evening.look("15:58:00") == []


TIMES = ("15:50:00", "15:52:00", "15:54:00", "15:54:05", "15:55:00", "15:57:00", "15:57:05", "15:57:30", "15:58:30")


@pytest.mark.parametrize("executor_dies", [False, True])
@pytest.mark.parametrize("dies_at", [*range(len(TIMES)), None])
def test_whoever_dies_at_whatever_step_there_is_one_close_at_a_time_and_one_that_fills(dies_at, executor_dies):
    evening = Evening()
    for number, clock in enumerate((*TIMES, "15:58:40", "15:59:00")):
        evening.look(clock)
        if number < len(TIMES) and dies_at in (number, None):
            evening.start_risk()
            evening.look(clock)
            if executor_dies:
                evening.start_executor()
                evening.look(clock)
        assert len(evening.closes()) <= 1
        evening.serve(fills=number >= 7)
    assert evening.rig.book.structures[CONDOR].is_flat
    assert len(evening.filled) == 1
    assert not any(evening.rig.book.positions["primary-account"].values())


def test_a_close_in_doubt_is_neither_repeated_nor_flattened_over():
    evening = Evening()
    evening.look("15:57:00")
    ((_, sent),) = evening.rig.told(SendOrder)
    evening.rig.outcome(sent.attempt_id, InDoubt(cause="cut"))
    for clock in ("15:57:10", "15:58:00", "15:59:30"):
        evening.look(clock)
        assert evening.rig.told(SendOrder) == []


def test_the_first_step_leaves_a_strategys_own_exit_at_work_and_the_next_does_not():
    evening = Evening()
    evening.rig.ask(close_signal(2, CONDOR, net_price=Decimal("-0.10")))
    evening.serve()
    assert evening.look("15:50:00") == []
    (cancel,) = evening.look("15:54:00")
    assert cancel.signal.request.cl_ord_id == "condor-20260105-2"


def test_an_exit_that_ends_with_the_market_gives_way_to_any_price_alone():
    evening = Evening()
    plan = Plan(give_up=GiveUp.MARKET, give_up_s=3600)
    ask = close_signal(2, CONDOR)
    evening.rig.ask(ask.model_copy(update={"request": ask.request.model_copy(update={"work": plan})}))
    evening.serve()
    for clock in ("15:50:00", "15:54:00"):
        assert evening.look(clock) == []
        evening.serve()
    (cancel,) = evening.look("15:57:00")
    assert cancel.signal.request.kind == "cancel"


def test_a_latched_flatten_wants_it_more():
    evening = Evening()
    stop = Latch(level=StopLevel.FLATTEN, reason="enough", by="ann", at=at("2026-01-05T15:50"))
    (told,) = evening.look("15:50:00", stop)
    assert told.signal.request.work.give_up is GiveUp.MARKET


def test_a_warning_policy_sends_nothing_and_says_so():
    evening = Evening(ExpiryPolicy(cash=Measure.WARN))
    assert evening.look("15:59:00") == []
    (alert,) = evening.watch.news
    assert (alert.code, "warn" in alert.done) == ("A130", True)


def test_each_danger_is_told_once_a_day_and_again_when_something_is_done_about_it():
    evening = Evening()
    for clock in ("10:30:00", "10:31:00", "15:50:00", "15:50:01"):
        evening.look(clock)
    assert [each.code for each in evening.watch.news] == ["A130", "A130"]
    assert "15:50" in evening.watch.news[0].done


def test_what_is_still_held_shortly_before_its_end_is_paged_once_and_then_seldom():
    evening = Evening(ExpiryPolicy(held_alert_min=20))
    for clock in ("15:39:00", "15:50:00", "15:51:00", "15:54:59", "15:55:00", "15:58:00", "15:59:00"):
        evening.look(clock)
    paged = [each for each in evening.watch.news if each.code == "A138"]
    assert [(each.level, f"{each.at:%M:%S}") for each in paged] == [(Level.P0, "50:00"), (Level.P0, "55:00")]


def test_who_succeeds_risk_pages_under_the_name_that_was_paged_already():
    evening = Evening()
    evening.look("15:58:00")
    first = {each.alert_id for each in evening.watch.news if each.code == "A138"}
    evening.start_risk()
    evening.look("15:58:40")
    assert {each.alert_id for each in evening.watch.news if each.code == "A138"} == first != set()


def test_a_brokers_own_liquidation_brings_the_ladder_forward_for_the_account_it_keeps():
    boards: list[ExpiryBoard] = []
    ports = ExpiryPorts(EXPIRY_PORTS.products, SESSIONS, TABLE, {"main": ("alpaca",)}, boards.append)
    watch, symbol = ExpiryWatch(ExpiryPolicy(), ports), "GOOG  251121C00300000"
    ours = held({symbol: -1})
    theirs = held({symbol: -1}, "other", account_domain="elsewhere")
    view = book(ours, theirs, sights=seen({"GOOG": "270", symbol: "0.05"}))
    wishes = watch.on_book(view, 0, at("2025-11-21T15:21"))
    assert {name: wish.will for name, wish in wishes.items()} == {"condor-1": Will.MID}
    assert [row.must_end_at for row in boards[-1].legs] == [at("2025-11-21T15:30"), at("2025-11-21T16:00")]


@pytest.mark.parametrize(
    ("today", "ex_on", "is_due"),
    [
        ("2026-11-25T15:00", "2026-11-27", True),  # Thanksgiving lies between
        ("2026-11-25T15:00", "2026-11-30", False),
        ("2026-11-27T12:00", "2026-11-30", True),  # a weekend does
        ("2026-11-30T10:00", "2026-11-30", False),  # too late: it is gone
    ],
)
def test_a_dividend_is_due_on_the_last_session_before_its_ex_date(today, ex_on, is_due):
    dividend = Dividend(underlying="SPY", ex_on=ex_on, amount=Decimal("1.99"))
    assert ("SPY" in due_dividends([dividend], SESSIONS, at(today))) == is_due


def test_a_watch_without_sights_counts_the_price_as_unknown():
    watch, symbol = ExpiryWatch(ExpiryPolicy(), EXPIRY_PORTS), "GOOG  251121C00300000"
    wishes = watch.on_book(book(held({symbol: -1})), 0, at("2025-11-21T15:35"))
    assert wishes["condor-1"].reason.startswith(Danger.PIN)


def test_the_moment_is_new_yorks_whatever_the_hosts_zone(monkeypatch):
    def wish(clock: datetime) -> object:
        symbol = "SPXW  261102P05000000"
        view = book(held({symbol: -1}), sights=seen({"SPX": "5500", symbol: "0.05"}))
        return ExpiryWatch(ExpiryPolicy(), EXPIRY_PORTS).on_book(view, 0, clock).get("condor-1")

    import time

    for zone in ("Asia/Tokyo", "America/Los_Angeles", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert wish(datetime.fromisoformat("2026-11-02T20:49:59+00:00")) is None
        assert wish(datetime.fromisoformat("2026-11-02T20:50:00+00:00")).will is Will.MID
    monkeypatch.undo()
    time.tzset()
