"""A journal to report on: three days of a condor seller at prices that differ, on disk, as an executor writes it.

Beside the round trips: a condor held over a night, a fee that is told a day late, money put in, fills held against
estimates, an opening that went to the backup, a breaker that tripped.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Final

from actors.domain.orders import event as happened
from actors.domain.orders.breaker_event import BreakerStep, BreakerTripped, Measure, ResetBy, Scope
from actors.domain.orders.cost_event import CostCompared
from actors.domain.orders.event import Event
from actors.domain.orders.order import Fill, Intent
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import CashEvent
from actors.domain.orders.route_event import RouteFailedOver
from actors.places import Places
from supervisor.app.bench import history
from supervisor.app.bench.history import CHECKS, DOMAIN, ROUTE
from supervisor.app.event_schema import EVENTS
from supervisor.journal import JournalWriter

MONDAY: Final = date(2020, 1, 6)
TUESDAY: Final = date(2020, 1, 7)
WEDNESDAY: Final = date(2020, 1, 8)
ORDERS: Final = 24
"""Of each day: enough to differ, and quick to fold."""
HELD_OVER: Final = "condor-20200106-23"
"""Opened on Monday, closed on Tuesday."""
LATE_FEE: Final = "fee-condor-20200106-3-e0"
"""Of a condor that ended on Monday, told on Tuesday."""


def events() -> Iterator[Event]:
    """Yield the three days."""
    told = (event for event in takewhile(lambda event: _on(event) <= WEDNESDAY, history.events()) if _is_kept(event))
    held_back: list[Event] = []
    session = MONDAY
    for event in map(_priced, told):
        if isinstance(event, happened.SessionOpened) and event.session != session:
            session = event.session
            yield event
            yield from (_late(each, event.at) for each in held_back)
            held_back = []
            yield from _specials(event.at)
        elif _waits(event):
            held_back.append(event)
        else:
            yield event
            yield from _compared(event)


def written(where: Places) -> int:
    """Write them to the journal of a state folder; return how many there are."""
    told = list(events())
    clock = iter(range(1, 10**9))
    writer = JournalWriter(
        where.journal, epoch=1, clock=lambda: 10**18 + next(clock) * 10**9, fence=lambda: None, schema=EVENTS
    )
    for begin in range(0, len(told), 100):
        chunk = told[begin : begin + 100]
        writer.append((each.kind, each.correlation, each.model_dump_json().encode()) for each in chunk)
    writer.close()
    return len(told)


def _is_kept(event: Event) -> bool:
    """Whether it belongs to one of the day's first orders, or to none."""
    cash = event.event.exec_id if isinstance(event, happened.CashBooked) else None
    found = re.match(r"condor-\d{8}-(\d+)", cash or event.correlation)
    return found is None or int(found[1]) <= ORDERS


def _on(event: Event) -> date:
    at: datetime | None = getattr(event, "at", None)
    return at.date() if at is not None else MONDAY


def _priced(event: Event) -> Event:
    """Give each execution a price of its own, the same each time it is told, and each refusal what it failed."""
    if isinstance(event, happened.SignalRefused):
        number = int(event.signal.signal_id.rsplit("-", 1)[1])
        failed = {Code.R034_SPREAD_WIDE} | ({Code.R042_ACCOUNT_LOSS} if number % 4 == 0 else set())
        return event.model_copy(
            update={"checks": tuple(each._replace(passed=each.code not in failed) for each in CHECKS)}
        )
    if not isinstance(event, happened.ReportTaken) or not event.report.fills:
        return event
    fills = tuple(fill.model_copy(update={"last_px": _price(fill)}) for fill in event.report.fills)
    return event.model_copy(update={"report": event.report.model_copy(update={"fills": fills})})


def _price(fill: Fill) -> Decimal:
    number = int(hashlib.sha256(fill.exec_id.encode()).hexdigest()[:4], 16)
    return Decimal("0.80") + Decimal(number % 117) / 100


def _waits(event: Event) -> bool:
    """Whether it is told on the next day: the close of the condor held over, and one late fee."""
    closing = "condor-20200106-24"
    ids = (getattr(event, "cl_ord_id", ""), getattr(event, "attempt_id", ""), event.correlation)
    if any(name.startswith(closing) for name in ids if name):
        return True
    cash = event.event if isinstance(event, happened.CashBooked) else None
    return cash is not None and (cash.event_id == LATE_FEE or (cash.exec_id or "").startswith(closing))


def _late(event: Event, at: datetime) -> Event:
    return event.model_copy(update={"at": at}) if hasattr(event, "at") else event


def _compared(event: Event) -> Iterator[Event]:
    """Hold each order that filled against an estimate."""
    if isinstance(event, happened.ReportTaken) and event.report.fills and event.cl_ord_id is not None:
        name = event.cl_ord_id
        number = int(name.rsplit("-", 1)[1])
        yield CostCompared(
            cl_ord_id=name,
            structure_id=name if number % 2 else f"{name.rsplit('-', 1)[0]}-{number - 1}",
            strategy="condor",
            root="SPXW",
            intent=Intent.OPEN if number % 2 else Intent.CLOSE,
            combos=1,
            multiplier=100,
            half_spread=Decimal("0.10"),
            expected=Decimal("0.05"),
            paid=Decimal(number % 13) / 100,
            fee=Decimal("4.80"),
            at=event.at,
        )


def _specials(at: datetime) -> Iterator[Event]:
    """Yield what happens once a day beside the trading."""
    later = at + timedelta(minutes=1)
    yield RouteFailedOver(route=ROUTE, to="alpaca", cl_ord_id=f"condor-{at:%Y%m%d}-1", reason="refused", at=later)
    yield happened.CashBooked(
        event=CashEvent(
            event_id=f"deposit-{at:%Y%m%d}",
            account_domain=DOMAIN,
            type=CashEvent.Type.DEPOSIT,
            amount=Decimal("2500.00"),
            at=later,
        ),
        at=later,
    )
    yield BreakerTripped(
        name="strategy.condor.losses_in_a_row.pause",
        scope=Scope.STRATEGY,
        subject="condor",
        measure=Measure.LOSSES_IN_A_ROW,
        step=BreakerStep.PAUSE,
        reset=ResetBy.SESSION,
        day=at.date(),
        value=Decimal(4),
        limit=Decimal(4),
        base=Decimal(0),
        text="4 losses in a row",
        at=later,
    )
