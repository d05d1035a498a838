"""What a journal's leader and its follower may say to each other, and when. No I/O, no clock.

The leader is the executor, the journal's one writer. The follower keeps an exact copy on the disk of another node, and
an intent counts as durable once both have it. Every word, who says it, and in which state of the talk:

    state        follower says            leader says                then
    OPENED       Challenge                                           CHALLENGED
    CHALLENGED                            Hello                      GREETED
    GREETED      Welcome                                             LIVE
    GREETED      Refused                                             ENDED
    LIVE                                  Records, Keep, Pull        LIVE
    LIVE         Acked, Records                                      LIVE
    LIVE         Refused                                             ENDED

Rules of this file
1. Each proves to the other that it knows the token, over both nonces: a follower that acknowledges what it does not
   keep would be as bad as a leader that is none. The token never crosses; what is kept crosses in plain.
2. A leader below the highest epoch that the follower ever heard of is refused for good (FENCED), and so is every leader
   once the copy was taken over (TAKEN_OVER): an old executor can make no intent durable, so it sends nothing.
3. The copy goes on only from an event that both have with the same hash. A leader says up to which event its own disk
   has everything (`committed`), and acts upon no other. What a follower has beyond the last such event it was told of,
   in this life of it, nobody acted upon: a leader who wrote something else there, because it started without the
   follower, is right. The follower sets its own aside, in a file, and takes the leader's. Where they part earlier than
   that, it is another past (FORKED): refused and named, and nothing is set aside.
4. A follower that has more, on the same past, got it from a leader that died between telling it and its own disk, and
   never acted upon it; or our folder is an older one, brought back. Either way those events come first: a leader that
   starts takes them over (`Pull`) before it does anything else.
5. Records are asked for and told in order. Empty ones only ask for the acknowledgement.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

Row = tuple[int, int, str, str, int, bytes, bytes, int]
"""One event as it lies there: the fields of `chain.Entry`, in their order."""


class Word(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One message; its type is its first element."""


class Challenge(Word, frozen=True, array_like=True, tag=True):
    """The follower's first word."""

    nonce: bytes


class Hello(Word, frozen=True, array_like=True, tag=True):
    """Who leads, with which epoch, and the last event it has. `node`: the name an operator knows its machine by."""

    nonce: bytes
    proof: bytes
    epoch: int
    sequence: int
    digest: bytes
    node: str
    host: str
    boot: str
    pid: int
    started: int


class Welcome(Word, frozen=True, array_like=True, tag=True):
    """The last event the follower has, and the last it knows to be committed.

    Where the leader's last event is another here, and nobody acted upon the one here, the follower has no more than
    what is committed.
    """

    proof: bytes
    sequence: int
    digest: bytes
    committed: int = 0
    committed_digest: bytes = b""


class Refused(Word, frozen=True, array_like=True, tag=True):
    """The follower ends the talk; `code` is a `Refusal`."""

    code: str
    text: str


class Records(Word, frozen=True, array_like=True, tag=True):
    """Events, in order; those up to `committed` are on the leader's own disk."""

    rows: tuple[Row, ...] = ()
    committed: int = 0


class Keep(Word, frozen=True, array_like=True, tag=True):
    """A small file of the state folder, whole: what a successor on the other node must know beside the journal."""

    name: str
    content: bytes


class Pull(Word, frozen=True, array_like=True, tag=True):
    """Asks for the events after one; the answer is one `Records`."""

    after: int


class Acked(Word, frozen=True, array_like=True, tag=True):
    """Everything up to this event is on the follower's disk."""

    sequence: int


AnyWord = Challenge | Hello | Welcome | Refused | Records | Keep | Pull | Acked


class Refusal(StrEnum):
    """Why a follower refuses."""

    UNKNOWN = "unknown"
    """No proof of the token."""
    FENCED = "fenced"
    TAKEN_OVER = "taken_over"
    FORKED = "forked"
    UNWRITABLE = "unwritable"
    """Its disk does not take the events."""


class State(StrEnum):
    """Where the talk is."""

    OPENED = "opened"
    CHALLENGED = "challenged"
    GREETED = "greeted"
    LIVE = "live"
    ENDED = "ended"


class Side(StrEnum):
    """Who speaks. The value goes into the proof, so that nobody's proof serves another."""

    LEADER = "leader"
    FOLLOWER = "follower"


