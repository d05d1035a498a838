"""American options by QuantLib: Barone-Adesi and Whaley's approximation, which is within a cent or two for listed ones.

The closed form (`black`) knows no early exercise; this is what it is worth. Two things are needed that quotes alone do
not say apart: the rate, which is given, and the carry, which is what the forward is above or below the spot.

QuantLib counts whole days, and an option may have an hour left. An American option's value depends on its time only
through rate, carry and variance to the end, so all three are scaled and every option here runs for one year.
"""

import math

import QuantLib as ql  # noqa: N813 - the name its own documentation uses

_TODAY = ql.Date(2, 1, 2026)
_DAYS = 365
_TYPES = {True: ql.Option.Call, False: ql.Option.Put}


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
        self._engine = ql.BaroneAdesiWhaleyApproximationEngine(process)
        self._exercise = ql.AmericanExercise(_TODAY, _TODAY + _DAYS)

    def price(
        self, spot: float, strike: float, forward: float, std_dev: float, growth: float, *, is_call: bool
    ) -> float:
        """Return the price in points today; `growth` is the rate times the years left, `std_dev` to expiry.

        At no volatility it is what an exercise pays now, or what waiting for the forward does.
        """
        intrinsic = max(spot - strike if is_call else strike - spot, 0.0)
        if not std_dev > 0:
            later = max(forward - strike if is_call else strike - forward, 0.0) * math.exp(-growth)
            return max(intrinsic, later)
        self._spot.setValue(spot)
        self._rate.setValue(growth)
        self._carry.setValue(growth - math.log(forward / spot))
        self._std_dev.setValue(std_dev)
        option = ql.VanillaOption(ql.PlainVanillaPayoff(_TYPES[is_call], strike), self._exercise)
        option.setPricingEngine(self._engine)
        return max(float(option.NPV()), intrinsic)
