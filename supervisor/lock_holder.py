"""Who holds a lock, by the kernel's own table; and the end of a holder that is stopped, for it would hold it for ever.

What our locks guard takes milliseconds. Whoever is stopped in there was stopped by a signal: a Ctrl-Z, a person who
stopped the whole tree. No latch must wait for it, and woken it might send; dead, it can do neither harm.
Assumes Linux: elsewhere nobody is found, and whoever asks waits.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from supervisor.process import Process, identify, kill_and_confirm, stopped

LOCKS: Final = Path("/proc/locks")
LOOK_S: Final = 0.05
END_S: Final = 5.0


def holders(lock: Path) -> Iterator[Process]:
    """Yield the processes that hold `lock` whole."""
    try:
        found, table = lock.stat(), LOCKS.read_text()
    except OSError:
        return
    wanted = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in table.splitlines():
        _number, kind, _mode, _way, pid, place, *_rest = line.split()
        if kind == "FLOCK" and place == wanted and (process := identify(int(pid))) is not None:
            yield process


@contextmanager
def no_wait_for_the_stopped(lock: Path) -> Iterator[None]:
    """Kill whoever holds `lock` while it is stopped, for as long as the block waits."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(LOOK_S):
            for holder in holders(lock):
                if stopped(holder):
                    kill_and_confirm(holder, END_S)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        done.set()
        looking.join()
