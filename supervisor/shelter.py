"""What the loop does as another node turns: its lost children are taken in here, where the rules of `node` let them.

Order of a loss, each step done before the next:

    openings are latched shut (reduce)         dies here: a new supervisor hears nothing either, and does it again
    the epoch is taken                         from here on connections and follower refuse whatever comes from there,
                                               so that nothing is sent that is not in the copy, too
    its children are LOST, and told            dies here: the directory says LOST; a new supervisor goes on from that
    who can send nothing is taken in           one that can send only once the node is DEAD (law 9)
    whoever yields to them ends                until it is DOWN, nobody starts in their stead
    they start here                            each restores, and reconciles, as after any death
"""

from collections.abc import Mapping
from typing import Final

from supervisor.child import Child
from supervisor.chronicle import Chronicle, Hooks
from supervisor.directory import NodeState
from supervisor.ownership import Incarnations
from supervisor.tree import ChildState
from supervisor.watcher import NodeTurned, boot_s

STEP: Final = 1_000
"""How far above every incarnation known of a lost node those begin that stand in for it: it may be counting on."""


def away(children: Mapping[str, Child]) -> None:
    """Mark the children that other nodes keep: they are not ours to start, and nobody here waits for them."""
    for child in children.values():
        if child.spec.node:
            child.state, child.wanted, child.tried = ChildState.AWAY, False, True


def turned(
    event: NodeTurned,
    children: Mapping[str, Child],
    incarnations: Incarnations,
    chronicle: Chronicle,
    hooks: Hooks,
) -> None:
    """Take note of what another node is now, and take in its children where it is lost."""
    before = chronicle.nodes.get(event.node)
    chronicle.know(event.node, event.entry)
    if before is not None and before.state is event.entry.state:
        return
    chronicle.note("node_turned", node=event.node, state=event.entry.state.value, text=event.text)
    theirs = [child for child in children.values() if child.spec.node == event.node]
    if event.entry.state is NodeState.LOST:
        _lose([child for child in theirs if child.state is ChildState.AWAY], event, incarnations, chronicle, hooks)
        _take_in([child for child in theirs if not child.spec.sends], children)
    elif event.entry.state is NodeState.DEAD:
        chronicle.tell_of("node_dead", event.node, event.text)
        _take_in(theirs, children)


def _lose(lost: list[Child], event: NodeTurned, incarnations: Incarnations, chronicle: Chronicle, hooks: Hooks) -> None:
    if not lost:
        return
    hooks.make_safe(f"node {event.node} is lost: {event.text}")
    hooks.fence()
    incarnations.reach(max((entry.incarnation for entry in event.entry.children.values()), default=0) + STEP)
    for child in lost:
        child.enter(ChildState.LOST)
        child.reason = f"node {event.node}: {event.text}"
        child.died_s = boot_s()
        chronicle.tell("node_lost", child, child.reason)


def _take_in(them: list[Child], children: Mapping[str, Child]) -> None:
    """Have those of them that are lost start here, and whoever yields to them end."""
    for child in them:
        if child.state is ChildState.LOST:
            child.wanted, child.due_s = True, boot_s()
            for other in children.values():
                if other.spec.yields_to == child.spec.name:
                    other.wanted = False
                    other.doom(f"{child.spec.name} starts here")


def makes_room(child: Child, children: Mapping[str, Child]) -> bool:
    """Return whether nobody is up here who must not run beside `child`, or who comes before it."""
    before = children.get(child.spec.yields_to or "")
    comes_before = before is not None and before.state is not ChildState.AWAY
    return not comes_before and not any(
        other.up for other in children.values() if other.spec.yields_to == child.spec.name
    )
