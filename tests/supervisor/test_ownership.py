import multiprocessing
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from supervisor.ownership import AlreadyOwned, Incarnations, Ownership, owner

NOW = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
HOLD = """
import sys, datetime, pathlib
from supervisor.ownership import Ownership
held = Ownership.take(pathlib.Path(sys.argv[1]), datetime.datetime.now(datetime.UTC))
print("held", flush=True)
input()
"""


@pytest.fixture
def holder(tmp_path):
    program = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert program.stdout.readline() == b"held\n"
    yield program
    program.kill()
    program.communicate()


def test_a_second_owner_is_refused_and_told_who_the_first_is(holder, tmp_path):
    with pytest.raises(AlreadyOwned, match=f"process {holder.pid} on .* since"):
        Ownership.take(tmp_path / "lock", NOW)
    assert owner(tmp_path / "lock").process.pid == holder.pid


def test_a_killed_owner_owns_nothing(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert owner(tmp_path / "lock") is None
    Ownership.take(tmp_path / "lock", NOW).release()


def test_a_stopped_owner_still_owns(holder, tmp_path):
    os.kill(holder.pid, signal.SIGSTOP)
    with pytest.raises(AlreadyOwned):
        Ownership.take(tmp_path / "lock", NOW)


def test_a_child_of_the_owner_does_not_inherit_the_hold(tmp_path):
    held = Ownership.take(tmp_path / "lock", NOW)
    command = [sys.executable, "-c", "print('runs', flush=True); input()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
    try:
        assert child.stdout.readline() == b"runs\n"  # the kernel closes descriptors a moment after the call returns
        held.release()
        assert owner(tmp_path / "lock") is None
        Ownership.take(tmp_path / "lock", NOW).release()
    finally:
        child.communicate(b"\n")


def test_nobody_owns_a_folder_that_was_never_run(tmp_path):
    assert owner(tmp_path / "lock") is None


def _take(path, count, numbers):
    counter = Incarnations(path)
    for _ in range(count):
        numbers.put(counter.take())
    os.kill(os.getpid(), signal.SIGKILL)


def test_no_incarnation_is_given_twice_though_each_taker_is_killed(tmp_path):
    context = multiprocessing.get_context("spawn")
    given = []
    for _ in range(3):
        numbers = context.SimpleQueue()
        taker = context.Process(target=_take, args=(tmp_path / "incarnations", 4, numbers))
        taker.start()
        given += [numbers.get() for _ in range(4)]
        taker.join()
    assert given == sorted(set(given))


def test_a_reserved_number_is_skipped_and_never_reused_after_a_restart(tmp_path):
    first = Incarnations(tmp_path / "n")
    taken = first.take()
    first.reserve()
    assert Incarnations(tmp_path / "n").take() > taken + 1


def test_a_damaged_counter_stops_the_start(tmp_path):
    (tmp_path / "n").write_text("not a number")
    with pytest.raises(ValueError, match="not a counter"):
        Incarnations(tmp_path / "n")


def test_the_refusal_tells_for_how_long_the_folder_has_been_run(holder, tmp_path):
    since = owner(tmp_path / "lock").since
    with pytest.raises(AlreadyOwned, match=r"on \S+ since .* UTC, for 2 days, 3:00:00"):
        Ownership.take(tmp_path / "lock", since + timedelta(days=2, hours=3))


def test_a_holder_of_another_machine_or_boot_is_told_from_one_of_here(holder, tmp_path):
    held = owner(tmp_path / "lock")
    assert held.is_here
    assert not held.model_copy(update={"boot": "another"}).is_here


def test_down_ends_nothing_of_another_machine(holder, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    held = owner(tmp_path / "lock").model_copy(update={"boot": "another", "host": "elsewhere"})
    lock = Ownership.take(state / "keeper.lock", NOW)
    (state / "keeper.lock").write_text(held.model_dump_json())
    command = [sys.executable, "-m", "supervisor.cli.main", "down", "--state", str(state)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (6, f"{state} is run on elsewhere: end it there\n")
    assert holder.poll() is None
    lock.release()
