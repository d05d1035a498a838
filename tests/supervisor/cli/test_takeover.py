"""A copy is taken over on a person's word, and not while anything here knows better. Real followers, without Ray."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.epoch import read_epoch, take_epoch
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.places import Places, places
from supervisor.app.copy_folder import is_copy, read_leader, read_takeover
from supervisor.app.restore import STEP
from supervisor.app.takeover import TakeoverRefused, take_over
from supervisor.cli.exit_code import ExitCode
from supervisor.journal import JournalReader, JournalWriter
from supervisor.replica_dial import TakenOver
from tests.supervisor.cli.test_main import call
from tests.supervisor.followers import FollowerProcess, Led, replica, until

ELSEWHERE = "the boot of another machine"
SAID = ("--confirm-dead", "desk", "--reason", "its power is off", "--by", "alice", "--silence", "0.5")


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[FollowerProcess]:
    follower = FollowerProcess(tmp_path)
    yield follower
    follower.kill()


@pytest.fixture
def copy(follower: FollowerProcess) -> Iterator[Places]:
    where = places(follower.state)
    yield where
    shutil.rmtree(where.run, ignore_errors=True)


@pytest.fixture
def led(tmp_path: Path, follower: FollowerProcess) -> Iterator[Led]:
    kept = [tmp_path / "latch.json", tmp_path / "incarnations"]
    kept[1].write_text(f"{41:020d}\n")
    led = Led(tmp_path / "journal.sqlite", follower.port, 7, kept=kept, boot=ELSEWHERE)
    led.append("a", "b")
    yield led
    led.replica.close()


def takeover(copy: Places, *said: str) -> tuple[int, str]:
    return call("takeover", "--state", copy.state, *(said or SAID))


def gone(led: Led, copy: Places) -> None:
    """Have the leader leave, and its follower see it."""
    led.close()
    until(lambda: not read_leader(copy.state).connected)


def test_a_takeover_leaves_a_folder_to_trade_from_with_openings_off_far_above_every_number_known(led, copy, tmp_path):
    tighten(tmp_path / "latch.json", Latch(level=StopLevel.HALT, reason="a bad day", by="bob"))
    until(lambda: led.replica.look() is None and read_latch(copy.latch).level is StopLevel.HALT)
    gone(led, copy)
    code, out = takeover(copy, *SAID, "--json")
    assert code == ExitCode.DONE, out
    told = json.loads(out)
    assert (told["node"], told["by"], told["why"], told["sequence"]) == ("desk", "alice", "its power is off", 2)
    assert read_epoch(copy.epoch) == told["epoch"] == 7 + STEP + 1
    assert int((copy.state / "incarnations").read_text()) == 41 + STEP
    assert read_latch(copy.latch).level is StopLevel.HALT  # it was tighter than the takeover's own
    assert not is_copy(copy.state)
    assert JournalReader(copy.journal).verify() == 2


def test_without_a_stop_of_its_own_a_copy_is_reduced(led, copy):
    gone(led, copy)
    assert takeover(copy)[0] == ExitCode.DONE
    latch = read_latch(copy.latch)
    assert (latch.level, latch.by) == (StopLevel.REDUCE, "takeover")
    assert "desk was confirmed dead by alice: its power is off" in latch.reason


def test_after_a_takeover_its_follower_lets_go_and_the_old_leader_that_comes_back_is_refused_for_good(
    led, copy, follower, tmp_path
):
    gone(led, copy)
    assert takeover(copy)[0] == ExitCode.DONE
    journal = JournalWriter(copy.journal, epoch=8, clock=lambda: 0, fence=lambda: None)
    assert journal.append([("noted", "order-c", b"c")]) == 3  # it is free, and goes on
    journal.close()
    with pytest.raises(TakenOver, match="taken over desk was confirmed dead by alice"):
        replica(tmp_path / "journal.sqlite", follower.port, 10_000).join()
    follower.kill()
    follower.start()
    with pytest.raises(TakenOver, match="taken over"):
        replica(tmp_path / "journal.sqlite", follower.port, 10_000).join()


def test_a_node_that_still_leads_is_not_taken_over_from(led, copy):
    before = read_epoch(copy.epoch)
    code, said = takeover(copy)
    assert (code, read_epoch(copy.epoch), read_takeover(copy.state)) == (ExitCode.REFUSED, before, None)
    assert "desk still answers: its leader on the-desk was heard" in said
    assert led.append("c") == 3
    assert led.replica.fault is None


def test_a_node_that_comes_back_while_it_is_listened_for_is_not_taken_over_from(led, copy, follower, tmp_path):
    gone(led, copy)
    again: list[Led] = []

    def now() -> None:
        raise AssertionError("it was taken over")

    def come_back() -> None:
        again.append(Led(tmp_path / "journal.sqlite", follower.port, 8, boot=ELSEWHERE))

    late = threading.Timer(0.5, come_back)
    late.start()
    with pytest.raises(TakeoverRefused, match="still answers"):
        take_over(copy, "desk", "alice", "why", now, silence_s=20.0)
    late.join()
    again[0].close()


def test_a_leader_that_lives_on_this_machine_is_seen_although_it_is_silent(copy, follower, tmp_path):
    led = Led(tmp_path / "journal.sqlite", follower.port, 1)
    led.append("a")
    gone(led, copy)
    code, said = takeover(copy)
    assert code == ExitCode.REFUSED
    assert "desk lives: its executor is process" in said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("--confirm-dead", "laptop", "--reason", "why"), "led by desk, not by laptop"),
        (("--confirm-dead", "desk"), "Missing option '--reason'"),
    ],
)
def test_another_name_or_no_reason_changes_nothing(led, copy, said, words):
    gone(led, copy)
    code, told = takeover(copy, *said)
    assert code in (ExitCode.REFUSED, ExitCode.USAGE)
    assert words in told
    assert is_copy(copy.state)


def test_without_a_follower_nobody_would_hear_the_node(led, copy, follower):
    gone(led, copy)
    follower.kill()
    assert "start `holdfast follow` first" in takeover(copy)[1]


def test_a_folder_that_followed_nobody_and_one_that_was_taken_over_are_refused(led, copy, tmp_path):
    own = places(tmp_path / "own")
    take_epoch(own.epoch)
    assert "no follower's copy" in takeover(own)[1]
    shutil.rmtree(own.run)
    gone(led, copy)
    assert takeover(copy)[0] == ExitCode.DONE
    assert "was taken over already" in takeover(copy)[1]


def test_down_ends_a_follower(led, copy, follower):
    code, said = call("down", "--state", copy.state)
    assert (code, follower.process.wait(5)) == (ExitCode.DONE, 0), said


def test_nothing_is_started_on_a_copy(led, copy):
    code, said = call("up", "--state", copy.state)
    assert code == ExitCode.REFUSED
    assert "holdfast takeover --confirm-dead NODE comes first" in said
