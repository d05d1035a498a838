"""Places the tree of a configuration over its nodes: what stays here, what another node's supervisor keeps.

With the executor on another node, this one has all connections, so every byte to a broker leaves from here, under the
epoch in force here (`supervisor.node`, rule 2). The journal's follower runs here, too, and keeps its copy as this
folder's own journal: the epoch it hears of is at once the one that the connections obey, every screen reads the copy,
and an executor that starts here, once that node is lost, goes on with it. A gate on either side carries the streams.
"""

from collections.abc import Sequence

from actors.config_model import RuntimeConfig
from supervisor.child_spec import ChildSpec, Group, Outpost

EXECUTOR = "executor"
GATE, FOLLOWER = "gate", "follower"
NODE = "node"
"""The argument that tells a child it runs on another node than this one."""


def place(
    config: RuntimeConfig, groups: Sequence[Group], gate: ChildSpec, follower: ChildSpec
) -> tuple[tuple[Group, ...], tuple[Outpost, ...]]:
    """Return what runs on this node, and what on others. `gate`, `follower`: as they are here."""
    section = config.nodes
    if section.executor is None:
        return tuple(groups), ()
    away = next(node for node in section.away if node.name == section.executor)
    executor = next(child for group in groups for child in group.children if child.name == EXECUTOR)
    follower = follower.model_copy(update={"yields_to": EXECUTOR})
    here = [_with(group, executor.model_copy(update={"node": away.name})) for group in groups]
    there = {"arguments": {NODE: away.name}}
    outpost = Outpost(
        name=away.name,
        resource=away.resource,
        state=away.state,
        groups=(
            Group(name="nodes", children=(gate.model_copy(update=there),)),
            Group(name="trading", children=(executor.model_copy(update=there),)),
        ),
        lost_after_s=section.lost_after_s,
        join_within_s=section.join_within_s,
    )
    return (Group(name="nodes", children=(gate, follower)), *here), (outpost,)


def _with(group: Group, child: ChildSpec) -> Group:
    """Return the group with a child in the place of its namesake; the group, where it has none."""
    children = tuple(child if each.name == child.name else each for each in group.children)
    return group.model_copy(update={"children": children})
