"""Makes a folder on this node the journal to trade on, on a person's word that the node it served is dead.

It is a follower's copy, and its leader's node is dead; or the executor's own folder on another node than its tree's
supervisor and connections (`placement`), and that node is dead.

Nobody but a person can know that: a node that cannot be reached may still be sending (law 9). What can be checked is
checked, and then the word is taken, in this order:

    the word is held against what this machine knows      another node, one that still answers: refused, nothing changed
    the copy's chain is walked                            dies here, or before: nothing changed
    the epoch is taken, far above every one heard of      dies here: the follower refuses the old leader; done again
    incarnations, and the stop (reduce)                   dies here: as above
    the takeover's file                                   dies here: all of it is done
    the follower lets go of the folder                    it goes on refusing, at its port

Rules of this file
1. Openings stay off until a person resumes: exits that the old node sent without the follower are not in the copy, and
   its brokers know of them. A stop that was latched there is latched here.
2. No send ledger is here, so every attempt without an answer is in doubt, and its broker is asked (law 2); incarnations
   go on far above the old ones, so that no attempt is taken for one's own.
"""

import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from actors.brokers.send_ledger import boot_id
from actors.config_model import RuntimeConfig
from actors.epoch import read_epoch, take_epoch
from actors.latch import Latch, StopLevel, tighten
from actors.places import Places
from supervisor import keeper
from supervisor.app.copy_folder import Takeover, is_outpost, read_leader, read_takeover, write_takeover
from supervisor.app.restore import STEP
from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalReader
from supervisor.ownership import Incarnations, owner
from supervisor.process import Process, alive

LOOK_S: Final = 0.05
LET_GO_S: Final = 10.0


class TakeoverRefused(Exception):
    """The copy stays a copy; nothing was changed."""


def take_over(
    where: Places, node: str, by: str, why: str, now: Callable[[], datetime], *, silence_s: float
) -> Takeover:
    """Make the copy in this folder the journal. `silence_s`: how long its leader must not have been heard.

    Raises `TakeoverRefused`.
    """
    if (done := read_takeover(where.state)) is not None:
        raise TakeoverRefused(f"{where.state} was taken over already: {done.told}")
    is_copied = not is_outpost(where.state)
    (_is_dead if is_copied else _home_is_dead)(where, node, silence_s)
    sequence, known = _walk(where)
    epoch = take_epoch(where.epoch, above=max(known, read_epoch(where.epoch)) + STEP)
    _go_on_above(where.state / "incarnations")
    reason = f"{node} was confirmed dead by {by}: {why}; look at every account before you resume"
    tighten(where.latch, Latch(level=StopLevel.REDUCE, reason=reason, by="takeover", at=now()))
    takeover = Takeover(node=node, by=by, why=why, at=now(), sequence=sequence, epoch=epoch)
    write_takeover(where.state, takeover)
    if is_copied:
        _until_let_go(where)
    return takeover


def _is_dead(where: Places, node: str, silence_s: float) -> None:
    """Refuse where anything this machine can see speaks against it."""
    leader = read_leader(where.state)
    if leader is None:
        raise TakeoverRefused(f"{where.state} is no follower's copy: nobody ever led it")
    if leader.node != node:
        raise TakeoverRefused(f"this copy was led by {leader.node}, not by {node}")
    if leader.boot and leader.boot == boot_id() and alive(Process(leader.pid, leader.started)):
        raise TakeoverRefused(f"{node} lives: its executor is process {leader.pid} of this machine")
    if owner(keeper.lock(where.state)) is None:
        raise TakeoverRefused(
            "no follower runs in this folder, so nobody here would hear that node; start `holdfast follow` first"
        )
    deadline = time.monotonic() + silence_s
    heard = leader
    while not heard.connected and heard.since == leader.since:
        if time.monotonic() >= deadline:
            return
        time.sleep(LOOK_S)
        heard = read_leader(where.state) or heard
    raise TakeoverRefused(f"{node} still answers: its leader on {heard.host} was heard at {heard.since:%H:%M:%S} UTC")


def _home_is_dead(where: Places, node: str, silence_s: float) -> None:
    """Refuse where the node that a tree is run from has another name, still answers, or is still served from here."""
    config = RuntimeConfig.model_validate_json(where.config.read_bytes())
    if config.journal.node != node:
        raise TakeoverRefused(f"this folder serves {config.journal.node}, not {node}")
    if owner(keeper.lock(where.state)) is not None:
        raise TakeoverRefused(f"its executor still runs here; end it first: holdfast down --state {where.state}")
    doors = [door for door in (config.nodes.gate, config.journal.follower) if door is not None]
    deadline = time.monotonic() + silence_s
    while time.monotonic() < deadline:
        for door in doors:
            host, _, port = door.rpartition(":")
            with suppress(OSError), socket.create_connection((host, int(port)), silence_s):
                raise TakeoverRefused(f"{node} still answers at {door}")
        time.sleep(LOOK_S)


def _walk(where: Places) -> tuple[int, int]:
    """Return the copy's last event and its epoch, the whole chain verified."""
    try:
        with closing(JournalReader(where.journal)) as reader:
            reader.verify()
            last = reader.last()
    except JournalDamagedError as error:
        raise TakeoverRefused(f"the copy is damaged: {error}") from None
    return (last.sequence, last.epoch) if last else (0, 0)


def _go_on_above(path: Path) -> None:
    counter = Incarnations(path)
    counter.skip(STEP)
    counter.close()


def _until_let_go(where: Places) -> None:
    deadline = time.monotonic() + LET_GO_S
    while owner(keeper.lock(where.state)) is not None and time.monotonic() < deadline:
        time.sleep(LOOK_S)
