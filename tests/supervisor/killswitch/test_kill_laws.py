"""The laws as the kill switch keeps them, each with its switch: one rule replaced, and its story fails."""

from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from threading import Thread
from typing import Final

import pytest

from actors.domain.portfolio.book import Book
from actors.domain.risk import kill_plan
from actors.epoch import take_epoch
from actors.venue.faults import FaultKind, Route
from supervisor import directory as directories
from supervisor.app import trading
from supervisor.directory import Directory, Entry, NodeEntry, NodeState
from supervisor.journal import JournalWriter
from supervisor.killswitch import account, killing, record, senders
from supervisor.killswitch.record import Record
from supervisor.process import Process
from supervisor.tree import ChildState
from tests.actors.venue.wire_clients import Tastytrade, condor
from tests.supervisor.killswitch.kill_rig import RESTING, KillRig, closing_of
from tests.supervisor.killswitch.test_died_at_any_line import Killed, die_at
from tests.supervisor.killswitch.test_killing import POST, closing_fills, written
from tests.supervisor.killswitch.test_senders import NOW

LATE_S: Final = 1.2
"""How late an order arrives: within the settle window, and after the kill switch has looked."""
Story = Callable[[KillRig, pytest.MonkeyPatch], None]


def journal_of_the_next_start(rig: KillRig) -> JournalWriter:
    rig.epoch = take_epoch(rig.where.epoch)
    return trading._journal(rig.place, rig.epoch, trading._disk(rig.place), None)


# 1. Write, then act.


def what_it_sent_is_known_to_the_next_start_wherever_it_died(rig: KillRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.open("held")
    with monkeypatch.context() as here:
        die_at(here, 3, written=False)
        with pytest.raises(Killed):
            rig.fire()
    with closing(journal_of_the_next_start(rig)) as journal:
        assert journal.knows("kill-2-tastytrade-1")


def it_sends_first(off: pytest.MonkeyPatch) -> None:
    write = Record.write

    def late(self: Record, *events: object) -> None:
        write(self, *(event for event in events if event.kind == "kill_switch_fired"))

    off.setattr(Record, "write", late)


def the_start_takes_nothing_in(off: pytest.MonkeyPatch) -> None:
    off.setattr(trading.record, "untaken", lambda *_: ())


def the_next_start_takes_it_in_once(rig: KillRig, _: pytest.MonkeyPatch) -> None:
    rig.open("held")
    rig.fire()
    for _ in range(2):
        journal_of_the_next_start(rig).close()
    kinds = [event.kind for event in rig.events()]
    assert kinds.count("kill_switch_fired") == 1


def every_start_takes_it_in(off: pytest.MonkeyPatch) -> None:
    untaken = record.untaken
    off.setattr(trading.record, "untaken", lambda where, _, at: untaken(where, lambda _: False, at))


# 2 and 7. A doubt is neither resent nor closed over.


def an_unanswered_close_that_arrives_late_is_not_closed_over(rig: KillRig, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = rig.open("held")
    close = closing_of(opening, "out", Decimal(-30), "tastytrade")
    rig.send(close, is_answered=False)
    rig.venue.fault(route=Route.TASTYTRADE, kind=FaultKind.DELAY, delay_s=LATE_S, **POST)
    late = Thread(target=rig.submit, args=(close,))
    late.start()
    verdict = rig.fire()
    late.join()
    assert verdict.is_flat
    assert "order_placed" not in [event.kind for event in written(rig)], "it waited for what the doubt might bring"


def a_doubt_touches_nothing(off: pytest.MonkeyPatch) -> None:
    off.setattr(kill_plan, "_touches", lambda *_: False)
    off.setattr(kill_plan, "closable", lambda book, structure: dict(structure.holdings))


def absence_needs_no_window(off: pytest.MonkeyPatch) -> None:
    off.setattr(account, "proof", lambda search, _: "seen once" if search.looks_ns else None)


# 5. Unreadable is not flat.


def an_account_whose_journal_is_lost_is_not_called_flat(rig: KillRig, _: pytest.MonkeyPatch) -> None:
    rig.open("held")
    rig.where.journal.unlink()
    assert not rig.fire().is_flat


def a_lost_journal_is_an_empty_one(off: pytest.MonkeyPatch) -> None:
    off.setattr(killing, "fold", lambda place, _: Book(place.products))


# 9. One sender.


def an_executor_that_may_live_keeps_it_from_closing(rig: KillRig, _: pytest.MonkeyPatch) -> None:
    rig.open("held")
    rig.open("rests", price=RESTING)
    there = Entry(state=ChildState.RUNNING, since=NOW, process=Process(1, 1))
    nodes = {"far": NodeEntry(state=NodeState.LOST, since=NOW, children={"executor": there})}
    directories.write(rig.where.directory, Directory(supervisor=None, since=NOW, written_at=NOW, nodes=nodes))
    verdict = rig.fire()
    assert not verdict.is_flat
    assert len(rig.positions()) == 4
    assert verdict.accounts[0].cancelled == 1


def a_node_that_is_not_heard_is_dead(off: pytest.MonkeyPatch) -> None:
    off.setattr(senders, "_elsewhere", lambda _: ())


def a_newer_epoch_keeps_its_orders_in(rig: KillRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.open("held")
    begin = Record.__init__

    def overtaken(self: Record, *arguments: object) -> None:
        begin(self, *arguments)
        take_epoch(rig.where.epoch)

    with monkeypatch.context() as here:
        here.setattr(Record, "__init__", overtaken)
        rig.fire(wait_s=6)  # without the fence it closes well within that
    assert closing_fills(rig) == []


def nobody_looks_at_the_epoch(off: pytest.MonkeyPatch) -> None:
    off.setattr(killing, "_fence", lambda *_: None)


# What is not ours stays.


def another_programs_order_stays(rig: KillRig, _: pytest.MonkeyPatch) -> None:
    assert Tastytrade(rig.venue).place(condor(name="mine")).status_code == 201
    assert len(rig.fire().accounts[0].left.foreign_orders) == 1


def every_order_is_ours(off: pytest.MonkeyPatch) -> None:
    off.setattr(kill_plan, "is_ours", lambda *_: True)


STORIES: tuple[tuple[Story, tuple[Callable[[pytest.MonkeyPatch], None], ...]], ...] = (
    (what_it_sent_is_known_to_the_next_start_wherever_it_died, (it_sends_first, the_start_takes_nothing_in)),
    (the_next_start_takes_it_in_once, (every_start_takes_it_in,)),
    (an_unanswered_close_that_arrives_late_is_not_closed_over, (a_doubt_touches_nothing, absence_needs_no_window)),
    (an_account_whose_journal_is_lost_is_not_called_flat, (a_lost_journal_is_an_empty_one,)),
    (an_executor_that_may_live_keeps_it_from_closing, (a_node_that_is_not_heard_is_dead,)),
    (a_newer_epoch_keeps_its_orders_in, (nobody_looks_at_the_epoch,)),
    (another_programs_order_stays, (every_order_is_ours,)),
)


@pytest.mark.parametrize("story", [story for story, _ in STORIES], ids=lambda story: story.__name__)
def test_the_law_is_kept(rig, monkeypatch, story):
    story(rig, monkeypatch)


@pytest.mark.parametrize(
    ("story", "switch"),
    [(story, switch) for story, switches in STORIES for switch in switches],
    ids=lambda each: each.__name__,
)
def test_with_the_rule_switched_off_the_story_fails(rig, monkeypatch, story, switch):
    switch(monkeypatch)
    with pytest.raises(AssertionError):
        story(rig, monkeypatch)
