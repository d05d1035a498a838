"""An append is on two disks when it returns, whoever dies at which step; and an old leader can make nothing durable.

Real processes: `holdfast follow` keeps the copy, and is killed, stopped and cut off; leaders that are killed are
processes of their own.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.epoch import read_epoch, take_epoch
from supervisor.chain import Chain
from supervisor.journal import JournalWriter
from supervisor.line import Line
from supervisor.replica_dial import BATCH_EVENTS, TakenOver
from supervisor.replication import Challenge, Side, Welcome
from tests.ports import free_port
from tests.supervisor.followers import ROOT, FollowerProcess, Led, replica, rows, until


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[FollowerProcess]:
    follower = FollowerProcess(tmp_path)
    yield follower
    follower.kill()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def led(journal: Path, follower: FollowerProcess) -> Iterator[Led]:
    led = Led(journal, follower.port, 1)
    yield led
    led.replica.close()


def test_what_was_appended_is_on_the_followers_disk_when_append_returns(led, journal, follower):
    for number in range(20):
        led.append(f"a{number}", f"b{number}")
        assert follower.rows()[-1] == rows(journal)[-1]
    follower.kill()
    assert follower.rows() == rows(journal)
    assert len(follower.rows()) == 40


@pytest.mark.alone
def test_without_a_follower_an_append_waits_once_and_then_for_nothing_and_says_what_is_missing(led, follower):
    led.append("a")
    assert led.replica.fault is None
    follower.stop()
    began = time.monotonic()
    led.append("b")
    assert 0.3 < time.monotonic() - began < 1.5
    assert "event 2 not acknowledged within 0.4 s" in led.replica.fault
    began = time.monotonic()
    for number in range(20):
        led.append(f"c{number}")
    assert time.monotonic() - began < 0.3
    follower.go_on()
    led.until_level()
    assert len(follower.rows()) == 22


def test_an_idle_line_whose_follower_dies_is_missed_before_anything_is_appended(led, follower):
    led.append("a")
    follower.kill()
    until(lambda: led.replica.look() is not None)
    assert "follower at 127.0.0.1" in led.replica.fault


def test_a_follower_that_hangs_is_missed_too(led, follower):
    led.append("a")
    follower.stop()
    until(lambda: led.replica.look() is not None)
    assert "silent" in led.replica.fault
    follower.go_on()
    led.until_level()


def test_a_follower_that_was_away_gets_everything_it_lacks_and_then_follows_again(led, journal, follower):
    led.append("a")
    follower.kill()
    for number in range(3 * BATCH_EVENTS):
        led.append(f"b{number}")
    assert led.replica.fault is not None
    follower.start()
    led.until_level()
    led.append("c")
    assert follower.rows() == rows(journal)


def test_a_follower_that_starts_empty_beside_an_old_journal_is_brought_level(journal, tmp_path):
    writer = JournalWriter(journal, epoch=1, clock=lambda: 0, fence=lambda: None)
    for batch in range(3):
        writer.append([("noted", f"order-{batch}-{number}", b"x") for number in range(BATCH_EVENTS)])
    writer.close()
    led = Led(journal, port := free_port(), 2)
    assert led.replica.fault is not None
    led.append("a")
    led.close()
    follower = FollowerProcess(tmp_path)
    assert port != follower.port
    led = Led(journal, follower.port, 3)
    led.until_level()
    assert follower.rows() == rows(journal)
    led.close()
    follower.kill()


LEADER = """
import os, signal, sys
from pathlib import Path
from supervisor.replica import Replica
from tests.supervisor.followers import Led

dies, journal, port, epoch, said = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5])
armed = False

def die(step):
    if armed and dies == step:
        os.kill(os.getpid(), signal.SIGKILL)

class Mortal(Replica):
    def ship(self, rows):
        die("before it is told")
        super().ship(rows)
        die("before it is committed")
    def settle(self, sequence):
        die("before it is acknowledged")
        super().settle(sequence)
        die("after it is acknowledged")

import tests.supervisor.followers as followers
followers.Replica = Mortal
led = Led(journal, port, epoch)
for number in range(5):
    led.append(f"a{number}")
    said.write_text(str(number + 1))
