"""The reports' figures against a few lines that know nothing of the program: SQLite, JSON, Decimal."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from actors.domain.performance.day import Day
from actors.domain.performance.week import week
from actors.places import Places
from actors.products import load_products
from supervisor.app.plan import TABLES
from supervisor.app.reports.reading import day_fold, read
from tests.report_journal import HELD_OVER, MONDAY, TUESDAY, WEDNESDAY, written

DAYS = (MONDAY, TUESDAY, WEDNESDAY)


@pytest.fixture(scope="module")
def where(tmp_path_factory) -> Places:
    state = tmp_path_factory.mktemp("reported")
    found = Places(state=state, run=state)
    written(found)
    return found


@pytest.fixture(scope="module")
def days(where) -> dict[date, Day]:
    fold = day_fold(load_products(TABLES / "products.toml"))
    read(where.journal, [fold])
    return {each.session: each for each in fold.days(MONDAY, WEDNESDAY)}


def raw(where: Places) -> Iterator[tuple[str, dict]]:
    with sqlite3.connect(where.journal) as db:
        for kind, body in db.execute("SELECT kind, body FROM event ORDER BY sequence"):
            yield kind, json.loads(body)


def recomputed(where: Places) -> dict[str, dict[str, Decimal]]:
    """By session: what structures that hold nothing made, less what they had made before; fees, slippage, refusals."""
    days, session = {}, None
    owner, cash, held, of_exec = {}, defaultdict(Decimal), defaultdict(lambda: defaultdict(int)), {}
    for kind, body in raw(where):
        if kind == "session_opened" and body["session"] != session:
            session = body["session"]
            days[session] = day = defaultdict(Decimal)
            before = made(cash, held)
        elif kind == "order_placed":
            owner[body["order"]["cl_ord_id"]] = body["order"]["structure_id"]
            day["orders"] += 1
        elif kind == "report_taken":
            for fill in body["report"].get("fills", []):
                if fill["exec_id"] not in of_exec:
                    name, sign = owner[body["cl_ord_id"]], 1 if fill["action"].startswith("BUY") else -1
                    of_exec[fill["exec_id"]] = name
                    cash[name] -= sign * fill["last_qty"] * Decimal(fill["last_px"]) * 100
                    held[name][fill["symbol"]] += sign * fill["last_qty"]
                    day["fills"] += 1
        elif kind == "cash_booked" and body["event"]["type"] == "FEE":
            cash[of_exec[body["event"]["exec_id"]]] += Decimal(body["event"]["amount"])
            day["fees"] -= Decimal(body["event"]["amount"])
        elif kind == "cost_compared":
            day["paid"] += Decimal(body["paid"]) * body["multiplier"] * body["combos"]
            day["expected"] += Decimal(body["expected"]) * body["multiplier"] * body["combos"]
            day["fees_expected"] += Decimal(body["fee"])
        elif kind == "signal_refused":
            day["refused"] += 1
            for code in {check[0] for check in body["checks"] if not check[1]}:
                day[code] += 1
        if session:
            day["result"] = made(cash, held) - before
    return days


def made(cash: dict[str, Decimal], held: dict[str, dict[str, int]]) -> Decimal:
    return sum((amount for name, amount in cash.items() if not any(held[name].values())), Decimal(0))


def test_an_evenings_figures_are_those_of_the_raw_journal_to_the_cent(where, days):
    theirs = recomputed(where)
    assert [date.fromisoformat(each) for each in theirs] == list(DAYS)
    for on in DAYS:
        day, raw_day = days[on], theirs[on.isoformat()]
        assert day.result == raw_day["result"]
        assert day.slippage == (raw_day["paid"], raw_day["expected"])
        assert (day.fees, day.fees_expected) == (raw_day["fees"], raw_day["fees_expected"])
        assert (day.orders, day.fills, day.signals_refused) == tuple(
            raw_day[key] for key in ("orders", "fills", "refused")
        )
        assert day.refusals == {"R034": raw_day["R034"], "R042": raw_day["R042"]} == {"R034": 20, "R042": 5}
        assert sum(each.result for each in day.strategies) == raw_day["result"]
    assert len({days[on].result for on in DAYS}) == 3, "three days that differ, or nothing was compared"
    assert theirs[TUESDAY.isoformat()]["fees"] != theirs[WEDNESDAY.isoformat()]["fees"], "a late fee was told"


def test_a_weeks_sums_are_those_of_all_that_ended_to_the_cent(where, days):
    theirs = recomputed(where)
    found = week(MONDAY, WEDNESDAY, list(days.values()))
    assert found.result == sum(day["result"] for day in theirs.values())
    assert found.fees == sum(day["fees"] for day in theirs.values())
    assert sum(each.result for each in found.hours) == found.result
    assert sum(each.result for each in found.strategies) == found.result


def test_a_structure_held_over_counts_whole_where_it_ended(days):
    (monday,) = (each for each in days[MONDAY].structures if each.structure_id == HELD_OVER)
    (tuesday,) = (each for each in days[TUESDAY].structures if each.structure_id == HELD_OVER)
    assert (monday.pnl, monday.counted, monday.ended_at) == (None, 0, None)
    assert tuesday.counted == tuesday.pnl != 0
    assert [each.open for each in days[MONDAY].strategies] == [1]


def test_a_late_fee_is_a_correction_and_no_second_end(days):
    (late,) = (each for each in days[TUESDAY].structures if each.structure_id == "condor-20200106-3")
    assert (late.counted, late.ended_at.date()) == (Decimal("-1.14"), MONDAY)
    assert [each.ended for each in days[TUESDAY].strategies] == [13]


def test_the_days_before_keep_what_the_next_baseline_said_of_them(days):
    assert days[MONDAY].accounts[0].result == 0, "a condor was held, and the next baseline was the same"
    assert days[TUESDAY].accounts[0].baseline == Decimal(102_500), "money put in moves it"
