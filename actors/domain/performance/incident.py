"""What went wrong, or fired, in a session: which events of the journal are told in a report, and in what words.

The same table proves controls: `graduation` asks for an incident of a given kind and subject.
"""

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Absent, InDoubt
from actors.domain.orders.breaker_event import BreakerReset, BreakerTripped, BreakerWarned
from actors.domain.orders.finding import (
    AccountContested,
    CashDiffers,
    FillFaulted,
    ForeignAdopted,
    HoldingsNetted,
    LegCovered,
    LegUncovered,
    OptionSettled,
)
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.orders.report import SettlementCause
from actors.domain.orders.route_event import OrderQueued, RouteFailedBack, RouteFailedOver
from actors.domain.orders.size_event import SizeMoved
from actors.domain.value import Instant, Value

_DELIVERIES = {SettlementCause.ASSIGNMENT, SettlementCause.EXERCISE}


class Incident(Value):
    """One thing worth a line. `sequence` is its place in the journal."""

    kind: str
    """The event's."""
    subject: str
    text: str
    sequence: int
    at: Instant


def incident(event: happened.Event, sequence: int, *, is_first_start: bool = False) -> Incident | None:
    """Return what a report says of an event; None where it is the ordinary run of things."""
    told = None if is_first_start and isinstance(event, happened.ExecutorStarted) else _told(event) or _judged(event)
    at = getattr(event, "at", None)
    if told is None or at is None:
        return None
    return Incident(kind=event.kind, subject=told[0], text=told[1], sequence=sequence, at=at)


def _told(event: happened.Event) -> tuple[str, str] | None:
    """Return subject and words of what happened to processes, routes and orders."""
    match event:
        case happened.ExecutorStarted(epoch=epoch, took_over=word):
            after = f" after a takeover, for {word}" if word else ""
            return "executor", f"started anew with epoch {epoch}{after}"
        case happened.AttemptEnded(attempt_id=attempt, outcome=InDoubt(cause=cause)):
            return attempt, f"in doubt: {cause}"
        case happened.DoubtEnded(attempt_id=attempt, resolution=found):
            return attempt, "its broker never had it" if isinstance(found, Absent) else "found at its broker"
        case RouteFailedOver(route=route, to=to, reason=reason):
            return route, f"openings go to {to}: {reason}"
        case RouteFailedBack(route=route, text=text):
            return route, f"takes openings again: {text}"
        case OrderQueued(cl_ord_id=name, text=text):
            return name, f"waits for its account: {text}"
        case KillSwitchFired(epoch=epoch, by=by, reason=reason, unconfirmed=alive):
            told = f"; not confirmed dead: {', '.join(alive)}" if alive else ""
            return "kill switch", f"fired by {by} with epoch {epoch}: {reason}{told}"
    return None


def _judged(event: happened.Event) -> tuple[str, str] | None:  # noqa: C901, PLR0912 - a table of events
    """Return subject and words of what a comparison or a limit found."""
    match event:
        case happened.Quarantined(underlying=name, text=text):
            return name, f"takes no new risk: {text}"
        case happened.QuarantineLifted(underlying=name, text=text):
            return name, f"takes new risk again: {text}"
        case BreakerTripped(name=name, text=text) | BreakerWarned(name=name, text=text):
            return name, text
        case BreakerReset(name=name, by=by, reason=reason):
            return name, f"reset by {by}: {reason}"
        case SizeMoved(strategy=name, text=text, share=share):
            return name, f"may trade {share:.0%} of its size: {text}"
        case LegUncovered(structure_id=name, uncovered=held):
            return name, "short without cover: " + ", ".join(f"{count:+d} {symbol}" for symbol, count in held.items())
        case LegCovered(structure_id=name, seconds=seconds):
            return name, f"covered after {seconds:.1f} s"
        case FillFaulted(cl_ord_id=name, faults=faults):
            return name, "; ".join(each.text for each in faults)
        case HoldingsNetted(structure_id=name):
            return name, event.words(name)
        case ForeignAdopted(account_domain=domain, positions=held):
            return domain, "adopted " + ", ".join(f"{count:+d} {symbol}" for symbol, count in held.items())
        case AccountContested(account_domain=domain, runtime=other):
            return domain, f"traded by another runtime too, {other}"
        case CashDiffers(account_domain=domain, gap=gap):
            return domain, f"its cash differs from the journal's by {gap:+,.2f}"
        case OptionSettled(cause=cause) if cause in _DELIVERIES or event.is_early:
            return event.correlation, event.words
    return None
