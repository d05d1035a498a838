"""One use of the kill switch against a real venue, from a journal that tells what was held; no tree runs."""

import time
from decimal import Decimal
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.order import Fill
from actors.domain.risk.kill_plan import may_trade
from actors.latch import StopLevel, read_latch
from actors.venue.faults import FaultKind, Route
from supervisor.cli.main import main
from supervisor.killswitch import record
from supervisor.killswitch.hold import lock
from supervisor.ownership import AlreadyOwned, Ownership
from tests.actors.venue.conftest import option
from tests.actors.venue.wire_clients import Tastytrade, condor
from tests.fakes import START
from tests.supervisor.killswitch import kill_rig
from tests.supervisor.killswitch.kill_rig import NATURAL, RESTING, KillRig, closing_of
from tests.supervisor.killswitch.test_senders import tree

POST = {"method": "POST", "path": "/orders$", "count": 1}


def closing_fills(rig: KillRig, route: str = "tastytrade") -> list[Fill]:
    return [fill for order in rig.read(route).orders for fill in order.fills if not fill.action.is_open]


def written(rig: KillRig) -> list[happened.Event]:
    return [event for path in sorted((rig.where.state / record.FOLDER).iterdir()) for event in record.read(path)]


def test_what_works_is_cancelled_and_what_is_held_is_closed_whole_at_both_brokers(rig):
    for route in ("tastytrade", "alpaca"):
        rig.open(f"held-{route}", route, quantity=2)
        rig.open(f"rests-{route}", route, RESTING)
    verdict = rig.fire()
    assert verdict.is_flat, rig.said
    assert read_latch(rig.where.latch).level is StopLevel.FLATTEN
    for route in ("tastytrade", "alpaca"):
        assert rig.positions(route) == {}
        assert not any(may_trade(order) for order in rig.read(route).orders)
        closes = [order for order in rig.read(route).orders if str(order.attempt_id).startswith("kill-")]
        assert [len({fill.symbol for fill in order.fills}) for order in closes] == [4]


def test_each_order_was_written_down_with_its_attempt_before_it_was_answered(rig):
    rig.open("held")
    rig.fire()
    kinds = [event.kind for event in written(rig)]
    assert kinds == ["kill_switch_fired", "order_placed", "attempt_started", "attempt_ended"]


def test_with_nothing_held_it_is_flat_at_once_and_used_again_it_still_is(rig):
    assert rig.fire().is_flat
    assert rig.fire().is_flat
    assert rig.epoch_now() == rig.epoch + 2


def test_what_is_not_ours_is_named_and_stays(rig):
    rig.open("held")
    by_hand = Tastytrade(rig.venue)
    assert by_hand.place(condor(name="mine")).status_code == 201
    leg = {"instrument-type": "Equity Option", "symbol": option(5000, "C"), "action": "Buy to Open", "quantity": 1}
    bought = {**condor("40.0"), "price-effect": "Debit", "legs": [leg], "external-identifier": "bought"}
    assert by_hand.place(bought).status_code == 201
    verdict = rig.fire()
    assert verdict.is_flat, rig.said
    left = verdict.accounts[0].left
    assert left.foreign == rig.positions() == {option(5000, "C"): 1}
    assert len(left.foreign_orders) == 1


def test_an_order_without_an_answer_is_found_and_not_sent_again(rig):
    rig.open("held")
    rig.venue.fault(route=Route.TASTYTRADE, kind=FaultKind.DROP, after=True, **POST)
    verdict = rig.fire()
    assert verdict.is_flat, rig.said
    assert len(closing_fills(rig)) == 4


def test_an_order_that_never_arrived_is_proved_absent_before_another_is_sent(rig):
    rig.open("held")
    rig.venue.fault(route=Route.TASTYTRADE, kind=FaultKind.DROP, **POST)
    verdict = rig.fire()
    assert verdict.is_flat, rig.said
    kinds = [event.kind for event in written(rig)]
    in_doubt = next(
        place
        for place, event in enumerate(written(rig))
        if isinstance(event, happened.AttemptEnded) and isinstance(event.outcome, InDoubt)
    )
    assert kinds[in_doubt + 1 : in_doubt + 4] == ["doubt_ended", "order_abandoned", "order_placed"]
    assert len(closing_fills(rig)) == 4


