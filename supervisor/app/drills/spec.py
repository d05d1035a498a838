"""What a drill is, as data: the harm it does, what must be seen to follow, what must not, and its limits.

* A *sighting* is one thing that was written down by somebody other than the drill: an event of the journal, a line of
  the supervisor's log, an alert that a target took. Its time is in seconds of the machine since the harm began.
* A *sign* describes sightings: source, kind, and what fields must be, as regular expressions over dotted names. A name
  that leads through a list is met if one of its members meets it.
* *Detected* once each of its signs was seen; *recovered* once each of its own was, not before the first detection.
* *Never* signs are those of a law broken; each holds from the harm, or from the sign `after`, until the sign `until`.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from actors.domain.value import Value
from actors.venue.faults import Fault


class Source(StrEnum):
    """Who wrote a sighting down."""

    JOURNAL = "journal"
    SUPERVISOR = "supervisor"
    ALERTS = "alerts"
    TREE = "tree"
    """The supervisor's directory, and whether the processes it names live."""


class Sighting(Value):
    """One thing seen. `mark` is its place in its source: a journal's sequence, a log's line, an alert's id."""

    source: Source
    kind: str
    at_s: float
    mark: str
    body: Mapping[str, JsonValue] = {}


class Sign(Value):
    """What a sighting must look like."""

    source: Source
    kind: str
    where: Mapping[str, str] = {}

    def fits(self, seen: Sighting) -> bool:
        """Return whether `seen` is one."""
        if seen.source is not self.source or not re.fullmatch(self.kind, seen.kind):
            return False
        return all(any(re.fullmatch(text, each) for each in _found(seen.body, key)) for key, text in self.where.items())

    def __str__(self) -> str:
        said = ", ".join(f"{key} {text}" for key, text in self.where.items())
        return f"{self.source.value} {self.kind}" + (f" ({said})" if said else "")


def _found(body: JsonValue | Mapping[str, JsonValue], key: str) -> Iterator[str]:
    name, _, rest = key.partition(".")
    if isinstance(body, list):
        for member in body:
            yield from _found(member, key)
    elif isinstance(body, Mapping) and name in body:
        if rest:
            yield from _found(body[name], rest)
        else:
            held = body[name]
            yield from (str(each) for each in (held if isinstance(held, list) else [held]))


class Never(Value):
    """What must not be seen, and which law that would break."""

    sign: Sign
    says: str
    after: Sign | None = None
    until: Sign | None = None


class Kill(Value):
    """End a child's process, or the supervisor's."""

    act: Literal["kill"] = "kill"
    child: str


class KillOften(Value):
    """End a child's process whenever it runs, until it is given up."""

    act: Literal["kill_often"] = "kill_often"
    child: str


class Stop(Value):
    """Stop a child's process, or the supervisor's, where it is: alive, and without progress."""

    act: Literal["stop"] = "stop"
    child: str


class KillServer(Value):
    """End a server of the private Ray underneath."""

    act: Literal["kill_server"] = "kill_server"
    program: str


class Inject(Value):
    """Put a fault in force at the paper venue."""

    act: Literal["inject"] = "inject"
    fault: Fault


class Heal(Value):
    """Take every fault of the venue out of force."""

    act: Literal["heal"] = "heal"


class JumpClock(Value):
    """Let the market's clock jump ahead."""

    act: Literal["jump_clock"] = "jump_clock"
    by_s: float = Field(gt=0)


class Assign(Value):
    """Have the holder of a short of the drill's exercise it, early and whole."""

    act: Literal["assign"] = "assign"


class FillDisk(Value):
    """Fill the file system that the state folder lies on, to its last byte; a small one of the drill's own."""

    act: Literal["fill_disk"] = "fill_disk"


Act = Annotated[
    Kill | KillOften | Stop | KillServer | Inject | Heal | JumpClock | Assign | FillDisk, Field(discriminator="act")
]


class Ask(StrEnum):
    """What the drill asks the executor for."""

    OPEN = "open"
    """An opening that trades at once."""
    REST = "rest"
    """An opening that works and does not trade."""
    TOO_LARGE = "too_large"
    """The first, of more combos than an order may have."""
    CLOSE = "close"
    """The close of what the drill opened before."""


class DrillLimits(Value):
    """What a drill is scored by, in seconds of the machine."""

    detected_s: float
    recovered_s: float
    naked_short_s: float = 1.0
    """Legs of one combo are told one after the other."""
    alerts_s: float = 10.0
    """From the recovery until each alert must have arrived."""


class Drill(Value):
    """One drill."""

    name: str
    does: str
    proves: str
    limits: DrillLimits
    before: tuple[Ask, ...] = ()
    """What stands when the harm is done: OPEN, a structure held; REST, an order at work."""
    acts: tuple[Act, ...] = ()
    asks: tuple[Ask, ...] = ()
    """Asked for from `asks_after_s` on, each until it is admitted, at the latest until all is seen."""
    asks_after_s: float = 0.0
    asks_once_detected: bool = False
    detected: tuple[Sign, ...]
    then: tuple[Act, ...] = ()
    """Done once detected."""
    recovered: tuple[Sign, ...]
    never: tuple[Never, ...] = ()
    alerts: tuple[str, ...] = ()
    """Codes that must arrive."""
    latches: bool = False
    """Whether it ends in a latched stop, which a person alone loosens: it runs in a tree of its own, once."""
    own_settings: Mapping[str, str] | None = None
    """The day it needs; it runs in a tree of its own."""
    disk_mb: int | None = None
    """The size of the file system that its own tree lies on; None: any."""

    @property
    def needs_own_tree(self) -> bool:
        """Whether it may not be run in somebody's tree."""
        return self.latches or self.own_settings is not None or self.disk_mb is not None
