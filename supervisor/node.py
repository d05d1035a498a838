"""What becomes of another node of the tree, as it is heard of or not. Pure: no I/O, no clock.

    state      heard      silent too long    its processes confirmed ended
    AWAITED    PRESENT    LOST               DEAD
    PRESENT    PRESENT    LOST               DEAD
    LOST       LOST       LOST               DEAD
    DEAD       DEAD       DEAD               DEAD

Rules of this file
1. A node that is not heard is LOST, never dead: what runs there may go on, for a cut looks like a death from here
   (law 9). Its children are LOST, too, which is not DOWN.
2. In place of a LOST child only one starts that can send nothing itself (`ChildSpec.sends`); whatever can waits until
   the node is DEAD. The executor sends nothing: each byte to a broker leaves through a connection of its route, the
   connections of a tree are on one node, and they obey the epoch in force on that node. An executor elsewhere starts
   only once its epoch was taken there (the follower's welcome), and with the loss a far higher one is (`shelter`): what
   the lost one still says is refused. No route's write path moves.
3. What was lost does not come back by itself: a node that is heard again has its processes ended, each end confirmed by
   its own kernel, and only then is DEAD. It is part of the tree again after the next start of the tree.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic import Field

from supervisor.child_spec import Plan, Spec
from supervisor.directory import Entry, NodeState


class Word(StrEnum):
    """What can happen to a node."""

    HEARD = "heard"
    SILENT = "silent"
    ENDED = "ended"


_S = NodeState
TABLE: Final[Mapping[tuple[NodeState, Word], NodeState]] = {
    (_S.AWAITED, Word.HEARD): _S.PRESENT,
    (_S.AWAITED, Word.SILENT): _S.LOST,
    (_S.AWAITED, Word.ENDED): _S.DEAD,
    (_S.PRESENT, Word.HEARD): _S.PRESENT,
    (_S.PRESENT, Word.SILENT): _S.LOST,
    (_S.PRESENT, Word.ENDED): _S.DEAD,
    (_S.LOST, Word.HEARD): _S.LOST,
    (_S.LOST, Word.SILENT): _S.LOST,
    (_S.LOST, Word.ENDED): _S.DEAD,
    (_S.DEAD, Word.HEARD): _S.DEAD,
    (_S.DEAD, Word.SILENT): _S.DEAD,
    (_S.DEAD, Word.ENDED): _S.DEAD,
}


class Beat(Spec):
    """What a node's warden is told, again and again. `plan`: of what is to run there; empty: nothing is started."""

    plan: Plan | None
    carried: str
    """From the half that knows about trading, for its like over there."""


class Report(Spec):
    """What a node's warden answers."""

    told: str
    children: dict[str, Entry] = Field(default_factory=dict)
    """As the supervisor over there has them; empty where none lives."""
