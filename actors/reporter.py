"""Has reports made at their times (rules: `actors.domain.performance.due`), each by a process of its own.

The analyst looks here on each pass; nothing waits. A report that is made is alerted with its files (A180); one that
says no-go is louder (A182); one that fails or takes too long is an alert too (A181), is tried again, and stops nothing.
Whether it was told already is the notifier's to know, by the alert's id: a successor tells it again.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from actors.domain.alerts.alert import Alert, Level
from actors.domain.performance.due import Due, Kind
from actors.domain.value import Value
from actors.ports import Clock

NANOSECONDS: Final = 1_000_000_000
LOOK_S: Final = 5.0
"""Between two looks at the clock: no report is due to the second."""
TRIES_MAX: Final = 3
AGAIN_S: Final = 300.0


class Made(Value):
    """A report as it lies on disk: its first lines, its files, and whether it says go."""

    text: str
    attach: tuple[str, ...] = ()
    is_go: bool = True


class Making(Protocol):
    """A process that makes a report."""

    def poll(self) -> str | None:
        """Return how it ended: empty where it is made, else why not; None while it runs."""
        ...

    def end(self) -> None:
        """End it now."""
        ...


class Reporter:
    """What is under way, and what was told."""

    def __init__(
        self,
        *,
        clock: Clock,
        due: Callable[[], Iterable[Due]],
        start: Callable[[Due], Making],
        made: Callable[[Due], Made | None],
        timeout_s: float,
    ) -> None:
        self._clock, self._due, self._start, self._made = clock, due, start, made
        self._timeout_ns = int(timeout_s * NANOSECONDS)
        self._look_ns = 0
        self._under_way: tuple[Due, Making, int] | None = None
        self._told: set[Due] = set()
        self._tries: dict[Due, tuple[int, int]] = {}
        """How often each was tried, and when it may be again."""

    def look(self) -> list[Alert]:
        """Return what is to be told now; start what is due, one at a time."""
        now_ns = self._clock.boot_ns()
        if self._under_way is not None:
            return self._watch(*self._under_way, now_ns)
        if now_ns < self._look_ns:
            return []
        self._look_ns = now_ns + int(LOOK_S * NANOSECONDS)
        for each in self._due():
            if each in self._told:
                continue
            found = self._made(each)
            if found is not None:
                return self._tell(each, found)
            count, again_ns = self._tries.get(each, (0, 0))
            if count < TRIES_MAX and now_ns >= again_ns:
                self._tries[each] = count + 1, now_ns + int(AGAIN_S * NANOSECONDS)
                return self._begin(each, now_ns)
        return []

    def close(self) -> None:
        """End what is under way."""
        if self._under_way is not None:
            self._under_way[1].end()
            self._under_way = None

    def _begin(self, due: Due, now_ns: int) -> list[Alert]:
        try:
            self._under_way = due, self._start(due), now_ns
        except OSError as error:
            return [self._failed(due, f"its process could not be started: {error}")]
        return []

    def _watch(self, due: Due, making: Making, since_ns: int, now_ns: int) -> list[Alert]:
        ended = making.poll()
        if ended is None and now_ns - since_ns < self._timeout_ns:
            return []
        self._under_way = None
        if ended is None:
            making.end()
            ended = f"not made within {self._timeout_ns / NANOSECONDS:g} s"
        found = self._made(due)
        if not ended and found is not None:
            return self._tell(due, found)
        return [self._failed(due, ended or "it left no file")]

    def _tell(self, due: Due, found: Made) -> list[Alert]:
        self._told.add(due)
        alert = Alert(
            alert_id=f"A180-{due.kind}-{due.on}",
            code="A180",
            level=Level.P3,
            subject=f"report {due.kind}",
            text=found.text,
            todo=f"holdfast report {due.kind} --date {due.on}",
            attach=found.attach,
            at=self._clock.market_now(),
        )
        if found.is_go or due.kind is not Kind.MORNING:
            return [alert]
        louder = {"alert_id": f"A182-{due.on}", "code": "A182", "level": Level.P1, "subject": "preflight"}
        return [alert, alert.model_copy(update={**louder, "todo": "holdfast preflight", "attach": ()})]

    def _failed(self, due: Due, why: str) -> Alert:
        count, _ = self._tries[due]
        left = TRIES_MAX - count
        return Alert(
            alert_id=f"A181-{due.kind}-{due.on}-{count}",
            code="A181",
            level=Level.P2,
            subject=f"report {due.kind}",
            text=f"The report of {due.on} was not made: {why}.",
            done=f"It is tried again {left} times." if left else "It is not tried again; trading is not touched.",
            todo=f"holdfast report {due.kind} --date {due.on}; logs/reports.log says more",
            at=self._clock.market_now(),
        )
