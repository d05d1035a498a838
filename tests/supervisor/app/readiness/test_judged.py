"""Each check of a preflight says what was seen, what is allowed and what to do, and the wrong thing is a no-go."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from actors.config import SHIPPED, load
from actors.config_sections import Mode
from actors.domain.market.session import Closed
from actors.domain.orders.breaker_event import BreakerStep, BreakerTripped, Measure, ResetBy, Scope
from actors.domain.orders.event import Quarantined
from actors.domain.portfolio.book import Book
from actors.domain.risk.almanac import Blackout
from actors.latch import Latch, StopLevel
from supervisor.app.doctor.finding import Finding, Verdict
from supervisor.app.preflight import undescribed
from supervisor.app.readiness import judged
from supervisor.app.readiness.check import Check, Preflight, of_findings
from tests.builders import EXPIRY, PRODUCTS, sessions
from tests.fakes import START

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
ROUTE = {"account_domain": "a", "reads": True, "writes": True, "stream": True, "reconciled": True, "reason": ""}
FEED = {"connected": True, "reason": "", "last_frame_ns": 10**9}


def board(*routes: dict, age_s: float = 0.1, **feed: object) -> dict:
    return {"age_s": age_s, "routes": [ROUTE | {"name": f"r{place}"} | each for place, each in enumerate(routes)]} | {
        "feed": FEED | feed
    }


def verdicts(checks) -> list[Verdict]:
    return [each.verdict for each in checks]


def closed(code: Closed.Code) -> Check:
    return judged.session(Closed(code=code, text="why"), EXPIRY)


def tripped(reset: ResetBy) -> Book:
    book = Book(PRODUCTS)
    event = BreakerTripped(
        name="account.a.loss_day.halt",
        scope=Scope.ACCOUNT,
        subject="a",
        measure=Measure.LOSS_DAY,
        step=BreakerStep.HALT,
        reset=reset,
        day=EXPIRY,
        value=Decimal(5),
        limit=Decimal(4),
        base=Decimal(100),
        text="lost 5 of 4",
        at=START,
    )
    book.apply(event, 1)
    return book


def live():
    config = load(SHIPPED / "holdfast.toml")
    runtime = config.runtime.model_copy(update={"mode": Mode.LIVE})
    routes = tuple(route.model_copy(update={"secrets": {"key_id": "KEY"}}) for route in config.routes)
    return config.model_copy(update={"runtime": runtime, "routes": routes})


def test_a_session_a_holiday_and_a_day_the_tables_disagree_on():
    found = judged.session(sessions().find("equity_option", EXPIRY), EXPIRY)
    assert (found.verdict, found.value) == (OK, "Mon 05 Jan 09:30 to 16:00 ET, no early close")
    assert closed(Closed.Code.CLOSED).verdict is WARN
    for unsure in (Closed.Code.TABLES_DISAGREE, Closed.Code.TABLE_ENDS):
        assert (closed(unsure).verdict, closed(unsure).bars_start) == (FAIL, True)


def test_the_days_events_are_told():
    event = Blackout(begins=START, ends=START + timedelta(hours=1), underlyings=("SPX",), reason="FOMC")
    (found,) = judged.blackouts([event], EXPIRY)
    assert found.value == "10:00 to 11:00 ET, SPX: FOMC; nothing is opened then"
    assert list(judged.blackouts([event], date(2026, 1, 6))) == []


def test_a_latched_stop_is_a_no_go_and_bars_no_start_for_it_is_loosened_on_a_running_tree():
    found = judged.stop(Latch(level=StopLevel.HALT, reason="odd quotes", by="ann", at=START))
    assert (found.verdict, found.bars_start, "odd quotes" in found.value) == (FAIL, False, True)
    assert judged.stop(Latch()).verdict is OK


def test_a_breaker_that_a_person_resets_is_a_no_go_and_one_that_the_session_resets_a_warning():
    assert judged.breakers(Book(PRODUCTS)).verdict is OK
    assert judged.breakers(tripped(ResetBy.PERSON)).verdict is FAIL
    assert judged.breakers(tripped(ResetBy.SESSION)).verdict is WARN


def test_an_underlying_in_quarantine_is_a_no_go():
    book = Book(PRODUCTS)
    assert judged.positions(book).verdict is OK
    book.apply(Quarantined(underlying="SPX", account_domain="a", text="one short more", at=START), 1)
    assert (judged.positions(book).verdict, "one short more" in judged.positions(book).value) == (FAIL, True)


@pytest.mark.parametrize(
    ("targets", "missing", "verdict"),
    [
        ((), {}, FAIL),
        (("PAGE",), {"PAGE": "not here"}, FAIL),
        (("PAGE",), {"KEY": "not here"}, OK),
    ],
)
def test_in_mode_live_a_page_must_reach_somebody(targets, missing, verdict):
    found = judged.paged(targets, missing, Mode.LIVE)
    assert (found.verdict, found.bars_start) == (verdict, verdict is FAIL)


def test_on_paper_a_page_to_nobody_is_a_warning():
    assert judged.paged((), {}, Mode.PAPER).verdict is WARN


def test_a_routes_secret_that_cannot_be_had_bars_a_start():
    found = judged.secrets(live(), {"KEY": "KEY is nowhere"})
    assert (found.verdict, found.bars_start, found.value) == (FAIL, True, "KEY is nowhere; KEY is nowhere")
    assert judged.secrets(live(), {}).verdict is OK


@pytest.mark.parametrize(("hours", "verdict"), [(None, WARN), (1, OK), (36, OK), (37, WARN)])
def test_the_last_backup_has_an_age(hours, verdict):
    now = datetime(2026, 1, 5, tzinfo=UTC)
    taken_at = None if hours is None else now - timedelta(hours=hours)
    assert judged.backup(taken_at, now, 36).verdict is verdict


def test_a_journal_that_is_damaged_bars_a_start():
    found = judged.journal("event 7 does not verify", 20)
    assert (found.verdict, found.bars_start) == (FAIL, True)
    assert judged.journal("", 20).value == "sound over its last 20 events"


def test_the_first_route_must_answer_and_another_may_be_away():
    assert verdicts(judged.routes(board({}, {"writes": False}), runs=True)) == [OK, WARN]
    assert verdicts(judged.routes(board({"reconciled": False}, {}), runs=True)) == [FAIL, OK]


def test_an_executor_that_is_not_heard_is_unknown_where_nothing_runs_and_a_no_go_where_a_tree_does():
    for board_now in (None, board({}, age_s=60)):
        assert verdicts(judged.routes(board_now, runs=False)) == [UNKNOWN]
        assert verdicts(judged.routes(board_now, runs=True)) == [FAIL]
        assert judged.data(board_now, 5, 10**9, is_open=False, runs=False).verdict is UNKNOWN
        assert judged.data(board_now, 5, 10**9, is_open=False, runs=True).verdict is FAIL


def test_quotes_must_be_young_while_the_session_is_on():
    second = 10**9
    assert judged.data(board({}), 5, 3 * second, is_open=True, runs=True).verdict is OK
    assert judged.data(board({}), 5, 9 * second, is_open=True, runs=True).verdict is FAIL
    assert judged.data(board({}), 5, 9 * second, is_open=False, runs=True).verdict is OK
    assert judged.data(board({}, connected=False), 5, 2 * second, is_open=False, runs=True).verdict is FAIL
    assert judged.data(board({}, last_frame_ns=0), 5, 2 * second, is_open=True, runs=True).verdict is FAIL


def test_the_gate_bars_a_live_start_until_it_is_green_or_signed_over():
    lacks = ["legs not proved"]
    assert (judged.gate(lacks, "", Mode.LIVE).verdict, judged.gate(lacks, "", Mode.LIVE).bars_start) == (FAIL, True)
    assert judged.gate(lacks, "ann: first day", Mode.LIVE).verdict is WARN
    assert judged.gate([], "", Mode.LIVE).verdict is OK
    assert judged.gate(lacks, "", Mode.PAPER).verdict is OK


def test_live_that_nobody_armed_is_a_no_go():
    assert judged.armed("not armed", Mode.LIVE).verdict is FAIL
    assert judged.armed("", Mode.LIVE).verdict is judged.armed("not armed", Mode.PAPER).verdict is OK


def test_one_failure_is_a_no_go_and_what_the_doctor_forbids_bars_a_start():
    findings = [Finding(code="D050", subject="disk", verdict=verdict, text="t") for verdict in Verdict]
    checks = tuple(of_findings(findings))
    found = Preflight(mode="paper", session=EXPIRY, made_at=START, checks=checks)
    assert (found.is_go, [each.verdict for each in found.bars]) == (False, [FAIL])
    assert Preflight(mode="paper", session=EXPIRY, made_at=START, checks=checks[:3]).is_go


def test_a_strategy_on_a_future_without_described_options_is_a_no_go_by_name():
    config = load(None)
    on = [config.strategies[0].model_copy(update={"underlying": each}) for each in ("/NQZ26", "/ESZ26", "SPX")]
    assert undescribed(config.model_copy(update={"strategies": tuple(on)})) == ("/NQZ26",)
    check = judged.undescribed("/NQZ26")
    assert (check.name, check.verdict) == ("options on /NQZ26", Verdict.FAIL)
    assert "R100" in check.value
