"""One process of this machine, known by its number and its start time, so a reused number is never mistaken for it.

Deaths are seen by pidfd: no polling, no race. A process counts as gone when it has ended, even before it is reaped; its
first thread may end before the others do, which still hold its locks and finish what they were at.
Assumes Linux's /proc and pidfd.
"""

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

STATE, SESSION, USER_TICKS, SYSTEM_TICKS, THREADS, START = 0, 3, 11, 12, 17, 19
"""Fields of /proc/PID/stat, counted after the program's name."""


class Process(NamedTuple):
    """A process: its number, and its start time in clock ticks since boot."""

    pid: int
    started: int


def identify(pid: int) -> Process | None:
    """Return the live process with this number; None where there is none."""
    fields = _stat(pid)
    return None if fields is None or _has_ended(fields) else Process(pid, int(fields[START]))


def alive(process: Process) -> bool:
    """Return whether exactly this process still runs."""
    return identify(process.pid) == process


def stopped(process: Process) -> bool:
    """Return whether exactly this process is held by a stop signal: alive, and doing nothing."""
    fields = _stat(process.pid)
    return fields is not None and fields[STATE] == "T" and int(fields[START]) == process.started


def watch(process: Process) -> int | None:
    """Return a pidfd that turns readable when this process ends; None where it has ended."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    if alive(process):  # asked after opening: from here on the number cannot be reused unseen
        return pidfd
    os.close(pidfd)
    return None


def send(process: Process, number: int) -> bool:
    """Send a signal to exactly this process; return whether it was still there."""
    pidfd = watch(process)
    if pidfd is None:
        return False
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
    return True


def wait_gone(process: Process, timeout_s: float) -> bool:
    """Wait until the process has ended; return whether it has."""
    pidfd = watch(process)
    if pidfd is None:
        return True
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(timeout_s * 1000))
    finally:
        os.close(pidfd)


def kill_and_confirm(process: Process, timeout_s: float) -> bool:
    """Kill the process and wait for its end; return whether it is confirmed."""
    return not send(process, signal.SIGKILL) or wait_gone(process, timeout_s)


def cpu_ticks(process: Process) -> int:
    """Return the processor time a process has used, in clock ticks; 0 where it has ended."""
    fields = _stat(process.pid)
    return int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS]) if fields else 0


def in_session(session: int) -> Iterator[tuple[Process, str]]:
    """Yield this user's live processes of one session, each with its command line."""
    for process, theirs, command in of_this_user():
        if theirs == session:
            yield process, " ".join(command) + " "


def of_this_user() -> Iterator[tuple[Process, int, tuple[str, ...]]]:
    """Yield this user's live processes, each with its session and its arguments."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        fields = _stat(int(entry.name))
        if fields is None or _has_ended(fields):
            continue
        try:
            ours = entry.stat().st_uid == os.getuid()
            command = (entry / "cmdline").read_bytes().decode(errors="replace") if ours else ""
        except (FileNotFoundError, ProcessLookupError):
            continue
        if ours:
            yield Process(int(entry.name), int(fields[START])), int(fields[SESSION]), tuple(command.split("\0")[:-1])


def _has_ended(fields: list[str]) -> bool:
    """Whether all of it has: the state is the first thread's, which waits as a zombie for the others."""
    return fields[STATE] in "ZX" and int(fields[THREADS]) <= 1


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()
