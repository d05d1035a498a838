"""What a seed's month does to whoever trades in it: moves over night and at once, a crash, halts, deaths, lost quotes.

Every month has one day on which the index falls by seven percent: some of it over night, the rest in many steps over
two hours, until the exchange halts it for a quarter of an hour. Other days have a gap in the session, a gap over night,
or neither. Deaths fall on every day, on the crash more than on others, half of them between two lines of an actor's
work: a countdown over what it writes and says.
"""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from pydantic import Field

from actors.domain.market.session import Session, Sessions
from actors.domain.value import Instant, Value
from actors.venue.path import Gap, Halt

CRASH: Final = -0.07
_CALM_VOLATILITY: Final = 0.16
_FEAR: Final = 0.22
"""What the crash leaves on a year's volatility; the day itself is frightened by each of its falls."""
_FEAR_LEFT: Final = 0.85
"""Of that, from one day to the next."""
_STEP: Final = 0.004
"""Of the index, each fall of the crash."""
_HALT_S: Final = 900.0
_GAP_SHARE, _NIGHT_SHARE = 0.2, 0.25
_VICTIMS: Final = ("executor", "risk", "strategy", "primary", "backup", "feed", "machine")
_STEPS_MAX: Final = 14


class Death(Value):
    """One process ends. `steps`: at so many writes and words from then on, rather than at once."""

    after_s: float = Field(ge=0)
    whom: str
    steps: int | None = None


class DayPlan(Value):
    """One trading day. Shares of the index; seconds after the open."""

    session: date
    opens_at: Instant
    closes_at: Instant
    seed: int
    overnight: float = 0.0
    volatility: float
    gaps: tuple[Gap, ...] = ()
    halts: tuple[Halt, ...] = ()
    deaths: tuple[Death, ...] = ()
    is_crash: bool = False

    @property
    def length_s(self) -> float:
        """Length of the session."""
        return (self.closes_at - self.opens_at).total_seconds()


def draw_month(seed: int, first_on: date, days: int, sessions: Sessions) -> tuple[DayPlan, ...]:
    """Return `days` trading days from `first_on` on; the crash is on one of them, never the first."""
    dice = np.random.default_rng(seed)
    crash = 1 + int(dice.integers(max(1, days - 1)))
    fear, found = 0.0, []
    for number, (on, hours) in enumerate(_trading_days(first_on, days, sessions)):
        is_crash = number == crash % days
        plan = _crash if is_crash else _other
        found.append(plan(dice, on, hours, round(_CALM_VOLATILITY + fear, 4)))
        fear = _FEAR if is_crash else fear * _FEAR_LEFT
    return tuple(found)


def _trading_days(first_on: date, days: int, sessions: Sessions) -> Iterator[tuple[date, Session]]:
    on, left = first_on, days
    while left:
        hours = sessions.session("equity_option", on)
        if isinstance(hours, Session):
            left -= 1
            yield on, hours
        on += timedelta(days=1)


def _crash(dice: np.random.Generator, on: date, hours: Session, volatility: float) -> DayPlan:
    length_s = _length_s(hours)
    overnight = round(float(dice.uniform(-0.025, 0.0)), 4)
    falls = math.ceil((math.log1p(overnight) - math.log1p(CRASH)) / _STEP)
    begins_s = float(dice.uniform(0.15, 0.3)) * length_s
    moments = np.sort(dice.uniform(begins_s, begins_s + 0.35 * length_s, falls)).round()
    halt = Halt(after_s=float(moments[-1]) + 60.0, length_s=_HALT_S)
    worst = [Death(after_s=float(moments[place]), whom="executor", steps=3) for place in (falls // 3, falls // 2)]
    return DayPlan(
        session=on,
        opens_at=hours.opens_at,
        closes_at=hours.closes_at,
        seed=int(dice.integers(2**31)),
        overnight=overnight,
        volatility=volatility,
        gaps=tuple(Gap(after_s=float(moment), move=-_STEP) for moment in moments),
        halts=(halt,),
        deaths=(*worst, *_deaths(dice, length_s, 6)),
        is_crash=True,
    )


def _other(dice: np.random.Generator, on: date, hours: Session, volatility: float) -> DayPlan:
    length_s, luck = _length_s(hours), float(dice.random())
    gaps: tuple[Gap, ...] = ()
    if luck < _GAP_SHARE:
        gaps = (Gap(after_s=float(round(dice.uniform(600, length_s - 600))), move=_move(dice, 0.01, 0.03)),)
    overnight = _move(dice, 0.005, 0.025) if luck > 1 - _NIGHT_SHARE else round(float(dice.normal(0, 0.003)), 4)
    return DayPlan(
        session=on,
        opens_at=hours.opens_at,
        closes_at=hours.closes_at,
        seed=int(dice.integers(2**31)),
        overnight=overnight,
        volatility=volatility,
        gaps=gaps,
        deaths=_deaths(dice, length_s, int(dice.integers(0, 5))),
    )


def _move(dice: np.random.Generator, least: float, most: float) -> float:
    return round(float(dice.uniform(least, most)) * (-1 if dice.random() < 0.5 else 1), 4)


def _deaths(dice: np.random.Generator, length_s: float, count: int) -> tuple[Death, ...]:
    found = []
    for _ in range(count):
        whom = _VICTIMS[int(dice.integers(len(_VICTIMS)))]
        steps = int(dice.integers(1, _STEPS_MAX)) if dice.random() < 0.5 and whom in {"executor", "risk"} else None
        found.append(Death(after_s=round(float(dice.uniform(0, length_s))), whom=whom, steps=steps))
    return tuple(sorted(found, key=lambda each: each.after_s))


def _length_s(hours: Session) -> float:
    return (hours.closes_at - hours.opens_at).total_seconds()


def at_of(plan: DayPlan, after_s: float) -> datetime:
    """Return an instant of a day."""
    return plan.opens_at + timedelta(seconds=after_s)
