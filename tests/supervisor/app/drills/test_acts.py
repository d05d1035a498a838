"""Harm done from outside to real processes, and taken back."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.places import Places
from supervisor import directory as directories
from supervisor.app.drills.acts import Hand, Impossible
from supervisor.app.drills.ground import NotUp, small_disk
from supervisor.app.drills.spec import FillDisk, Kill, KillServer, Stop
from supervisor.directory import Directory, Entry, RayEntry
from supervisor.process import Process, alive, identify, wait_gone
from supervisor.tree import ChildState

NOW = datetime.now(UTC)
WRITER = """
import sys
for line in sys.stdin:
    try:
        with open(sys.argv[1], "ab", buffering=0) as file:
            wrote = file.write(b"x" * int(line))
        print("wrote", wrote, flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""


@pytest.fixture
def where(tmp_path) -> Places:
    return Places(state=tmp_path, run=tmp_path)


@pytest.fixture
def writer(where) -> Iterator[tuple[Process, subprocess.Popen]]:
    """A process that is the executor, as far as the directory knows, and writes as many bytes as it is told."""
    program = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(where.state / "grows")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process = identify(program.pid)
    assert process is not None
    entry = Entry(state=ChildState.RUNNING, since=NOW, process=process, incarnation=1)
    ray = RayEntry(address="10.0.0.1:6379", private=False)
    seen = Directory(supervisor=None, since=NOW, written_at=NOW, ray=ray, children={"executor": entry})
    directories.write(where.directory, seen)
    yield process, program
    program.stdin.close()
    program.wait(10)
    program.stdout.close()


def write(program: subprocess.Popen, count: int) -> str:
    program.stdin.write(f"{count}\n")
    program.stdin.flush()
    return program.stdout.readline().strip()


def state_of(process: Process) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_small_disk_is_filled_to_its_last_byte_and_freed_when_the_harm_is_undone(where, writer):
    _, program = writer
    try:
        small_disk(where.state, 8)
    except NotUp:
        pytest.skip("no right to mount a small file system here")
    try:
        hand = Hand(where)
        hand.do([FillDisk()])
        assert write(program, 1) == "No space left on device"
        with pytest.raises(FileNotFoundError, match="venue"):
            hand.undo()  # no venue to heal here; the disk is free all the same
        assert write(program, 2**20) == f"wrote {2**20}"
    finally:
        subprocess.run(["umount", "--lazy", str(where.state)], check=True)


def test_a_disk_that_others_use_is_never_filled(where, writer):
    with pytest.raises(Impossible, match="not lie on a small disk"):
        Hand(where).do([FillDisk()])
    assert not (where.state / "filler").exists()


def test_a_stopped_process_goes_on_when_the_harm_is_undone(where, writer):
    process, program = writer
    hand = Hand(where)
    hand.do([Stop(child="executor")])
    deadline = time.monotonic() + 5
    while state_of(process) != "T" and time.monotonic() < deadline:
        time.sleep(0.001)
    assert state_of(process) == "T"
    with pytest.raises(FileNotFoundError, match="venue"):
        hand.undo()
    assert write(program, 1) == "wrote 1"


def test_a_kill_ends_the_process_and_what_does_not_run_cannot_be_killed(where, writer):
    process, _ = writer
    hand = Hand(where)
    hand.do([Kill(child="executor")])
    assert wait_gone(process, 10)
    assert not alive(process)
    for act in (Kill(child="executor"), Stop(child="executor"), Kill(child="nobody")):
        with pytest.raises(Impossible, match="does not run"):
            hand.do([act])


def test_a_ray_of_the_traders_own_is_not_harmed(where, writer):
    with pytest.raises(Impossible, match="not ours"):
        Hand(where).do([KillServer(program="gcs_server")])
