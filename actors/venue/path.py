"""The day of a synthetic index, drawn before it begins: level, volatility and stress at every step.

Volatility is the exponential of a mean-reverting walk that moves against the index; jumps come by chance, and where
they are asked for (`Gap`). Stress is what makers of quotes feel: 1 in calm, more after the open, after jumps and halts,
and towards the close. The whole day follows from the seed, so a venue that was restarted goes on with the same day.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from actors.domain.market.quote import Floats
from actors.domain.value import Value
from actors.venue.surface import NIGHT_SHARE, TRADING_DAYS

SESSION_S = 23_400.0
"""Length of an ordinary session; a shorter one sees a smaller part of a day's variance."""
YEARS_PER_SECOND = (1.0 - NIGHT_SHARE) / TRADING_DAYS / SESSION_S

_VOLATILITY_OF_VOLATILITY = 2.0
_LEVERAGE = -0.7
"""Correlation of index and volatility."""
_REVERSION = 10.0
_JUMPS_PER_DAY = 3.0
_JUMP_MEAN, _JUMP_DEVIATION = -0.0003, 0.0015
_FEAR_DOWN, _FEAR_UP = 15.0, 5.0
"""Rise of log volatility for a jump of 1, either way."""

_STRESS_MAX = 8.0
_STRESS_OF_JUMP, _JUMP_FADES_S = 800.0, 90.0
_STRESS_OF_RESUMPTION, _RESUMPTION_FADES_S = 3.0, 120.0
_STRESS_OF_OPEN, _OPEN_FADES_S = 1.5, 300.0
_STRESS_OF_CLOSE, _CLOSE_COMES_S = 1.5, 400.0


class Halt(Value):
    """Trading stops: quotes are pulled, the index prints nothing. Times in seconds after the open."""

    after_s: float = Field(ge=0)
    length_s: float = Field(gt=0)


class Gap(Value):
    """The index moves at once, by a share of its level (-0.03: down 3 %)."""

    after_s: float = Field(ge=0)
    move: float = Field(gt=-0.5, lt=0.5)


@dataclass(frozen=True, slots=True)
class Path:
    """A day, one figure a step. While halted, `level` goes on unseen."""

    seconds: Floats
    level: Floats
    volatility: Floats
    stress: Floats
    is_halted: NDArray[np.bool_]


def draw_path(
    generator: np.random.Generator,
    seconds: Floats,
    spot: float,
    volatility: float,
    halts: Sequence[Halt],
    gaps: Sequence[Gap],
) -> Path:
    """Return a day whose steps are `seconds` after its open (even, from 0), from `spot` at yearly `volatility`."""
    count = len(seconds)
    step_s = float(seconds[1] - seconds[0])
    years = step_s * YEARS_PER_SECOND
    shocks = generator.standard_normal((2, count))
    jumps = _jumps(generator, seconds, step_s, gaps)
    against = _LEVERAGE * shocks[0] + np.sqrt(1.0 - _LEVERAGE**2) * shocks[1]
    fear = np.where(jumps < 0, -_FEAR_DOWN, _FEAR_UP) * jumps
    drive = _VOLATILITY_OF_VOLATILITY * np.sqrt(years) * against + fear
    log_volatility = np.log(volatility) + _mean_reverting(drive, _REVERSION * years)
    path_volatility = np.exp(log_volatility)
    returns = path_volatility * np.sqrt(years) * shocks[0] - 0.5 * path_volatility**2 * years + jumps
    returns[0] = 0.0
    halted = _halted(seconds, halts)
    return Path(
        seconds=seconds,
        level=spot * np.exp(np.cumsum(returns)),
        volatility=path_volatility,
        stress=_stress(seconds, jumps, halts),
        is_halted=halted,
    )


def _jumps(generator: np.random.Generator, seconds: Floats, step_s: float, gaps: Sequence[Gap]) -> Floats:
    happens = generator.random(len(seconds)) < _JUMPS_PER_DAY * step_s / SESSION_S
    jumps: Floats = happens * generator.normal(_JUMP_MEAN, _JUMP_DEVIATION, len(seconds))
    jumps[0] = 0.0
    for gap in gaps:
        if gap.after_s <= seconds[-1]:
            jumps[np.searchsorted(seconds, gap.after_s)] += np.log1p(gap.move)
    return jumps


def _mean_reverting(drive: Floats, reversion: float) -> Floats:
    """Return x with x[k] = (1 - reversion) x[k-1] + drive[k], x[0] = 0; a day is short against 1 / reversion."""
    weights = (1.0 - reversion) ** np.arange(len(drive))
    summed: Floats = weights * np.cumsum(drive / weights)
    reverting: Floats = summed - summed[0] * weights
    return reverting


def _halted(seconds: Floats, halts: Sequence[Halt]) -> NDArray[np.bool_]:
    halted = np.zeros(len(seconds), np.bool_)
    for halt in halts:
        halted |= (seconds >= halt.after_s) & (seconds < halt.after_s + halt.length_s)
    return halted


def _stress(seconds: Floats, jumps: Floats, halts: Sequence[Halt]) -> Floats:
    to_close = seconds[-1] - seconds
    stress = 1.0 + _STRESS_OF_OPEN * np.exp(-seconds / _OPEN_FADES_S)
    stress += _STRESS_OF_CLOSE * np.exp(-to_close / _CLOSE_COMES_S)
    shocks = [(seconds[k], _STRESS_OF_JUMP * abs(jumps[k]), _JUMP_FADES_S) for k in np.flatnonzero(jumps)]
    shocks += [(halt.after_s + halt.length_s, _STRESS_OF_RESUMPTION, _RESUMPTION_FADES_S) for halt in halts]
    for at, size, fades_s in shocks:
        after = seconds >= at
        stress[after] += size * np.exp(-(seconds[after] - at) / fades_s)
    return np.minimum(stress, _STRESS_MAX)
