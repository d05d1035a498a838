"""The go-live gate: what must be proved on paper before real money is traded.

Rules of this file:
* A *clean session* is one in which something was traded and nothing was left wrong: no doubt, quarantine or uncovered
  leg at its end, no fill that did not fit its order, no cash that differed, no account that somebody else traded, no
  leg uncovered beyond the limit. A session in which a breaker tripped, a process died or a route failed over, and all
  ended well, is clean: that is what is to be proved.
* It counts once the next one has begun, and one a day of the machine's calendar: a week that is played in an hour is
  one session.
* A control is proved by an event of the journal that shows it fire, or by a drill's card that passed (`controls`). A
  drill that was broken off or failed proves nothing. The newest proof is told.
* The gate is green once there are enough clean sessions and every control that is asked for is proved.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

from pydantic import Field

from actors.domain.market.session import NEW_YORK
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.finding import AccountContested, CashDiffers, FillFaulted, LegCovered, LegUncovered
from actors.domain.orders.order import cl_ord_id_of
from actors.domain.orders.signal import Signal
from actors.domain.performance.controls import CONTROLS, Control
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.value import Value

_NS: Final = 1_000_000_000


class GateTerms(Value):
    """What the gate asks for."""

    sessions_min: int = Field(default=10, ge=0, le=1_000)
    """Clean paper sessions: two weeks."""
    uncovered_max_s: float = Field(default=30.0, gt=0, le=3_600)
    """A leg that stood uncovered for longer makes a session unclean."""
    waived: tuple[str, ...] = Field(default=(), max_length=50)
    """Controls, by name, that are not asked for."""


class SessionMark(Value):
    """One session, and what was left wrong in it."""

    session: date
    played_on: date
    """The day of the machine's own calendar, in New York."""
    orders: int
    faults: tuple[str, ...] = ()
    is_over: bool = True

    @property
    def is_clean(self) -> bool:
        """Whether nothing keeps it from counting."""
        return self.is_over and not self.faults and self.orders > 0


class Proved(Value):
    """Where it stands written that a control fired."""

    control: str
    by: str
    """`journal`, or `drill NAME`."""
    mark: str
    """The journal's sequence, or when the drill's card was written."""


class Graduation(Value):
    """How far it is."""

    sessions: tuple[SessionMark, ...]
    sessions_min: int
    proved: tuple[Proved, ...]
    missing: tuple[str, ...]
    """Controls without a proof."""
    waived: tuple[str, ...] = ()

    @property
    def clean(self) -> int:
        """How many clean sessions count."""
        return len({each.played_on for each in self.sessions if each.is_clean})

    @property
    def lacks(self) -> tuple[str, ...]:
        """What is missing; a signature is bound to these words. Nothing: the gate is green."""
        few = (f"{self.clean} of {self.sessions_min} clean sessions",) if self.clean < self.sessions_min else ()
        return (*few, *(f"{name} not proved" for name in self.missing))


class GateFold:
    """What the journal proves, event by event."""

    def __init__(self, terms: GateTerms) -> None:
        self._terms = terms
        self.proved: dict[str, Proved] = {}
        self._done: list[SessionMark] = []
        self._session: date | None = None
        self._played_on = date.min
        self._orders = 0
        self._faults: dict[str, str] = {}
        self._left: dict[str, str] = {}
        """What is wrong now, and may yet be put right."""

    def hear(self, recorded: Recorded, sequence: int) -> None:
        """Take in one event."""
        event = recorded.event
        if isinstance(event, happened.SessionOpened) and event.session != self._session:
            self._done += self._mark(is_over=True)
            played_at = datetime.fromtimestamp(recorded.written_ns / _NS, UTC)
            self._session, self._played_on = event.session, played_at.astimezone(NEW_YORK).date()
            self._orders, self._faults = 0, {}
        for each in CONTROLS:
            if each.fires(event):
                self.proved[each.name] = Proved(control=each.name, by="journal", mark=str(sequence))
        self._judge(event)

    def sessions(self) -> tuple[SessionMark, ...]:
        """Return each session so far; the last one is not over."""
        return (*self._done, *self._mark(is_over=False))

    def _mark(self, *, is_over: bool) -> list[SessionMark]:
        if self._session is None:
            return []
        return [
            SessionMark(
                session=self._session,
                played_on=self._played_on,
                orders=self._orders,
                faults=(*self._faults.values(), *self._left.values()),
                is_over=is_over,
            )
        ]

    def _judge(self, event: happened.Event) -> None:  # noqa: C901 - a table of events
        match event:
            case happened.OrderPlaced(signal=Signal()):
                self._orders += 1
            case happened.AttemptEnded(attempt_id=attempt, outcome=InDoubt()):
                self._left[f"doubt-{attempt}"] = f"{cl_ord_id_of(attempt)} left in doubt"
            case happened.DoubtEnded(attempt_id=attempt):
                self._left.pop(f"doubt-{attempt}", None)
            case happened.Quarantined(underlying=name):
                self._left[f"quarantine-{name}"] = f"{name} left in quarantine"
            case happened.QuarantineLifted(underlying=name):
                self._left.pop(f"quarantine-{name}", None)
            case LegUncovered(structure_id=name):
                self._left[f"leg-{name}"] = f"{name} left uncovered"
            case LegCovered(structure_id=name, seconds=seconds):
                self._left.pop(f"leg-{name}", None)
                if seconds > self._terms.uncovered_max_s:
                    self._faults[f"leg-{name}"] = f"{name} stood uncovered for {seconds:.0f} s"
            case FillFaulted(cl_ord_id=name):
                self._faults[f"fill-{name}"] = f"a fill of {name} did not fit"
            case CashDiffers(account_domain=name, gap=gap):
                self._faults[f"cash-{name}"] = f"the cash of {name} differed by {gap:+,.2f}"
            case AccountContested(account_domain=name):
                self._faults[f"contested-{name}"] = f"{name} was traded by somebody else"


def asked_of(*, has_backup: bool) -> tuple[Control, ...]:
    """Return the controls that a configuration can have."""
    return tuple(each for each in CONTROLS if has_backup or not each.needs_backup)


def graduation(
    fold: GateFold, passed: Iterable[tuple[str, str]], terms: GateTerms, asked: Sequence[Control] = CONTROLS
) -> Graduation:
    """Return how far it is. `passed`: drills whose cards passed, as (when written, name), oldest first."""
    proved = dict(fold.proved)
    for written_at, drill in passed:
        for each in asked:
            if each.is_proved_by(drill):
                proved[each.name] = Proved(control=each.name, by=f"drill {drill}", mark=written_at)
    wanted = [each.name for each in asked if each.name not in terms.waived]
    return Graduation(
        sessions=fold.sessions(),
        sessions_min=terms.sessions_min,
        proved=tuple(proved[name] for name in wanted if name in proved),
        missing=tuple(name for name in wanted if name not in proved),
        waived=tuple(each.name for each in asked if each.name in terms.waived),
    )
