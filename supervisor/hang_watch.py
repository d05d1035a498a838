"""The watch over progress: keeps watched time, looks at marks, and at the kernel's account of whoever is suspected.

Decides nothing: `health` does. The account is read for suspects alone, because it costs a file a thread.
"""

from collections.abc import Callable

from supervisor import vitals
from supervisor.child import Child
from supervisor.health import LOOK_MAX_S, Mark, Progress, charge, hung, observe, suspect, watched


class HangWatch:
    """Watched time, and each child's deadline on it."""

    def __init__(self, mark: Callable[[str], Mark | None], now_s: float, look_max_s: float = LOOK_MAX_S) -> None:
        self._mark, self._looked_s, self._look_max_s = mark, now_s, look_max_s
        self.now_s = 0.0
        """Watched time."""

    def advance(self, now_s: float) -> None:
        """Count the time since the last look, as far as it counts."""
        self.now_s = watched(self.now_s, now_s - self._looked_s, self._look_max_s)
        self._looked_s = now_s

    def begin(self, child: Child, passes: int = 0) -> None:
        """Start a child's deadline anew."""
        child.progress = Progress(passes, self.now_s)

    def look(self, child: Child) -> str | None:
        """Look at a child; return why it is to be called hung, None where it is not."""
        if child.spec.hang_after_s is None or child.process is None:
            return None
        mark = self._mark(child.spec.name)
        child.progress = observe(child.progress, mark, child.incarnation, self.now_s)
        if mark is None or not suspect(child.spec, child.progress, self.now_s):
            return None
        account = vitals.account(child.process, mark.thread)
        child.progress = charge(child.progress, account, self.now_s)
        if not hung(child.spec, child.progress, self.now_s):
            return None
        still_s = self.now_s - child.progress.moved_at_s
        return f"hung: no pass of its work loop for {still_s:.2f} s, {child.progress.charged_s:.2f} s of it idle"
