"""The whole machine dies: every process at once, the run folder, and what was written but never synced."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.brokers.send_ledger import SendLedger
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.event import AttemptEnded, AttemptStarted, DoubtEnded
from actors.domain.orders.order import attempt_id
from actors.places import Places, places
from actors.venue.faults import Fault, FaultKind, Route
from supervisor import directory as directories
from supervisor import keeper
from supervisor.app.drill import heal, inject, stands
from supervisor.app.statement import scorecard, statements
from supervisor.app.workplace import Workplace
from supervisor.ownership import owner
from supervisor.process import Process, alive, in_session
from tests.supervisor.app.trees import down, events, rest_an_order, until, up

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]
SOON = {"routes.tastytrade.user_timeout_s": 1, "routes.tastytrade.settle_window_s": 4}
"""What is not at the broker is proved absent sooner."""


def everything(where: Places) -> list[Process]:
    directory = directories.read(where.directory)
    named = [owner(keeper.lock(where.state)).process, directory.supervisor, *directory.ray.processes]
    named += [*(entry.process for entry in directory.children.values()), *directory.spares.values()]
    named += [process for process, _ in in_session(directory.ray.session)]
    return [process for process in dict.fromkeys(named) if process is not None and alive(process)]


def lose_the_machine(where: Places) -> None:
    """Kill all at once; take away what a boot takes away; leave the ledgers' headers alone, of another boot."""
    processes, folder = everything(where), directories.read(where.directory).ray.folder
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: not any(map(alive, processes)))
    shutil.rmtree(where.run)
    shutil.rmtree(folder)
    for path in ledgers(where):
        path.unlink()
        SendLedger(path.parent, int(path.stem), "the-boot-before").close()


def ledgers(where: Places) -> list[Path]:
    return [path for path in (where.state / "ledgers").rglob("*") if path.is_file()]


def order_without_an_answer(where: Places) -> str:
    """Have one order on its way that the venue has not taken; return its attempt."""
    held_back = Fault(route=Route.TASTYTRADE, kind=FaultKind.DELAY, method="POST", path="/orders$", delay_s=60.0)
    inject(where, held_back)
    rest_an_order(where)
    until(lambda: events(where, AttemptStarted))
    (started,) = events(where, AttemptStarted)
    until(lambda: any("entry" in path.read_text() for path in ledgers(where)))
    return attempt_id(started.cl_ord_id, started.attempt.number)


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    where = places(tmp_path / "state")
    yield where
    down(where)


def test_after_the_loss_of_the_machine_an_unanswered_attempt_is_in_doubt_until_the_broker_says(where):
    up(where, settings=SOON)
    until(lambda: stands(where))
    attempt = order_without_an_answer(where)
    assert events(where, AttemptEnded) == []
    lose_the_machine(where)
    up(where, settings=SOON)
    heal(where)
    until(lambda: events(where, DoubtEnded))
    told = events(where, AttemptStarted, AttemptEnded, DoubtEnded)
    assert [type(event) for event in told[:3]] == [AttemptStarted, AttemptEnded, DoubtEnded]  # nothing sent in between
    assert told[1].attempt_id == told[2].attempt_id == attempt
    assert isinstance(told[1].outcome, InDoubt)  # its ledger has no entry, which proves nothing: it was another boot's
    card = scorecard(Workplace.visitor(where), statements(Workplace.visitor(where)))
    assert (card.lost, card.doubled, card.in_doubt) == ((), (), ())
