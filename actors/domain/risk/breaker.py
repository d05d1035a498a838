"""The breakers on losses: which of them trip, and what is told of them.

Rules of this file:
* A limit trips when its gauge reaches it, to the cent, and stays tripped until it is reset. Prices take nothing back.
* A trip is kept here (`due`) before anybody is told, until the journal has it; should a reset come after, it is void.
* A warning is told once a day for each share of the limit, the highest that is reached alone.
* What is unknown trips nothing and resets nothing; `withheld` says what it stops meanwhile.
* Nothing here, and nothing that follows from it, is asked about an exit.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from pydantic import Field

from actors.domain.orders.breaker_event import BreakerTripped, BreakerWarned
from actors.domain.portfolio.breakers import Breakers
from actors.domain.portfolio.result import Result
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.gauge import Gauge, High, Reference, gauge_of, high_of, reference_of
from actors.domain.risk.withheld import believed
from actors.domain.value import ZERO, Value

_WHOLE: Final = Decimal(1)


class Due(Value):
    """A trip that the journal does not have yet. `reset`: the last one known when it tripped."""

    trip: BreakerTripped
    reset: int


class BreakerRecord(Value):
    """What the breakers remember beyond the journal."""

    highs: Mapping[str, High] = Field(default_factory=dict)
    """By scope and subject."""
    references: Mapping[str, Reference] = Field(default_factory=dict)
    """By breaker."""
    due: Mapping[str, Due] = Field(default_factory=dict)


class Judgement(NamedTuple):
    """What follows from one look at the results."""

    record: BreakerRecord
    gauges: tuple[Gauge, ...]
    warnings: tuple[BreakerWarned, ...]


def judge(
    record: BreakerRecord, results: Iterable[Result], known: Breakers, limits: BreakerLimits, at: datetime
) -> Judgement:
    """Hold results against their limits; `known` is what the journal has of the breakers."""
    highs, references = dict(record.highs), dict(record.references)
    due = {name: each for name, each in record.due.items() if _is_due(each, known)}
    gauges, warnings = list[Gauge](), list[BreakerWarned]()
    for told in results:
        result = believed(told, limits)
        whose = f"{result.scope}.{result.subject}"
        high = highs[whose] = high_of(result, highs.get(whose))
        for measure, limit in limits.of(result.scope, result.subject):
            gauge = gauge_of(result, high, measure, limit, known.resets)
            name = gauge.name
            reference = reference_of(gauge, references.get(name), known.resets.get(name))
            if reference is not None and gauge.value is not None:
                references[name] = reference
                gauge = gauge.model_copy(update={"value": gauge.value - reference.value})
            if name not in known.tripped and name not in due and gauge.reaches(_WHOLE):
                due[name] = Due(trip=_trip(gauge, at), reset=known.reset_at(name))
            is_tripped = name in known.tripped or name in due
            if not is_tripped:
                warnings += _warnings(gauge, known.warned.get(name), limits.warn_shares, at)
            gauges.append(gauge.model_copy(update={"is_tripped": is_tripped}))
    kept = BreakerRecord(highs=highs, references=references, due=due)
    return Judgement(kept, tuple(gauges), tuple(warnings))


def _is_due(due: Due, known: Breakers) -> bool:
    return due.trip.name not in known.tripped and due.reset >= known.reset_at(due.trip.name)


def _warnings(
    gauge: Gauge, told: BreakerWarned | None, shares: Iterable[Decimal], at: datetime
) -> Iterator[BreakerWarned]:
    before = told.share if told is not None and told.day == gauge.day else ZERO
    reached = [share for share in shares if share > before and gauge.reaches(share)]
    if reached:
        told_of = gauge.model_dump(include={"name", "day", "value", "limit"})
        yield BreakerWarned(**told_of, share=max(reached), text=gauge.words, at=at)


def _trip(gauge: Gauge, at: datetime) -> BreakerTripped:
    return BreakerTripped(**gauge.model_dump(exclude={"share", "is_tripped"}), text=gauge.words, at=at)
