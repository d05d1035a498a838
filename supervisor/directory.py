"""Who runs: the supervisor's directory, one small JSON file in the run folder, replaced whole at each change.

Peers find each other's sockets by name, so they need no more than this; every screen reads it; a restarted supervisor
adopts from it. A child is written here before its start call leaves, so no child can run that this file does not name.
It lives in memory with the boot: after a reboot there is nothing to adopt. It ends with its checksum: a process
number that is off by one would call a child dead that lives. One of an older version has none, and is read as it is:
its tree may go on running while the files beneath it are replaced.
"""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from zlib import crc32

from pydantic import Field, ValidationError

from supervisor.child_spec import Spec
from supervisor.process import Process
from supervisor.tree import ChildState


class DirectoryDamaged(Exception):
    """The file says nothing that can be understood: what it named may run, and cannot be found by it."""


class Entry(Spec):
    """One child. `host` numbers the process slot it runs in; both are None while it is down."""

    state: ChildState
    since: datetime
    host: int | None = None
    process: Process | None = None
    incarnation: int = 0
    wanted: bool = True
    """False once it is not to be started again."""
    restarts: int = 0
    restarted_at_s: tuple[float, ...] = ()
    """Its recent restarts, seconds on the boot clock: a restarted supervisor goes on counting."""
    escalated: bool = False
    last_reason: str = ""
    set_aside: tuple[int, ...] = ()
    """Numbers of the messages it died over, each time it had them in hand."""


class NodeState(StrEnum):
    """Where another node is; the table is `node`'s."""

    AWAITED = "awaited"
    PRESENT = "present"
    LOST = "lost"
    """Not heard for too long. What runs there may go on."""
    DEAD = "dead"
    """Each of its processes is confirmed ended."""


class NodeEntry(Spec):
    """Another node, and what its own supervisor last said of its children."""

    state: NodeState
    since: datetime
    children: dict[str, Entry] = Field(default_factory=dict)


class RayEntry(Spec):
    """The Ray underneath. `session` is the process session of a private one, `processes` its servers."""

    address: str
    private: bool
    session: int = 0
    folder: Path | None = None
    processes: tuple[Process, ...] = ()


class Directory(Spec):
    """The whole tree at one moment."""

    schema_version: int = 1
    supervisor: Process | None
    since: datetime
    """When this supervisor process took over."""
    written_at: datetime
    ray: RayEntry | None = None
    spares: dict[int, Process] = Field(default_factory=dict)
    children: dict[str, Entry] = Field(default_factory=dict)
    nodes: dict[str, NodeEntry] = Field(default_factory=dict)


def running(directory: Directory) -> set[str]:
    """Return the children that run, here or on another node that is heard."""
    here = {name for name, child in directory.children.items() if child.state is ChildState.RUNNING}
    return here | {
        name
        for name, child in directory.children.items()
        if child.state is ChildState.AWAY
        and (there := elsewhere(directory, name))
        and there[1].state is ChildState.RUNNING
    }


def elsewhere(directory: Directory, name: str) -> tuple[str, Entry] | None:
    """Return the node that keeps a child, and what it says of it; None where no node that is heard does."""
    for node, entry in directory.nodes.items():
        if entry.state is NodeState.PRESENT and name in entry.children:
            return node, entry.children[name]
    return None


def write(path: Path, directory: Directory) -> None:
    """Replace the file in one step; a reader sees the old or the new."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        text = directory.model_dump_json()
        file.write(f"{text}\n{crc32(text.encode()):08x}\n")
    fresh.replace(path)


def read(path: Path) -> Directory | None:
    """Return the directory; None where none was ever written since boot. Raises `DirectoryDamaged`."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    told, _, check = text.partition(b"\n")
    is_older = told == text and told.endswith(b"}")
    try:
        if check != b"%08x\n" % crc32(told) and not is_older:
            raise DirectoryDamaged(f"{path}: the directory of processes does not verify: {text[:40]!r}")
        return Directory.model_validate_json(told)
    except ValidationError as error:
        raise DirectoryDamaged(f"{path}: not a directory of processes of this version: {text[:40]!r}") from error
