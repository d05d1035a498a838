"""Keeps up with one other node: tells its warden what is wanted there, hears how it is, and says when it is lost.

A thread a node, because a call to another node is a wait; it has at most one call outstanding, so a node that hangs is
not asked again and again. What it finds goes to the loop as `NodeTurned`. The rules are `node`'s.

Silence is counted in time in which the node could have been heard: a supervisor that was stopped has not listened.
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from typing import Final, Protocol

from supervisor.child_spec import Outpost, Plan
from supervisor.directory import NodeEntry, NodeState
from supervisor.health import watched
from supervisor.node import TABLE, Beat, Report, Word
from supervisor.watcher import NodeTurned, boot_s

BEAT_S: Final = 0.25
LOOK_MAX_S: Final = 0.5
END_WAIT_S: Final = 60.0
"""How long a node that is there may take to end its children in order."""
WARDEN: Final = "supervisor.app.warden:Warden"


class Placing(Protocol):
    """What puts objects of ours on other nodes, and calls them: Ray, or a test's stand-in."""

    def place(self, name: str, resource: str, factory: str, argument: str) -> None:
        """Have an object of `factory` on a node, where it is not there already; returns at once."""
        ...

    def call(self, name: str, method: str, argument: str) -> "Future[str]":
        """Call a method of it."""
        ...


class Courier(Protocol):
    """The half that knows about trading: what the nodes must know of each other."""

    def pack(self) -> str:
        """Return what the node is to be told now."""
        ...

    def take(self, told: str) -> None:
        """Take in what it answered."""
        ...


class NodeWatch:
    """One node, from outside. `state`: what it was thought to be by the supervisor before this one."""

    def __init__(
        self,
        outpost: Outpost,
        plan: Plan,
        placing: Placing,
        courier: Courier,
        post: Callable[[NodeTurned], None],
        state: NodeState = NodeState.AWAITED,
    ) -> None:
        self._outpost, self._plan, self._placing, self._courier, self._post = outpost, plan, placing, courier, post
        self._warden = f"warden-{outpost.name}"
        self._entry = NodeEntry(state=state, since=datetime.now(UTC))
        self._pending: Future[str] | None = None
        self._looked_s, self._now_s, self._heard_s = boot_s(), 0.0, 0.0
        self._why = "it was never heard"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"node-{outpost.name}", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._post(NodeTurned(self._outpost.name, self._entry, "a supervisor begins to listen"))
        self._thread.start()

    def end(self, progress: Callable[[], None]) -> NodeState:
        """Have everything there ended in order, `progress` called meanwhile; return what the node is then.

        One that was lost is asked for no more than a beat: it was not confirmed, and is not now.
        """
        self._closing.set()
        deadline = boot_s() + END_WAIT_S
        while self._thread.is_alive() and boot_s() < deadline:
            self._thread.join(BEAT_S)
            progress()
        if self._entry.state is NodeState.PRESENT:
            self._end_there(progress)
        return self._entry.state

    def _run(self) -> None:
        self._place()
        while not self._closing.wait(BEAT_S):
            now_s = boot_s()
            self._now_s, self._looked_s = watched(self._now_s, now_s - self._looked_s, LOOK_MAX_S), now_s
            try:
                if (report := self._beat()) is not None:
                    self._hear(report)
            except Exception as error:  # noqa: BLE001 - whatever Ray says of it, or of what was heard: it was not
                self._why, self._pending = _told(error), None
                self._place()
            if self._now_s - self._heard_s > self._patience_s():
                self._turn(Word.SILENT, f"not heard for {self._now_s - self._heard_s:.1f} s: {self._why}")

    def _place(self) -> None:
        try:
            self._placing.place(self._warden, self._outpost.resource, WARDEN, str(self._outpost.state))
        except Exception as error:  # noqa: BLE001 - as at a beat; it is tried again then
            self._why = _told(error)

    def _patience_s(self) -> float:
        awaited = self._entry.state is NodeState.AWAITED
        return self._outpost.join_within_s if awaited else self._outpost.lost_after_s

    def _beat(self) -> Report | None:
        """Return the answer to the call that is out; None where there is none yet."""
        if self._pending is None:
            wanted = self._entry.state in (NodeState.AWAITED, NodeState.PRESENT)
            beat = Beat(plan=self._plan if wanted else None, carried=self._courier.pack())
            self._pending = self._placing.call(self._warden, "beat", beat.model_dump_json())
        try:
            answer = self._pending.result(BEAT_S)
        except TimeoutError:
            self._why = "its warden does not answer"
            return None
        self._pending = None
        return Report.model_validate_json(answer)

    def _hear(self, report: Report) -> None:
        if self._entry.state is NodeState.LOST:
            self._end_there()
            return
        self._courier.take(report.told)
        self._heard_s = self._now_s
        if self._entry.children != report.children and self._entry.state is not NodeState.DEAD:
            self._entry = self._entry.model_copy(update={"children": report.children})
            self._post(NodeTurned(self._outpost.name, self._entry, "its children changed"))
        self._turn(Word.HEARD, "its warden answers")

    def _end_there(self, progress: Callable[[], None] = lambda: None) -> None:
        """Have everything there ended: in order where the node is part of the tree, else killed."""
        grace = "in order" if self._entry.state is NodeState.PRESENT else "at once"
        deadline = boot_s() + END_WAIT_S
        try:
            ended = self._placing.call(self._warden, "end", grace)
            while not ended.done() and boot_s() < deadline:
                wait([ended], BEAT_S)
                progress()
            left = json.loads(ended.result(0))
        except Exception as error:  # noqa: BLE001 - as at a beat; also that no answer came
            self._why = _told(error)
            return
        if not left:
            self._entry = self._entry.model_copy(update={"children": {}})
            self._turn(Word.ENDED, "each process there was ended, and its end confirmed by its own kernel")

    def _turn(self, word: Word, text: str) -> None:
        state = TABLE[self._entry.state, word]
        if state is not self._entry.state:
            self._entry = self._entry.model_copy(update={"state": state, "since": datetime.now(UTC)})
            self._post(NodeTurned(self._outpost.name, self._entry, text))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
