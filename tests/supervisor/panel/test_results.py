"""The fold behind Performance, and the newest orders: the same as the executor's own, however the journal is cut."""

from decimal import Decimal
from itertools import accumulate

import pytest

from actors.domain.orders.event import parse_event
from supervisor.cli import performance
from supervisor.panel import orders_seen, results
from supervisor.panel.orders_seen import OrdersSeen
from supervisor.panel.results import Results, equity
from tests.supervisor.panel.conftest import until


@pytest.fixture
def folded(where, desk):
    found = Results(where.journal)
    found.start()
    until(lambda: found.progress == 1 and found.read()[1])
    yield found
    found.close()


def test_the_fold_is_the_verbs_own_in_steps_of_any_size(where, desk, folded, monkeypatch):
    monkeypatch.setattr(results, "STEP_EVENTS", 3)
    small = Results(where.journal)
    small.start()
    until(lambda: len(small.read()[1]) == desk.trades)
    limits = performance.limits(where)
    whole = performance.as_object(performance.fold(where), limits)
    assert [performance.as_object(each.read()[0], limits) for each in (folded, small)] == [whole, whole]
    small.close()


def test_equity_adds_up_to_the_total_and_drawdown_is_from_its_highest(where, desk, folded):
    ends = folded.read()[1]
    times, sums, falls = equity(ends)
    made = [float(end.pnl) for end in ends]
    assert sums == pytest.approx(list(accumulate(made)))
    assert falls == pytest.approx([total - max([0, *sums[: place + 1]]) for place, total in enumerate(sums)])
    assert times == sorted(times)
    (strategy,) = performance.as_object(folded.read()[0], performance.limits(where))["strategies"]
    assert Decimal(strategy["total"]) == sum(end.pnl for end in ends)
    assert float(strategy["drawdown_max"]) == -min(falls)


def test_what_ends_later_is_added(desk, folded):
    before = len(folded.read()[1])
    desk.trade(2)
    until(lambda: len(folded.read()[1]) == before + 1)


def test_the_newest_orders_are_found_from_the_journals_end(where, desk, monkeypatch):
    monkeypatch.setattr(orders_seen, "EVENTS_BEFORE", 12)
    seen = OrdersSeen(where.journal)
    seen.look()
    names = [each["id"] for each in seen.orders]
    assert 0 < len(names) < desk.trades
    assert names == sorted(names, key=lambda name: -int(name.rpartition("-")[2]))
    desk.trade(1)
    seen.look()
    assert len(seen.orders) == len(names) + 2
    assert seen.orders[0]["standing"] == "FILLED"
    seen.close()


def test_a_list_of_orders_has_an_end(where, desk, monkeypatch):
    monkeypatch.setattr(orders_seen, "ORDERS_MAX", 3)
    seen = OrdersSeen(where.journal)
    seen.look()
    assert len(seen.orders) == 3
    seen.close()


def test_a_journal_that_cannot_be_read_is_said_and_what_lies_before_it_stands(where, desk, monkeypatch):
    def stumble(body: bytes) -> object:
        if b"order_placed" in body:
            raise ValueError("event 7 makes no sense")
        return parse_event(body)

    monkeypatch.setattr(results, "parse_event", stumble)
    found = Results(where.journal)
    found.start()
    until(lambda: found.fault)
    assert found.fault == "ValueError: event 7 makes no sense"
    assert found.progress < 1
    found.close()
