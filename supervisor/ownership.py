"""Who owns a state folder: one keeper and one supervisor at a time, each under its own lock.

The kernel drops a lock when its holder dies, however it dies, so a lock is never stale; a stopped holder keeps it.
The file under the lock says who: process, host and boot, since when. A folder shared between machines may be held by a
process of another one: its number means nothing here, so `is_here` is asked before it is used. Descriptors are
close-on-exec, so no child of the holder inherits the hold. Incarnations count here, too: each start takes the next
number, durable before it is used.

A lock needs no right to write: on a disk that takes no writes a lock is looked at, and held, all the same; what is not
written there is who holds it.
"""

import fcntl
import os
import re
import socket
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from supervisor.child_spec import Spec
from supervisor.process import Process, identify

_COUNTER = re.compile(rb"\d{20}\n")
BOOT = Path("/proc/sys/kernel/random/boot_id")


class Owner(Spec):
    """The holder of a lock."""

    process: Process
    host: str
    since: datetime
    boot: str = ""
    """Names the boot of its machine; empty where the system does not say."""

    @property
    def is_here(self) -> bool:
        """Whether its process is one of this machine, as it runs now."""
        return self.boot == _boot()


class AlreadyOwned(Exception):
    """Another process holds the lock; `owner` is what it wrote about itself, None while it has not yet."""

    def __init__(self, path: Path, owner: Owner | None, now: datetime) -> None:
        self.owner = owner
        said = "by a process that has not named itself yet"
        if owner is not None:
            age = str(max(now - owner.since, timedelta())).partition(".")[0]
            since = f"since {owner.since:%Y-%m-%d %H:%M:%S} UTC, for {age}"
            said = f"by process {owner.process.pid} on {owner.host} {since}"
        super().__init__(f"{path.parent} is already run {said}")


class Ownership:
    """A held lock. Ends with `release` or with the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path, now: datetime) -> Self:
        """Take the lock at `path` or raise `AlreadyOwned`; `OSError` where it is not there and cannot be made."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyOwned(path, _written(path), now) from None
        ownership = cls(descriptor)
        ownership.sign(now)
        return ownership

    def sign(self, now: datetime) -> None:
        """Write this process as the holder: after taking, and after a fork that handed the hold on."""
        ourselves = identify(os.getpid())
        assert ourselves is not None
        who = Owner(process=ourselves, host=socket.gethostname(), since=now, boot=_boot())
        text = who.model_dump_json().encode()
        with suppress(OSError):  # the hold is the kernel's
            os.pwrite(self._descriptor, text, 0)  # over the old text: a full disk has room for that
            os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Let go. The file stays: a lock on a removed file would guard nothing."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def owner(path: Path) -> Owner | None:
    """Return who holds the lock at `path`; None where nobody does, or it has not named itself yet."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written(path)
    finally:
        os.close(descriptor)
    return None


class Incarnations:
    """A counter that outlives everything: a number is on disk before it is given out.

    A damaged file raises `ValueError` at opening: guessing could use a number twice. An empty one was being made.
    """

    def __init__(self, path: Path) -> None:
        text = path.read_bytes() if path.exists() else b""
        self._path, self._descriptor = path, -1
        if text and _COUNTER.fullmatch(text) is None:
            raise ValueError(f"{path}: not a counter: {text[:40]!r}")
        self._given = self._reserved = int(text) if text else 0

    def take(self) -> int:
        """Return the next number; at once where one was reserved. Raises `OSError`: then none was given out."""
        self.reserve()
        self._given += 1
        return self._given

    def reserve(self) -> None:
        """Make one number durable ahead of need, so that a restart does not wait for the disk. Raises `OSError`."""
        if self._reserved == self._given:
            self._write(self._reserved + 1)

    def at_hand(self) -> bool:
        """Return whether a number can be taken now: not while the disk takes none."""
        with suppress(OSError):
            self.reserve()
        return self._reserved > self._given

    def skip(self, count: int) -> None:
        """Leave numbers out, durable on return: others that are not known here may have been given out elsewhere."""
        self._write(self._reserved + count)
        self._given = self._reserved

    def reach(self, number: int) -> None:
        """Give out none up to `number` any more, durable on return."""
        if number > self._reserved:
            self.skip(number - self._reserved)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _write(self, number: int) -> None:
        if self._descriptor < 0:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self._descriptor, b"%020d\n" % number, 0)  # same length each time: never half old, half new
        os.fdatasync(self._descriptor)
        self._reserved = number


def _boot() -> str:
    return BOOT.read_text().strip() if BOOT.exists() else ""


def _written(path: Path) -> Owner | None:
    try:
        return Owner.model_validate_json(path.read_bytes())
    except ValidationError:  # it is being written, or empty
        return None