def test_a_close_of_the_executor_without_an_answer_is_looked_for_and_not_traded_over(rig):
    opening = rig.open("held")
    close = closing_of(opening, "out", Decimal(-30), "tastytrade")
    rig.send(close, is_answered=False)
    rig.submit(close)
    verdict = rig.fire()
    assert verdict.is_flat, rig.said
    assert len(closing_fills(rig)) == 4


def test_an_opening_that_filled_unheard_is_closed_too(rig):
    order = kill_rig.condor("unheard", NATURAL, 1, rig.place)
    rig.send(order, is_answered=False)
    rig.submit(order)
    assert rig.fire().is_flat, rig.said
    assert rig.positions() == {}


def test_a_broker_that_cannot_be_read_is_not_flat_and_the_other_is_closed(rig):
    rig.open("held", "tastytrade")
    rig.open("there", "alpaca")
    rig.venue.fault(route=Route.ALPACA, kind=FaultKind.REFUSE)
    verdict = rig.fire(wait_s=3)
    assert not verdict.is_flat
    by_name = {each.account_domain: each for each in verdict.accounts}
    assert by_name["tastytrade"].is_flat
    assert by_name["alpaca"].unreadable


def test_a_login_that_is_refused_is_not_tried_again_and_again(rig):
    rig.venue.fault(route=Route.ALPACA, kind=FaultKind.STATUS, status=401)
    began = time.monotonic()
    verdict = rig.fire(wait_s=60)
    assert time.monotonic() - began < 30
    assert [bool(each.unreadable) for each in verdict.accounts] == [False, True]


def test_a_price_that_nobody_takes_walks_to_its_cap_and_what_remains_is_told(rig):
    rig.open("held")
    rig.venue.fault(route=Route.TASTYTRADE, kind=FaultKind.FILL_LEGS, legs=[])
    verdict = rig.fire(wait_s=1)
    assert not verdict.is_flat
    assert verdict.accounts[0].left.positions
    assert not any(may_trade(order) for order in rig.read().orders)


def test_one_use_at_a_time_and_nobody_ends_the_runtime_meanwhile(rig):
    hold = Ownership.take(lock(rig.where.state), START)
    with pytest.raises(AlreadyOwned):
        rig.fire()
    done = CliRunner().invoke(main, ["down", "--state", str(rig.where.state)])
    assert (done.exit_code, "kill switch" in done.output) == (6, True)
    hold.release()


def test_locks_that_a_stopped_process_holds_keep_nobody_waiting(rig, stopped_process):
    rig.open("held")
    stuck = [path.with_name(f"{path.name}.lock") for path in (rig.where.latch, rig.where.epoch)]
    tree(rig.where, {"executor": stopped_process(*stuck)})
    assert rig.fire().is_flat, rig.said
    assert read_latch(rig.where.latch).level is StopLevel.FLATTEN
    assert rig.epoch_now() == rig.epoch + 1


def flip(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes().replace(b'"order_qty":1', b'"order_qty":9'))


def cut(journal: Path) -> None:
    db = apsw.Connection(str(journal))
    db.execute("DELETE FROM event WHERE sequence = (SELECT max(sequence) FROM event)")
    db.close()


@pytest.mark.parametrize("harm", [flip, cut, Path.unlink])
def test_without_a_whole_journal_nothing_is_closed_and_nothing_is_called_flat(rig, harm):
    rig.open("held")
    rig.open("rests", price=RESTING)
    harm(rig.where.journal)
    verdict = rig.fire()
    assert (verdict.is_flat, bool(verdict.fault)) == (False, True)
    assert len(rig.positions()) == 4
    assert not any(may_trade(order) for order in rig.read().orders)
