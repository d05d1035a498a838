"""Each rule of the heartbeat switched off, and the test that keeps it fails."""

from collections.abc import Callable

import pytest

from supervisor.heartbeat import liveness, sight
from supervisor.heartbeat.beat import Beat
from tests.supervisor.heartbeat import test_beat as paced
from tests.supervisor.heartbeat import test_beating as kept
from tests.supervisor.heartbeat import test_liveness as seen
from tests.supervisor.heartbeat.left_files import LeftFiles


def to_stand_there_is_enough(off: pytest.MonkeyPatch) -> None:
    off.setattr(liveness.Liveness, "_still", lambda *_: "")


def what_is_wrong_is_overlooked(off: pytest.MonkeyPatch) -> None:
    off.setattr(sight, "_children", lambda *_: ())
    off.setattr(sight, "_quotes", lambda *_: ())
    off.setattr(sight, "_disk", lambda *_: ())


def the_journal_is_not_looked_at(off: pytest.MonkeyPatch) -> None:
    off.setattr(sight, "journal_fault", lambda *_: "")


def a_pause_is_no_pause(off: pytest.MonkeyPatch) -> None:
    look = liveness.Liveness.look

    def after_no_pause(self, *arguments) -> list[str]:
        self._looked_s = None
        return look(self, *arguments)

    off.setattr(liveness.Liveness, "look", after_no_pause)


def a_failure_is_told_each_time(off: pytest.MonkeyPatch) -> None:
    said = Beat.said

    def forgets(self, *arguments, taken: bool) -> None:
        said(self, *arguments, taken=taken)
        self._has_failed = False

    off.setattr(Beat, "said", forgets)


@pytest.mark.parametrize(
    ("story", "off"),
    [
        (
            lambda run, to: kept.test_any_part_that_makes_no_progress_silences_it_and_is_named(run, to, "risk"),
            to_stand_there_is_enough,
        ),
        (kept.test_a_feed_without_its_stream_is_silence_though_it_works, what_is_wrong_is_overlooked),
        (kept.test_a_folder_that_takes_no_write_is_silence, the_journal_is_not_looked_at),
        (kept.test_a_journal_that_lost_what_it_acknowledged_is_silence, the_journal_is_not_looked_at),
        (
            lambda run, to: kept.test_a_disk_without_room_for_openings_is_silence(run.tree, to),
            what_is_wrong_is_overlooked,
        ),
        (lambda *_: seen.test_what_moved_while_the_watcher_was_stopped_may_have_died_since(), a_pause_is_no_pause),
        (lambda *_: paced.test_a_long_silence_is_told_as_a_failure_once_each(), a_failure_is_told_each_time),
    ],
)
def test_without_its_rule_the_test_of_it_fails(where, receiver, monkeypatch, story: Callable[..., None], off):
    run = kept.Run(LeftFiles(where), receiver.at)
    run.on(2)
    receiver.heard.clear()
    off(monkeypatch)
    with pytest.raises(AssertionError):
        story(run, receiver)
