"""The life of one order as a person reads it, folded from its events: who held the lease when, and what is known.

The fold is the book's (`order_state`), of one order alone, so a screen needs neither the book nor its owner. A moment
is one line: when, one word, what. An execution is a moment once, with the report that brought it; a report of an
attempt that was given up is a stray's, and its fills are none of this order's. The naked seconds are the structure's,
which an order shares with those that closed, completed or unwound it.
"""

from collections.abc import Iterable

from actors.domain.orders import event as happened
from actors.domain.orders import finding, order_fold, order_state
from actors.domain.orders.attempt import Absent, Accepted, Attempt, Found, InDoubt, NotSent, Rejected
from actors.domain.orders.cost_event import CostCompared, Estimate
from actors.domain.orders.leg_event import LegsEnded, LegsStarted
from actors.domain.orders.order import Fill, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Check
from actors.domain.orders.replace_event import ReplaceAsked, ReplaceEnded
from actors.domain.orders.report import ExecutionReport
from actors.domain.orders.route_event import OrderQueued, OrderRevised
from actors.domain.orders.signal import Signal
from actors.domain.orders.trigger_event import TriggerMoved, TriggersPlaced, TriggerTrailed
from actors.domain.value import Instant, Value

_ENDINGS = {happened.OrderAbandoned: "ABANDONED", ReplaceEnded: "NOT REPLACED", OrderQueued: "WAITS"}


class Moment(Value):
    """One thing that happened."""

    at: Instant
    word: str
    text: str


class Story(Value):
    """What became of one signal: an order and its life, or a refusal."""

    signal: Signal | None = None
    life: OrderLife | None = None
    """None where the signal was refused."""
    checks: tuple[Check, ...] = ()
    """At admission, or of the refusal."""
    moments: tuple[Moment, ...] = ()
    resting: str = ""
    """Where what Holdfast holds back of it stands; empty where nothing ever rested here."""
    uncovered_s: float | None = None
    """The longest that shorts of the structure were uncovered; None where none ever was, beyond the grace."""
    is_uncovered: bool = False

    @property
    def standing(self) -> str:
        """The status in one word or two; a doubt, and a send without an answer, come before any status."""
        if self.life is None:
            return f"HELD HERE, {self.resting}" if self.resting else "REFUSED"
        if self.life.in_doubt:
            return "IN DOUBT"
        return "UNANSWERED" if self.life.is_unanswered else str(self.life.status)


def tell(events: Iterable[happened.Event]) -> Story | None:
    """Return the story that the events of one order tell, in their order; None where none of them begins one."""
    teller = _Teller()
    for event in events:
        teller.hear(event)
    if teller.life is None and teller.refused is None and not teller.resting:
        return None
    return Story(
        signal=teller.signal,
        life=teller.life,
        checks=teller.checks,
        moments=tuple(teller.moments),
        resting=teller.resting,
        uncovered_s=teller.uncovered_s,
        is_uncovered=teller.is_uncovered,
    )


