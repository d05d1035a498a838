"""What is supervised, as data: children, their groups, and the plan that names them all.

Decides nothing. A plan is written by the composition root, checked here before anything starts, stored as JSON in the
state folder, and read by each supervisor process that follows, so a restarted supervisor keeps the same tree.

The order of the plan is the order of dependency: children start from first to last and stop from last to first.
`factory` is "module:function"; it is called as `factory(ChildContext)` inside the child's own process and returns an
object with `run(stop: threading.Event)`. Arguments are plain JSON and never hold a secret, only where to find one.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,39}$")]
Factory = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Spec(BaseModel):
    """A frozen value of the supervisor's own half; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # a screen reads one of them, not all


class Restart(StrEnum):
    """Permanent: always restarted. Transient: only after a failure. Temporary: never."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"


class Siblings(StrEnum):
    """Who else falls when a child of the group dies: nobody, those after it, or all."""

    ONE_FOR_ONE = "one_for_one"
    REST_FOR_ONE = "rest_for_one"
    ONE_FOR_ALL = "one_for_all"


class ChildSpec(Spec):
    """One child: how to start it, when to call it hung, how often it may die."""

    name: Name
    factory: Factory
    arguments: dict[str, JsonValue] = {}
    restart: Restart = Restart.PERMANENT
    restarts_max: int = Field(default=5, ge=0)
    """Restarts allowed within `period_s`; one more is escalated."""
    period_s: Seconds = 60.0
    start_timeout_s: Seconds = 30.0
    """From the start call to the first pass of the work loop."""
    hang_after_s: Seconds | None = 2.0
    """Longest time without a pass in which the work loop could have made one; None where there is no watermark."""
    stall_max_s: Seconds = 5.0
    """Longest time without a pass, starved, computing or waiting for the disk."""
    stop_grace_s: Seconds = 5.0
    memory_max_mb: int | None = Field(default=None, ge=1)
    """Beyond it the child is replaced, in a quiet moment where one comes within `quiet_wait_s`."""
    quiet_wait_s: Seconds = 60.0
    stops_openings: bool = True
    """Whether its escalation latches a reduce. False for those trading does without: a dead notifier never stops it."""
    node: str = ""
    """Which node it runs on, kept there by a supervisor of that node; empty: on this one."""
    sends: bool = False
    """Whether bytes leave from it for a broker: nothing takes its place before its end is confirmed (law 9)."""
    yields_to: Name | None = None
    """A child that never runs on this node beside it: it ends, and stays down, before that one is started here."""


class Group(Spec):
    """Children that share a fate."""

    name: Name
    siblings: Siblings = Siblings.ONE_FOR_ONE
    children: tuple[ChildSpec, ...] = Field(min_length=1)


class Outpost(Spec):
    """Another node of the tree, and what a supervisor of its own keeps there."""

    name: Name
    resource: str
    """Ray's name of something that this node alone has: `ray start --resources='{"NAME": 1}'`."""
    state: Path
    """The state folder there."""
    groups: tuple[Group, ...] = Field(min_length=1)
    lost_after_s: Seconds = 3.0
    """Longest silence, in time in which it could have been heard; after it the node is lost."""
    join_within_s: Seconds = 60.0
    """The same before it was heard for the first time."""


class RaySettings(Spec):
    """Which Ray the tree runs on: a private one that ends with the tree, or the trader's own, which does not."""

    address: Annotated[str, StringConstraints(pattern=r"^(private|auto|[\w.-]+:\d{1,5})$")] = "private"
    """"private", "auto", or "host:port"."""
    object_store_bytes: int = Field(default=100_000_000, ge=75_000_000)
    start_timeout_s: Seconds = 60.0
    port: int = Field(default=0, ge=0, le=65535)
    """Of a private Ray; 0: it chooses one."""
    node_id: str = ""
    """The Ray node that hosts are kept on; empty: the one this process is connected through."""


class Plan(Spec):
    """The whole tree."""

    groups: tuple[Group, ...] = Field(min_length=1)
    ray: RaySettings = RaySettings()
    spares: int = Field(default=2, ge=0, le=8)
    """Idle processes kept ready, each of which can become any child."""
    supervisor_hang_after_s: Seconds = 20.0
    """Longest time without progress of the supervisor itself, while it starts, builds or adopts no less."""
    preload: tuple[str, ...] = ()
    """Modules a spare imports before it is needed."""
    warm: Factory | None = None
    """Called in a spare as `warm(state, run)`: reads, once, what every child reads at its start."""
    outposts: tuple[Outpost, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [child.name for child in self.children()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"children named twice: {', '.join(twice)}")
        return self

    def children(self) -> Iterator[ChildSpec]:
        """Yield every child in start order."""
        for group in self.groups:
            yield from group.children

    def group_of(self, name: str) -> Group:
        """Return the group `name` belongs to; an unknown name raises `KeyError`."""
        for group in self.groups:
            if any(child.name == name for child in group.children):
                return group
        raise KeyError(name)


class Readying(Spec):
    """What a blank host does before it is needed."""

    preload: tuple[str, ...] = ()
    warm: Factory | None = None
    state: Path
    run: Path


class ChildContext(Spec):
    """What a factory is given. `incarnation` is new at every start and never used twice in one state folder."""

    name: Name
    incarnation: int = Field(ge=1)
    state: Path
    run: Path
    """The run folder: sockets, watermarks, crash reports."""
    factory: Factory
    arguments: dict[str, JsonValue] = {}
    set_aside: tuple[int, ...] = ()
    """Numbers of the messages its predecessors died over, each of them."""
