"""What changed since the last close, and what lies ahead on a date."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.report import CashEvent, Status
from actors.domain.performance.ahead import Ahead, ahead, next_session
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.performance.overnight import Overnight, OvernightFold
from actors.domain.portfolio.book import Book
from actors.domain.risk.almanac import Blackout
from tests.builders import EXPIRY, MARGINS, PRODUCTS, condor_legs, open_signal, sessions
from tests.fakes import START
from tests.rig import Rig, fills_of, report

HOUR = timedelta(hours=1)


def told(*events: happened.Event) -> Overnight:
    fold = OvernightFold(START)
    for sequence, event in enumerate(events, start=1):
        fold.hear(Recorded(event=event, written_ns=sequence), sequence)
    return fold.told()


def booked(amount: str, after) -> happened.CashBooked:
    at = START + after
    event = CashEvent(event_id=amount, account_domain="a", type=CashEvent.Type.FEE, amount=Decimal(amount), at=at)
    return happened.CashBooked(event=event, at=at)


def started(epoch: int, after) -> happened.ExecutorStarted:
    return happened.ExecutorStarted(epoch=epoch, incarnation=epoch, boot_id="b", at=START + after)


def held(**signal: object) -> Book:
    rig = Rig().ready()
    rig.opened(open_signal(1, **signal))
    return rig.book


def looked(book: Book, on: date = EXPIRY, *blackouts: Blackout) -> Ahead:
    return ahead(book, PRODUCTS, sessions(), MARGINS, blackouts, on)


def test_only_what_came_since_the_close_is_told():
    found = told(booked("-5", -HOUR), started(1, -HOUR), booked("-2.50", HOUR), started(2, HOUR))
    assert (found.cash_moved, found.starts) == (Decimal("-2.50"), 1)
    assert [each.sequence for each in found.incidents] == [4]


def test_a_fill_told_twice_is_one_fill():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    order = rig.book.orders["condor-20260105-1"].order
    again = report("primary-1", Status.FILLED, *fills_of(order), attempt="condor-20260105-1-r1")
    once = happened.ReportTaken(cl_ord_id=order.cl_ord_id, report=again, at=START + HOUR)
    assert told(once, once).fills == 4


def test_what_expires_on_the_date_is_named_leg_by_leg_with_its_end():
    found = looked(held())
    assert [each.quantity for each in found.expiring] == [1, -1, -1, 1]
    assert {each.ends_at.strftime("%H:%M") for each in found.expiring} == {"21:00"}
    assert (found.opens_at.strftime("%H:%M"), found.is_half_day) == ("14:30", False)


def test_margin_is_the_exchanges_and_at_stake_what_the_gate_counts():
    found = looked(held())
    (mine,) = (each for each in found.margins if each.account_domain == "primary-account")
    assert (mine.requirement, mine.structures) == (Decimal(5_000), 1), "fifty points between the strikes"
    assert found.at_stake == Decimal(5_000), "opened at nothing"
    assert looked(Book(PRODUCTS)).at_stake == 0


def test_a_naked_shorts_margin_is_not_known_from_the_book_alone():
    book = held()
    name, short = "condor-20260105-1", {condor_legs()[2].symbol: -1}
    book.structures[name] = book.structures[name].model_copy(update={"holdings": short})
    (mine,) = (each for each in looked(book).margins if each.account_domain == "primary-account")
    assert mine.requirement is None


def test_a_day_without_a_session_says_why_and_which_is_the_next():
    found = looked(Book(PRODUCTS), date(2026, 1, 4))
    assert (found.opens_at, "outside" in found.closed) == (None, True)
    assert next_session(sessions(), date(2026, 1, 4)) == EXPIRY
    assert next_session(sessions(), EXPIRY) is None


@pytest.mark.parametrize(("hours", "named"), [(0, True), (-30, False), (30, False)])
def test_events_that_openings_keep_clear_of_are_those_of_the_date(hours, named):
    begins = START + timedelta(hours=hours)
    event = Blackout(begins=begins, ends=begins + HOUR, reason="FOMC")
    assert bool(looked(Book(PRODUCTS), EXPIRY, event).blackouts) is named
