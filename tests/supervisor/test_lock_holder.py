"""Who holds a lock is found in the kernel's table, and a holder that is stopped is ended."""

import fcntl
import os

from actors.durable import locked
from supervisor.lock_holder import holders, no_wait_for_the_stopped
from supervisor.process import alive, identify


def test_who_holds_a_lock_is_found_and_nobody_else(tmp_path, stopped_process):
    ours, free = tmp_path / "ours", tmp_path / "free"
    free.touch()
    with ours.open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        assert list(holders(ours)) == [identify(os.getpid())]
    theirs = stopped_process(tmp_path / "theirs")
    assert list(holders(tmp_path / "theirs")) == [theirs]
    assert list(holders(free)) == list(holders(tmp_path / "missing")) == []


def test_a_stopped_holder_is_ended_and_the_lock_is_free(tmp_path, stopped_process):
    path = tmp_path / "it"
    holder, other = stopped_process(tmp_path / "it.lock"), stopped_process(tmp_path / "another")
    with no_wait_for_the_stopped(tmp_path / "it.lock"), locked(path):
        pass
    assert not alive(holder)
    assert alive(other), "it holds nothing that anybody waits for"
