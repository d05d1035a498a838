"""Which rule did what, by the journal: a fold of its events into deeds, counted, each with the last one's own words.

A deed is named by the rule: a refusal by the first check that failed, a close by who asked for it and why, a breaker by
its name. What the venue did by itself (fills, settlements) is none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from actors.domain.orders import event as happened
from actors.domain.orders.breaker_event import BreakerReset, BreakerTripped, BreakerWarned
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.order import Intent, Order
from actors.domain.orders.signal import Signal
from actors.domain.value import Value
from supervisor.app.paper_month.shells import RISK

_TOLD: Final = {
    "doubt_ended",
    "route_failed_over",
    "route_failed_back",
    "size_moved",
    "fill_faulted",
    "holdings_netted",
    "leg_covered",
}


class Deed(Value):
    """What one rule did in a day or a month."""

    rule: str
    times: int
    last: str
    """The last time, in its own words."""


def deeds(events: Iterable[happened.Event]) -> tuple[Deed, ...]:
    """Return what each rule did, the most frequent first."""
    times, last = Counter[str](), dict[str, str]()
    for event in events:
        for rule, text in _deed(event):
            times[rule] += 1
            last[rule] = text
    return tuple(Deed(rule=rule, times=count, last=last[rule]) for rule, count in times.most_common())


def merged(every: Iterable[Deed]) -> tuple[Deed, ...]:
    """Return the deeds of several days as one."""
    times, last = Counter[str](), dict[str, str]()
    for each in every:
        times[each.rule] += each.times
        last[each.rule] = each.last
    return tuple(Deed(rule=rule, times=count, last=last[rule]) for rule, count in times.most_common())


def _deed(event: happened.Event) -> Iterator[tuple[str, str]]:
    match event:
        case happened.SignalRefused(signal=signal, checks=checks):
            failed = (each for each in checks if not each.passed)
            for check in islice(failed, 1):
                numbers = f"{check.subject} {check.value}, limit {check.limit}".strip()
                yield f"gate {check.code}", f"{signal.signal_id}: {numbers}"
        case happened.OrderPlaced(order=order, signal=signal):
            yield _order(order, signal)
        case BreakerTripped() | BreakerWarned():
            verb = "breaker" if isinstance(event, BreakerTripped) else "warning"
            yield f"{verb} {event.name}", event.text
        case BreakerReset():
            yield f"reset {event.name}", f"by {event.by}: {event.reason}"
        case happened.ExecutorStarted(epoch=epoch) if epoch > 1:
            yield "executor recovered", f"epoch {epoch}"
        case happened.Quarantined():
            yield "quarantine", f"{event.underlying}: {event.text}"
        case OptionSettled():
            yield f"{'short' if event.quantity > 0 else 'long'} settled", event.words
        case _ if event.kind in _TOLD:
            yield event.kind.replace("_", " "), event.correlation


def _order(order: Order, signal: Signal | None) -> tuple[str, str]:
    if signal is None:
        return "executor's own order", f"{order.cl_ord_id}, {order.intent}"
    if order.intent is Intent.OPEN:
        return "opening admitted", order.cl_ord_id
    return _closer(signal), f"{order.structure_id}: {signal.reason}"


def _closer(signal: Signal) -> str:
    """Name who asked for a close, and the rule it followed: the words of a reason before its numbers."""
    if signal.strategy == RISK:
        return f"risk closes for {signal.reason.split(':')[0]}"
    words = signal.reason.split(":")[0].split(",")[0]
    return f"{signal.strategy} closes: {words}"
