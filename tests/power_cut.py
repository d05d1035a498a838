"""Every state a disk might hold after a power cut, rebuilt from a record of what a process did to it.

What was synced is there. Of what was not, any part may be: each write whole, not at all, or torn into sectors of 512
bytes, in any order. Names (files made, renamed, removed) reach the disk in their order, and for sure only once their
folder was synced. A drive that lies about its syncs is not in this: nothing would be.
"""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(__file__).parent / "supervisor" / "record_io.c"
SECTOR = 512
_HEADER = struct.Struct("=cIIq")


@dataclass(frozen=True)
class Act:
    """One thing done: (w)rite, (s)ync, (t)runcate, (c)reate, (u)nlink, (r)ename."""

    kind: str
    path: str
    offset: int
    data: bytes


@dataclass
class Inode:
    """A file's bytes that are on the disk, and what was done to it since."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Act] = field(default_factory=list)


class Disk:
    """What a disk holds for sure, and what it may hold, after so many acts."""

    def __init__(self, under: Path) -> None:
        self._under = under
        self._now: dict[str, Inode] = {}
        self._synced: dict[str, Inode] = {}
        self._renames: list[Act | tuple[str, Inode]] = []

    def do(self, act: Act) -> None:
        """Take in one act."""
        match act.kind:
            case "c":
                self._now[act.path] = inode = Inode()
                self._renames.append((act.path, inode))
            case "w" | "t":
                self._now[act.path].pending.append(act)
            case "s" if act.path in self._now:
                inode = self._now[act.path]
                for each in inode.pending:
                    _change(inode.synced, each)
                inode.pending.clear()
            case "s":
                done = [each for each in self._renames if _folder(each) == act.path]
                self._synced = _after(self._synced, done)
                self._renames = [each for each in self._renames if _folder(each) != act.path]
            case "u":
                self._now.pop(act.path, None)
                self._renames.append(act)
            case "r":
                self._now[act.data.decode()] = self._now.pop(act.path)
                self._renames.append(act)

    def survive(self, random: np.random.Generator, to: Path) -> None:
        """Lay out one state that may be left after a cut now."""
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        names = _after(self._synced, self._renames[: int(random.integers(len(self._renames) + 1))])
        how = random.integers(4)
        for name, inode in names.items():
            path = to / Path(name).relative_to(self._under)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_left(inode, random, how))


def _folder(named: Act | tuple[str, Inode]) -> str:
    path = named[0] if isinstance(named, tuple) else named.path
    return path.rpartition("/")[0]


def _after(names: dict[str, Inode], renames: Sequence[Act | tuple[str, Inode]]) -> dict[str, Inode]:
    """Return the names there are once so many were made, removed and changed."""
    names = dict(names)
    for each in renames:
        if isinstance(each, tuple):
            names[each[0]] = each[1]
        elif each.kind == "u":
            names.pop(each.path, None)
        elif each.path in names:
            names[each.data.decode()] = names.pop(each.path)
    return names


def _left(inode: Inode, random: np.random.Generator, how: int) -> bytes:
    """Return the bytes of a file: of what was pending nothing, all, some, or some in pieces and in any order."""
    content = bytearray(inode.synced)
    if how == 0:
        return bytes(content)
    pending = list(inode.pending)
    if how >= 2:
        pending = [each for each in pending if random.random() < 0.5]
    if how == 3:
        pending = [piece for each in pending for piece in _torn(each, random)]
        if all(each.kind == "w" for each in pending):
            pending = [pending[place] for place in random.permutation(len(pending))]
    for each in pending:
        _change(content, each)
    return bytes(content)


def _torn(act: Act, random: np.random.Generator) -> Iterator[Act]:
    if act.kind != "w":
        yield act
        return
    start = act.offset
    while start < act.offset + len(act.data):
        end = min((start // SECTOR + 1) * SECTOR, act.offset + len(act.data))
        if random.random() < 0.7:
            yield Act("w", act.path, start, act.data[start - act.offset : end - act.offset])
        start = end


def _change(content: bytearray, act: Act) -> None:
    if act.kind == "t":
        del content[act.offset :]
        content.extend(bytes(act.offset - len(content)))
        return
    content.extend(bytes(max(0, act.offset - len(content))))
    content[act.offset : act.offset + len(act.data)] = act.data


def record(program: str, folder: Path) -> list[Act]:
    """Run a program (its argument is a folder below `folder`) and return all it did there. Skips without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here: what a process writes and syncs cannot be recorded")
    library, log, under = folder / "record_io.so", folder / "record", folder / "disk"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    under.mkdir()
    watched = {"LD_PRELOAD": str(library), "RECORD_UNDER": str(under), "RECORD_TO": str(log), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program, str(under)], env={**os.environ, **watched}, check=True, timeout=100)
    content, acts, place = log.read_bytes(), [], 0
    while place < len(content):
        kind, path_size, size, offset = _HEADER.unpack_from(content, place)
        place += _HEADER.size
        path = content[place : place + path_size].decode()
        place += path_size
        acts.append(Act(kind.decode(), path, offset, content[place : place + size]))
        place += size
    assert acts, "nothing was recorded: it would prove nothing"
    return acts


def cuts(acts: list[Act], count: int, random: np.random.Generator, folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield what was acknowledged (the last number in a file `acks`) and what is left, at so many cuts."""
    under, to, acknowledged = folder / "disk", folder / "left", 0
    at = np.bincount(random.integers(1, len(acts) + 1, count), minlength=len(acts) + 1)
    disk = Disk(under)
    for number, act in enumerate(acts, start=1):
        if act.kind == "w" and act.path.endswith("/acks"):
            acknowledged = int(act.data)
        disk.do(act)
        for _ in range(at[number]):
            disk.survive(random, to)
            yield acknowledged, to
