"""What the executor decides about the breakers on losses: what is journaled of them, and what each scope made.

Rules of this file:
* Risk measures and says what trips; the journal here makes it stand (`portfolio.breakers`). Said again, it is one trip.
* A trip that was said before a reset it does not know of is void: a person looked later than risk did.
* A breaker that may reset by itself does so when the exchange has opened on a later day than it tripped for.
* What was held over is marked once in the session's own hours, each structure as soon as it has a mark: at the middle,
  as the baseline of its account is.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Alert, Level
from actors.domain.market.quote import QuoteTable
from actors.domain.market.quoted import Sides
from actors.domain.market.session import Session
from actors.domain.orders.breaker_event import (
    BreakerReset,
    BreakerStep,
    BreakerTripped,
    BreakerWarned,
    ResetBy,
    StructuresMarked,
)
from actors.domain.portfolio.day_result import contracts_of
from actors.domain.portfolio.mark import closing_price, worth
from actors.domain.portfolio.result import Equity, results
from actors.domain.portfolio.sight import sights
from actors.domain.portfolio.structure import Structure
from actors.domain.portfolio.view import BookView
from actors.messages import BreakersReset, ReportBreaker, ResetBreakers

MEASURE_EVERY_NS = 250_000_000
"""Results are marked anew so often at most: every position is looked at, while orders may wait."""
NEVER_NS = 2**63
PAGED_SHARE = Decimal("0.8")
"""From this share of a limit on a warning sounds; below it informs."""
_DONE: Mapping[BreakerStep, str] = {
    BreakerStep.PAUSE: "It opens nothing any more, and its working openings are cancelled; exits go on.",
    BreakerStep.REDUCE: "Nobody opens anything any more, and working openings are cancelled; exits go on.",
    BreakerStep.HALT: "Halted: nobody opens anything any more, and working openings are cancelled; exits go on.",
    BreakerStep.FLATTEN: "Nobody opens anything any more, openings are cancelled, and what is held is closed.",
}


class BreakerDesk:
    """Trips, warnings, resets, and the results they rest on."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._measured_ns = desk, 0
        self.due_ns = NEVER_NS
        """When a view with results is due that was left out of the last one, boot clock."""

    def seen(self, view: BookView, *, paced: bool = False) -> BookView:
        """Return a view of the book with what each account and strategy made; left out where `paced`, and just told."""
        now_ns = self._desk.now_ns()
        if paced and now_ns - self._measured_ns < MEASURE_EVERY_NS:
            self.due_ns = self._measured_ns + MEASURE_EVERY_NS
            return view
        self._measured_ns, self.due_ns = now_ns, NEVER_NS
        book, now = self._desk.book, self._desk.now()
        session = self._session(book.session)
        before_open = session is not None and now < session.opens_at
        made = results(book, self._desk.quotes, self._equities(), before_open=before_open)
        seen = sights(book, self._desk.quotes, now, now_ns)
        return view.model_copy(update={"results": made, "sights": seen})

    def _equities(self) -> dict[str, Equity]:
        """Return what each broker said last; several routes to one account say it of the same."""
        now_ns, found = self._desk.now_ns(), dict[str, Equity]()
        for seat in sorted(self._desk.seats.all(), key=lambda seat: seat.worth_ns):
            known, opens = found.get(seat.account_domain), seat.reconciled and self._desk.seats.can_write(seat, now_ns)
            age_s = (now_ns - seat.worth_ns) / 1e9 if seat.worth_ns else None
            found[seat.account_domain] = Equity(seat.worth, age_s, opens or (known is not None and known.opens))
        return found

    def on_report(self, told: ReportBreaker) -> Step:
        """Journal what risk says, once."""
        event, known, step = told.event, self._desk.book.tally.breakers, Step()
        if event.name in known.tripped or told.reset < known.reset_at(event.name):
            return step
        if isinstance(event, BreakerTripped):
            step.events.append(event)
            step.alerts.append(self._alert("A091", Level.P0, event.name, event.text, _DONE[event.step], _todo(event)))
            return step
        before = known.warned.get(event.name)
        if before is None or before.day != event.day or before.share < event.share:
            step.events.append(event)
            step.alerts.append(self._warning(event))
        return step

    def on_reset(self, asked: ResetBreakers) -> Step:
        """Reset what a person names, and say what is tripped still."""
        known = self._desk.book.tally.breakers
        names = known.named(asked.beginning)
        step = Step()
        for name in names:
            self._reset(known.tripped[name], ResetBy.PERSON, asked.by, asked.reason, step)
        left = tuple(name for name in known.tripped if name not in names)
        step.tells.append((asked.reply_to, BreakersReset(names=names, tripped=left)))
        return step

    def on_tick(self) -> Step:
        """Reset what the session's open resets, and mark what was held over."""
        step, tally = Step(), self._desk.book.tally
        if not (tally.breakers.tripped or tally.unmarked):
            return step
        now = self._desk.now()
        today = self._desk.sessions.session_date(now)
        session = self._session(today)
        if today is None or session is None or now < session.opens_at:
            return step
        for trip in tally.breakers.tripped.values():
            if trip.reset is ResetBy.SESSION and today > trip.day:
                self._reset(trip, ResetBy.SESSION, "calendar", f"the session of {today} has opened", step)
        values = self._values(tally.unmarked) if session.holds(now) else {}
        if values and self._desk.book.session is not None:
            step.events.append(StructuresMarked(session=self._desk.book.session, values=values, at=now))
        return step

    def _session(self, on: date | None) -> Session | None:
        return None if on is None else self._desk.sessions.session("equity_option", on)

    def _values(self, names: frozenset[str]) -> dict[str, Decimal]:
        book, quotes = self._desk.book, self._desk.quotes
        held = [each for name in sorted(names) if (each := book.structures.get(name)) is not None and not each.is_flat]
        known = {each.structure_id: self._worth(each, quotes) for each in held if quotes is not None}
        return {name: value + book.structures[name].cash for name, value in known.items() if value is not None}

    def _worth(self, structure: Structure, quotes: QuoteTable) -> Decimal | None:
        return worth(structure.holdings, quotes, contracts_of(self._desk.book, structure.holdings), _middle)

    def _reset(self, trip: BreakerTripped, how: ResetBy, by: str, reason: str, step: Step) -> None:
        now = self._desk.now()
        step.events.append(BreakerReset(name=trip.name, how=how, by=by, reason=reason, at=now))
        text = f"breaker {trip.name} was reset by {by}: {reason}. It had tripped at: {trip.text}"
        step.alerts.append(self._alert("A092", Level.P2, trip.name, text, "What it stopped may open again.", ""))

    def _warning(self, event: BreakerWarned) -> Alert:
        level = Level.P1 if event.share >= PAGED_SHARE else Level.P2
        text = f"{event.share:.0%} of a limit is used. {event.text}"
        todo = "Close or reduce what loses; nothing is stopped yet."
        return self._alert("A090", level, f"{event.name}.{event.share:.0%}", text, "", todo)

    def _alert(self, code: str, level: Level, subject: str, text: str, done: str, todo: str) -> Alert:
        plain = self._desk.alert(code, level, f"breaker-{subject}", text)
        return plain.model_copy(update={"done": done, "todo": todo})


def _middle(quote: Sides | None, quantity: int) -> Decimal | None:
    return quote.mid if quote is not None and quote.mid is not None else closing_price(quote, quantity)


def _todo(trip: BreakerTripped) -> str:
    text = f'holdfast breaker reset {trip.name} --reason "..." once you have looked.'
    return text if trip.reset is ResetBy.PERSON else f"Wait: the next session's open resets it. Or {text}"
