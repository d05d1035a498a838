"""What the kernel says of a process that is suspected, or large: read from /proc, without asking the process.

Assumes Linux. What cannot be read is None: a process that just ended, or a kernel without these figures.
"""

import os
from pathlib import Path

from supervisor.health import Account
from supervisor.process import STATE, Process

_NS = 1e9
_PAGE = os.sysconf("SC_PAGE_SIZE")


def account(process: Process, thread: int) -> Account | None:
    """Return the state of one thread of a process, and how long all of them have waited for a processor so far."""
    tasks = Path(f"/proc/{process.pid}/task")
    try:
        text = (tasks / str(thread or process.pid) / "stat").read_text()
        waited_ns = sum(int((task / "schedstat").read_text().split()[1]) for task in tasks.iterdir())
    except (OSError, IndexError, ValueError):
        return None
    return Account(text[text.rindex(")") + 2 :].split()[STATE], waited_ns / _NS)


def resident_bytes(process: Process) -> int | None:
    """Return the memory a process holds now."""
    try:
        return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return None
