"""Does a drill's harm to a running tree, from outside, as a fault would come; and takes back what can be taken back.

A disk is filled truly, so it must be a small one that holds nothing but the state folder (`ground.small_disk`).
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress

from actors.places import Places
from supervisor import directory as directories
from supervisor.app import drill
from supervisor.app.drills import held
from supervisor.app.drills.spec import (
    Act,
    Assign,
    FillDisk,
    Heal,
    Inject,
    JumpClock,
    Kill,
    KillOften,
    KillServer,
    Stop,
)
from supervisor.process import Process, in_session, send

SMALL_DISK_BYTES_MAX = 512 * 2**20
BLOCK_BYTES = 4096


class Impossible(Exception):
    """An act found nothing to act on; says what."""


class Hand:
    """What acts on one tree. One owner."""

    def __init__(self, where: Places) -> None:
        self._where = where
        self._stopped: list[Process] = []
        self._often: list[KillOften] = []
        self._filler = where.state / "filler"

    def do(self, acts: Iterable[Act]) -> None:
        """Do each act now. Raises `Impossible`, `OSError`."""
        for act in acts:
            self._do(act)

    def turn(self) -> None:
        """Do again what is to be done again and again."""
        for act in self._often:
            drill.strike(self._where, act.child)

    def rest(self) -> None:
        """Stop doing anything again."""
        self._often.clear()

    def undo(self) -> None:
        """Take back what still lasts: faults, stopped processes, the full disk."""
        self.rest()
        for process in self._stopped:
            send(process, signal.SIGCONT)
        self._stopped.clear()
        self._filler.unlink(missing_ok=True)
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
            case Assign():
                self._assign()
            case FillDisk():
                self._fill_disk()

    def _ask_venue(self, act: Inject | Heal | JumpClock) -> None:
        match act:
            case Inject(fault=fault):
                drill.inject(self._where, fault)
            case Heal():
                drill.heal(self._where)
            case JumpClock(by_s=by_s):
                drill.jump_clock(self._where, by_s)

    def _assign(self) -> None:
        found = held.assignment(self._where)
        if found is None:
            raise Impossible("the drill is short of nothing that may be assigned early")
        drill.ask_venue(self._where, "POST", "assign", found.model_dump_json().encode())

    def _fill_disk(self) -> None:
        found = os.statvfs(self._where.state)
        if not self._where.state.is_mount() or found.f_blocks * found.f_frsize > SMALL_DISK_BYTES_MAX:
            raise Impossible("the state folder does not lie on a small disk of its own, and another is not filled")
        with self._filler.open("ab", buffering=0) as file:
            for size in (2**20, BLOCK_BYTES):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def _stop(self, child: str) -> None:
        process = drill.process_of(self._where, child)
        if process is None or not send(process, signal.SIGSTOP):
            raise Impossible(f"{child} does not run")
        self._stopped.append(process)

    def _kill_server(self, program: str) -> None:
        directory = directories.read(self._where.directory)
        ray = directory.ray if directory is not None else None
        if ray is None or not ray.private:
            raise Impossible("the Ray underneath is not a private one, and not ours to harm")
        named = [process for process, command in in_session(ray.session) if f"/{program} " in command]
        if not any([send(process, signal.SIGKILL) for process in named]):  # noqa: C419 - each of them is to end
            raise Impossible(f"no {program} runs")
