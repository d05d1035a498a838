"""What is withheld from openings while breakers are tripped, or while nobody knows whether one should be.

Rules of this file:
* A tripped breaker stops whom its step says (R018), whatever is measured now, and whatever is configured now.
* A result that is unknown or beyond belief, an equity that is missing, stale, zero or far beside what the journal says,
  stops openings while it lasts (R019): not known to be inside the limits counts as outside.
* Exits are asked nothing of this.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from actors.domain.orders.breaker_event import BreakerStep, BreakerTripped, Scope
from actors.domain.orders.refusal import Check, Code
from actors.domain.portfolio.breakers import EVERYBODY, stops
from actors.domain.portfolio.result import Result
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.issue import Finding, Rule
from actors.domain.risk.permit import TradingState
from actors.domain.value import ZERO


def withheld(
    trips: Iterable[BreakerTripped], results: Iterable[Result] | None, limits: BreakerLimits
) -> dict[str, Check]:
    """Return the check that openings fail, by strategy: those of the trips, and what is not known.

    `results` None: nobody has told any yet.
    """
    found = stops(trips)
    if results is None:
        found.setdefault(EVERYBODY, Check(code=Code.R019_RESULT_UNKNOWN, passed=False, value="no result is told yet"))
    for result in results or ():
        if why := unknown(result, limits):
            whom = result.subject if result.scope is Scope.STRATEGY else EVERYBODY
            subject = f"{result.scope} {result.subject}"
            found.setdefault(whom, Check(code=Code.R019_RESULT_UNKNOWN, passed=False, subject=subject, value=why))
    return found


def findings(trips: Iterable[BreakerTripped]) -> Iterator[Finding]:
    """Yield what trips make of the permit's state."""
    for trip in trips:
        if trip.step.stops_all:
            state = TradingState.REDUCING if trip.step is BreakerStep.REDUCE else TradingState.HALTED
            yield Finding(rule=Rule.BREAKER, state=state, reason=f"breaker {trip.name}: {trip.text}")


def believed(result: Result, limits: BreakerLimits) -> Result:
    """Return a result without what nobody can believe: it trips nothing, and is no high.

    That is the broker's word where it is stale, or likelier an error; and a gain that is likelier a wrong baseline.
    """
    age_s, most = result.equity_age_s, limits.equity_gap_max_share * result.base
    if result.scope is Scope.ACCOUNT and result.pnl is not None and result.pnl > most:
        return result.model_copy(update={"pnl": None, "sessions_pnl": None, "broker_pnl": None})
    is_fresh = age_s is not None and age_s <= limits.equity_age_max_s
    is_worth = result.equity is not None and result.equity.is_finite() and result.equity > 0
    is_number = result.broker_pnl is not None and result.broker_pnl.is_finite()
    is_likely = is_fresh and is_worth and is_number and _gap(result) <= most
    return result if is_likely else result.model_copy(update={"broker_pnl": None})


def _gap(result: Result) -> Decimal:
    """Return how far the broker's result is beside the journal's, in dollars."""
    return ZERO if result.broker_pnl is None or result.pnl is None else abs(result.broker_pnl - result.pnl)


def unknown(result: Result, limits: BreakerLimits) -> str:
    """Return why a result cannot be trusted to be inside its limits; empty where it can."""
    if not result.base > 0:
        return f"its baseline is {result.base}"
    if result.pnl is None:
        return "its result is unknown: something it holds has no mark in this session"
    if result.scope is Scope.STRATEGY:
        return ""
    most = limits.equity_gap_max_share * result.base
    if result.pnl > most:
        numbers = f"{result.pnl:,.2f} of a baseline of {result.base:,.2f}, limit {limits.equity_gap_max_share:.0%}"
        return f"its result is beyond belief: {numbers}; one of the two is wrong"
    return _of_broker(result, limits) if result.opens else ""  # nothing can be opened in an account out of reach


def _of_broker(result: Result, limits: BreakerLimits) -> str:
    equity, age_s, gap = result.equity, result.equity_age_s, _gap(result)
    if equity is None or age_s is None:
        return "its broker has not said what it is worth"
    if not age_s <= limits.equity_age_max_s:
        return f"its broker last said what it is worth {age_s:.0f} s ago, limit {limits.equity_age_max_s:g} s"
    if not equity.is_finite() or equity <= 0:
        return f"its broker says it is worth {equity}"
    if gap > limits.equity_gap_max_share * result.base:
        worth = f"{equity:,.2f}, {gap:,.2f} beside what the journal says"
        return f"its broker says it is worth {worth}, limit {limits.equity_gap_max_share:.0%} of {result.base:,.2f}"
    return ""
