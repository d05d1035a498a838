"""What a restarted supervisor takes over from the one before it, and what it ends instead.

A child is adopted, with its process untouched, when exactly the recorded process lives, the plan still has it, Ray
still knows its host, and it had reached its work loop. Everything else recorded is killed and confirmed dead before
anything starts: a child caught between two states is cheaper to restart than to guess about.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from supervisor import directory as directories
from supervisor.child import Child
from supervisor.directory import Directory, DirectoryDamaged, Entry
from supervisor.health import Mark, Progress
from supervisor.health import alive as works_now
from supervisor.host_pool import Found, Hosts
from supervisor.poison import Suspicion
from supervisor.private_ray import end as end_ray
from supervisor.process import Process, alive, kill_and_confirm
from supervisor.restart_policy import History
from supervisor.tree import ChildState
from supervisor.watcher import boot_s

CONFIRM_S = 10.0


class Unkillable(Exception):
    """A process of an earlier supervisor does not die; nothing may be started beside it."""


@dataclass(frozen=True)
class Taken:
    """What became of an earlier supervisor's tree. `lost`: was up then, and is down now."""

    adopted: tuple[Child, ...] = ()
    lost: tuple[Child, ...] = ()
    spares: Mapping[int, Process] = field(default_factory=dict)


def take_over(
    before: Directory | None,
    children: Mapping[str, Child],
    hosts: Hosts,
    found: Found,
    mark: Callable[[str], Mark | None],
) -> Taken:
    """Adopt what can be adopted and end the rest; `found`: what Ray knows of it. Raises `Unkillable`."""
    if before is None:
        return Taken()
    adopted, lost = [], []
    for name, entry in before.children.items():
        child = children.get(name)
        if child is not None and _adopt(child, entry, found, mark(name)):
            adopted.append(child)
            continue
        end(entry.process)
        if child is not None and entry.process is not None:
            lost.append(child)
    spares = {number: process for number, process in before.spares.items() if alive(process) and number in found.known}
    for number in found.strangers:
        hosts.discard(number)  # blank: a child is in the directory before it is started
    return Taken(tuple(adopted), tuple(lost), spares)


def recorded_hosts(before: Directory | None) -> frozenset[int]:
    """Return the hosts that an earlier supervisor wrote down."""
    if before is None:
        return frozenset()
    return frozenset(before.spares) | {entry.host for entry in before.children.values() if entry.host is not None}


def _adopt(child: Child, entry: Entry, found: Found, mark: Mark | None) -> bool:
    child.history = History(entry.restarted_at_s, entry.escalated)
    child.restarts, child.reason = entry.restarts, entry.last_reason
    child.suspicion = Suspicion(set_aside=entry.set_aside)
    child.incarnation, child.wanted, child.tried = entry.incarnation, entry.wanted, True
    if child.state is ChildState.AWAY and entry.state is not ChildState.AWAY:  # it was taken in here
        child.state = ChildState.LOST if entry.state is ChildState.LOST else ChildState.DOWN
    if entry.process is None or entry.host is None:
        return False
    if not alive(entry.process):
        child.reason = "it ended while no supervisor watched"
        return False
    works = child.spec.hang_after_s is None or works_now(mark, entry.incarnation)
    if entry.state is not ChildState.RUNNING or not works or entry.host not in found.known:
        child.reason = f"found {entry.state} by a new supervisor"
        return False
    child.host, child.process = entry.host, entry.process
    child.up_since_s = boot_s()
    child.progress = Progress(mark.passes if mark else 0, 0.0)
    child.state, child.since = ChildState.RUNNING, entry.since
    return True


def end(process: Process | None) -> None:
    """Kill a process that is not adopted. Raises `Unkillable`."""
    if process is not None and not kill_and_confirm(process, CONFIRM_S):
        raise Unkillable(f"process {process.pid} survives SIGKILL")


def bury(path: Path) -> None:
    """End, and confirm, everything the directory at `path` names, its private Ray included. Raises `Unkillable`."""
    try:
        before = directories.read(path)
    except DirectoryDamaged as error:
        raise Unkillable(f"{error}; what it named may live: end it, then remove the file") from error
    if before is None:
        return
    for entry in before.children.values():
        end(entry.process)
    for process in before.spares.values():
        end(process)
    if before.ray is not None and end_ray(before.ray):
        raise Unkillable("the private Ray survives SIGKILL")
    path.unlink()
