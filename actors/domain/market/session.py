"""When a product trades: its session on a New York date, or the reason why there is none.

Decides from three tables it is given. The exchange table (XNYS, as exchange_calendars tells it) says when the stock
exchange opens and closes. The official table says which days it publishes as holidays and half days. The rules say how
a product's hours hang on those of the stock exchange; with them the calendars of other venues, which miss half days,
are not needed:

    equity options      open and close with the exchange
    index options       close 15 minutes after it (16:15, on half days 13:15)
    ... expiring, PM    close with it in their last session; AM: that morning is too late
    Globex              18:00 the day before, to 17:00, on half days 13:15
    ... on a halt       to 13:00: a holiday of the stock exchange that the official table says it trades on until then

Assumes that a session lies within 24 hours of its date. Fails closed: where a table ends, or the two disagree on a day,
there is no session, and so there are no openings. What a person declares closed, wholly or early, is so for every
product: no table knows a closure that was announced yesterday. No series ends on a halt: the exchange has no day there.
Leaves out extended hours (Cboe's night and curb sessions).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from pydantic import Field, PrivateAttr, model_validator

from actors.domain.market import new_york
from actors.domain.value import Instant, Value

NEW_YORK = new_york.NEW_YORK

_FULL_DAY_CLOSES = time(16)
_SATURDAY = 5


class Session(Value):
    """One trading day of one product."""

    opens_at: Instant
    closes_at: Instant
    is_half_day: bool

    @model_validator(mode="after")
    def _is_ordered(self) -> "Session":
        if self.opens_at >= self.closes_at:
            raise ValueError(f"opens at {self.opens_at}, not before it closes at {self.closes_at}")
        return self

    def holds(self, now: datetime) -> bool:
        """Return whether `now` lies in the session; its close no longer does."""
        return self.opens_at <= now < self.closes_at


class Closed(Value):
    """Why there is no session."""

    class Code(StrEnum):
        """The reasons. Only CLOSED and EXPIRED are facts about the market; the others are about our tables."""

        CLOSED = "CLOSED"
        EXPIRED = "EXPIRED"
        TABLE_ENDS = "TABLE_ENDS"
        TABLES_DISAGREE = "TABLES_DISAGREE"

    code: Code
    text: str


class Closure(Value):
    """A day that a person says is closed, or closes early, whatever the tables say."""

    on: date
    closes_at: time | None = None
    """New York time; None: closed all day."""
    reason: str = "declared closed"


class UnknownSession(ValueError):
    """No rule has this name."""


class ExchangeDay(Value):
    """The stock exchange's regular hours on one date."""

    opens_at: Instant
    closes_at: Instant


class ExchangeTable(Value):
    """Every day the stock exchange trades from `first_on` to `last_on`; `source` says who says so."""

    source: str
    first_on: date
    last_on: date
    days: Mapping[date, ExchangeDay] = Field(repr=False)


class OfficialTable(Value):
    """The exchange's own published holidays and half days, from `first_on` to `last_on`."""

    source: str
    checked_on: date
    first_on: date
    last_on: date
    holidays: frozenset[date] = Field(repr=False)
    half_days: frozenset[date] = Field(repr=False)
    halts: frozenset[date] = Field(default=frozenset(), repr=False)
    """Holidays that a product with `halt_closes` trades on, until then."""


class LastSession(StrEnum):
    """When an expiring series stops trading on the day it expires."""

    AS_USUAL = "AS_USUAL"
    EXCHANGE_CLOSE = "EXCHANGE_CLOSE"
    EXCHANGE_OPEN = "EXCHANGE_OPEN"
    NONE = "NONE"


class SessionRule(Value):
    """How a product's hours follow from the stock exchange's."""

    opens: time | None = None
    """New York time; None opens with the exchange."""
    opens_day_before: bool = False
    close_lag_min: int = Field(default=0, ge=0)
    """Minutes after the exchange's close on an ordinary day."""
    half_day_close_lag_min: int = Field(default=0, ge=0)
    halt_closes: time | None = None
    """New York time that it trades until on a holiday of the stock exchange that is a halt; None: closed all day."""
    expiring: LastSession = LastSession.AS_USUAL


