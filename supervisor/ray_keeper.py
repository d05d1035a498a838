"""Keeps the Ray underneath: brings a dead GCS back, and says when nothing is left but to build anew.

The GCS of a private Ray is started again on its own storage: children, raylet and driver wait for it and go on. How
often within a while is `restart_policy`'s to say, as for any child. The raylet's death, one GCS death too many, or any
death of a Ray that was joined, is `RayLost`: a fresh supervisor rebuilds the tree.
"""

import os
from collections.abc import Callable, Mapping

from supervisor.child_spec import ChildSpec
from supervisor.directory import RayEntry
from supervisor.private_ray import RAYLET, RayUnavailable, revive
from supervisor.process import alive
from supervisor.restart_policy import History, Retry, decide
from supervisor.watcher import Watcher, boot_s

KEY = "ray-"
SPEC = ChildSpec(name="gcs", factory="supervisor.private_ray:revive", restarts_max=3, period_s=60)

Revive = Callable[[RayEntry, Mapping[str, str]], RayEntry]


class RayLost(Exception):
    """A server of the Ray underneath ended for good: everything above it is rebuilt by a fresh supervisor."""


class RayKeeper:
    """One Ray's servers, watched. `entry` says what runs."""

    def __init__(self, entry: RayEntry, watcher: Watcher, revive: Revive = revive) -> None:
        self.entry = entry
        self._watcher, self._revive, self._history = watcher, revive, History()

    def watch(self) -> None:
        """Have the end of each server reported as `Gone` under `KEY` and its number."""
        for server in self.entry.processes:
            self._watcher.watch(f"{KEY}{server.pid}", server)

    def gone(self, key: str) -> RayEntry:
        """Bring back the server that ended, and return what runs now. Raises `RayLost`."""
        number = int(key.removeprefix(KEY))
        if not self.entry.private or not alive(self.entry.processes[RAYLET]):
            raise RayLost(f"Ray server {number} ended")
        decision = decide(SPEC, self._history, "failed", boot_s(), jitter=0.0)
        if not isinstance(decision, Retry):
            raise RayLost(f"the GCS ended again, more than {SPEC.restarts_max} times in {SPEC.period_s:g} s")
        self._history = decision.history
        try:
            self.entry = self._revive(self.entry, os.environ)
        except RayUnavailable as error:
            raise RayLost(str(error)) from error
        gcs = self.entry.processes[0]
        self._watcher.watch(f"{KEY}{gcs.pid}", gcs)
        return self.entry
