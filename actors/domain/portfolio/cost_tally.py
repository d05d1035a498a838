"""What orders were expected to cost and have cost, as far as the next estimate needs it: a fold of the journal."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from actors.domain.costs.slippage import NOTHING_SEEN, Seen, key
from actors.domain.orders import event as happened
from actors.domain.orders.cost_event import CostCompared, Estimate
from actors.domain.value import ZERO, Money, Value

if TYPE_CHECKING:
    from actors.domain.orders.order_state import OrderLife


class CostTally(Value):
    """The estimates of orders that may still fill, and what filled ones taught."""

    expected: Mapping[str, Estimate] = Field(default_factory=dict)
    """By order. One that ended without a fill has none any more."""
    seen: Mapping[str, Seen] = Field(default_factory=dict)
    """By root and intent (`slippage.key`)."""
    fees: Mapping[str, Money] = Field(default_factory=dict)
    """What structures were expected to cost in fees so far, in dollars."""

    def next_session(self, orders: "Mapping[str, OrderLife]", held: Iterable[str]) -> "CostTally":
        """Return it as a new session begins, with `held` structures: what was not compared by then never will be."""
        left = {name: what for name, what in self.expected.items() if name in orders and orders[name].is_live}
        fees = {name: self.fees[name] for name in held if name in self.fees}
        return self.model_copy(update={"expected": left, "fees": fees})

    def after(self, event: happened.Event, orders: "Mapping[str, OrderLife]") -> "CostTally":
        """Return it after one more event, which the orders have taken in."""
        match event:
            case happened.OrderPlaced(order=order, estimate=Estimate() as estimate):
                return self.model_copy(update={"expected": {**self.expected, order.cl_ord_id: estimate}})
            case CostCompared(cl_ord_id=order_id, structure_id=structure, fee=fee):
                name = key(event.root, event.intent)
                known = self.seen.get(name, NOTHING_SEEN).after(event.paid, event.half_spread)
                left = {each: what for each, what in self.expected.items() if each != order_id}
                fees = {**self.fees, structure: self.fees.get(structure, ZERO) + fee}
                return CostTally(expected=left, seen={**self.seen, name: known}, fees=fees)
        if not self.expected or event.correlation not in self.expected:
            return self
        life = orders.get(event.correlation)
        if life is not None and (life.is_live or life.fills):
            return self
        return self.model_copy(
            update={"expected": {each: what for each, what in self.expected.items() if each != event.correlation}}
        )
