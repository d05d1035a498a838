"""The executor's ports in memory, and the blows that fall between any two of its steps.

A step is one call of the executor on its surroundings: before an append, after it, before each message told. A blow is
counted down over them, so a death can fall anywhere that a real one can leave a trace. What was appended is kept as the
JSON that the journal on disk would hold; nothing else outlives an executor.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from actors.alone import ALONE
from actors.domain.value import Value
from actors.ports import Arrival, Replica

S = TypeVar("S", bound=Value)


class Struck(BaseException):
    """The executor's process ended here."""


class Blow:
    """Counts steps down to a death. None: no death is near."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.count = 0
        """Deaths so far."""

    def step(self) -> None:
        """Take one step. Raises `Struck` if it is the last."""
        if self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.left = None
            self.count += 1
            raise Struck


class MemoryJournal:
    """Implements `ports.Journal`: every event as its JSON, in a list that outlives executors."""

    def __init__(self, blow: Blow, clock: Callable[[], int]) -> None:
        self.bodies: list[bytes] = []
        self.written_ns: list[int] = []
        self._taken: set[str] = set()
        self._blow, self._clock = blow, clock

    def append(self, events: Iterable[tuple[str, str, bytes]]) -> int:
        """Keep all events or none."""
        told = list(events)
        self._blow.step()
        self.bodies += [body for _, _, body in told]
        self.written_ns += [self._clock()] * len(told)
        self._taken.update(correlation for _, correlation, _ in told)
        self._blow.step()
        return len(self.bodies)

    def read(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield the events after `after`."""
        return iter(list(enumerate(self.bodies[after:], start=after + 1)))

    @property
    def replica(self) -> Replica:
        """Return none: this journal is where the world keeps it."""
        return ALONE

    def knows(self, correlation: str) -> bool:
        """Whether any event belongs to this id."""
        return correlation in self._taken

    def hash_of(self, sequence: int) -> bytes | None:
        """Return what stands for one event."""
        if not 0 < sequence <= len(self.bodies):
            return None
        return hashlib.blake2b(self.bodies[sequence - 1], digest_size=16).digest()


class MemoryCheckpoints:
    """Implements `ports.Checkpoints`: the last state, as its JSON."""

    def __init__(self) -> None:
        self._kept: tuple[str, int] | None = None
        self.faults: list[str] = []

    def save(self, state: Value, journal_sequence: int) -> None:
        """Keep one generation."""
        self._kept = (state.model_dump_json(), journal_sequence)

    def load(self, kind: type[S]) -> tuple[S, int] | None:
        """Return the last generation."""
        return None if self._kept is None else (kind.model_validate_json(self._kept[0]), self._kept[1])


class HostStream:
    """Implements `ports.Stream` for one life of the executor. `send` takes what it tells, and may raise."""

    def __init__(self, send: Callable[[str, Value], None], blow: Blow) -> None:
        self.inbox: list[Arrival] = []
        self._send, self._blow = send, blow

    def stay_awake(self, seconds: float) -> None:
        """Sleep as ever."""

    def receive(self, timeout_s: float) -> Sequence[Arrival]:  # noqa: ARG002 - nobody waits on a virtual clock
        """Return what arrived."""
        arrived, self.inbox = self.inbox, []
        return arrived

    def tell(self, peer: str, message: Value) -> None:
        """Send to one peer. Raises `PeerUnavailable`."""
        self._blow.step()
        self._send(peer, message)

    def publish(self, message: Value) -> None:
        """Publish to nobody: whoever reads the book here reads the journal."""

    def publish_quotes(self, frame: object) -> None:
        """Publish to nobody."""

    def fileno(self) -> int:
        """Return nothing: no event loop waits here."""
        raise NotImplementedError("nobody waits on a virtual clock")

    def close(self) -> None:
        """Close nothing."""


class Passes:
    """Implements `ports.Watermark`: passes of the work loop, counted."""

    def __init__(self) -> None:
        self.count = 0

    def advance(self) -> None:
        """Count one pass."""
        self.count += 1
