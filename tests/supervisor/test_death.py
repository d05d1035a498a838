"""What is known of a death, from the files that a real process would leave."""

import pytest

from supervisor.child import Child
from supervisor.child_host import CrashReport
from supervisor.child_spec import ChildSpec
from supervisor.death import WORDLESS, death_of
from supervisor.health import Mark
from supervisor.tree import ChildState


@pytest.fixture
def child() -> Child:
    child = Child(ChildSpec(name="feed", factory="feeds:feed"))
    child.incarnation, child.state, child.reason = 4, ChildState.RUNNING, "an older reason"
    return child


def left(folder, **fields) -> None:
    report = CrashReport(**{"incarnation": 4, "reason": "KeyError: 'x'", "frames": ("feed.py:7 in run",)} | fields)
    (folder / "feed.crash").write_text(report.model_dump_json())


def test_a_child_that_crashed_says_why_and_where(child, tmp_path):
    left(tmp_path)
    death = death_of(child, tmp_path, None, 9.0)
    assert (death.reason, death.places, death.end) == ("KeyError: 'x'", ("feed.py:7 in run",), "failed")


def test_one_whose_work_simply_ended_is_finished(child, tmp_path):
    left(tmp_path, reason="finished", frames=(), finished=True)
    assert death_of(child, tmp_path, None, 9.0).end == "finished"


def test_one_that_could_not_speak_was_killed_and_its_predecessors_words_are_not_its_own(child, tmp_path):
    left(tmp_path, incarnation=3)
    death = death_of(child, tmp_path, None, 9.0)
    assert (death.reason, death.places) == (WORDLESS, ())


@pytest.mark.parametrize("state", [ChildState.STOPPING, ChildState.KILLED])
def test_one_that_we_brought_down_died_of_our_reason(child, tmp_path, state):
    child.state, child.reason = state, "hung"
    assert death_of(child, tmp_path, None, 9.0).reason == "hung"


def test_its_own_last_mark_tells_how_soon_it_was_seen_and_over_what(child, tmp_path):
    death = death_of(child, tmp_path, Mark(incarnation=4, passes=12, at_ns=8_900_000_000, in_hand=77), 9.0)
    assert (death.detected_ms, death.in_hand) == (100.0, 77)


@pytest.mark.parametrize("mark", [None, Mark(incarnation=3, passes=12, at_ns=1, in_hand=77)])
def test_no_mark_of_its_own_tells_nothing(child, tmp_path, mark):
    death = death_of(child, tmp_path, mark, 9.0)
    assert (death.detected_ms, death.in_hand) == (None, 0)
