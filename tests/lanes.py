"""Which tests run beside which, where pytest has several workers: `pytest -n 2 --dist loadgroup`.

    plain   whatever has no mark below: any worker, a file at a time
    tree    starts a Ray: one worker alone hands itself these, so that never two trees boot beside each other
    alone   measures time, or fills the machine by itself: comes last, when every other worker has gone

A test's kind is its mark. The process that hands tests out collects none, so the workers write the kind into the
test's id, as xdist's groups have it (`test_x.py::test_y@tree`); ids are otherwise as ever.
"""

from collections.abc import Iterable
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

TREE: Final = "tree"
ALONE: Final = "alone"
PLAIN: Final = ""


def group(items: Iterable[pytest.Item]) -> None:
    """Say of each test what xdist's group of it is."""
    for item in items:
        for kind in (ALONE, TREE):
            if item.get_closest_marker(kind) is not None:
                item.add_marker(pytest.mark.xdist_group(kind))
                break


def kind_of(scope: str) -> str:
    return scope.partition("@")[2]


class Lanes(LoadScopeScheduling):
    """Hands out files; the first worker stays to the end and has the trees."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def remove_node(self, node: WorkerController) -> str | None:
        crashed = super().remove_node(node)
        for left in self.nodes:
            self._reschedule(left)
        return crashed

    def _assign_work_unit(self, node: WorkerController) -> None:
        is_first = node is self.nodes[0]
        kinds = [TREE, PLAIN] if is_first else [PLAIN]
        if len(self.nodes) == 1:
            kinds.append(ALONE)
        by_kind = {kind: scope for scope in reversed(self.workqueue) if (kind := kind_of(scope)) in kinds}
        scope = next((by_kind[kind] for kind in kinds if kind in by_kind), None)
        if scope is not None:
            self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)
        elif not is_first:
            node.shutdown()

    def _split_scope(self, nodeid: str) -> str:
        return f"{nodeid.partition('::')[0]}@{kind_of(nodeid.rpartition('::')[2])}"
