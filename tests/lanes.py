"""Which tests run beside which, where pytest has several workers: `pytest -n 3`.

    plain   whatever has no mark below: any worker, a file at a time
    tree    starts a Ray: the first worker begins with these, the others come to them when nothing plain is left, from
            the end, so that trees share the machine as late as can be
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


def kind_of(item: pytest.Item) -> str:
    """Return the kind of a test; of one that has two marks, that which leaves it less company."""
    return next((kind for kind in (ALONE, TREE) if item.get_closest_marker(kind) is not None), PLAIN)


def tell(items: Iterable[pytest.Item], file: Path) -> None:
    """Write down the kinds that are not plain, by the test's id; whoever reads sees all of them."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps({item.nodeid: kind for item in items if (kind := kind_of(item))}))
    fresh.replace(file)


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
        order = reversed(self.workqueue) if is_first else self.workqueue  # of a kind the last one seen is taken
        by_kind = {kind: scope for scope in order if (kind := scope.partition("@")[2]) in kinds}
        scope = next((by_kind[kind] for kind in kinds if kind in by_kind), None)
        if scope is not None:
            self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)
        elif not is_first:
            node.shutdown()

    def _split_scope(self, nodeid: str) -> str:
        return f"{nodeid.partition('::')[0]}@{self._kinds.get(nodeid, PLAIN)}"
