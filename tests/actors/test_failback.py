"""A route that was failed over from gets openings again when it is well, and not before."""

from decimal import Decimal

import pytest

from actors.domain.orders.attempt import Absent, InDoubt, NotSent
from actors.domain.orders.refusal import Code
from actors.domain.orders.route_event import RouteFailedBack, RouteFailedOver
from actors.messages import IssuePermit, Resolved, SendOrder
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal, permit
from tests.rig import Rig

ORDER = "condor-20260105-1"


def failed_over(**desk: float) -> Rig:
    """One opening moved from the primary to the backup."""
    rig = Rig(failback_after_s=60, **desk).ready()
    rig.ask(open_signal(1))
    rig.outcome(f"{ORDER}-r1", NotSent(cause="refused"))
    rig.outcome(f"{ORDER}-r2", route="backup")
    rig.after(0.1)
    rig.told(SendOrder)
    return rig


def sent_to(rig: Rig, number: int) -> list[str]:
    rig.ask(open_signal(number))
    return [peer for peer, _ in rig.told(SendOrder)]


def well_for(rig: Rig, seconds: float) -> None:
    rig.after(seconds)
    rig.read(request_id=0)
    rig.after(0.1)


def test_the_next_opening_goes_to_the_backup_although_the_primary_seems_well_again():
    rig = failed_over()
    (moved,) = rig.events(RouteFailedOver)
    assert (moved.route, moved.to, moved.cl_ord_id, moved.reason) == ("primary", "backup", ORDER, "refused")
    assert sent_to(rig, 2) == ["connection-backup"]
    assert len(rig.events(RouteFailedOver)) == 1


def test_an_opening_that_skips_a_sick_route_is_a_failover_too():
    rig = Rig(failback_after_s=60).ready()
    rig.connect(writes=False)
    assert sent_to(rig, 1) == ["connection-backup"]
    assert [event.reason for event in rig.events(RouteFailedOver)] == ["cannot send"]


def test_it_takes_openings_again_after_the_healthy_period_and_a_person_is_told():
    rig = failed_over()
    well_for(rig, 59)
    assert sent_to(rig, 2) == ["connection-backup"]
    well_for(rig, 1)
    assert sent_to(rig, 3) == ["connection-primary"]
    assert len(rig.events(RouteFailedBack)) == len(rig.alerts("A012")) == 1


def test_the_healthy_period_begins_anew_with_each_turn_of_the_write_path():
    rig = failed_over()
    rig.after(59)
    rig.connect(writes=False)
    rig.connect(writes=True)
    well_for(rig, 59)
    assert sent_to(rig, 2) == ["connection-backup"]
    well_for(rig, 1)
    assert sent_to(rig, 3) == ["connection-primary"]


def test_without_a_reconciliation_since_it_came_back_it_waits():
    rig = failed_over(account_timeout_s=1000)
    rig.after(1)
    rig.connect(writes=False)
    rig.connect(writes=True)
    rig.after(100)
    assert rig.events(RouteFailedBack) == []
    assert rig.executor._desks.failback.waiting["primary"] == ("a reconciliation since it came back",)
    well_for(rig, 0)
    assert len(rig.events(RouteFailedBack)) == 1


def test_a_doubt_at_the_route_keeps_it_from_openings_until_it_ended():
    rig = Rig(failback_after_s=60).ready()
    rig.ask(open_signal(1))
    rig.connect(writes=False)
    rig.ask(open_signal(2))
    rig.outcome(f"{ORDER}-r1", InDoubt(cause="timeout"))
    rig.connect(writes=True)
    rig.after(0.1)
    well_for(rig, 100)
    assert rig.executor._desks.failback.waiting["primary"] == (f"the end of doubts: {ORDER}-r1",)
    rig.hear("connection-primary", Resolved(route="primary", attempt_id=f"{ORDER}-r1", resolution=Absent(proof="3")))
    rig.after(0.1)
    assert len(rig.events(RouteFailedBack)) == 1


def test_a_break_in_its_account_keeps_it_from_openings():
    rig = failed_over(disagreements_max=1)
    rig.after(61)
    rig.read(positions={CONDOR_SYMBOLS[0]: 7})
    rig.after(0.1)
    assert rig.events(RouteFailedBack) == []


def test_a_successor_knows_what_was_failed_over_and_counts_health_from_its_own_start():
    rig = failed_over()
    rig.after(59)
    rig.start()
    rig.ready()
    well_for(rig, 59)
    assert sent_to(rig, 2) == ["connection-backup"]
    well_for(rig, 1)
    assert sent_to(rig, 3) == ["connection-primary"]


def test_closes_are_not_affected():
    rig = Rig(failback_after_s=60).ready()
    rig.opened(open_signal(1))
    rig.ask(open_signal(2))
    rig.outcome("condor-20260105-2-r1", NotSent(cause="refused"))
    rig.told(SendOrder)
    rig.ask(close_signal(3, ORDER))
    assert [peer for peer, _ in rig.told(SendOrder)] == ["connection-primary"]


def test_where_the_backup_is_away_too_an_opening_is_refused_and_says_why():
    rig = failed_over()
    rig.connect("backup", writes=False)
    refused = rig.ask(open_signal(2))
    (check,) = [each for each in refused.checks if not each.passed]
    assert check.code is Code.R060_NO_ROUTE
    assert check.value == "primary: failed over to backup: refused; backup: cannot send"


@pytest.mark.parametrize("after_s", [0, 5])
def test_the_period_is_a_setting(after_s):
    rig = Rig(failback_after_s=after_s).ready()
    rig.ask(open_signal(1))
    rig.outcome(f"{ORDER}-r1", NotSent(cause="refused"))
    rig.after(0.1)
    well_for(rig, after_s)
    assert len(rig.events(RouteFailedBack)) == 1


def test_what_is_at_stake_in_every_account_counts_against_one_limit():
    rig = failed_over()
    tight = permit(sequence=50, account_loss_max=Decimal(3 * 4810 - 1))
    rig.hear("risk", IssuePermit(permit=tight))
    assert sent_to(rig, 2) == ["connection-backup"]
    well_for(rig, 61)
    rig.hear("risk", IssuePermit(permit=tight.model_copy(update={"sequence": 51})))
    refused = rig.ask(open_signal(3))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R042_ACCOUNT_LOSS]


def test_a_stream_that_is_out_holds_openings_back_until_its_account_was_read_again():
    rig = Rig().ready()
    seat = rig.executor._desk.seats.of("primary")
    rig.hear("connection-primary", seat.state.model_copy(update={"stream": False}))
    refused = rig.ask(open_signal(1))
    assert [(check.code, "stream is out" in check.value) for check in refused.checks if not check.passed] == [
        (Code.R060_NO_ROUTE, True)
    ]
    rig.after(1)
    rig.hear("connection-primary", seat.state.model_copy(update={"stream": True}))
    assert not rig.ask(open_signal(2)).admitted, "its snapshot is not here yet"
    rig.after(0.1)
    rig.read()
    assert sent_to(rig, 3) == ["connection-primary"]
