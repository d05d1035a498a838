"""The section of the configuration that places a tree over several nodes: which there are, and what runs where."""

from pathlib import Path

from pydantic import Field

from actors.config_sections import Seconds, SecretName
from actors.domain.value import Value

ADDRESS = r"^[A-Za-z0-9_.-]+:\d{1,5}$"


class NodeSection(Value):
    """Another node of the tree; `holdfast up` on the first one starts what belongs there."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    resource: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,31}$")
    """What Ray knows the node by: `ray start --resources='{"NAME": 1}'` there."""
    state: Path
    """The state folder there: the executor's journal is in it while the executor is."""
    gate: str = Field(pattern=ADDRESS)
    """Where the node's gate listens, as others reach it: "host:port"."""


class NodesSection(Value):
    """Without it everything runs on one node, at no cost."""

    gate: str | None = Field(default=None, pattern=ADDRESS)
    """Where this node's gate listens, as others reach it: "host:port"."""
    token: SecretName | None = None
    """The name of the secret that the gates share; 16 characters or more, and known on each node."""
    executor: str | None = None
    """The node the executor runs on; none: this one. Its standby is here, on the journal's copy."""
    lost_after_s: Seconds = 3.0
    """Longest silence of a node; after it, what ran there is taken in here, reduce-only."""
    join_within_s: Seconds = 60.0
    """The same at a start, until a node was heard for the first time."""
    away: tuple[NodeSection, ...] = Field(default=(), max_length=1)
