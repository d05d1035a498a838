"""The 0DTE iron condor: on the day of expiry, sell a call and a put by delta, buy protection as far from both.

Chosen here: which four options. Both shorts have the delta nearest the target, never more than `delta_excess` above it,
so that a thin chain gives no condor rather than one at the money. Both wings are equally wide: the widest there is up
to `wing_width` points for which all four legs are quoted on both sides, because a wing without a bid can neither be
entered at a known price nor closed. When to enter and leave is `seller` and `terms`.

Settled in the morning (AM) means settled before the session: such chains are not looked at.
"""

from decimal import Decimal
from typing import ClassVar

import numpy as np
from pydantic import Field

from actors.domain.market.chain import Chain, Quoted, Smile
from actors.domain.market.contract import SettlementTime
from actors.domain.market.quote import Floats
from actors.domain.orders.order import Action, Leg
from actors.strategies.base import MarketView
from actors.strategies.seller import Seller
from actors.strategies.terms import Moment, Pick, SellerParameters, by_delta, read_smile


class CondorParameters(SellerParameters):
    """What a condor is told. Widths are points of the underlying."""

    dte: int = Field(default=0, ge=0, le=60)
    """Days to expiry, exactly."""
    short_delta: float = Field(default=0.16, gt=0, lt=0.5)
    delta_excess: float = Field(default=0.10, ge=0, lt=0.5)
    wing_width: Decimal = Field(default=Decimal(25), gt=0)
    exit_at: Moment | None = "close-15"


class IronCondor(Seller):
    """Sells one condor after the other, up to `entries_max` a session."""

    Parameters: ClassVar[type[SellerParameters]] = CondorParameters
    parameters: CondorParameters

    def pick(self, view: MarketView) -> Pick | str:
        """Return the condor of the day, or why there is none."""
        rules = self.parameters
        chain = _expiring(view, rules.dte)
        if chain is None:
            return f"nothing settled at a close expires in {rules.dte} days"
        smile = read_smile(chain, view, rules)
        if smile is None:
            return f"no strike of {chain.root} {chain.expires_on} is quoted as call and put"
        call = by_delta(smile.call_deltas, rules.short_delta, rules.delta_excess)
        put = by_delta(smile.put_deltas, rules.short_delta, rules.delta_excess)
        if call is None or put is None:
            return f"no {'call' if call is None else 'put'} near delta {rules.short_delta:.2f}"
        width = _wing_width(smile, call, put, float(rules.wing_width))
        if width is None:
            return f"no equal wings within {rules.wing_width} points of the shorts"
        return Pick(legs=_legs(smile, call, put, width), reason=_words(smile, call, put, width))


def _expiring(view: MarketView, dte: int) -> Chain | None:
    for chain in view.chains:
        if chain.dte(view.session) == dte and chain.settlement_time is SettlementTime.PM:
            return chain
    return None


def _wing_width(smile: Smile, call: int, put: int, width_max: float) -> float | None:
    """Return the widest distance at which both a call above and a put below are quoted."""
    above: Floats = smile.calls.strikes[call + 1 :] - smile.calls.strikes[call]
    below: Floats = smile.puts.strikes[put] - smile.puts.strikes[:put]
    both = np.intersect1d(above.round(3), below.round(3))  # strikes are thousandths, their float differences are not
    both = both[both <= width_max]
    return float(both[-1]) if len(both) else None


def _legs(smile: Smile, call: int, put: int, width: float) -> tuple[Leg, ...]:
    """Return the legs by rising strike."""
    calls, puts = smile.calls, smile.puts
    return (
        Leg(symbol=_at(puts, float(puts.strikes[put]) - width), action=Action.BUY_TO_OPEN),
        Leg(symbol=puts.symbols[put], action=Action.SELL_TO_OPEN),
        Leg(symbol=calls.symbols[call], action=Action.SELL_TO_OPEN),
        Leg(symbol=_at(calls, float(calls.strikes[call]) + width), action=Action.BUY_TO_OPEN),
    )


def _at(quoted: Quoted, strike: float) -> str:
    return quoted.symbols[int(np.argmin(np.abs(quoted.strikes - strike)))]


def _words(smile: Smile, call: int, put: int, width: float) -> str:
    return (
        f"condor {smile.puts.strikes[put]:g}/{smile.calls.strikes[call]:g}, wings {width:g}, "
        f"deltas {smile.put_deltas[put]:.2f}/{smile.call_deltas[call]:.2f}, forward {smile.forward:.2f}"
    )
