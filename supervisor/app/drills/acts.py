"""Does a drill's harm to a running tree, from outside, as a fault would come; and takes back what can be taken back.

A full disk is emulated: the kernel is told, from outside, how long a file of that process may become, so its writes
truly fail (with EFBIG where a disk says ENOSPC), in each of its lives, while other processes go on writing.
"""

import resource
import signal
from collections.abc import Iterable
from contextlib import suppress

from actors.places import Places
from supervisor import directory as directories
from supervisor.app import drill
from supervisor.app.drills.spec import (
    Act,
    FillDisk,
    GiveRoom,
    Heal,
    Inject,
    JumpClock,
    Kill,
    KillOften,
    KillServer,
    Stop,
)
from supervisor.process import Process, in_session, send


class Impossible(Exception):
    """An act found nothing to act on; says what."""


class Hand:
    """What acts on one tree. One owner."""

    def __init__(self, where: Places) -> None:
        self._where = where
        self._stopped: list[Process] = []
        self._often: list[KillOften] = []
        self._file_max: dict[str, int] = {}
        """How long a file of a child may be, in bytes."""

    def do(self, acts: Iterable[Act]) -> None:
        """Do each act now. Raises `Impossible`, `OSError`."""
        for act in acts:
            self._do(act)

    def turn(self) -> None:
        """Do again what is to be done again and again."""
        for act in self._often:
            drill.strike(self._where, act.child)
        for child, bytes_max in self._file_max.items():
            self._limit(child, bytes_max)

    def rest(self) -> None:
        """Stop doing anything again."""
        self._often.clear()

    def undo(self) -> None:
        """Take back what still lasts: faults, stopped processes."""
        self.rest()
        for process in self._stopped:
            send(process, signal.SIGCONT)
        self._stopped.clear()
        for child in self._file_max:
            self._limit(child, resource.RLIM_INFINITY)
        self._file_max.clear()
        drill.heal(self._where)

    def _do(self, act: Act) -> None:
        match act:
            case Kill(child=child):
                if not drill.strike(self._where, child):
                    raise Impossible(f"{child} does not run")
            case KillOften():
                self._often.append(act)
            case Stop(child=child):
                self._stop(child)
            case KillServer(program=program):
                self._kill_server(program)
            case Inject() | Heal() | JumpClock():
                self._ask_venue(act)
            case FillDisk() | GiveRoom():
                self._set_room(act)

    def _ask_venue(self, act: Inject | Heal | JumpClock) -> None:
        match act:
            case Inject(fault=fault):
                drill.inject(self._where, fault)
            case Heal():
                drill.heal(self._where)
            case JumpClock(by_s=by_s):
                drill.jump_clock(self._where, by_s)

    def _set_room(self, act: FillDisk | GiveRoom) -> None:
        match act:
            case FillDisk(child=child):
                log = self._where.journal.with_name(self._where.journal.name + "-wal")
                self._file_max[child] = log.stat().st_size
            case GiveRoom(child=child, room_mb=room_mb):
                self._file_max[child] += room_mb * 2**20
        self.turn()

    def _stop(self, child: str) -> None:
        entry = drill.child(self._where, child)
        if entry is None or entry.process is None or not send(entry.process, signal.SIGSTOP):
            raise Impossible(f"{child} does not run")
        self._stopped.append(entry.process)

    def _kill_server(self, program: str) -> None:
        directory = directories.read(self._where.directory)
        ray = directory.ray if directory is not None else None
        if ray is None or not ray.private:
            raise Impossible("the Ray underneath is not a private one, and not ours to harm")
        named = [process for process, command in in_session(ray.session) if f"/{program} " in command]
        if not any([send(process, signal.SIGKILL) for process in named]):  # noqa: C419 - each of them is to end
            raise Impossible(f"no {program} runs")

    def _limit(self, child: str, bytes_max: int) -> None:
        entry = drill.child(self._where, child)
        if entry is None or entry.process is None:
            return
        with suppress(ProcessLookupError):  # between two lives
            _, hard = resource.prlimit(entry.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(entry.process.pid, resource.RLIMIT_FSIZE, (bytes_max, hard))
