"""Another runtime of Holdfast on an account of ours."""

import pytest

from actors.domain.orders.finding import AccountContested
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import Status
from actors.messages import CancelOrder
from tests.builders import open_signal
from tests.rig import Rig, report


def theirs(number: str = "900", status: Status = Status.NEW):
    return report(number, status).model_copy(update={"runtime": "ffff0000"})


@pytest.fixture
def rig():
    return Rig().ready()


def contests(rig):
    return [(event.account_domain, event.runtime, event.orders) for event in rig.events(AccountContested)]


def test_an_order_of_another_runtime_latches_a_reduce_and_pages(rig):
    rig.read(orders=(theirs(),))
    assert contests(rig) == [("primary-account", "ffff0000", ("900",))]
    (reason,) = rig.reduced
    assert reason.startswith("A033 primary-account: another Holdfast (runtime ffff0000) trades this account")
    rig.after(1)
    assert rig.alerts("A033") == [reason.removeprefix("A033 ")]


def test_one_that_is_pushed_is_seen_at_once(rig):
    rig.push(theirs())
    assert len(rig.reduced) == 1


def test_what_was_told_is_not_told_again_not_even_by_the_next_executor(rig):
    rig.read(orders=(theirs(),))
    rig.read(orders=(theirs(),))
    rig.start()
    rig.connect(incarnation=2)
    rig.read(orders=(theirs(),))
    assert len(rig.reduced) == 1
    rig.read(orders=(theirs(), theirs("901", Status.CANCELED)))
    assert len(rig.reduced) == 2


@pytest.mark.parametrize(("status", "stops"), [(Status.NEW, 1), (Status.FILLED, 0)])
def test_at_the_first_reading_only_what_still_works_contests_an_account(status, stops):
    rig = Rig()
    rig.connect()
    rig.read(orders=(theirs(status=status),))
    rig.read(orders=(theirs(status=status),))
    assert len(rig.reduced) == stops


def test_the_latch_that_follows_refuses_openings_and_cancels_those_that_work(rig):
    order_id = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{order_id}-r1")
    rig.read(orders=(theirs(),))
    rig.stop = rig.reduced[0]
    rig.after(1)
    assert [message.cl_ord_id for _, message in rig.told(CancelOrder)] == [order_id]
    answer = rig.ask(open_signal(2))
    assert Code.R012_LATCHED in {check.code for check in answer.checks if not check.passed}


def test_an_order_of_another_program_contests_nothing(rig):
    rig.read(orders=(report("900", Status.NEW),))
    assert (rig.reduced, contests(rig)) == ([], [])
