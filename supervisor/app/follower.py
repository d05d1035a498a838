"""The follower: a process on another node that keeps an exact copy of a journal, for the executor that leads it.

Rules of this file
1. What is acknowledged is on this disk. Acknowledged is the copy's end, never what was merely heard.
2. The highest epoch heard of is on the disk before its leader is welcome; a lower one is refused, and asked for within
   each transaction, so that a takeover holds from the moment its epoch is taken. One leader at a time: a new one, of no
   lower epoch, ends the line of the one before it.
3. The folder is held like a running one, so nothing else starts on it; but for a follower within a tree, whose keeper
   holds it. Once it was taken over the follower lets go of everything but its port: there it goes on refusing, so that
   an old leader that comes back ends itself. Within a tree it ends, and the executor here takes a higher epoch.
4. A stranger gets one short word and a short while.
"""

import secrets
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from actors.brokers.gates import Remembered
from actors.durable import replace
from actors.epoch import read_epoch, take_epoch
from actors.places import Places
from supervisor import keeper
from supervisor.app.copy_folder import KEPT, Leader, read_leader, read_takeover, write_leader
from supervisor.chain import JournalDamagedError
from supervisor.journal_copy import Forked, JournalCopy
from supervisor.journal_file import JournalFullError, JournalUnwritableError
from supervisor.line import Line, LineLost
from supervisor.ownership import Ownership
from supervisor.replication import (
    Acked,
    AnyWord,
    Challenge,
    Hello,
    Keep,
    Pull,
    Records,
    Refusal,
    Refused,
    Row,
    Side,
    Standing,
    Welcome,
    judge,
    proof,
)

LOOK_S: Final = 0.1
"""Pace at which a takeover is looked for."""
SAY_TIMEOUT_S: Final = 2.0
STRANGER_S: Final = 2.0
STRANGERS_MAX: Final = 16
PULLED_EVENTS_MAX: Final = 500


class Overtaken(Exception):
    """A higher epoch than this line's was taken here."""


@dataclass(slots=True)
class Guest:
    """Somebody on a line: a stranger until welcome."""

    line: Line
    nonce: bytes
    since_s: float
    epoch: int = 0
    leader: Leader | None = None


