"""Fakes that implement the ports, for shells run in one process."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from actors.alone import ALONE
from actors.domain.market.quote import QuoteFrame
from actors.domain.value import Value
from actors.ports import Arrival, Envelope, PeerUnavailable

START = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
"""Monday, 10:00 in New York."""


class FakeClock:
    """Both clocks, moved by hand."""

    def __init__(self, now: datetime = START) -> None:
        self.now, self.ns = now, 10**12

    def market_now(self) -> datetime:
        return self.now

    def boot_ns(self) -> int:
        return self.ns

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.ns += int(seconds * 1e9)


class FakeStream:
    """An inbox filled by the test, and every message told or published, in order."""

    def __init__(self) -> None:
        self.arrivals: deque[Arrival] = deque()
        self.told: list[tuple[str, Value]] = []
        self.published: list[Value] = []
        self.frames: list[QuoteFrame] = []
        self.away: set[str] = set()
        """Peers that are not connected."""

    def arrive(self, sender: str, message: Value, incarnation: int = 1) -> None:
        self.arrivals.append(Envelope(sender=sender, incarnation=incarnation, sequence=1, message=message))

    def stay_awake(self, seconds: float) -> None:
        """Sleep as ever."""

    def receive(self, timeout_s: float) -> Sequence[Arrival]:
        arrived = list(self.arrivals)
        self.arrivals.clear()
        return arrived

    def tell(self, peer: str, message: Value) -> None:
        if peer in self.away:
            raise PeerUnavailable(peer)
        self.told.append((peer, message))

    def publish(self, message: Value) -> None:
        self.published.append(message)

    def publish_quotes(self, frame: QuoteFrame) -> None:
        self.frames.append(frame)

    def fileno(self) -> int:
        raise NotImplementedError("nothing waits for a fake")

    def close(self) -> None:
        pass


class MemoryJournal:
    """A journal that outlives the executors of a test."""

    replica = ALONE

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.kinds: list[tuple[str, str]] = []

    def append(self, events: Iterable[tuple[str, str, bytes]]) -> int:
        for kind, correlation, body in events:
            self.kinds.append((kind, correlation))
            self.bodies.append(body)
        return len(self.bodies)

    def read(self, after: int = 0) -> Iterator[tuple[int, bytes]]:
        return iter(list(enumerate(self.bodies, start=1))[after:])

    def knows(self, correlation: str) -> bool:
        return any(known == correlation for _, known in self.kinds)

    def hash_of(self, sequence: int) -> bytes | None:
        known = self.bodies[:sequence]
        return hashlib.blake2b(b"".join(known)).digest() if 0 < sequence <= len(self.bodies) else None


class MemoryCheckpoints:
    """The last state saved, kept as JSON."""

    def __init__(self) -> None:
        self.kept: tuple[str, int] | None = None
        self.faults: list[str] = []

    def save(self, state: Value, journal_sequence: int) -> None:
        self.kept = (state.model_dump_json(), journal_sequence)

    def load(self, kind: type[Value]) -> tuple[Value, int] | None:
        return None if self.kept is None else (kind.model_validate_json(self.kept[0]), self.kept[1])


class CountingWatermark:
    """Passes counted."""

    def __init__(self) -> None:
        self.count = 0

    def advance(self) -> None:
        self.count += 1
