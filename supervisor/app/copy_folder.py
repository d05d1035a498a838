"""What lies in a follower's state folder beside the journal's copy: who led it last, and by whom it was taken over.

Both are small files, replaced whole. A folder with a leader's file and no takeover's is a copy: nothing may trade from
it, for its leader may live. A takeover's file is the last thing a takeover writes: where it is, all of it was done, and
no leader is ever followed here again.
"""

from pathlib import Path
from typing import Final

from actors.domain.value import Instant, Value
from actors.durable import replace
from actors.runtime_tag import FILE as RUNTIME_TAG

KEPT: Final = (RUNTIME_TAG, "latch.json", "incarnations", "exchange-days.json", "config.json")
"""Files of the leader's state folder that its follower keeps too. By another tag it would not know its own orders."""


class Leader(Value):
    """The process that led last, as it said itself; `connected` since, or until, `since`."""

    node: str
    host: str
    boot: str
    pid: int
    started: int
    epoch: int
    connected: bool
    since: Instant


class Takeover(Value):
    """A person's word that a node is dead, and what was made of it. Every epoch below `epoch` is refused since."""

    node: str
    by: str
    why: str
    at: Instant
    sequence: int
    epoch: int

    @property
    def told(self) -> str:
        """In words, as the journal keeps it."""
        return f"{self.node} was confirmed dead by {self.by} at {self.at:%Y-%m-%d %H:%M:%S} UTC: {self.why}"


def leader_path(state: Path) -> Path:
    """Return where a follower writes who leads."""
    return state / "leader.json"


def takeover_path(state: Path) -> Path:
    """Return where a takeover is written."""
    return state / "takeover.json"


def read_leader(state: Path) -> Leader | None:
    """Return who led last; None: nobody ever did."""
    path = leader_path(state)
    return Leader.model_validate_json(path.read_bytes()) if path.exists() else None


def read_takeover(state: Path) -> Takeover | None:
    """Return the takeover of this copy; None: there was none."""
    path = takeover_path(state)
    return Takeover.model_validate_json(path.read_bytes()) if path.exists() else None


def write_leader(state: Path, leader: Leader) -> None:
    """Note who leads; durable on return."""
    replace(leader_path(state), leader.model_dump_json().encode())


def write_takeover(state: Path, takeover: Takeover) -> None:
    """Note a takeover; durable on return."""
    replace(takeover_path(state), takeover.model_dump_json().encode())


def mark_outpost(state: Path) -> None:
    """Note that another node's tree starts what runs on this folder; durable on return."""
    replace(_outpost_path(state), b"{}\n")


def is_outpost(state: Path) -> bool:
    """Whether this folder belongs to another node's tree, so that none may be started from it here."""
    return _outpost_path(state).exists() and not takeover_path(state).exists()


def _outpost_path(state: Path) -> Path:
    return state / "outpost.json"


def is_copy(state: Path) -> bool:
    """Whether this folder follows another one's leader, so that nothing may trade from it."""
    return leader_path(state).exists() and not takeover_path(state).exists()
