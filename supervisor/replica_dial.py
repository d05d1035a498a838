"""How a leader reaches its follower: dial, greet, compare, and bring one of the two level with the other.

Used by the executor's thread once, before its journal is open, and by a thread of its own from then on: each call opens
its own reader, and keeps nothing but what it was made with.
"""

import hmac
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from supervisor.chain import Chain, JournalDamagedError
from supervisor.journal import JournalReader
from supervisor.journal_copy import Forked, JournalCopy, as_row
from supervisor.line import Line, LineLost
from supervisor.replication import (
    Acked,
    AnyWord,
    Challenge,
    Gap,
    Hello,
    Pull,
    Records,
    Refusal,
    Refused,
    Row,
    Side,
    Welcome,
    gap,
    proof,
)

BATCH_EVENTS: Final = 500
"""Events told at a time to a follower that lacks many; fewer than so many are told by the writer itself."""
_FOR_GOOD: Final = {Refusal.FENCED, Refusal.TAKEN_OVER}


class TakenOver(Exception):
    """Another leads this journal, or led it with a higher epoch: this process may not write any more."""


@dataclass(frozen=True, slots=True)
class Leading:
    """Who leads: what `Hello` says of this process."""

    epoch: int
    node: str
    host: str
    boot: str
    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class ReplicaTerms:
    """Where the follower is, and how long it is waited for."""

    address: tuple[str, int]
    token: bytes
    ack_timeout_s: float
    beat_s: float
    """Pace at which an idle line is tried."""
    redial_s: float


@dataclass(frozen=True, slots=True)
class ReplicaDial:
    """Makes lines on which a follower of `journal` welcomed us. `nonce`: bytes that no other process ever uses."""

    journal: Path
    terms: ReplicaTerms
    who: Leading
    nonce: bytes

    def meet(self) -> tuple[Line, int]:
        """Return a line, and the event up to which its follower has everything; one that has more is caught up with.

        For a start alone: nobody writes our journal yet. Raises `LineLost`, `TakenOver`.
        """
        line, welcome, stands = self._greet()
        if stands is Gap.AHEAD:
            self._pull(line, welcome.sequence)
        return line, _common(welcome, stands)

    def bring_level(self) -> tuple[Line, int]:
        """Return a line whose follower lacks few events or none, and up to which it has them.

        Raises `LineLost`, `TakenOver`, `JournalDamagedError`.
        """
        line, welcome, stands = self._greet()
        if stands is Gap.AHEAD:
            _give_up(line, f"it has {welcome.sequence} events, more than we: two have led")
        acked = _common(welcome, stands)
        while self.end().sequence - acked > BATCH_EVENTS:
            rows = self.rows(acked)
            line.say(Records(rows, rows[-1][0]))
            word = line.answer()
            if not isinstance(word, Acked) or word.sequence <= acked:
                _give_up(line, refusal(word))
            acked = word.sequence
        return line, acked

    def rows(self, after: int) -> tuple[Row, ...]:
        """Return the next events of our own journal, a batch at most."""
        with closing(JournalReader(self.journal)) as reader:
            return tuple(map(as_row, reader.entries(after, BATCH_EVENTS)))

    def end(self) -> Chain:
        """Return the last event of our own journal."""
        try:
            with closing(JournalReader(self.journal)) as reader:
                last = reader.last()
        except FileNotFoundError:
            return Chain()
        return Chain(last.sequence, last.hash) if last else Chain()

    def _greet(self) -> tuple[Line, Welcome, Gap]:
        line = Line.dial(self.terms.address, self.terms.ack_timeout_s)
        challenge = line.answer()
        assert isinstance(challenge, Challenge)
        token, who, end = self.terms.token, self.who, self.end()
        shown = proof(token, Side.LEADER, challenge.nonce, self.nonce)
        place = (who.node, who.host, who.boot, who.pid, who.started)
        line.say(Hello(self.nonce, shown, who.epoch, end.sequence, end.digest, *place))
        welcome = line.answer()
        if not isinstance(welcome, Welcome):
            _give_up(line, refusal(welcome))
        if not hmac.compare_digest(welcome.proof, proof(token, Side.FOLLOWER, challenge.nonce, self.nonce)):
            _give_up(line, "it does not know the token")
        stands = gap(welcome, end.sequence, self._digest_of)
        if stands is Gap.FORKED:
            _give_up(line, f"forked: event {welcome.sequence}, its last, is another one here")
        return line, welcome, stands

    def _pull(self, line: Line, until: int) -> None:
        with closing(JournalCopy(self.journal)) as ours:
            while ours.end.sequence < until:
                line.say(Pull(ours.end.sequence))
                told = line.answer()
                if not isinstance(told, Records) or not told.rows:
                    _give_up(line, "it does not send what it has")
                try:
                    ours.append(told.rows)
                except (Forked, JournalDamagedError) as error:
                    _give_up(line, f"what it has does not follow on: {error}")

    def _digest_of(self, sequence: int) -> bytes | None:
        if sequence == 0:
            return Chain().digest
        try:
            with closing(JournalReader(self.journal)) as reader:
                there = reader.entries(sequence - 1, 1)
        except FileNotFoundError:
            return None
        return there[0].hash if there and there[0].sequence == sequence else None


def _common(welcome: Welcome, stands: Gap) -> int:
    """Return the last event that both have."""
    return welcome.committed if stands is Gap.PARTED else welcome.sequence


def refusal(word: AnyWord) -> str:
    """Return why this word ends a line. Raises `TakenOver` for one that ends more than that."""
    if not isinstance(word, Refused):
        return f"{type(word).__name__} was not asked for"
    if word.code in _FOR_GOOD:
        raise TakenOver(word.text)
    return f"refused ({word.code}): {word.text}"


def _give_up(line: Line, why: str) -> NoReturn:
    line.close()
    raise LineLost(why)