armed = True
led.append("last")
"""
STEPS = {
    "before it is told": (5,),
    "before it is committed": (5, 6),
    "before it is acknowledged": (6,),
    "after it is acknowledged": (6,),
}


@pytest.mark.parametrize(("step", "ends"), STEPS.items())
def test_a_leader_killed_at_any_step_of_an_append_leaves_one_past_that_its_successor_goes_on_with(
    step, ends, journal, follower, tmp_path
):
    command = [sys.executable, "-c", LEADER, step, str(journal), str(follower.port), "1", str(tmp_path / "said")]
    done = subprocess.run(command, cwd=ROOT, check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "said").read_text() == "5"
    led = Led(journal, follower.port, 2)
    led.until_level()
    assert led.writer.sequence in ends
    led.append("next")
    assert follower.rows() == rows(journal)
    led.close()


def test_what_a_killed_leader_told_and_never_committed_gives_way_to_what_its_successor_wrote(
    journal, follower, tmp_path
):
    command = [sys.executable, "-c", LEADER, "before it is committed", str(journal), str(follower.port), "1"]
    subprocess.run([*command, str(tmp_path / "said")], cwd=ROOT, check=False, timeout=30)
    until(lambda: len(follower.rows()) == 6)
    follower.stop()
    led = Led(journal, follower.port, 2)  # it cannot ask
    assert led.append("another") == 6
    follower.go_on()
    led.until_level()
    assert follower.rows() == rows(journal)
    assert led.append("next") == 7
    assert list(follower.state.glob("journal.sqlite.aside-6-*"))
    led.close()


@pytest.mark.parametrize("lives", range(4))
def test_a_follower_killed_while_it_is_written_to_loses_nothing_that_was_acknowledged(lives, led, journal, follower):
    acknowledged = 0
    for number in range(30):
        if number == 5 + 3 * lives:
            os.kill(follower.process.pid, signal.SIGKILL)
        sequence = led.append(f"a{number}")
        acknowledged = sequence if led.replica.fault is None else acknowledged
    follower.process.wait()
    assert len(follower.rows()) >= acknowledged
    assert led.replica.fault is not None
    follower.start()
    led.until_level()
    assert follower.rows() == rows(journal)


def go_on_until_refused(led: Led) -> None:
    for number in range(200):
        led.append(f"c{number}")
        led.replica.look()
        time.sleep(0.02)


def test_an_old_leader_is_fenced_for_good_once_a_successor_was_heard(led, follower, tmp_path):
    led.append("a")
    second = tmp_path / "second.sqlite"
    successor = Led(second, follower.port, 2)  # the same past, from the copy
    assert successor.append("b") == 2
    with pytest.raises(TakenOver, match="epoch 2 was heard of; this leader holds 1"):
        go_on_until_refused(led)
    assert follower.rows() == rows(second)
    successor.close()


def test_an_epoch_taken_in_the_copys_folder_stops_a_connected_leader_with_its_next_append(led, follower):
    led.append("a")
    take_epoch(follower.state / "epoch", above=100)
    with pytest.raises(TakenOver, match="epoch 101"):
        go_on_until_refused(led)
    assert len(follower.rows()) == 1


def test_the_followers_epoch_is_on_its_disk_before_its_leader_is_welcome(led, follower):
    assert read_epoch(follower.state / "epoch") == 1
    follower.kill()
    follower.start()
    with pytest.raises(TakenOver):
        replica(led.writer._path, follower.port, 0).join()


def test_another_past_is_refused_and_named_and_the_copy_stays(led, follower, tmp_path):
    led.append("a", "b")
    led.append("c")  # says that the first two are committed
    before = follower.rows()
    other = tmp_path / "other.sqlite"
    writer = JournalWriter(other, epoch=2, clock=lambda: 0, fence=lambda: None)
    writer.append([("noted", "order-x", b"x")])
    stranger = replica(other, follower.port, 2)
    stranger.join()
    assert "forked" in stranger.fault
    writer.append([("noted", "order-y", b"y"), ("noted", "order-z", b"z")])
    until(lambda: stranger.look() and "event 2, its last, is another one here" in stranger.fault)
    assert follower.rows() == before
    stranger.close()
    writer.close()


def test_a_follower_that_knows_more_is_caught_up_with_at_a_start_and_never_while_we_lead(
    led, journal, follower, tmp_path
):
    led.append("a")
    led.close()
    other = Led(tmp_path / "other.sqlite", follower.port, 2)
    other.append("b", "c")
    other.close()
    follower.kill()
    late = Led(journal, follower.port, 3)  # it could not ask
    follower.start()
    until(lambda: "it has 3 events, more than we: two have led" in (late.replica.look() or ""))
    assert late.writer.sequence == 1
    late.close()
    again = Led(journal, follower.port, 4)
    assert again.writer.sequence == 3
    assert rows(journal) == follower.rows()
    again.close()


def test_a_leader_without_the_token_is_refused(journal, follower):
    stranger = replica(journal, follower.port, 1, token="not the token at all")
    stranger.join()
    assert "the token is another" in stranger.fault
    assert read_epoch(follower.state / "epoch") == 0
    stranger.close()


def test_a_follower_without_the_token_is_not_trusted(journal):
    with socket.create_server(("127.0.0.1", 0)) as door:

        def pretend() -> None:
            line = Line(door.accept()[0], Side.FOLLOWER, 5.0)
            line.say(Challenge(bytes(16)))
            line.answer()
            line.say(Welcome(bytes(32), 0, Chain().digest))

        pretender = threading.Thread(target=pretend)
        pretender.start()
        leader = replica(journal, door.getsockname()[1], 1)
        leader.join()
        pretender.join()
        assert "it does not know the token" in leader.fault
        leader.close()


def test_small_files_are_kept_beside_the_copy_as_they_change(journal, follower, tmp_path):
    latch = tmp_path / "latch.json"
    latch.write_text('{"level": "halt"}')
    led = Led(journal, follower.port, 1, kept=[latch])
    until(lambda: led.replica.look() is None and (follower.state / "latch.json").exists())
    latch.write_text('{"level": "reduce"}')
    until(lambda: led.replica.look() is None and "reduce" in (follower.state / "latch.json").read_text())
    led.close()
