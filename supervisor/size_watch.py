"""The watch over memory: who outgrows its limit is replaced by us in a quiet moment, not by the kernel in a bad one.

Rules of this file
1. A child over `memory_max_mb` waits for a quiet moment: no order unanswered or in doubt. One that does not come within
   `quiet_wait_s` is not waited for any longer.
2. A child that is below its limit again has nothing to wait for.
"""

from collections.abc import Callable
from typing import Final

from supervisor import vitals
from supervisor.child import Child
from supervisor.child_spec import ChildSpec

LOOK_S: Final = 1.0
_MB: Final = 1_000_000


def outgrown(spec: ChildSpec, resident: int | None) -> bool:
    """Return whether a child holds more than it may; unknown is not too much."""
    return spec.memory_max_mb is not None and resident is not None and resident > spec.memory_max_mb * _MB


def replaceable(spec: ChildSpec, over_s: float, *, quiet: bool) -> bool:
    """Return whether a child over its limit for `over_s` is replaced now."""
    return quiet or over_s >= spec.quiet_wait_s


class SizeWatch:
    """Looks at each child's memory once in a while. `quiet` is asked only about who is over its limit."""

    def __init__(self, quiet: Callable[[], bool]) -> None:
        self._quiet = quiet
        self._over_since_s: dict[tuple[str, int], float] = {}
        self._looked_s: dict[str, float] = {}

    def look(self, child: Child, now_s: float) -> str | None:
        """Look at a running child; return why it is to be replaced, None where it is not, or not yet."""
        name, key = child.spec.name, (child.spec.name, child.incarnation)
        if child.process is None or child.doomed or now_s - self._looked_s.get(name, -LOOK_S) < LOOK_S:
            return None
        self._looked_s[name] = now_s
        resident = vitals.resident_bytes(child.process)
        if not outgrown(child.spec, resident):
            self._over_since_s.pop(key, None)
            return None
        since_s = self._over_since_s.setdefault(key, now_s)
        quiet = self._quiet()
        if not replaceable(child.spec, now_s - since_s, quiet=quiet):
            return None
        del self._over_since_s[key]
        waited = "in a quiet moment" if quiet else f"no quiet moment came within {child.spec.quiet_wait_s:g} s"
        return f"too large: {(resident or 0) // _MB} MB, limit {child.spec.memory_max_mb} MB; {waited}"
