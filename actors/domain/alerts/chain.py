"""Who is asked to take a message: the first target of a way, and the next one where that does not.

    start    the first target that is not down; the first of all where every one is
    took     the message is done
    failed   the next target that was not asked yet; where there is none, the way has failed, and the sweep tries later
    silent   `fallback_after_s` without an answer: the next one is asked as well, and the silent one may still take it

A target is down from a failure or a silence until it takes something, or until `down_s` has passed: then it is asked
first again. Apprise has chains of its own, but one of its calls waits for a target that hangs, and does not outlive the
process; here each target has a thread, and what a way took is on disk.

Times are nanoseconds on the machine's boot clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from actors.domain.alerts.alert import Level
from actors.domain.alerts.message import Message
from actors.domain.alerts.outbox import Way

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one way, and the alerts that it tells."""

    number: int
    alert_ids: tuple[str, ...]
    message: Message
    way: Way
    level: Level
    is_digest: bool = False


@dataclass(slots=True)
class _Run:
    delivery: Delivery
    asked: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    asked_ns: int = 0


class Chains:
    """The deliveries under way."""

    def __init__(self, fallback_after_s: Mapping[Level, float], down_s: float) -> None:
        self._fallback_ns = {level: int(each * NANOSECONDS) for level, each in fallback_after_s.items()}
        self._down_ns = int(down_s * NANOSECONDS)
        self._down_until: dict[str, int] = {}
        self._runs: dict[int, _Run] = {}

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way."""
        return bool(self._runs)

    def busy(self) -> Iterator[tuple[str, Way | None]]:
        """Yield each alert with each way that a message telling it is on; None where that is a digest."""
        for run in self._runs.values():
            way = None if run.delivery.is_digest else run.delivery.way
            yield from ((name, way) for name in run.delivery.alert_ids)

    def start(self, delivery: Delivery, now_ns: int) -> str:
        """Return the target to ask first."""
        run = self._runs[delivery.number] = _Run(delivery)
        target = next((each for each in delivery.way if not self._is_down(each, now_ns)), delivery.way[0])
        return self._ask(run, target, now_ns)

    def took(self, number: int, target: str) -> None:
        """Say that `target` took it."""
        self._down_until.pop(target, None)
        self._end(number)

    def failed(self, number: int, target: str, now_ns: int) -> str | None:
        """Say that `target` did not take it; return whom to ask next, None where nobody is left or others are asked."""
        self._down_until[target] = now_ns + self._down_ns
        run = self._runs.get(number)
        if run is None:
            return None
        run.failed.add(target)
        if (after := self._next(run, now_ns)) is not None:
            return after
        if run.failed.issuperset(run.asked):
            self._end(number)
        return None

    def silent(self, now_ns: int) -> Iterator[tuple[Delivery, str]]:
        """Yield whom to ask beside a target that has not answered in time."""
        for run in list(self._runs.values()):
            if now_ns - run.asked_ns < self._fallback_ns[run.delivery.level]:
                continue
            self._down_until[run.asked[-1]] = now_ns + self._down_ns
            if (after := self._next(run, now_ns)) is not None:
                yield run.delivery, after

    def _next(self, run: _Run, now_ns: int) -> str | None:
        left = [each for each in run.delivery.way if each not in run.asked]
        return self._ask(run, left[0], now_ns) if left else None

    def _ask(self, run: _Run, target: str, now_ns: int) -> str:
        run.asked.append(target)
        run.asked_ns = now_ns
        return target

    def _is_down(self, target: str, now_ns: int) -> bool:
        return now_ns < self._down_until.get(target, 0)

    def _end(self, number: int) -> None:
        self._runs.pop(number, None)
