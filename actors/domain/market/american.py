"""American options by QuantLib: the fixed-point method of Andersen, Lake and Offengenden, to a thousandth of a point.

The closed form (`black`) knows no early exercise; this is what it is worth. Two things are needed that quotes alone do
not say apart: the rate, which is given and not negative, and the carry, which is what the forward is above or below
the spot.

QuantLib counts whole days, and an option may have an hour left. An American option's value depends on its time only
through rate, carry and variance to the end, so all three are scaled and every option here runs for one year.

Whatever QuantLib says is held between two prices that are sure. At least: the better of exercising now and of waiting
for the end. At most: the undiscounted European on the higher (a put: the lower) of spot and forward. Where carry
outweighs all volatility, the last hours before a dividend, the two meet; there an approximation that looks for its
critical price, as Barone-Adesi and Whaley's does, finds none: QuantLib's raises there, and for very wide ones never
returns. This one makes a bounded number of steps, and where it raises the lower of the two prices stands.
"""

import math

import QuantLib as ql  # noqa: N813 - the name its own documentation uses

_TODAY = ql.Date(2, 1, 2026)
_DAYS = 365
_TYPES = {True: ql.Option.Call, False: ql.Option.Put}
_ROOT_TWO = math.sqrt(2)


class AmericanPricer:
    """One engine, used again and again; not for two threads at once."""

    def __init__(self) -> None:
        ql.Settings.instance().evaluationDate = _TODAY
        count = ql.Actual365Fixed()
        self._spot, self._rate, self._carry, self._std_dev = (ql.SimpleQuote(1.0) for _ in range(4))
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(self._spot),
            ql.YieldTermStructureHandle(ql.FlatForward(_TODAY, ql.QuoteHandle(self._carry), count)),
            ql.YieldTermStructureHandle(ql.FlatForward(_TODAY, ql.QuoteHandle(self._rate), count)),
            ql.BlackVolTermStructureHandle(
                ql.BlackConstantVol(_TODAY, ql.NullCalendar(), ql.QuoteHandle(self._std_dev), count)
            ),
        )
        self._engine = ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.fastScheme())
        self._exercise = ql.AmericanExercise(_TODAY, _TODAY + _DAYS)

    def price(
        self, spot: float, strike: float, forward: float, std_dev: float, growth: float, *, is_call: bool
    ) -> float:
        """Return the price in points today; `growth` is the rate times the years left, `std_dev` to expiry.

        At no volatility it is what an exercise pays now, or what waiting for the forward does.
        """
        waiting = _european(strike, forward, std_dev, is_call=is_call) * math.exp(-growth)
        least = max(spot - strike if is_call else strike - spot, waiting)
        if not std_dev > 0:
            return least
        self._spot.setValue(spot)
        self._rate.setValue(growth)
        self._carry.setValue(growth - math.log(forward / spot))
        self._std_dev.setValue(std_dev)
        option = ql.VanillaOption(ql.PlainVanillaPayoff(_TYPES[is_call], strike), self._exercise)
        option.setPricingEngine(self._engine)
        try:
            found = float(option.NPV())
        except RuntimeError:  # all that QuantLib raises
            return least
        best = max(spot, forward) if is_call else min(spot, forward)
        most = _european(strike, best, std_dev, is_call=is_call)
        return max(least, min(found, most)) if math.isfinite(found) else least


def _european(strike: float, forward: float, std_dev: float, *, is_call: bool) -> float:
    """Return one undiscounted price of `black`'s; a pass over arrays would cost twenty times as much."""
    sign = 1 if is_call else -1
    if not std_dev > 0:
        return max(sign * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / std_dev + std_dev / 2
    return sign * (forward * _normal(sign * d1) - strike * _normal(sign * (d1 - std_dev)))


def _normal(x: float) -> float:
    return math.erfc(-x / _ROOT_TWO) / 2
