"""The renderers, and what stands beside the journal: deaths, drills, the benchmark."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from actors.domain.market.quote import QuoteTable, Universe
from actors.domain.performance.due import Kind
from actors.places import Places
from supervisor.app.drills.card import DrillCard
from supervisor.app.drills.record import DrillLog
from supervisor.app.drills.spec import DrillLimits
from supervisor.app.reports import around, kept
from supervisor.app.reports.page import cell_class, page
from supervisor.app.reports.sheet import ROWS_MAX, Sheet, Tone, section
from supervisor.app.reports.text import text
from supervisor.event_log import EventLog
from tests.builders import PRODUCTS

EARLIER = [(date(2026, 1, 2), Decimal(500))]


def sheet(*rows: tuple[str, ...], origin: str = "PAPER  a", notes: tuple[str, ...] = ()) -> Sheet:
    found = section("Results", ("name", "result"), rows, *notes)
    return Sheet(title="Evening", origin=origin, headline="+1.00", tone=Tone.GOOD, made="now", sections=(found,))


def span(hours: float) -> tuple[int, int]:
    now = datetime.now(UTC)
    first, last = now + timedelta(hours=hours), now + timedelta(hours=hours, minutes=59)
    return int(first.timestamp() * 1e9), int(last.timestamp() * 1e9)


@pytest.fixture
def where(tmp_path) -> Places:
    return Places(state=tmp_path, run=tmp_path)


def spy(price: float | None) -> QuoteTable:
    table = QuoteTable(Universe(version=1, contracts=(PRODUCTS.contract("SPY"),)))
    if price is not None:
        table.bid[:], table.ask[:], table.received_ns[:] = price - 0.01, price + 0.01, np.int64(1)
    return table


def test_what_a_page_is_told_is_escaped_and_live_cannot_be_taken_for_paper():
    found = page(sheet(("<script>alert(1)</script>", "-5.00"), origin="LIVE  a ...0001"))
    assert "<script" not in found
    assert "&lt;script&gt;" in found
    assert '<p class="origin live">LIVE  a ...0001</p>' in found
    assert '<p class="origin paper">' in page(sheet())


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [("-5.00", "number bad"), ("+1,005.00", "number"), ("FAIL", "bad"), ("condor", ""), ("12 ms", "number")],
)
def test_a_loss_is_marked_beside_what_it_says_itself(cell, wanted):
    assert cell_class(cell) == wanted


def test_columns_of_numbers_end_at_one_place_and_too_many_rows_are_counted():
    told = text(sheet(("condor", "+5.00"), ("strangle", "-1,005.00")))
    assert "  condor        +5.00\n  strangle  -1,005.00\n" in told
    many = text(sheet(*((str(number), "+1.00") for number in range(ROWS_MAX + 7))))
    assert "  and 7 more" in many


def test_drills_and_deaths_are_those_of_the_sessions_own_time(where):
    log, limits = DrillLog(where.state), DrillLimits(detected_s=1, recovered_s=1)
    figures = {"detected_s": 1, "recovered_s": 1, "lost": 0, "doubled": 0, "naked_short_s": 0.0, "alerts": ()}
    log.ended(DrillCard(drill="hang", proves="", limits=limits, misses=("too late",), **figures), where.state)
    log.close()
    supervisor = EventLog(where.state / around.LOG)
    supervisor.note("died", "risk", reason="killed by signal 9")
    supervisor.note("running", "risk", running_ms=49.0)
    supervisor.close()
    (drill,) = around.drills(where, span(-0.5))
    assert (drill.drill, drill.passed, drill.misses) == ("hang", False, ("too late",))
    (death,) = around.deaths(where, span(-0.5))
    assert (death.child, death.running_ms) == ("risk", 49.0)
    assert around.drills(where, span(-5)) == around.deaths(where, span(-5)) == ()


def test_the_benchmark_is_known_where_it_is_quoted_and_nowhere_else():
    found = around.benchmark("SPY", spy(510.0), EARLIER)
    assert (found.price, found.change) == (Decimal(510), Decimal("0.02"))
    assert around.benchmark("SPY", spy(510.0), []).change is None
    assert around.benchmark("SPY", spy(None), EARLIER) is None
    assert around.benchmark("QQQ", spy(510.0), EARLIER) is None
    assert around.benchmark("SPY", None, EARLIER) is None


def test_reports_older_than_they_are_kept_go(where):
    for on in (date(2026, 1, 2), date(2026, 1, 5)):
        kept.keep(kept.path(where, Kind.EVENING, on, "json"), b"{}")
    kept.forget(where, date(2026, 1, 5))
    assert [on for on, _ in kept.evenings(where, date(2026, 2, 1))] == [date(2026, 1, 5)]
