"""Risk's part on the breakers: measures each book it hears, keeps what trips, and sees to the steps.

Rules of this file:
* Written, then acted on: highs, references and trips are in risk's own checkpoint, durable, before a permit, a latch or
  the executor hears of them. A successor goes on from there; however often a trip is said, it is journaled once.
* A breaker of everybody that only a person resets is latched as well, in the file that connections read before an
  opening's bytes leave (law 10). One that the next session resets is not: only a person loosens that file.
* It flattens what a tripped breaker's scope holds, and everything under a latched flatten (`flattener`). So a breaker
  that flattens its scope latches no more than a halt: the file's flatten is everybody's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from actors.domain.orders.breaker_event import BreakerStep, BreakerTripped, ResetBy, Scope
from actors.domain.orders.refusal import Check
from actors.domain.portfolio.result import Result
from actors.domain.portfolio.view import BookView, StructureView
from actors.domain.risk.breaker import BreakerRecord, judge
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.gauge import Gauge
from actors.domain.risk.issue import Finding
from actors.domain.risk.withheld import findings, unknown, withheld
from actors.domain.value import Value
from actors.flattener import Flattener, Wish
from actors.latch import BREAKER, Latch, StopLevel
from actors.messages import ReportBreaker
from actors.ports import Checkpoints

NO_STOP: Final = Latch()


class BreakerBoard(Value):
    """What the screens show of the breakers. `at_ns` is the boot clock."""

    at_ns: int
    gauges: tuple[Gauge, ...]
    unknown: tuple[str, ...]
    """What is not known, and withholds openings."""


@dataclass(frozen=True, slots=True)
class BreakerPorts:
    """What the watch needs from outside."""

    checkpoints: Checkpoints
    tighten: Callable[[Latch], Latch]
    board: Callable[[BreakerBoard], None] = lambda _: None


class BreakerWatch:
    """The breakers of one risk actor, named `name`."""

    def __init__(self, name: str, limits: BreakerLimits, ports: BreakerPorts) -> None:
        self._name, self._limits, self._ports = name, limits, ports
        kept = ports.checkpoints.load(BreakerRecord)
        self._record = kept[0] if kept else BreakerRecord()
        self._results: tuple[Result, ...] | None = None
        """As last told; None: never yet."""
        self._flattener = Flattener(name)
        self.trips: tuple[BreakerTripped, ...] = ()
        self.stops: Mapping[str, Check] = {}
        """The check that openings fail, by strategy."""
        self.unknown: Mapping[str, str] = {}
        """Accounts not known to be inside their limits, each with the reason."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the trips make of the permit's state."""
        return tuple(findings(self.trips))

    def on_book(
        self,
        book: BookView,
        now_ns: int,
        at: datetime,
        stop: Latch = NO_STOP,
        wishes: Mapping[str, Wish] = MappingProxyType({}),
    ) -> list[Value]:
        """Measure a book that is reconciled, under the latched `stop`; return what the executor is to be told.

        `wishes` names what others want closed; a breaker and a latched stop want it more.
        """
        self._results = book.results if book.results is not None else self._results
        results = self._results or ()
        record, gauges, warnings = judge(self._record, results, book.breakers, self._limits, at)
        if record != self._record:
            self._ports.checkpoints.save(record, book.journal_sequence)
            self._record = record
        due = [each.trip for each in record.due.values()]
        self.trips = (*book.breakers.tripped.values(), *due)
        self.stops = withheld(self.trips, self._results, self._limits)
        self._latch(due, at)
        self._show(results, gauges, now_ns)
        told: list[Value] = [ReportBreaker(event=each.trip, reset=each.reset) for each in record.due.values()]
        told += [ReportBreaker(event=each, reset=book.breakers.reset_at(each.name)) for each in warnings]
        held = {each.structure_id for each in book.structures if any(each.holdings.values())}
        wanted = {name: wish for name, wish in wishes.items() if name in held} | self._to_close(book, stop)
        return [*told, *self._flattener.ask(wanted, book, now_ns, at)]

    def _show(self, results: Iterable[Result], gauges: tuple[Gauge, ...], now_ns: int) -> None:
        missing = [(each, why) for each in results if (why := unknown(each, self._limits))]
        self.unknown = {f"account {each.subject}": why for each, why in missing if each.scope is Scope.ACCOUNT}
        lines = tuple(f"{each.scope} {each.subject}: {why}" for each, why in missing)
        self._ports.board(BreakerBoard(at_ns=now_ns, gauges=gauges, unknown=lines))

    def _latch(self, due: Iterable[BreakerTripped], at: datetime) -> None:
        for trip in due:
            if trip.step.stops_all and trip.reset is ResetBy.PERSON:
                level = StopLevel.REDUCE if trip.step is BreakerStep.REDUCE else StopLevel.HALT
                reason = f"breaker {trip.name}: {trip.text}"
                self._ports.tighten(Latch(level=level, reason=reason, by=BREAKER, at=at))

    def _to_close(self, book: BookView, stop: Latch) -> dict[str, Wish]:
        """Return what is held and is to be closed, each with the reason."""
        held = [each for each in book.structures if any(each.holdings.values())]
        wanted = {each.structure_id: Wish(stop.words or "") for each in held if stop.level is StopLevel.FLATTEN}
        return wanted | {
            each.structure_id: Wish(f"breaker {trip.name}")
            for trip in self.trips
            if trip.step is BreakerStep.FLATTEN
            for each in held
            if trip.subject == _owner(trip.scope, each)
        }


def _owner(scope: Scope, structure: StructureView) -> str | None:
    return structure.account_domain if scope is Scope.ACCOUNT else structure.strategy
