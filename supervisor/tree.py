"""Who falls with whom, who may start, who stops next: questions about the plan, answered from sets of names.

Rules of this file
1. Order is the plan's order. Nothing starts before what it depends on has been tried; nothing stops before what
   depends on it is down.
2. At the first start a child that fails does not hold up those after it (a dead notifier never stops trading), except
   inside a group whose siblings share a fate: there every earlier sibling must be running.
"""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from supervisor.child_spec import Group, Plan, Siblings


class ChildState(StrEnum):
    """The life of a child. DOWN means confirmed: its process is gone."""

    DOWN = "down"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    KILLED = "killed"
    """SIGKILL was sent; the death is not confirmed yet."""
    AWAY = "away"
    """On another node, where a supervisor of that node keeps it."""
    LOST = "lost"
    """It was on a node that cannot be reached: it may still run, and one in its stead may start here (`node`)."""


def affected(group: Group, who: str) -> tuple[str, ...]:
    """Return who restarts when `who` dies, itself included, in start order."""
    names = tuple(child.name for child in group.children)
    match group.siblings:
        case Siblings.ONE_FOR_ONE:
            return (who,)
        case Siblings.REST_FOR_ONE:
            return names[names.index(who) :]
        case Siblings.ONE_FOR_ALL:
            return names


def may_start(plan: Plan, who: str, running: AbstractSet[str], tried: AbstractSet[str]) -> bool:
    """Return whether all that `who` depends on is there. `tried`: started at least once and decided either way."""
    group = plan.group_of(who)
    siblings = {child.name for child in group.children}
    for child in plan.children():
        if child.name == who:
            return True
        if child.name in siblings and group.siblings is not Siblings.ONE_FOR_ONE:
            if child.name not in running:
                return False
        elif child.name not in tried:
            return False
    raise KeyError(who)


def next_to_stop(plan: Plan, doomed_and_up: AbstractSet[str]) -> str | None:
    """Return the last of them in plan order: the one nothing doomed depends on. None where all are down."""
    return next((child.name for child in reversed(list(plan.children())) if child.name in doomed_and_up), None)
