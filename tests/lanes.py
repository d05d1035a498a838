"""Which tests run beside which, where pytest has several workers: `pytest -n 3`.

    plain   whatever has no mark below: any worker, a file at a time
    tree    starts a Ray: the first worker begins with these, the others come to them when nothing plain is left, so
            that trees share the machine as late as can be; the longest first, or at the end two workers wait for one
    alone   measures time, or fills the machine by itself: comes last, when every other worker has gone

A test's kind is its mark. The process that hands tests out collects none, so each worker writes down the kinds of what
it collected, all the same, in a file that it is told of. xdist's own groups cannot say it: pytest 9.2 ignores the ids
that xdist 3.8 gives them, and hands out every group as if it were none.
"""

import json
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

TREE: Final = "tree"
ALONE: Final = "alone"
PLAIN: Final = ""
LONGEST: Final = (
    "tests/supervisor/test_supervised_tree.py",
    "tests/test_bench.py",
    "tests/supervisor/killswitch/test_kill_on_a_tree.py",
    "tests/supervisor/app/test_two_nodes.py",
    "tests/test_fault_run.py",
    "tests/supervisor/app/test_secrets.py",
    "tests/supervisor/test_keeper.py",
    "tests/supervisor/app/test_node_death.py",
    "tests/supervisor/app/test_breaker_on_a_tree.py",
    "tests/supervisor/app/test_machine_death.py",
    "tests/supervisor/app/test_stops_on_a_tree.py",
    "tests/supervisor/test_fan_out.py",
)
"""Files of trees that take 40 seconds and more, the longest first; `--durations=50` of a whole run says which."""


def kind_of(item: pytest.Item) -> str:
    """Return the kind of a test; of one that has two marks, that which leaves it less company."""
    return next((kind for kind in (ALONE, TREE) if item.get_closest_marker(kind) is not None), PLAIN)


def tell(items: Iterable[pytest.Item], file: Path) -> None:
    """Write down the kinds that are not plain, by the test's id; whoever reads sees all of them."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps({item.nodeid: kind for item in items if (kind := kind_of(item))}))
    fresh.replace(file)


def kind_in(scope: str) -> str:
    """Return the kind of the tests of a scope, which is a file's tests of one kind."""
    return scope.partition("@")[2]


def place(scope: str) -> int:
    """Return where a scope comes among those of its kind; equals come as they were collected."""
    file = scope.partition("@")[0]
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


class Lanes(LoadScopeScheduling):
    """Hands out files; the first worker begins with the trees and stays to the end."""

    def __init__(self, config: pytest.Config, log: object, kinds: Path) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._file = kinds

    @cached_property
    def _kinds(self) -> dict[str, str]:
        return json.loads(self._file.read_text())

    def remove_node(self, node: WorkerController) -> str | None:
        crashed = super().remove_node(node)
        for left in self.nodes:
            self._reschedule(left)
        return crashed

    def _assign_work_unit(self, node: WorkerController) -> None:
        is_first = node is self.nodes[0]
        kinds = [TREE, PLAIN] if is_first else [PLAIN, TREE]
        if len(self.nodes) == 1:
            kinds.append(ALONE)
        waiting = [scope for scope in self.workqueue if kind_in(scope) in kinds]
        scope = min(waiting, key=lambda scope: (kinds.index(kind_in(scope)), place(scope)), default=None)
        if scope is not None:
            self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)
        elif not is_first:
            node.shutdown()

    def _split_scope(self, nodeid: str) -> str:
        return f"{nodeid.partition('::')[0]}@{self._kinds.get(nodeid, PLAIN)}"
