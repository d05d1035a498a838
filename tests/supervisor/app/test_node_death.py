"""A node dies for good while its journal is followed elsewhere: what goes on there, after a person's word."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.event import AttemptEnded, AttemptStarted, DoubtEnded, ExecutorStarted
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.runtime_tag import runtime_tag
from supervisor.app.drill import heal, stands
from supervisor.app.statement import scorecard, statements
from supervisor.app.workplace import Workplace
from supervisor.cli.exit_code import ExitCode
from supervisor.replica_dial import TakenOver
from tests.supervisor.app.test_machine_death import SOON, lose_the_machine, order_without_an_answer
from tests.supervisor.app.trees import down, events, holdfast, until, up
from tests.supervisor.followers import TOKEN, FollowerProcess, replica, rows

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]
SAID = ("--confirm-dead", "desk", "--reason", "its power is off", "--by", "alice")


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[FollowerProcess]:
    follower = FollowerProcess(tmp_path)
    yield follower
    follower.kill()


@pytest.fixture
def desk(tmp_path: Path, follower: FollowerProcess) -> Iterator[Places]:
    where = places(tmp_path / "desk")
    replicated = {
        "journal.durability": "replicated",
        "journal.node": "desk",
        "journal.follower": f"127.0.0.1:{follower.port}",
        "journal.token": "TEST_TOKEN",
    }
    up(where, settings=replicated | SOON, environment=os.environ | {"TEST_TOKEN": TOKEN})
    yield where
    down(where)


def test_the_other_node_goes_on_from_the_copy_with_every_attempt_accounted_for_and_openings_off(desk, follower):
    copy = places(follower.state)
    until(lambda: stands(desk))
    attempt = order_without_an_answer(desk)
    assert rows(copy.journal) == rows(desk.journal)
    refused = holdfast("takeover", "--state", copy.state, *SAID)
    assert (refused.returncode, "desk lives" in refused.stderr) == (ExitCode.REFUSED, True)
    lose_the_machine(desk)
    done = holdfast("takeover", "--state", copy.state, *SAID)
    assert done.returncode == ExitCode.DONE, done.stderr
    shutil.copytree(desk.state / "venue", copy.state / "venue")  # the world outside goes on
    try:
        up(copy, settings=SOON)
        heal(copy)
        until(lambda: events(copy, DoubtEnded))
        told = events(copy, AttemptStarted, AttemptEnded, DoubtEnded)
        assert [type(event) for event in told[:3]] == [AttemptStarted, AttemptEnded, DoubtEnded]
        assert told[1].attempt_id == told[2].attempt_id == attempt
        assert isinstance(told[1].outcome, InDoubt)
        assert runtime_tag(copy.state) == runtime_tag(desk.state), "or every order of before were a stranger's"
        started = events(copy, ExecutorStarted)[-1]
        assert started.took_over.startswith("desk was confirmed dead by alice")
        assert read_latch(copy.latch).level is StopLevel.REDUCE
        card = scorecard(Workplace.visitor(copy), statements(Workplace.visitor(copy)))
        assert (card.lost, card.doubled, card.in_doubt) == ((), (), ())
        with pytest.raises(TakenOver):
            replica(desk.journal, follower.port, 10_000).join()
    finally:
        down(copy)