class _Teller:
    """The fold under way."""

    def __init__(self) -> None:
        self.signal: Signal | None = None
        self.life: OrderLife | None = None
        self.refused: Signal | None = None
        self.checks: tuple[Check, ...] = ()
        self.moments: list[Moment] = []
        self.uncovered_s: float | None = None
        self.is_uncovered = False
        self.resting = ""

    def hear(self, event: happened.Event) -> None:  # noqa: C901 - a table of events
        match event:
            case happened.SignalRefused(signal=signal, checks=checks):
                self.signal = self.refused = signal
                self.checks = checks
                failed = ", ".join(check.code.value for check in checks if not check.passed)
                self._add(event.at, "REFUSED", f"{failed}: nothing was sent")
            case happened.OrderPlaced(signal=signal, order=order, checks=checks, estimate=estimate):
                self.signal, self.life, self.checks = signal, OrderLife(order=order), checks
                self._add(event.at, "PLACED", _intent(order, signal))
                self._expect(event.at, estimate)
            case finding.LegUncovered(uncovered=uncovered):
                self.is_uncovered = True
                self._add(event.at, "NAKED", f"{dict(uncovered)} uncovered")
            case finding.LegCovered(seconds=seconds):
                self.is_uncovered, self.uncovered_s = False, max(seconds, self.uncovered_s or 0.0)
                self._add(event.at, "COVERED", f"after {seconds:.1f} s")
            case TriggersPlaced(signal=signal, triggers=triggers, checks=checks):
                self.signal, self.checks = signal, checks
                for trigger in triggers:
                    self.resting = trigger.state.value
                    self._add(event.at, "RESTS", f"{trigger.trigger_id}, held by Holdfast, by {_who(signal)}")
            case TriggerTrailed(high_px=best):
                self._add(event.at, "TRAILS", f"the best price was {best:+f}")
            case TriggerMoved(state=state, text=text):
                self.resting = state.value
                self._add(event.at, state.value, text)
            case happened.ReportTaken(report=report) if self.life is not None:
                self.life = self._report(event.at, self.life, report)
            case finding.FillFaulted(faults=faults):
                for fault in faults:
                    self._add(event.at, "FAULT", fault.text)
            case _ if self.life is not None:
                self._live(event, self.life)

    def _live(self, event: happened.Event, life: OrderLife) -> None:  # noqa: C901, PLR0912 - a table of events
        match event:
            case happened.AttemptStarted(attempt=attempt):
                self._add(attempt.started_at, "SEND", _lease(life.last, attempt))
            case happened.AttemptEnded(attempt_id=attempt_id, outcome=outcome):
                self._add(event.at, outcome.kind.upper().replace("_", " "), f"{attempt_id}: {_outcome(outcome)}")
            case happened.DoubtEnded(attempt_id=attempt_id, resolution=resolution):
                word, evidence = _evidence(resolution)
                self._add(event.at, word, f"{attempt_id}: {evidence}; the doubt is over")
            case happened.CancelAsked(signal=signal):
                self._add(event.at, "CANCEL", "asked by " + (_who(signal) if signal else "the executor itself"))
            case ReplaceAsked(net_price=price, text=text):
                self._add(event.at, "REPLACE", f"what is left is to work at {price:+f}: {text}")
            case happened.OrderAbandoned(text=text) | ReplaceEnded(text=text) | OrderQueued(text=text):
                self._add(event.at, _ENDINGS[type(event)], text)
            case OrderRevised(text=text):
                self._add(event.at, "REVISED", text)
            case CostCompared():
                self._add(event.at, "COST", _compared(event))
            case finding.CoverHeldBack(text=text):
                self._add(event.at, "HELD BACK", text)
            case finding.OptionSettled():
                self._add(event.at, "SETTLED", event.words)
            case finding.HoldingsNetted():
                self._add(event.at, "NETTED", event.words(life.order.structure_id))
            case LegsStarted(account_domain=domain):
                self._add(event.at, "LEG BY LEG", f"no route takes it whole; its legs go singly, to {domain}")
            case LegsEnded(status=status, text=text):
                self._add(event.at, "LEGS ENDED", f"{status} {text}".rstrip())
        moved = order_fold.moved({life.order.cl_ord_id: life}, event)
        self.life = life if moved is None else moved[1]

    def _report(self, at: Instant, life: OrderLife, told: ExecutionReport) -> OrderLife:
        where = f"{told.route}, order {told.broker_order_id}"
        if life.is_stray(told):
            self._add(at, "STRAY", f"{told.status} at {where}: its attempt had been given up")
            return life
        known = {fill.exec_id for fill in life.fills}
        after, _ = order_state.report(life, told)
        if after.status is not life.status or told.status is None or after.odd_status is not life.odd_status:
            odd = "" if after.odd_status is life.odd_status else f", against {life.status} here"
            self._add(at, str(told.status or "UNKNOWN").replace("_", " "), f"{where}{odd} {told.text}".rstrip())
        for fill in after.fills:
            if fill.exec_id not in known:
                self._add(fill.at, "FILL", fill_words(fill))
        for gone in set(after.busted) - set(life.busted):
            self._add(at, "BUSTED", f"{where} takes {gone} back")
        return after

    def _expect(self, at: Instant, estimate: Estimate | None) -> None:
        if estimate is not None:
            self._add(at, "EXPECTED", _expected(estimate))

    def _add(self, at: Instant, word: str, text: str) -> None:
        self.moments.append(Moment(at=at, word=word, text=text))


def fill_words(fill: Fill) -> str:
    """Return one execution in short."""
    return f"{fill.action.sign * fill.last_qty:+d} {fill.symbol} at {fill.last_px:f}, {fill.action}, {fill.exec_id}"


def _intent(order: Order, signal: Signal | None) -> str:
    price = "the market" if order.net_price is None else f"{order.net_price:+f}"
    by = _who(signal) if signal else "the executor itself, legs out of ratio"
    return f"{order.intent} {order.order_qty} at {price} {order.time_in_force}, by {by}"


def _expected(estimate: Estimate) -> str:
    price = f"middle {estimate.mid:+f}, natural {estimate.mid - estimate.half_spread:+f}"
    return f"{price}; slips {estimate.slippage:f} per combo; {estimate.words}; {estimate.cost:.2f} dollars in all"


def _compared(event: CostCompared) -> str:
    told = f"slipped {event.paid:f} per combo, {event.expected:f} expected of a half spread of {event.half_spread:f}"
    return f"{told}; {event.paid_cost:.2f} dollars for {event.combos}"


def _who(signal: Signal) -> str:
    return f"{signal.strategy}: {signal.reason}"


def _lease(before: Attempt | None, attempt: Attempt) -> str:
    to = (
        f"attempt {attempt.number} to {attempt.route}, account {attempt.account_domain}, epoch {attempt.executor_epoch}"
    )
    if before is None or before.route == attempt.route:
        return to
    return f"{to}; the lease moved from {before.route}: {before.state} {before.text}".rstrip()


def _outcome(outcome: Accepted | Rejected | NotSent | InDoubt) -> str:
    match outcome:
        case Accepted(broker_order_id=theirs):
            return f"the broker's order {theirs}"
        case Rejected(code=code, text=text, retryable=retryable):
            return f"{code} {text}" + (", another route may take it" if retryable else "")
        case NotSent(cause=cause):
            return cause
        case InDoubt(cause=cause, evidence=evidence):
            return f"may or may not exist: {cause} {evidence}".rstrip()


def _evidence(resolution: Found | Absent) -> tuple[str, str]:
    match resolution:
        case Found(report=report):
            return "FOUND", f"{report.status} at {report.route}, order {report.broker_order_id}"
        case Absent(proof=proof):
            return "ABSENT", proof
