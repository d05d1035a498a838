"""The credit spread: sell one option, buy another of the same right farther out of the money.

For chains too thin for a condor, down to the two strikes a recorded day may hold, and for structures held through
expiry: it leaves by itself only where a rule is set. The short is named by strike, or else chosen by delta; the long is
`width` points farther out. When to enter and leave is `seller` and `terms`.
"""

from decimal import Decimal
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from actors.domain.market.chain import Chain, Quoted
from actors.domain.market.contract import Right, SettlementTime
from actors.domain.orders.order import Action, Leg
from actors.strategies.base import MarketView
from actors.strategies.seller import Seller
from actors.strategies.terms import Pick, SellerParameters, Share, by_delta, read_smile, since_ns


class SpreadParameters(SellerParameters):
    """What a credit spread is told. Strikes and widths are points of the underlying."""

    dte: int = Field(default=0, ge=0, le=400)
    """Days to expiry, exactly."""
    right: Literal["C", "P"] = "P"
    short_strike: Decimal | None = Field(default=None, gt=0)
    """None: by delta."""
    short_delta: float = Field(default=0.16, gt=0, lt=0.5)
    delta_excess: float = Field(default=0.10, ge=0, lt=0.5)
    width: Decimal = Field(default=Decimal(25), gt=0)
    profit_target: Share | None = None
    stop: float | None = Field(default=None, gt=1, allow_inf_nan=False)


class CreditSpread(Seller):
    """Sells one spread after the other, up to `entries_max` a session."""

    Parameters: ClassVar[type[SellerParameters]] = SpreadParameters
    parameters: SpreadParameters

    def pick(self, view: MarketView) -> Pick | str:
        """Return the spread to sell, or why there is none."""
        rules = self.parameters
        fitting = [c for c in view.chains if c.dte(view.session) == rules.dte and _is_alive(c, rules.dte)]
        if not fitting:
            return f"nothing expires in {rules.dte} days"
        quoted = self._quoted(fitting[0], view)
        short = self._short(fitting[0], quoted, view)
        if short is None:
            wanted = f"delta {rules.short_delta:.2f}" if rules.short_strike is None else f"strike {rules.short_strike}"
            return f"no {rules.right} at {wanted} is quoted on both sides"
        away = float(rules.width) if quoted.right is Right.CALL else -float(rules.width)
        long = _at(quoted, short + away)
        sold = _at(quoted, short)
        if long is None or sold is None:
            return f"no {rules.right} {rules.width} points beyond {short:g} is quoted on both sides"
        legs = (Leg(symbol=sold, action=Action.SELL_TO_OPEN), Leg(symbol=long, action=Action.BUY_TO_OPEN))
        return Pick(legs=legs, reason=f"{rules.right} spread, short {short:g}, long {short + away:g}")

    def _quoted(self, chain: Chain, view: MarketView) -> Quoted:
        strip = chain.calls if self.parameters.right == Right.CALL.value else chain.puts
        return strip.quoted(view.quotes, since_ns(view, self.parameters))

    def _short(self, chain: Chain, quoted: Quoted, view: MarketView) -> float | None:
        """Return the strike to sell."""
        rules = self.parameters
        if rules.short_strike is not None:
            return float(rules.short_strike)
        smile = read_smile(chain, view, rules)
        if smile is None:
            return None
        calls = quoted.right is Right.CALL
        found = by_delta(smile.call_deltas if calls else smile.put_deltas, rules.short_delta, rules.delta_excess)
        if found is None:
            return None
        return float((smile.calls if calls else smile.puts).strikes[found])


def _is_alive(chain: Chain, dte: int) -> bool:
    """Settled in the morning, a chain is over on its last day."""
    return dte > 0 or chain.settlement_time is SettlementTime.PM


def _at(quoted: Quoted, strike: float) -> str | None:
    found = np.flatnonzero(quoted.strikes == strike)
    return quoted.symbols[int(found[0])] if len(found) else None
