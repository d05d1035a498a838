"""Keeps the Ray underneath: brings a dead GCS back, and says when nothing is left but to build anew.

The GCS of a private Ray is started again on its own storage: children, raylet and driver wait for it and go on. How
often within a while is `restart_policy`'s to say, as for any child. The raylet's death, one GCS death too many, or any
death of a Ray that was joined, is `RayLost`: a fresh supervisor rebuilds the tree.

Of ours, a GCS that does not answer for a while, and a server that is held by a stop signal, are killed, and then are
handled as dead. Left out: a raylet that hangs in any other way; what shows is that no host can be made any more
(`host_pool`).
"""

import os
import threading
from collections.abc import Callable, Mapping

from supervisor.child_spec import ChildSpec
from supervisor.directory import RayEntry
from supervisor.private_ray import GCS, RAYLET, RayUnavailable, revive
from supervisor.process import alive, stopped
from supervisor.restart_policy import History, Retry, decide
from supervisor.watcher import Watcher, boot_s

KEY = "ray-"
ASK_EVERY_S, HANG_S = 2.0, 10.0
"""Pace of questions to the GCS, and how long an answer, or a stopped server, is waited for."""
SPEC = ChildSpec(name="gcs", factory="supervisor.private_ray:revive", restarts_max=3, period_s=60)

Revive = Callable[[RayEntry, Mapping[str, str]], RayEntry]


class RayLost(Exception):
    """A server of the Ray underneath ended for good: everything above it is rebuilt by a fresh supervisor."""


class RayKeeper:
    """One Ray's servers, watched. `entry` says what runs."""

    def __init__(
        self, entry: RayEntry, watcher: Watcher, ask: Callable[[], object] | None = None, revive: Revive = revive
    ) -> None:
        """`ask` is any question that only a GCS at work answers; it may block, and is put on a thread of its own."""
        self.entry = entry
        self._watcher, self._revive, self._history = watcher, revive, History()
        self._ask, self._asked_s, self._waits = ask, 0.0, threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped_s: dict[int, float] = {}

    @property
    def is_held(self) -> bool:
        """Whether a server of ours is held by a stop signal."""
        return self.entry.private and any(map(stopped, self.entry.processes))

    def question(self, ask: Callable[[], object]) -> None:
        """Put this question from now on, by a clock of watched time that begins anew."""
        self._ask, self._asked_s = ask, 0.0
        self._stopped_s.clear()

    def watch(self) -> None:
        """Have the end of each server reported as `Gone` under `KEY` and its number."""
        for server in self.entry.processes:
            self._watcher.watch(f"{KEY}{server.pid}", server)

    def close(self) -> None:
        """Wait for a question under way: Ray must not be left while it is asked."""
        if self._thread is not None:
            self._thread.join(HANG_S)

    def look(self, watched_s: float) -> None:
        """Kill a server of ours that hangs; its end is reported as any other. The clock pauses when we stalled."""
        if not self.entry.private:
            return
        if self._waits.is_set():
            if watched_s - self._asked_s >= HANG_S:
                self.give_up_on_gcs(watched_s)
        elif watched_s - self._asked_s >= ASK_EVERY_S:
            self._asked_s = watched_s
            if self._ask is not None:
                self._waits.set()
                self._thread = threading.Thread(target=self._put, args=(self._ask,), name="gcs-question", daemon=True)
                self._thread.start()
            for server in (GCS, RAYLET):
                self._look_at(server, watched_s)

    def give_up_on_gcs(self, watched_s: float) -> None:
        """Kill a GCS of ours that does not answer."""
        self._kill(GCS, watched_s)

    def _look_at(self, server: int, watched_s: float) -> None:
        if not stopped(self.entry.processes[server]):
            self._stopped_s.pop(server, None)
        elif watched_s - self._stopped_s.setdefault(server, watched_s) >= HANG_S:
            self._kill(server, watched_s)

    def _kill(self, server: int, watched_s: float) -> None:
        self._asked_s = watched_s
        self._watcher.kill(f"{KEY}{self.entry.processes[server].pid}")

    def _put(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except Exception:  # noqa: BLE001 - a refusal is an answer, too; what matters is that it did not hang
            return
        finally:
            self._waits.clear()

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
        gcs = self.entry.processes[GCS]
        self._watcher.watch(f"{KEY}{gcs.pid}", gcs)
        return self.entry
