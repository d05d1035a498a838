"""What runs, read from files alone: directory, watermarks, latch, locks. Needs no Ray, no supervisor, no answer.

A dead supervisor's directory still stands there, so every process it names is looked at, and a number is told with its
age. `CONDITION` is what `status --check` judges: the worst thing true.
"""

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actors.armed import read_armed
from actors.latch import StopLevel, read_latch
from actors.places import Places
from actors.watermark import read_watermark
from supervisor import directory as directories
from supervisor.app.standing import standing_behind
from supervisor.chain import JournalDamagedError
from supervisor.cli.breaker_lines import breaker_board
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.size_lines import cut_sizes
from supervisor.directory import Directory, Entry, NodeEntry, NodeState
from supervisor.journal import JournalReader
from supervisor.journal_file import JournalUnwritableError
from supervisor.ownership import owner
from supervisor.process import alive
from supervisor.state_disk import mounted_as
from supervisor.tree import ChildState

SCHEMA = "holdfast.status/1"
SUPERVISOR = "supervisor"
"""`runtime.NAME`, without what that imports."""
STILL_S = 10.0
"""A process that lives makes a pass of its work loop at least every second or two."""
CONDITION = {
    "not running": ExitCode.NOT_RUNNING,
    "halted": ExitCode.HALTED,
    "degraded": ExitCode.DEGRADED,
    "running": ExitCode.DONE,
}


def snapshot(where: Places) -> dict[str, Any]:
    """Return the state of one runtime as plain JSON."""
    directory, damage = _directory(where)
    latch, armed = read_latch(where.latch), read_armed(where.armed)
    keeper = owner(where.state / "keeper.lock")
    supervised = directory is not None and directory.supervisor is not None and alive(directory.supervisor)
    children = {} if directory is None else _children(directory, where)
    still = _still(children, where, supervised=supervised)
    running = keeper is not None or supervised or any(child["alive"] for child in children.values()) or bool(damage)
    all_healthy = bool(children) and all(map(healthy, children.values()))
    none_lost = directory is None or all(node.state is NodeState.PRESENT for node in directory.nodes.values())
    unwritable = mounted_as(where.state)
    whole = supervised and keeper is not None and all_healthy and none_lost and not still and not unwritable
    condition = "running" if whole else "degraded"
    if latch.level.rank >= StopLevel.HALT.rank:
        condition = "halted"
    return {
        "schema": SCHEMA,
        "at": datetime.now(UTC).isoformat(),
        "state_folder": str(where.state),
        "mode": _mode(where),
        "condition": condition if running else "not running",
        "latch": latch.model_dump(mode="json"),
        "armed": None if armed is None else armed.model_dump(mode="json"),
        "keeper": None if keeper is None else {"pid": keeper.process.pid, "since": keeper.since.isoformat()},
        "supervisor": _supervisor(directory, alive=supervised),
        "ray": None if directory is None or directory.ray is None else _ray(directory),
        "children": children,
        "still": still,
        "faults": [each for each in (damage, unwritable) if each],
        "nodes": {} if directory is None else {name: _node(entry) for name, entry in directory.nodes.items()},
        "journal": journal_summary(where.journal),
        "routes": routes(where),
        "breakers": breaker_board(where),
        "sizes": cut_sizes(where),
        "backing": standing_behind(where),
    }


def _directory(where: Places) -> tuple[Directory | None, str]:
    """Return the directory, and why it cannot be understood, if so: then what it named may run."""
    try:
        return directories.read(where.directory), ""
    except directories.DirectoryDamaged as error:
        return None, f"what runs is NOT KNOWN: {error}"


