"""What the whole tree costs while nothing happens, beside as many bare idle Ray actors.

The measuring tree with its venue silent: connected, logged in, no quotes, no orders; permits, heartbeats, readings of
the account and the watch over progress go on. Counted are the supervisor, its children and its spares; not the venue,
which is the market's. Beside them: as many bare actors, and their driver. Ray's own servers are in neither.
"""

import os
import time
from collections.abc import Sequence

from supervisor import directory as directories
from supervisor import vitals
from supervisor.app.bench.tree import BenchTree
from supervisor.directory import Directory
from supervisor.process import Process, cpu_ticks

SETTLE_S = 5.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def measure(tree: BenchTree, seconds: float) -> tuple[float, list[float]]:
    """Return the share of one processor in percent, and the memory of each process in MB."""
    tree.hush()
    time.sleep(min(SETTLE_S, seconds))
    processes = _processes(tree)
    before = _cpu_s(processes)
    time.sleep(seconds)
    share = 100 * (_cpu_s(processes) - before) / seconds
    tree.pace(0)
    return share, [(vitals.resident_bytes(process) or 0) / 1e6 for process in processes]


def _processes(tree: BenchTree) -> list[Process]:
    directory = directories.read(tree.where.directory)
    assert isinstance(directory, Directory)
    assert directory.supervisor is not None
    children = [each.process for name, each in directory.children.items() if name != "venue" and each.process]
    return [directory.supervisor, *children, *directory.spares.values()]


def _cpu_s(processes: Sequence[Process]) -> float:
    return sum(cpu_ticks(process) for process in processes) / _TICKS_PER_S
