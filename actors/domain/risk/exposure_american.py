"""The exposure of American options in the money, where the closed form says too little: by QuantLib, point by point.

Deltas of those lie between the closed form's and that of shares; at the exercise boundary they are shares. Out of the
money early exercise is worth little, and the closed form stands (`exposure_exercise`). Figures and cells as in
`exposure`, from prices a little apart. Two thousandths of a second a contract: for risk's looks, not for an admission.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np

from actors.domain.market.american import AmericanPricer
from actors.domain.market.contract import Contract, Style
from actors.domain.market.quote import Floats
from actors.domain.risk.exposure_limits import Grid

_STEP: Final = 0.005
"""Share of the spot, and points of volatility, that prices lie apart from which greeks are taken."""
_VOLATILITY_MIN: Final = 0.01
_DAYS_A_YEAR: Final = 365.0
_PERCENT: Final = 0.01


def is_early(contract: Contract, facts: Sequence[float]) -> bool:
    """Whether early exercise may weigh: an American option in the money. `facts` are the pricer's of it."""
    is_call, strike, forward = facts[:3]
    return contract.product.style is Style.AMERICAN and (forward > strike if is_call else forward < strike)


def american_row(facts: Sequence[float], spot: float, rate: float, grid: Grid) -> Floats:
    """Return the row of one contract, in dollars."""
    is_call, strike, forward, volatility, years, multiplier = facts
    carry = math.log(forward / spot) / years if years > 0 else 0.0

    def worth(move: float = 0.0, points: float = 0.0, passed: float = 0.0) -> float:
        there, left = spot * (1 + move), max(years - passed, 0.0)
        std_dev = max(volatility + points, _VOLATILITY_MIN) * math.sqrt(left)
        then = there * math.exp(carry * left)
        return _engine().price(there, strike, then, std_dev, rate * left, is_call=bool(is_call))

    now, up, down = worth(), worth(move=_STEP), worth(move=-_STEP)
    delta = (up - down) / (2 * _STEP) * _PERCENT
    gamma = (up - 2 * now + down) / _STEP**2 * _PERCENT**2
    vega = (worth(points=_STEP) - worth(points=-_STEP)) / (2 * _STEP) * _PERCENT
    theta = worth(passed=min(years, 1 / _DAYS_A_YEAR)) - now
    cells = []
    for cell in range(grid.size):
        move, points, days = grid.point(cell)
        cells.append(worth(move, points, days / _DAYS_A_YEAR) - now)
    return np.array([delta, gamma, vega, theta, *cells]) * multiplier


@cache
def _engine() -> AmericanPricer:
    return AmericanPricer()
