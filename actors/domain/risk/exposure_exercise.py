"""What early exercise makes of the closed form's figures: an American option counts as the better of two uses of it.

The gate prices what is asked in one pass of the closed form; QuantLib, point by point, would take milliseconds of an
order's time (`exposure_american`, risk's own). So an American option counts here, now and at each cell, as the greater
of

    waiting      the European price, discounted by `rate`, its carry to the end shrinking with the time left
    exercising   what is paid at once, at that cell's spot

It is never worth less, and at most the greater part of a dividend, or of a put's interest to the end, more: both
are exact where they matter, deep in the money and the day before a dividend, and what lies between is what a
right to choose later adds. Where exercise pays more it is shares: delta of one, and no gamma, vega or theta.

Without a price of its underlying (the carry is not known) the closed form on the forward stands.
`tests/actors/domain/risk/test_exposure_exercise.py` holds it against QuantLib.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from actors.domain.market.quote import Floats

_PERCENT: Final = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Early:
    """What early exercise needs to know of each option; a column each, NaN of one that knows none."""

    spots: Floats
    carried: Floats
    """What is left of the carry at each cell: the forward there is so many times the spot's move of it ..."""
    discount: Floats
    """... and a payment at the end is worth so much of itself."""

    @classmethod
    def of(cls, spots: Floats, forward: Floats, years: Floats, left: Floats, rate: float) -> "Early":
        """Return it of options with these `years` to live, `left` of them at each cell."""
        with np.errstate(divide="ignore", invalid="ignore"):
            carry = np.where(years > 0, np.log(forward / spots) / years, 0.0)
        carry = np.where(np.isnan(spots), 0.0, carry)
        rates = np.where(np.isnan(spots), 0.0, rate)
        return cls(spots, np.exp(carry * (left - years)), np.exp(-rates * left))

    def exercised(
        self, price: Floats, greeks: Floats, is_call: Floats, strike: Floats, up: Floats
    ) -> tuple[Floats, Floats]:
        """Return prices and greeks with early exercise in them, of those without: in points, a row an option.

        `price` is now, then each cell, whose spot is moved by `up`; `greeks` are delta, gamma, vega and theta now.
        """
        sign = np.where(is_call > 0, 1.0, -1.0)
        waiting = price * self.discount
        paid = sign * (self.spots * up - strike)
        is_over = paid[:, :1] > waiting[:, :1]
        as_shares = np.zeros_like(greeks)
        as_shares[:, :1] = sign * self.spots * _PERCENT
        return np.fmax(waiting, paid), np.where(is_over, as_shares, greeks * self.discount[:, :1])