def _mode(where: Places) -> str | None:
    """Return paper, sandbox or live, as the runtime was last started; None where it never was."""
    try:  # as it was stored: the whole model of it would cost a screen half of its time
        return str(json.loads(where.config.read_bytes())["runtime"]["mode"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def routes(where: Places) -> dict[str, Any] | None:
    """Return the executor's board of routes with its age; None where none was written since boot."""
    try:
        board = json.loads(where.routes.read_bytes())
    except FileNotFoundError:
        return None
    age_s = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - board.pop("at_ns")) / 1e9
    return {"age_s": round(max(age_s, 0), 1), **board}


def journal_summary(path: Path) -> dict[str, Any] | None:
    """Return how far the journal goes and how old its last event is; None where there is no journal yet."""
    try:
        with closing(JournalReader(path)) as reader:
            last = reader.last()
    except FileNotFoundError:
        return None
    except (JournalDamagedError, JournalUnwritableError) as error:
        return {"unreadable": str(error)}
    if last is None:
        return {"sequence": 0}
    age_s = round((time.time_ns() - last.written_ns) / 1e9, 1)
    return {"sequence": last.sequence, "epoch": last.epoch, "last": last.kind, "age_s": age_s}


def _supervisor(directory: Directory | None, *, alive: bool) -> dict[str, Any] | None:
    if directory is None or directory.supervisor is None:
        return None
    return {"pid": directory.supervisor.pid, "alive": alive, "since": directory.since.isoformat()}


def _ray(directory: Directory) -> dict[str, Any]:
    assert directory.ray is not None
    ray = directory.ray
    return {"address": ray.address, "private": ray.private, "alive": all(map(alive, ray.processes))}


def _still(children: dict[str, dict[str, Any]], where: Places, *, supervised: bool) -> dict[str, float]:
    """Return who lives and makes no progress, with seconds: a tree that is stopped whole has all its processes."""
    ages = {name: child["progress_age_s"] for name, child in children.items() if child["alive"]}
    reading = read_watermark(where.watermark(SUPERVISOR)) if supervised else None
    if reading is not None:
        ages[SUPERVISOR] = round((time.clock_gettime_ns(time.CLOCK_BOOTTIME) - reading.at_ns) / 1e9, 1)
    return {name: age_s for name, age_s in ages.items() if age_s is not None and age_s > STILL_S}


def _children(directory: Directory, where: Places) -> dict[str, dict[str, Any]]:
    return {
        name: _away(name, directory) if entry.state is ChildState.AWAY else _child(name, entry, where)
        for name, entry in directory.children.items()
    }


def _away(name: str, directory: Directory) -> dict[str, Any]:
    """Return a child of another node as that one's supervisor last told it; `alive` is its word, not looked at here."""
    there = directories.elsewhere(directory, name)
    node, entry = there if there is not None else ("", directory.children[name])
    runs = entry.state is ChildState.RUNNING
    return _told(entry) | {"alive": runs, "progress_age_s": None, "node": node, "wanted": True}


def _node(entry: NodeEntry) -> dict[str, Any]:
    return {"state": entry.state.value, "since": entry.since.isoformat()}


def _child(name: str, entry: Entry, where: Places) -> dict[str, Any]:
    reading = read_watermark(where.watermark(name))
    age_s = None
    if reading is not None and reading[0] == entry.incarnation and reading[1]:
        age_s = round(max(time.clock_gettime_ns(time.CLOCK_BOOTTIME) - reading[2], 0) / 1e9, 3)
    is_alive = entry.process is not None and alive(entry.process)
    return _told(entry) | {"alive": is_alive, "progress_age_s": age_s, "node": ""}


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "state": entry.state.value,
        "pid": entry.process.pid if entry.process else None,
        "incarnation": entry.incarnation,
        "restarts": entry.restarts,
        "escalated": entry.escalated,
        "wanted": entry.wanted,
        "since": entry.since.isoformat(),
        "last_reason": entry.last_reason,
    }


def healthy(child: dict[str, Any]) -> bool:
    """Whether a child is as it should be: one that gave way to another is down for good, and well."""
    finished = not child["wanted"] and child["state"] == ChildState.DOWN.value
    return finished or (child["alive"] and child["state"] == ChildState.RUNNING.value and not child["escalated"])