class Follower:
    """One copy, its port, and whoever leads it. Moves in `turn` alone."""

    def __init__(
        self,
        where: Places,
        door: socket.socket,
        token: bytes,
        tell: Callable[[str], None],
        notes: Path | None = None,
    ) -> None:
        """Follow into a folder. `notes`: where it is written who leads, for a follower within a tree.

        Without it that stands in the folder itself, which is then a copy, and nothing else.
        """
        self._notes, self._is_in_tree = notes or where.state, notes is not None
        self._where, self._door, self._token, self._tell = where, door, token, tell
        self._held = ExitStack()
        self._copy: JournalCopy | None = None
        self._epoch = Remembered(where.epoch, read_epoch)
        self._selector = selectors.DefaultSelector()
        self._guests: dict[Line, Guest] = {}
        door.setblocking(False)  # noqa: FBT003 - its only name
        self._selector.register(door, selectors.EVENT_READ)
        if read_takeover(self._notes) is None:
            self._hold()

    @property
    def follows(self) -> bool:
        """Whether it keeps a copy; False once that was taken over."""
        return self._copy is not None

    @property
    def committed(self) -> int:
        """The last event of the copy that the leader's own disk has, too."""
        return self._copy.committed if self._copy is not None else 0

    @property
    def end(self) -> int:
        """The last event of the copy."""
        return self._copy.end.sequence if self._copy is not None else 0

    def rows(self, after: int, events_max: int) -> tuple[Row, ...]:
        """Return events of the copy as they lie there, so many at most."""
        return self._copy.rows(after, events_max) if self._copy is not None else ()

    def turn(self, wait_s: float = LOOK_S) -> None:
        """Wait for something to happen, and do what follows."""
        for key, _ in self._selector.select(wait_s):
            if isinstance(key.fileobj, socket.socket):
                self._admit()
            else:
                self._attend(key.data)
        if self.follows and (takeover := read_takeover(self._notes)) is not None:
            self._tell(f"let go of the copy: {takeover.told}")
            self._let_go()
        self._weed()

    def close(self) -> None:
        """Hang up, and let go of the folder."""
        self._let_go()
        self._selector.close()
        self._door.close()

    def _hold(self) -> None:
        if not self._is_in_tree:
            self._held.callback(Ownership.take(keeper.lock(self._where.state), datetime.now(UTC)).release)
        self._copy = JournalCopy(self._where.journal)
        self._held.callback(self._copy.close)
        if (leader := read_leader(self._notes)) is not None and leader.connected:  # to one who was killed
            write_leader(self._notes, leader.model_copy(update={"connected": False, "since": datetime.now(UTC)}))

    def _let_go(self) -> None:
        for guest in list(self._guests.values()):
            self._dismiss(guest, "")
        self._copy = None
        self._held.close()

    def _admit(self) -> None:
        try:
            line = Line(self._door.accept()[0], Side.FOLLOWER, SAY_TIMEOUT_S)
        except OSError:
            return  # it went away before it was let in
        guest = Guest(line, secrets.token_bytes(16), time.monotonic())
        self._guests[line] = guest
        self._selector.register(line, selectors.EVENT_READ, guest)
        try:
            line.say(Challenge(guest.nonce))
        except LineLost as error:
            self._dismiss(guest, str(error))

    def _weed(self) -> None:
        strangers = [guest for guest in self._guests.values() if guest.leader is None]
        for place, guest in enumerate(reversed(strangers)):
            if place >= STRANGERS_MAX or time.monotonic() - guest.since_s > STRANGER_S:
                self._dismiss(guest, "it did not say who it is")

    def _attend(self, guest: Guest) -> None:
        try:
            for word in guest.line.hear(0):
                if guest.line in self._guests:  # what comes after a refusal is not heard
                    self._obey(guest, word)
        except (LineLost, OSError) as error:
            self._dismiss(guest, str(error))

    def _obey(self, guest: Guest, word: AnyWord) -> None:
        match word:
            case Hello():
                self._meet(guest, word)
            case Records(rows=rows, committed=committed):
                self._take(guest, rows, committed)
            case Pull(after=after):
                assert self._copy is not None
                guest.line.say(Records(self._copy.rows(after, PULLED_EVENTS_MAX)))
            case Keep(name=name, content=content) if name in KEPT and not self._is_in_tree:
                if content:
                    replace(self._where.state / name, content)
                else:
                    (self._where.state / name).unlink(missing_ok=True)
            case _:
                raise LineLost(f"nobody wants {word}")

    def _meet(self, guest: Guest, hello: Hello) -> None:
        refused = judge(hello, guest.nonce, self._token, self._standing(hello))
        if refused is not None:
            self._refuse(guest, refused, hello.node)
            return
        assert self._copy is not None
        if hello.epoch > self._epoch():
            take_epoch(self._where.epoch, above=hello.epoch - 1)
        for other in [other for other in self._guests.values() if other.leader is not None]:
            self._dismiss(other, f"epoch {hello.epoch} leads now")
        guest.epoch = hello.epoch
        guest.leader = Leader(
            node=hello.node,
            host=hello.host,
            boot=hello.boot,
            pid=hello.pid,
            started=hello.started,
            epoch=hello.epoch,
            connected=True,
            since=datetime.now(UTC),
        )
        write_leader(self._notes, guest.leader)
        self._tell(
            f"{hello.node} leads with epoch {hello.epoch}; it has {hello.sequence}, here {self._copy.end.sequence}"
        )
        shown = proof(self._token, Side.FOLLOWER, guest.nonce, hello.nonce)
        guest.line.say(self._welcome(shown, hello))

    def _welcome(self, shown: bytes, hello: Hello) -> Welcome:
        """Return what the copy stands by: what is committed, where the leader's last is another event here."""
        assert self._copy is not None
        copy, committed = self._copy, self._copy.committed
        stands_by = copy.digest_of(committed) or b""
        here = copy.digest_of(hello.sequence)
        if here is not None and here != hello.digest:
            self._tell(f"what is here after event {committed} was never acted upon, and is another past's")
            return Welcome(shown, committed, stands_by, committed, stands_by)
        return Welcome(shown, copy.end.sequence, copy.end.digest, committed, stands_by)

    def _standing(self, hello: Hello) -> Standing:
        takeover = read_takeover(self._notes)
        if self._copy is None or takeover is not None:
            return Standing(self._epoch(), 0, None, takeover.told if takeover else "elsewhere")
        copy = self._copy
        return Standing(self._epoch(), copy.end.sequence, copy.digest_of(hello.sequence), committed=copy.committed)

    def _take(self, guest: Guest, rows: tuple[Row, ...], committed: int) -> None:
        assert self._copy is not None
        try:
            if rows:
                self._copy.append(rows, fence=lambda: self._fence(guest))
        except Overtaken as error:
            self._refuse(guest, Refused(Refusal.FENCED, str(error)))
        except (Forked, JournalDamagedError) as error:
            self._refuse(guest, Refused(Refusal.FORKED, str(error)))
        except (JournalFullError, JournalUnwritableError) as error:
            self._refuse(guest, Refused(Refusal.UNWRITABLE, str(error)))
        else:
            self._copy.know_committed(committed)
            guest.line.say(Acked(self._copy.end.sequence))

    def _fence(self, guest: Guest) -> None:
        if (held := self._epoch()) > guest.epoch:
            raise Overtaken(f"epoch {held} is in force, this leader holds {guest.epoch}")

    def _refuse(self, guest: Guest, word: Refused, node: str = "") -> None:
        self._tell(f"{node or 'the leader'} is refused ({word.code}): {word.text}")
        guest.line.say(word)
        self._dismiss(guest, "")

    def _dismiss(self, guest: Guest, why: str) -> None:
        if self._guests.pop(guest.line, None) is None:
            return
        self._selector.unregister(guest.line)
        guest.line.close()
        if guest.leader is not None:
            gone = guest.leader.model_copy(update={"connected": False, "since": datetime.now(UTC)})
            write_leader(self._notes, gone)
            if why:
                self._tell(f"{gone.node} is gone: {why}")
