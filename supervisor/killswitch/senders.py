"""Ends whatever of a tree can send an order, and keeps a new one from starting: by process number and start time.

Rules of this file
1. The keeper first, then the supervisor: or what is killed after them would be replaced. Their locks are held from then
   on, so that no `up` starts anything while the kill switch is at work.
2. Then executor, connections and spares, by the supervisor's directory. A stopped process dies of SIGKILL like any
   other. What sends nothing stays: the notifier may still tell, and a paper venue is the market itself.
3. Only a death that the kernel confirms counts (law 9). A process of another machine, one that may not be killed or
   does not die, and an executor on a node that cannot be reached, may live: they are named.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from actors.places import Places
from supervisor import directory as directories
from supervisor import keeper
from supervisor.directory import Directory, DirectoryDamaged, NodeState
from supervisor.ownership import AlreadyOwned, Ownership, owner
from supervisor.process import Process, alive, kill_and_confirm
from supervisor.runtime import lock_path
from supervisor.tree import ChildState

CONFIRM_S: Final = 3.0
TRIES: Final = 5
PAUSE_S: Final = 0.05
SENDERS: Final = ("executor", "connection.", "gate")
"""How the names of the children begin that write to brokers, or carry what does."""


@dataclass
class Ended:
    """What was ended, what may live, and the locks that keep it so."""

    confirmed: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    holds: list[Ownership] = field(default_factory=list)

    def release(self) -> None:
        """Let an `up` start again."""
        for hold in self.holds:
            hold.release()
        self.holds.clear()


def end_senders(where: Places, kill: Callable[[Process, float], bool] = kill_and_confirm) -> Ended:
    """End the masters, take their locks, and end what sends."""
    ended = Ended()
    for name, path in (("keeper", keeper.lock(where.state)), ("supervisor", lock_path(where.state))):
        _replace_master(name, path, ended, kill)
    try:
        found = directories.read(where.directory)
    except (OSError, DirectoryDamaged) as error:
        ended.unconfirmed.append(f"the directory of processes is unreadable: {type(error).__name__}")
        return ended
    if found is not None:
        for name, process in _senders(found):
            _end(name, process, ended, kill)
        ended.unconfirmed += _elsewhere(found)
    return ended


def _replace_master(name: str, path: Path, ended: Ended, kill: Callable[[Process, float], bool]) -> None:
    for _ in range(TRIES):
        held = owner(path)
        if held is not None and not held.is_here:
            break
        if held is not None:
            _end(name, held.process, ended, kill)
        try:
            ended.holds.append(Ownership.take(path, datetime.now(UTC)))
        except AlreadyOwned:
            time.sleep(PAUSE_S)  # one that has not named itself yet, or was started in between
        except OSError:  # a disk that takes no new file, on which no `up` starts anything
            return
        else:
            return
    said = owner(path)
    ended.unconfirmed.append(f"{name} holds {path.name}" + (f" on {said.host}" if said is not None else ""))


def _end(name: str, process: Process, ended: Ended, kill: Callable[[Process, float], bool]) -> None:
    label = f"{name} {process.pid}"
    if label in ended.unconfirmed or not alive(process):
        return
    is_gone = False
    with suppress(PermissionError):
        is_gone = kill(process, CONFIRM_S)
    (ended.confirmed if is_gone else ended.unconfirmed).append(label)


def _senders(found: Directory) -> Iterator[tuple[str, Process]]:
    for name, entry in found.children.items():
        if name.startswith(SENDERS) and entry.process is not None:
            yield name, entry.process
    for process in found.spares.values():
        yield "spare", process


def _elsewhere(found: Directory) -> Iterator[str]:
    """Yield the senders that run on another node, where no kernel of ours confirms a death."""
    for node, entry in found.nodes.items():
        names = [name for name in entry.children if name.startswith(SENDERS)]
        if entry.state is not NodeState.DEAD and names:
            yield f"{', '.join(names)} on node {node}"
    away = [name for name, entry in found.children.items() if entry.state in {ChildState.AWAY, ChildState.LOST}]
    told = {name for entry in found.nodes.values() for name in entry.children}
    for name in away:
        if name.startswith(SENDERS) and name not in told:
            yield f"{name} on another node"