_L, _F = Side.LEADER, Side.FOLLOWER
TABLE: Final[Mapping[tuple[State, Side, type[Word]], State]] = {
    (State.OPENED, _F, Challenge): State.CHALLENGED,
    (State.CHALLENGED, _L, Hello): State.GREETED,
    (State.GREETED, _F, Welcome): State.LIVE,
    (State.GREETED, _F, Refused): State.ENDED,
    (State.LIVE, _L, Records): State.LIVE,
    (State.LIVE, _L, Keep): State.LIVE,
    (State.LIVE, _L, Pull): State.LIVE,
    (State.LIVE, _F, Acked): State.LIVE,
    (State.LIVE, _F, Records): State.LIVE,
    (State.LIVE, _F, Refused): State.ENDED,
}
WORD_BYTES_MAX: Final = 1 << 26
STRANGER_BYTES_MAX: Final = 1 << 12
"""The longest word of somebody who has proved nothing yet."""
_LENGTH: Final = struct.Struct(">I")
_DECODER: Final = msgspec.msgpack.Decoder(AnyWord)
_ENCODER: Final = msgspec.msgpack.Encoder()


class ProtocolBroken(Exception):
    """The other side says what may not be said now, or what is no word at all."""


class Talk:
    """One talk, from one side: words to bytes, bytes to words, each held against the table."""

    def __init__(self, side: Side) -> None:
        self._side, self.state = side, State.OPENED
        self._unread = bytearray()

    def send(self, word: AnyWord) -> bytes:
        """Return the bytes of a word of ours. A word that may not be said now is a bug."""
        self.state = TABLE[self.state, self._side, type(word)]
        body = _ENCODER.encode(word)
        return _LENGTH.pack(len(body)) + body

    def receive(self, data: bytes) -> Iterator[AnyWord]:
        """Take in bytes; yield each whole word. Raises `ProtocolBroken`."""
        self._unread += data
        other = Side.FOLLOWER if self._side is Side.LEADER else Side.LEADER
        while len(self._unread) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread)
            if length > (WORD_BYTES_MAX if self.state is State.LIVE else STRANGER_BYTES_MAX):
                raise ProtocolBroken(f"a word of {length} bytes")
            end = _LENGTH.size + length
            if len(self._unread) < end:
                return
            try:
                word = _DECODER.decode(memoryview(self._unread)[_LENGTH.size : end])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ProtocolBroken(str(error)) from None
            del self._unread[:end]
            state = TABLE.get((self.state, other, type(word)))
            if state is None:
                raise ProtocolBroken(f"{type(word).__name__} while {self.state}")
            self.state = state
            yield word


def proof(token: bytes, side: Side, challenge: bytes, nonce: bytes) -> bytes:
    """Return what only one who knows the token can say, once."""
    return hmac.digest(token, side.encode() + challenge + nonce, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the follower has when a leader says hello."""

    epoch: int
    """The highest it ever heard of."""
    sequence: int
    digest_there: bytes | None
    """Of the event the leader ends with; None where the follower has none of that number."""
    taken_over: str = ""
    """By whom and when, where it was."""
    committed: int = 0
    """The last event that a leader may have acted upon."""


def judge(hello: Hello, challenge: bytes, token: bytes, standing: Standing) -> Refused | None:
    """Return why a leader is refused; None where it is welcome."""
    if not hmac.compare_digest(hello.proof, proof(token, Side.LEADER, challenge, hello.nonce)):
        return Refused(Refusal.UNKNOWN, "the token is another")
    if standing.taken_over:
        return Refused(Refusal.TAKEN_OVER, f"the follower's copy was taken over {standing.taken_over}")
    if hello.epoch < standing.epoch:
        return Refused(Refusal.FENCED, f"epoch {standing.epoch} was heard of; this leader holds {hello.epoch}")
    if hello.sequence <= standing.committed and standing.digest_there != hello.digest:
        return Refused(Refusal.FORKED, f"event {hello.sequence}, the leader's last, is another one here")
    return None


class Gap(StrEnum):
    """How the follower's end lies to the leader's."""

    LEVEL = "level"
    BEHIND = "behind"
    PARTED = "parted"
    """It has others than ours after its last committed one, which is ours, too."""
    AHEAD = "ahead"
    FORKED = "forked"


def gap(welcome: Welcome, own_sequence: int, own_digest_of: Callable[[int], bytes | None]) -> Gap:
    """Return where a follower stands. `own_digest_of`: of our event of that number."""
    if welcome.sequence > own_sequence:
        return Gap.AHEAD
    if own_digest_of(welcome.sequence) != welcome.digest:
        is_ours = own_digest_of(welcome.committed) == welcome.committed_digest
        return Gap.PARTED if is_ours else Gap.FORKED
    return Gap.LEVEL if welcome.sequence == own_sequence else Gap.BEHIND