class Sessions(Value):
    """The trading days of every product."""

    exchange: ExchangeTable
    official: OfficialTable
    rules: Mapping[str, SessionRule]
    declared: Mapping[date, Session] = Field(default_factory=dict)
    """Sessions of a made-up market, which stand for every product of their date, whatever the tables say."""
    closures: Mapping[date, Closure] = Field(default_factory=dict)
    """What a person declares closed."""
    _found: dict[tuple[str, date, bool], "Session | Closed"] = PrivateAttr(default_factory=dict)
    """What was looked up before: every order asks for the same few."""

    def session(self, name: str, on: date, *, expiring: bool = False) -> Session | None:
        """Return the session of rule `name` on New York date `on`; None where there is none, or none is certain.

        `expiring` asks for a series in its last session. Raises `UnknownSession`.
        """
        found = self.find(name, on, expiring=expiring)
        return found if isinstance(found, Session) else None

    def find(self, name: str, on: date, *, expiring: bool = False) -> Session | Closed:
        """Return what `session` does, or the reason why there is none. Raises `UnknownSession`."""
        key = name, on, expiring
        return self._found.get(key) or self._found.setdefault(key, self._look_up(*key))

    def _look_up(self, name: str, on: date, expiring: bool) -> Session | Closed:  # noqa: FBT001 - a key's part
        rule = self._rule(name)
        found: Session | Closed | None = self.declared.get(on)
        if found is None:
            day = self._exchange_day(on)
            if isinstance(day, Closed):
                is_halt = day.code is Closed.Code.CLOSED and on in self.official.halts and not expiring
                found = (_halted(rule, on) if is_halt else None) or day
            else:
                found = _apply(rule, on, day, expiring=expiring)
        closure = self.closures.get(on)
        return found if closure is None or isinstance(found, Closed) else _cut(found, closure)

    def session_date(self, now: datetime, name: str = "equity_option") -> date | None:
        """Return the New York date of the trading day `now` belongs to; None on a day without a session.

        That is the calendar date, before the open and after the close too; a product that opens the evening before has
        its next day from then on.
        """
        rule = self._rule(name)
        local = now.astimezone(NEW_YORK)
        on = local.date()
        if rule.opens_day_before and rule.opens is not None and local.time() >= rule.opens:
            on += timedelta(days=1)
        return on if self.session(name, on) else None

    def declare(self, on: date, opens_at: datetime, closes_at: datetime) -> "Sessions":
        """Return these sessions with one more made-up day, for a synthetic market."""
        day = Session(opens_at=opens_at, closes_at=closes_at, is_half_day=False)
        return self._with(declared={**self.declared, on: day})

    def without(self, closures: Iterable[Closure]) -> "Sessions":
        """Return these sessions without what a person declares closed."""
        return self._with(closures={**self.closures, **{each.on: each for each in closures}})

    def _with(self, **changes: Mapping[date, Session] | Mapping[date, Closure]) -> "Sessions":
        told = {name: getattr(self, name) for name in type(self).model_fields}
        return Sessions(**(told | changes))  # anew: a copy would keep what was found before

    def _rule(self, name: str) -> SessionRule:
        try:
            return self.rules[name]
        except KeyError:
            raise UnknownSession(f"no session rule {name!r}; there are {', '.join(sorted(self.rules))}") from None

    def _exchange_day(self, on: date) -> ExchangeDay | Closed:
        for table in (self.exchange, self.official):
            if not table.first_on <= on <= table.last_on:
                text = f"{on} lies outside {table.first_on} to {table.last_on}, the days of {table.source}"
                return Closed(code=Closed.Code.TABLE_ENDS, text=text)
        day = self.exchange.days.get(on)
        ours, theirs = _word(day), self._official_word(on)
        if ours != theirs:
            text = f"{on}: {self.exchange.source} says {ours}, {self.official.source} says {theirs}"
            return Closed(code=Closed.Code.TABLES_DISAGREE, text=text)
        return day or Closed(code=Closed.Code.CLOSED, text=f"{on:%a %Y-%m-%d}: the exchange is closed")

    def _official_word(self, on: date) -> str:
        if on.weekday() >= _SATURDAY or on in self.official.holidays:
            return "closed"
        return "half day" if on in self.official.half_days else "full day"


def _word(day: ExchangeDay | None) -> str:
    if day is None:
        return "closed"
    return "half day" if day.closes_at.astimezone(NEW_YORK).time() < _FULL_DAY_CLOSES else "full day"


def _cut(session: Session, closure: Closure) -> Session | Closed:
    """Return what a closure leaves of a session."""
    closes_at = session.closes_at
    if closure.closes_at is not None:
        closes_at = min(
            closes_at, datetime.combine(closure.on, closure.closes_at, NEW_YORK).astimezone(closes_at.tzinfo)
        )
    if closure.closes_at is None or closes_at <= session.opens_at:
        return Closed(code=Closed.Code.CLOSED, text=f"{closure.on:%a %Y-%m-%d}: {closure.reason}")
    return Session(opens_at=session.opens_at, closes_at=closes_at, is_half_day=True)


def _apply(rule: SessionRule, on: date, day: ExchangeDay, *, expiring: bool) -> Session | Closed:
    is_half_day = _word(day) == "half day"
    lag = timedelta(minutes=rule.half_day_close_lag_min if is_half_day else rule.close_lag_min)
    closes_at = day.closes_at + lag
    if expiring:
        match rule.expiring:
            case LastSession.NONE:
                return Closed(code=Closed.Code.EXPIRED, text=f"{on}: settled by this morning's opening prints")
            case LastSession.EXCHANGE_CLOSE:
                closes_at = day.closes_at
            case LastSession.EXCHANGE_OPEN:
                closes_at = day.opens_at
            case LastSession.AS_USUAL:
                pass
    return Session(opens_at=_opens_at(rule, on, day), closes_at=closes_at, is_half_day=is_half_day)


def _halted(rule: SessionRule, on: date) -> Session | None:
    """Return the short session of a holiday; None of a product that has none."""
    if rule.halt_closes is None or rule.opens is None:
        return None
    closes_at = datetime.combine(on, rule.halt_closes, NEW_YORK).astimezone(UTC)
    return Session(opens_at=_opens(rule, rule.opens, on), closes_at=closes_at, is_half_day=True)


def _opens_at(rule: SessionRule, on: date, day: ExchangeDay) -> datetime:
    return day.opens_at if rule.opens is None else _opens(rule, rule.opens, on)


def _opens(rule: SessionRule, opens: time, on: date) -> datetime:
    first = on - timedelta(days=1) if rule.opens_day_before else on
    return datetime.combine(first, opens, NEW_YORK).astimezone(UTC)
