"""The executor runs on another node, which is lost: trading goes on here, reduce-only, and nothing is lost."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.domain.orders.event import AttemptEnded, AttemptStarted, ExecutorStarted, ReportTaken
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import Status
from actors.latch import StopLevel, read_latch
from actors.places import Places
from actors.venue.faults import Fault, FaultKind, Route
from supervisor import ending
from supervisor.app.drill import heal, inject, stands
from supervisor.app.statement import scorecard, statements
from supervisor.app.workplace import Workplace
from supervisor.cli.exit_code import ExitCode
from supervisor.directory import NodeState
from supervisor.process import alive
from tests.supervisor.app.nodes import TwoNodes, children
from tests.supervisor.app.trees import events, holdfast, rest_an_order, until
from tests.supervisor.followers import rows

pytestmark = [pytest.mark.tree, pytest.mark.timeout(400)]


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[TwoNodes]:
    nodes = TwoNodes(tmp_path)
    try:
        nodes.start()
        yield nodes
    finally:
        nodes.close()


def test_the_loss_of_the_executors_node_loses_nothing_and_exits_go_on_here(nodes):
    home = nodes.home
    until(lambda: stands(home))
    holds = rest_an_order(home, "holds", share="1.3", worth=5).cl_ord_id
    until(lambda: has_become(home, holds, Status.FILLED))
    rests = rest_an_order(home, "rests").cl_ord_id
    until(lambda: rests in {event.attempt_id.removesuffix("-r1") for event in events(home, AttemptEnded)})
    inject(home, Fault(route=Route.TASTYTRADE, kind=FaultKind.DELAY, method="POST", path="/orders$", delay_s=60.0))
    flies = rest_an_order(home, "flies").cl_ord_id
    until(lambda: flies in {event.cl_ord_id for event in events(home, AttemptStarted)})
    nodes.lose_the_far_machine()
    until(nodes.taken_in)
    assert nodes.node() is NodeState.LOST
    assert read_latch(home.latch).level is StopLevel.REDUCE
    there, here = rows(nodes.far.journal), rows(home.journal)
    assert here[: len(there)] == there
    first, second = events(home, ExecutorStarted)[-2:]
    assert second.epoch > first.epoch
    heal(home)
    until(lambda: stands(home) and is_clean(home))
    late = rest_an_order(home, "late", takes_no=True)
    assert not late.admitted
    assert Code.R017_REPLICA in {check.code for check in late.checks if not check.passed}
    until(lambda: has_become(home, rests, Status.CANCELED))  # under the stop that the loss latched
    closed = holdfast("close", "--state", home.state, holds, "--price", "0.10")
    assert closed.returncode == ExitCode.DONE, closed.stdout + closed.stderr
    assert is_clean(home)


def has_become(where: Places, cl_ord_id: str, status: Status) -> bool:
    reports = [event for event in events(where, ReportTaken) if event.cl_ord_id == cl_ord_id]
    return any(event.report.status is status for event in reports)


def is_clean(where: Places) -> bool:
    card = scorecard(Workplace.visitor(where), statements(Workplace.visitor(where)))
    return (card.lost, card.doubled, card.in_doubt) == ((), (), ())


def test_a_node_that_was_cut_off_is_ended_once_it_is_heard_again(nodes):
    until(lambda: stands(nodes.home))
    there = nodes.there()
    executor = children(nodes.far)["executor"].process
    nodes.signal(there, signal.SIGSTOP)
    until(nodes.taken_in)
    assert nodes.node() is NodeState.LOST
    assert alive(executor)
    nodes.signal(there, signal.SIGCONT)
    until(lambda: nodes.node() is NodeState.DEAD)
    assert not alive(executor)
    assert ending.masters(nodes.far) == []
    assert nodes.taken_in()
