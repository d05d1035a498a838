"""The leader's end of replication: what the journal's writer tells its follower, and whether that is safe on its disk.

What happens when a process or a node dies, between any two lines of an append:

    the writer inserts, asks its fence                 dies here: neither has the event
    `ship`: the event leaves for the follower          dies here: the follower alone may have it; the successor takes
                                                       it over at its start (`join`), and nobody acted upon it: one
                                                       that cannot meet the follower writes another in its place,
                                                       and the follower sets its own aside (`Records.committed`)
    COMMIT: the event is on our own disk               dies here: both have it, or the successor ships it
    `settle`: the follower says it is on its disk      no answer: the event is on our disk alone

Rules of this file
1. `fault` says why nothing may be opened: no follower, or one that does not have everything yet. Exits go on, on our
   own disk alone; the executor tells people.
2. One unanswered wait, and the line is given up: what follows waits for nothing. A thread dials again, sends what the
   follower lacks, from our own disk, and hands the line over once it is nearly level; `look` sends the rest.
3. A refusal for good, because another leads now, raises `TakenOver`: this process must end (law 9).
4. A follower with more than we have is caught up with at the start only: later it means that two have led.
"""

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from supervisor.chain import JournalDamagedError
from supervisor.line import Line, LineLost
from supervisor.replica_dial import BATCH_EVENTS, ReplicaDial, TakenOver, refusal
from supervisor.replication import Acked, Keep, Records, Row


class Replica:
    """One follower, as the executor's thread knows it. `kept`: small files that it keeps too."""

    def __init__(self, dial: ReplicaDial, kept: Sequence[Path] = ()) -> None:
        self._dial, self._terms = dial, dial.terms
        self._kept: Mapping[Path, bytes] = dict.fromkeys(kept, b"")
        self._line: Line | None = None
        self._acked = self._committed = 0
        self._beat_at = self._asked_at = 0.0
        self._where = f"the journal's follower at {self._terms.address[0]}:{self._terms.address[1]}"
        self._fault = f"{self._where} was not reached yet"
        self._over = ""
        self._wanted, self._closing = threading.Event(), threading.Event()
        self._offered: queue.SimpleQueue[tuple[Line, int]] = queue.SimpleQueue()
        self._dialler = threading.Thread(target=self._serve, name="replica", daemon=True)

    @property
    def fault(self) -> str | None:
        """Why nothing may be opened; None where the follower has everything."""
        return None if self._line is not None else self._fault

    def join(self, patience_s: float = 0.0) -> None:
        """Meet the follower before the journal is opened; take over what it alone has. Raises `TakenOver`.

        One that is not there is looked for as long as `patience_s`.
        """
        deadline = time.monotonic() + patience_s
        self._meet()
        while self._line is None and time.monotonic() < deadline:
            time.sleep(self._terms.redial_s)
            self._meet()
        self._dialler.start()

    def ship(self, rows: Sequence[Row]) -> None:
        """Send events that are about to be committed; waits for nothing but the socket."""
        if self._line is not None:
            try:
                self._line.say(Records(tuple(rows), self._committed))
            except LineLost as error:
                self._lose(str(error))

    def settle(self, sequence: int) -> None:
        """Wait until the follower has everything up to `sequence`; one that does not say so in time is given up.

        Raises `TakenOver`.
        """
        self._committed = sequence
        deadline = time.monotonic() + self._terms.ack_timeout_s
        while self._line is not None and self._acked < sequence:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                self._lose(f"event {sequence} not acknowledged within {self._terms.ack_timeout_s:g} s")
                return
            try:
                self._hear(self._line, left_s)
            except LineLost as error:
                self._lose(str(error))

    def look(self) -> str | None:
        """Take a line that was brought level, try an idle one, when due; return the fault. Raises `TakenOver`."""
        if self._over:
            raise TakenOver(self._over)
        try:
            if self._line is None:
                self._take_offer()
            elif time.monotonic() >= self._beat_at:
                self._beat(self._line)
        except LineLost as error:
            self._lose(str(error))
        return self.fault

    def close(self) -> None:
        """Hang up."""
        self._closing.set()
        self._wanted.set()
        if self._line is not None:
            self._line.close()

    def _meet(self) -> None:
        try:
            self._attach(*self._dial.meet())
        except LineLost as error:
            self._lose(str(error))

    def _take_offer(self) -> None:
        """Take the newest line that was brought level, if one was: the follower hears no older one."""
        offered = None
        while not self._offered.empty():
            if offered is not None:
                offered[0].close()
            offered = self._offered.get()
        if offered is not None:
            self._attach(*offered)

    def _beat(self, line: Line) -> None:
        """Ask whether the follower is there; hear the answer at the next look, or give it up."""
        now = time.monotonic()
        self._beat_at = now + self._terms.beat_s
        self._hear(line, 0)
        if self._line is None:
            return
        if self._asked_at and now - self._asked_at > self._terms.ack_timeout_s:
            self._lose(f"silent for {now - self._asked_at:.1f} s")
            return
        self._tell_kept(line)
        line.say(Records(committed=self._committed))
        self._asked_at = self._asked_at or now

    def _hear(self, line: Line, timeout_s: float) -> None:
        for word in line.hear(timeout_s):
            if not isinstance(word, Acked):
                self._lose(refusal(word))
                return
            self._acked, self._asked_at = word.sequence, 0.0

    def _attach(self, line: Line, acked: int) -> None:
        """Make a line the live one: send what it lacks, where that is little, and wait until it is there."""
        end = self._dial.end().sequence
        if end - acked > BATCH_EVENTS:
            line.close()
            self._lose(f"it lacks {end - acked} events")
            return
        self._line, self._acked, self._committed, self._asked_at = line, acked, end, 0.0
        self._beat_at = time.monotonic() + self._terms.beat_s
        self._kept = dict.fromkeys(self._kept, b"")
        self._tell_kept(line)
        if end > acked:
            self.ship(self._dial.rows(acked))
            self.settle(end)

    def _tell_kept(self, line: Line) -> None:
        for path, told in self._kept.items():
            content = path.read_bytes() if path.exists() else b""
            if content != told:
                line.say(Keep(path.name, content))
                self._kept = {**self._kept, path: content}

    def _lose(self, why: str) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        self._fault = f"{self._where}: {why}"
        self._wanted.set()

    def _serve(self) -> None:
        """Have a line ready whenever one is wanted: a thread of its own."""
        while True:
            self._wanted.wait()
            if self._closing.is_set():
                return
            self._wanted.clear()  # first: one that is lost while we look for it is wanted again
            try:
                self._offered.put(self._dial.bring_level())
            except (LineLost, JournalDamagedError) as error:
                self._fault = f"{self._where}: {error}"
                self._wanted.set()
            except TakenOver as error:
                self._over = f"{self._where}: {error}"
                return
            self._closing.wait(self._terms.redial_s)
