"""The configuration's section on the journal: when an intent is durable, and where the copy of the journal is kept."""

from typing import Literal

from pydantic import Field

from actors.config_sections import SecretName
from actors.domain.value import Value


class JournalSection(Value):
    """Local: durable on this machine's disk. Replicated: on that of the follower, too, before anything is opened."""

    durability: Literal["local", "replicated"] = "local"
    node: str = Field(default="here", pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    """What this machine is called in `holdfast takeover --confirm-dead NODE`."""
    follower: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+:\d{1,5}$")
    """Where `holdfast follow` listens: "host:port"."""
    token: SecretName | None = None
    """The name of the secret that leader and follower share; 16 characters or more."""
    ack_timeout_s: float = Field(default=0.1, gt=0, le=5, allow_inf_nan=False)
    """How long an append waits for the follower; after that openings stop, and exits go on without it."""
    beat_s: float = Field(default=0.5, gt=0, le=60, allow_inf_nan=False)
    """Pace at which an idle line to the follower is tried."""
    redial_s: float = Field(default=0.5, gt=0, le=60, allow_inf_nan=False)
