"""The machine: whether somebody keeps its clock, how much disk is left, how long a durable write takes.

The clock's state is the kernel's own (adjtimex(2)): chrony, ntpd and systemd-timesyncd all leave there how far off they
think it is. No network is asked.
"""

import ctypes
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from supervisor.app.doctor.finding import Finding, Verdict

UNSYNCHRONISED = 0x40
ERROR_MAX_S, ERROR_WARN_S = 1.0, 0.1
FREE_MIN, FREE_WARN = 500_000_000, 5_000_000_000
SYNCS = 20
SYNC_WARN_S, SYNC_MAX_S = 0.02, 0.5
BLOCK = bytes(4096)


class _Timex(ctypes.Structure):
    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    ]


def examine(state: Path) -> Iterator[Finding]:
    """Yield the findings of this machine, and of the disk under `state`."""
    yield _clock()
    folder = next(each for each in (state, *state.parents) if each.exists())
    yield free(shutil.disk_usage(folder).free)
    try:
        yield sync(_sync_times(folder))
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}; nothing starts here, and no order leaves"
        todo = "dmesg says why a disk turned read-only; close at the broker what must be closed now"
        yield Finding(code="D051", subject="fsync", verdict=Verdict.FAIL, text=text, todo=todo)


def clock(status: int, error_s: float) -> Finding:
    """Judge the clock by the kernel's status word and its bound on the error."""
    if status & UNSYNCHRONISED:
        text = "nobody keeps this clock: sessions, expiries and signatures follow it"
        todo = "run chrony or systemd-timesyncd before trading live"
        return Finding(code="D040", subject="clock", verdict=Verdict.WARN, text=text, todo=todo)
    verdict = Verdict.FAIL if error_s > ERROR_MAX_S else Verdict.WARN if error_s > ERROR_WARN_S else Verdict.OK
    return Finding(code="D040", subject="clock", verdict=verdict, text=f"kept; off by at most {error_s * 1e3:.1f} ms")


def free(octets: int) -> Finding:
    """Judge the free space under the state folder."""
    verdict = Verdict.FAIL if octets < FREE_MIN else Verdict.WARN if octets < FREE_WARN else Verdict.OK
    return Finding(code="D050", subject="disk", verdict=verdict, text=f"{octets / 1e9:.1f} GB free")


def sync(times_s: list[float]) -> Finding:
    """Judge how long a durable write takes: every order waits for one."""
    middle, longest = sorted(times_s)[len(times_s) // 2], max(times_s)
    verdict = Verdict.FAIL if middle > SYNC_MAX_S else Verdict.WARN if middle > SYNC_WARN_S else Verdict.OK
    text = f"{middle * 1e3:.2f} ms, at most {longest * 1e3:.2f} ms of {len(times_s)}; each order waits for one"
    return Finding(code="D051", subject="fsync", verdict=verdict, text=text)


def _clock() -> Finding:
    library, timex = ctypes.CDLL(None, use_errno=True), _Timex()
    if library.adjtimex(ctypes.byref(timex)) < 0:
        return Finding(code="D040", subject="clock", verdict=Verdict.UNKNOWN, text=os.strerror(ctypes.get_errno()))
    return clock(timex.status, timex.maxerror / 1e6)


def _sync_times(folder: Path) -> list[float]:
    path, times = folder / f".doctor-{os.getpid()}", []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        for _ in range(SYNCS):
            began = time.perf_counter()
            os.write(descriptor, BLOCK)
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()
    return times
