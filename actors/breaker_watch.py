"""Risk's part on the breakers: measures each book it hears, keeps what trips, and sees to the steps.

Rules of this file:
* Written, then acted on: highs, references and trips are in risk's own checkpoint, durable, before a permit, a latch or
  the executor hears of them. A successor goes on from there; however often a trip is said, it is journaled once.
* A breaker of everybody that only a person resets is latched as well, in the file that connections read before an
  opening's bytes leave (law 10). One that the next session resets is not: only a person loosens that file.
* Flattening asks through the executor's door, like anyone else, again and again at a slowing pace: for the cancel of
  exits at work that may never fill, and for closes that go with the market.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from zlib import crc32

from actors.domain.orders.breaker_event import BreakerStep, BreakerTripped, ResetBy, Scope
from actors.domain.orders.refusal import Check
from actors.domain.orders.signal import Cancel, Close, Signal
from actors.domain.orders.working import GiveUp, Plan
from actors.domain.portfolio.result import Result
from actors.domain.portfolio.view import BookView, Phase, StructureView
from actors.domain.risk.breaker import BreakerRecord, judge
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.gauge import Gauge
from actors.domain.risk.issue import Finding
from actors.domain.risk.withheld import findings, unknown, withheld
from actors.domain.value import Value
from actors.latch import BREAKER, Latch, StopLevel
from actors.messages import ReportBreaker, SubmitSignal
from actors.ports import Checkpoints

_ASK_S: Final = (2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Pauses between what is asked for one structure."""
_FLAT: Final = "flat-"
"""How the names of what a breaker asks for begin."""
_AT_ONCE: Final = Plan(start=Decimal(1), step_s=2.0, give_up_s=2.0, give_up=GiveUp.MARKET)
"""At the natural, and from then on with the market."""
_EXPIRES_S: Final = 600.0
_ID_MAX: Final = 64


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
        self._asked: dict[str, tuple[int, int]] = {}
        """Closes asked for by structure: how often, and when the next is due, boot clock."""
        self.trips: tuple[BreakerTripped, ...] = ()
        self.stops: Mapping[str, Check] = {}
        """The check that openings fail, by strategy."""
        self.unknown: Mapping[str, str] = {}
        """Accounts not known to be inside their limits, each with the reason."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the trips make of the permit's state."""
        return tuple(findings(self.trips))

    def on_book(self, book: BookView, now_ns: int, at: datetime) -> list[Value]:
        """Measure a book that is reconciled; return what the executor is to be told."""
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
        return [*told, *self._flatten(book, now_ns, at)]

    def _show(self, results: Iterable[Result], gauges: tuple[Gauge, ...], now_ns: int) -> None:
        missing = [(each, why) for each in results if (why := unknown(each, self._limits))]
        self.unknown = {f"account {each.subject}": why for each, why in missing if each.scope is Scope.ACCOUNT}
        lines = tuple(f"{each.scope} {each.subject}: {why}" for each, why in missing)
        self._ports.board(BreakerBoard(at_ns=now_ns, gauges=gauges, unknown=lines))

    def _latch(self, due: Iterable[BreakerTripped], at: datetime) -> None:
        for trip in due:
            if trip.step.stops_all and trip.reset is ResetBy.PERSON:
                level = StopLevel(trip.step.value)
                reason = f"breaker {trip.name}: {trip.text}"
                self._ports.tighten(Latch(level=level, reason=reason, by=BREAKER, at=at))

    def _flatten(self, book: BookView, now_ns: int, at: datetime) -> list[Value]:
        """Return what is to be asked for now, so that nothing is held that a tripped breaker wants closed."""
        wanted = {each.structure_id: (each, trip) for trip in self.trips for each in _to_close(trip, book)}
        self._asked = {name: asked for name, asked in self._asked.items() if name in wanted}
        told: list[Value] = []
        for name, (structure, trip) in wanted.items():
            count, due_ns = self._asked.get(name, (0, 0))
            requests = _requests(structure, book) if now_ns >= due_ns else ()
            if requests:
                pause_s = _ASK_S[min(count, len(_ASK_S) - 1)]
                self._asked[name] = count + 1, now_ns + int(pause_s * 1e9)
            told += [self._signal(request, book.journal_sequence, f"breaker {trip.name}", at) for request in requests]
        return told

    def _signal(self, request: Close | Cancel, sequence: int, reason: str, at: datetime) -> SubmitSignal:
        target = request.structure_id if isinstance(request, Close) else request.cl_ord_id
        name = f"{_FLAT}{request.kind}-{sequence}-{target}"
        signal = Signal(
            signal_id=name
            if len(name) <= _ID_MAX
            else f"{_FLAT}{request.kind}-{sequence}-{crc32(target.encode()):08x}",
            strategy=self._name,
            request=request,
            reason=reason,
            created_at=at,
            expires_at=at + timedelta(seconds=_EXPIRES_S),
        )
        return SubmitSignal(signal=signal, reply_to=self._name)


def _to_close(trip: BreakerTripped, book: BookView) -> Iterable[StructureView]:
    """Return what is held that a tripped breaker wants closed."""
    if trip.step is not BreakerStep.FLATTEN:
        return ()
    held = (each for each in book.structures if any(each.holdings.values()))
    return [each for each in held if trip.subject == _owner(trip.scope, each)]


def _owner(scope: Scope, structure: StructureView) -> str | None:
    return structure.account_domain if scope is Scope.ACCOUNT else structure.strategy


def _requests(structure: StructureView, book: BookView) -> Sequence[Close | Cancel]:
    """Return the close, or first the cancels of what is at work there and may never fill: a profit's limit, say."""
    if structure.phase is not Phase.CLOSING:
        return (Close(structure_id=structure.structure_id, work=_AT_ONCE),)
    own = [each for each in book.orders if each.structure_id == structure.structure_id and not each.status.is_terminal]
    return [Cancel(cl_ord_id=each.cl_ord_id) for each in own if not each.cl_ord_id.startswith(_FLAT)]
