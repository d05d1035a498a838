"""A question to Ray from before the loop runs: a thread asks it, and this process works on meanwhile.

Rules of this file
1. While an answer is waited for, the supervisor's progress is marked, and Ray's servers are looked after: one that
   died or hangs is handled as the loop would (`ray_keeper`), and what runs then is written down at once.
2. Nothing is asked of a private Ray while a server of it is held by a stop signal.
3. A private Ray that leaves a question open for `ANSWER_S` has its GCS killed and started again, so the same question
   goes on; after `ANSWERS_MAX` such waits it is `RayUnavailable`. A joined one is waited for without end, and told of.
4. A stop is kept for the loop, which ends in order; where a joined Ray is waited for, it ends the wait.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from supervisor.directory import RayEntry
from supervisor.health import watched
from supervisor.private_ray import RayUnavailable
from supervisor.ray_keeper import KEY, RayKeeper
from supervisor.watcher import Event, Gone, StopAsked, Watcher, boot_s

LOOK_S = 0.02
ANSWER_S, ANSWERS_MAX = 30.0, 3

T = TypeVar("T")


class StoppedWaiting(Exception):
    """A stop was asked for before any Ray was found."""


class Errands:
    """Asks, one question at a time. `stand_on` writes down that another GCS runs."""

    def __init__(
        self,
        watcher: Watcher,
        keeper: RayKeeper,
        progress: Callable[[], None],
        stand_on: Callable[[RayEntry], None],
        tell: Callable[[str, str, str], None],
        answer_s: float = ANSWER_S,
    ) -> None:
        self._watcher, self._keeper, self._progress = watcher, keeper, progress
        self._stand_on, self._tell, self._answer_s = stand_on, tell, answer_s
        self._looked_s, self._now_s = boot_s(), 0.0
        self._kept: list[Event] = []

    def ask(self, question: Callable[[], T]) -> T:
        """Return the answer, or raise what the question raised.

        Raises `RayUnavailable`, `RayLost`, `StoppedWaiting`.
        """
        while self._keeper.is_held:
            self._pass()
        answer: Future[T] = Future()
        threading.Thread(target=_settle, args=(question, answer), name="errand", daemon=True).start()
        waits, due_s = 0, self._now_s + self._answer_s
        while not answer.done():
            self._pass()
            if self._now_s >= due_s:
                waits, due_s = waits + 1, self._now_s + self._answer_s
                self._has_no_answer(waits)
        for event in self._kept:
            self._watcher.post(event)
        self._kept.clear()
        return answer.result()

    def _pass(self) -> None:
        for event in self._watcher.wait(LOOK_S):
            self._hear(event)
        now_s = boot_s()
        self._now_s, self._looked_s = watched(self._now_s, now_s - self._looked_s), now_s
        self._keeper.look(self._now_s)
        self._progress()

    def _hear(self, event: Event) -> None:
        if isinstance(event, Gone) and event.key.startswith(KEY):
            self._stand_on(self._keeper.gone(event.key))
        elif isinstance(event, StopAsked) and not self._keeper.entry.private:
            raise StoppedWaiting
        else:
            self._kept.append(event)

    def _has_no_answer(self, waits: int) -> None:
        if not self._keeper.entry.private:
            self._tell("ray_awaited", "ray", f"Ray at {self._keeper.entry.address} does not answer")
        elif waits >= ANSWERS_MAX:
            raise RayUnavailable(f"no answer, {waits} times within {self._answer_s:g} s each")
        else:
            self._keeper.give_up_on_gcs(self._now_s)


def _settle(question: Callable[[], T], answer: "Future[T]") -> None:
    try:
        answer.set_result(question())
    except Exception as error:  # noqa: BLE001 - whatever it was, it is the answer
        answer.set_exception(error)
