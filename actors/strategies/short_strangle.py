"""The 45-day short strangle: sell a call and a put by delta, take half the credit, leave with 21 days to go.

Chosen here: the expiry nearest `dte` inside its range, and on it the two shorts. Nothing is bought, so the loss has no
bound: the permit must allow it (`naked_allowed`). When to enter and leave is `seller` and `terms`.
"""

from typing import ClassVar

from pydantic import Field, model_validator

from actors.domain.market.chain import Chain
from actors.domain.orders.order import Action, Leg
from actors.strategies.base import MarketView
from actors.strategies.seller import Seller
from actors.strategies.terms import Pick, SellerParameters, by_delta, read_smile


class StrangleParameters(SellerParameters):
    """What a strangle is told."""

    dte: int = Field(default=45, ge=1, le=400)
    dte_min: int = Field(default=35, ge=1, le=400)
    dte_max: int = Field(default=60, ge=1, le=400)
    short_delta: float = Field(default=0.16, gt=0, lt=0.5)
    delta_excess: float = Field(default=0.05, ge=0, lt=0.5)
    exit_dte: int | None = Field(default=21, ge=0)

    @model_validator(mode="after")
    def _is_ordered(self) -> "StrangleParameters":
        if not self.dte_min <= self.dte <= self.dte_max:
            raise ValueError(f"dte {self.dte} does not lie within dte_min {self.dte_min} and dte_max {self.dte_max}")
        if self.exit_dte is not None and self.exit_dte >= self.dte_min:
            raise ValueError(f"exit_dte {self.exit_dte} would close at once what dte_min {self.dte_min} lets in")
        return self


class ShortStrangle(Seller):
    """Sells one strangle a session while fewer than `open_max` are held."""

    Parameters: ClassVar[type[SellerParameters]] = StrangleParameters
    parameters: StrangleParameters

    def pick(self, view: MarketView) -> Pick | str:
        """Return the strangle to sell, or why there is none."""
        rules = self.parameters
        chain = self._chain(view)
        if chain is None:
            return f"nothing expires in {rules.dte_min} to {rules.dte_max} days"
        smile = read_smile(chain, view, rules)
        if smile is None:
            return f"no strike of {chain.root} {chain.expires_on} is quoted as call and put"
        call = by_delta(smile.call_deltas, rules.short_delta, rules.delta_excess)
        put = by_delta(smile.put_deltas, rules.short_delta, rules.delta_excess)
        if call is None or put is None:
            return f"no {'call' if call is None else 'put'} near delta {rules.short_delta:.2f}"
        legs = tuple(
            Leg(symbol=quoted.symbols[at], action=Action.SELL_TO_OPEN)
            for quoted, at in ((smile.puts, put), (smile.calls, call))
        )
        words = (
            f"strangle {smile.puts.strikes[put]:g}/{smile.calls.strikes[call]:g} of {chain.expires_on}, "
            f"deltas {smile.put_deltas[put]:.2f}/{smile.call_deltas[call]:.2f}, forward {smile.forward:.2f}"
        )
        return Pick(legs=legs, reason=words)

    def _chain(self, view: MarketView) -> Chain | None:
        rules = self.parameters
        fitting = [chain for chain in view.chains if rules.dte_min <= chain.dte(view.session) <= rules.dte_max]
        # Of one expiry the fullest root comes first, and min keeps the first of equals.
        return min(fitting, key=lambda chain: abs(chain.dte(view.session) - rules.dte), default=None)
