"""Rolls, with a real executor: closed whole, and only then opened in the next expiry, once, whoever dies on the way."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import numpy as np
import pytest

from actors import roller
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.orders import event as happened
from actors.domain.orders.order import Intent
from actors.domain.portfolio.view import BookView
from actors.domain.risk.expiry_policy import ExpiryPolicy, Measure
from actors.domain.risk.roll import Closed, roll_id
from actors.messages import SignalAnswered, SubmitSignal, UniverseChanged
from actors.quote_board import Snapshot
from actors.roller import Roller
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, quotes
from tests.evening import CONDOR, Evening
from tests.expiries import SESSIONS
from tests.rig import Rig

NEXT = tuple(symbol.replace("260105", "260106") for symbol in CONDOR_SYMBOLS)
BOTH = Universe(version=2, contracts=tuple(PRODUCTS.contract(each) for each in ("SPX", *CONDOR_SYMBOLS, *NEXT)))


class TwoDays(Rig):
    """A rig that sees the next day's condor too, `richer` than today's by so many points."""

    sessions = staticmethod(lambda: SESSIONS)
    richer = 1.0

    def frame(self) -> QuoteFrame:
        today = quotes(self.clock.ns, at=self.clock.now)
        figures = {
            name: np.concatenate([column, column[1:]])
            for name in ("bid", "ask", "bid_size", "ask_size", "exchange_ns", "codes")
            if (column := getattr(today, name)) is not None
        }
        for name in ("bid", "ask"):
            figures[name][6:8] += self.richer / 2
        return QuoteFrame(2, 1, np.arange(9, dtype=np.int32), received_ns=self.clock.ns, **figures)

    def quote(self) -> None:
        self.hear("data_feed", UniverseChanged(universe=BOTH))
        self.stream.arrivals.append(self.frame())
        self.stream.arrive("data_feed", Survey(universe=2, at_ns=self.clock.ns))
        self.executor.turn(0)


class Rolling(Evening):
    """An evening with a policy that rolls."""

    make = TwoDays

    def __init__(self, **policy: object) -> None:
        super().__init__(ExpiryPolicy(cash=Measure.ROLL, **policy))

    def start_risk(self) -> None:
        super().start_risk()
        self.roller = Roller("risk", self.policy.roll_credit_min, self.snapshot)

    def snapshot(self) -> Snapshot:
        table = QuoteTable(BOTH)
        table.apply(self.rig.frame())
        return Snapshot(table, self.rig.clock.now, self.rig.clock.ns)

    def more(self, view: BookView, now_ns: int, now: datetime) -> list[SubmitSignal]:
        for _, answer in self.rig.told(SignalAnswered):
            self.roller.on_answer(answer, now)
        return self.roller.on_book(view, now_ns, now)

    def openings(self) -> list[happened.OrderPlaced]:
        placed = self.rig.events(happened.OrderPlaced)
        return [each for each in placed if each.order.intent is Intent.OPEN and each.order.cl_ord_id != CONDOR]


def test_a_condor_is_closed_at_the_middle_and_only_then_opened_in_the_next_expiry():
    evening = Rolling()
    assert evening.look("14:59:59") == []
    (close,) = evening.look("15:00:00")
    assert close.signal.signal_id.startswith("roll-close-")
    (sent,) = evening.serve()
    assert (len(sent.order.legs), sent.order.net_price) == (4, Decimal("-2.00"))
    for clock in ("15:00:05", "15:00:10"):
        assert evening.look(clock) == [], "the close is at work: nothing is opened beside it"
    evening.serve(fills=True)
    assert evening.rig.book.structures[CONDOR].is_flat
    (asked,) = evening.look("15:00:15")
    (opened,) = evening.openings()
    assert asked.signal.signal_id == opened.order.cl_ord_id == roll_id(CONDOR)
    assert tuple(leg.symbol for leg in opened.order.legs) == NEXT
    assert (opened.order.strategy, opened.order.order_qty) == ("condor", 1)
    assert [alert.code for alert in evening.roller.news] == ["A200"]
    evening.serve(fills=True)
    assert evening.rig.book.structures[roll_id(CONDOR)].quantity == 1
    assert evening.look("15:30:00") == []


@pytest.mark.parametrize("executor_dies", [False, True])
@pytest.mark.parametrize("dies_at", [*range(6), None])
def test_whoever_dies_at_whatever_step_there_is_one_close_and_one_opening_after_it(dies_at, executor_dies):
    evening = Rolling()
    clocks = ("15:00:00", "15:00:05", "15:00:10", "15:00:20", "15:00:40", "15:01:00", "15:01:10", "15:01:20")
    for number, clock in enumerate(clocks):
        evening.look(clock)
        if dies_at in (number, None) and number < 6:
            evening.start_risk()
            if executor_dies:
                evening.held = dict(evening.rig.book.positions["primary-account"])
                evening.start_executor()
            evening.look(clock)
        evening.serve(fills=number >= 2)
        held = evening.rig.book.structures[CONDOR]
        assert held.is_flat or not evening.openings()
    assert len(evening.openings()) == 1
    assert len([name for name in evening.filled if "close" in name]) == 1
    assert evening.rig.book.structures[roll_id(CONDOR)].quantity == 1


def test_what_the_ladder_had_to_close_is_not_rolled():
    evening = Rolling()
    for clock in ("15:00:00", "15:10:05", "15:50:30", "15:54:00", "15:54:05", "15:57:00", "15:57:10"):
        evening.look(clock)
        evening.serve()
    evening.serve(fills=True)
    assert evening.rig.book.structures[CONDOR].is_flat
    assert evening.look("15:58:00") == []
    assert evening.openings() == []


def test_an_opening_that_the_gate_refuses_ends_the_roll_and_a_person_is_told():
    evening = Rolling()
    evening.look("15:00:00")
    evening.serve(fills=True)
    evening.rig.stop = "reduce by ann: enough"
    (asked,) = evening.look("15:00:10")
    assert asked.signal.signal_id == roll_id(CONDOR)
    evening.rig.stop = None
    for clock in ("15:00:20", "15:00:40", "15:05:00"):
        assert evening.look(clock) == []
    assert [alert.code for alert in evening.roller.news] == ["A200", "A201"]
    assert "R013" in evening.roller.news[1].text or "R01" in evening.roller.news[1].text
    assert evening.openings() == []


def test_what_would_not_bring_enough_is_closed_and_not_rolled():
    evening = Rolling(roll_credit_min=Decimal("1.50"))
    evening.look("15:00:00")
    evening.serve(fills=True)
    assert evening.look("15:00:10") == []
    (alert,) = evening.roller.news
    assert alert.code == "A201"
    assert "needed 3.50" in alert.text


def test_it_is_the_wait_for_the_close_that_keeps_both_from_being_held(monkeypatch):
    def hasty(view: BookView) -> Iterator[Closed]:
        for order in view.orders:
            if order.cl_ord_id.startswith("roll-close-") and roll_id(CONDOR) not in {o.cl_ord_id for o in view.orders}:
                yield Closed(view.structures[0], order.order_qty, Decimal("-2.00"))

    monkeypatch.setattr(roller, "closed", hasty)
    with pytest.raises(AssertionError):
        test_a_condor_is_closed_at_the_middle_and_only_then_opened_in_the_next_expiry()
