"""Joins the other nodes of a plan to the supervisor: a watch each, with the plan of what runs there."""

from collections.abc import Callable, Iterator

from actors.places import Places
from supervisor.app.courier import Courier
from supervisor.child_spec import Outpost, Plan
from supervisor.directory import Directory, NodeState
from supervisor.node_watch import NodeWatch, Placing
from supervisor.watcher import NodeTurned


def watches(
    plan: Plan,
    ray_address: str,
    placing: Placing,
    where: Places,
    post: Callable[[NodeTurned], None],
    before: Directory | None,
) -> Iterator[NodeWatch]:
    """Yield a watch for each other node of the plan, in the state a supervisor before this one left it in."""
    for outpost in plan.outposts:
        known = before.nodes.get(outpost.name) if before is not None else None
        state = known.state if known is not None else NodeState.AWAITED
        yield NodeWatch(outpost, plan_there(plan, outpost, ray_address), placing, Courier(where), post, state)


def plan_there(plan: Plan, outpost: Outpost, ray_address: str) -> Plan:
    """Return the plan that a supervisor on the other node follows: its own children, on the same Ray."""
    ray = plan.ray.model_copy(update={"address": ray_address})
    return plan.model_copy(update={"groups": outpost.groups, "outposts": (), "ray": ray})
