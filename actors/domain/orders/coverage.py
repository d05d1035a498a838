"""What a route can carry, and why it cannot carry an order. Facts of the adapter, known before anything is connected.

A broker takes other prices and other lifetimes for a combo than for a single leg, so each has terms of its own; no
terms for combos: single legs alone. Left out: what only the broker can say of one order (permissions, margin, ticks).
"""

from typing import Literal

from pydantic import Field

from actors.domain.market.contract import Kind
from actors.domain.orders.order import LEGS_MAX, Contingency, OrderType, TimeInForce
from actors.domain.value import Value

Covers = Literal["pipe", "broker"]
"""What a route stands in for: a pipe is another path to an account that a route before it trades too, a broker an
account of its own, where what is held elsewhere can be neither closed nor cancelled."""


class Terms(Value):
    """How an order may be priced, and how long it may work."""

    order_types: tuple[OrderType, ...]
    times_in_force: tuple[TimeInForce, ...]


class Coverage(Value):
    """What one adapter's broker takes. The defaults are what every options broker takes."""

    kinds: tuple[Kind, ...] = (Kind.EQUITY_OPTION, Kind.INDEX_OPTION)
    legs_max: int = Field(default=LEGS_MAX, gt=0)
    single: Terms = Terms(order_types=(OrderType.LIMIT, OrderType.MARKET), times_in_force=(TimeInForce.DAY,))
    combo: Terms | None = Terms(order_types=(OrderType.LIMIT,), times_in_force=(TimeInForce.DAY,))
    closes: tuple[Kind, ...] = ()
    """Kinds that it closes beside those, and never opens."""
    contingencies: tuple[Contingency, ...] = ()
    """Complex orders that its broker holds, of single legs; others are held here."""
    write_probe: str = ""
    """How its write path is tried without ordering, in words."""
    left_out: str = ""
    """What its broker has and nothing here trades there, with the reason, in words."""

    def narrowed(self, combo_legs_max: int) -> "Coverage":
        """Return what is left where an order may have so many legs at most; 1: single legs alone."""
        legs_max = min(self.legs_max, combo_legs_max)
        return self.model_copy(update={"legs_max": legs_max, "combo": self.combo if legs_max > 1 else None})


class Load(Value):
    """The part of an order that decides who can carry it."""

    kinds: frozenset[Kind]
    legs: int = Field(gt=0)
    order_type: OrderType = OrderType.LIMIT
    time_in_force: TimeInForce = TimeInForce.DAY
    opens: bool = True
    """Whether any leg opens."""


def cannot_carry(coverage: Coverage, load: Load) -> str:
    """Return why a route cannot take an order; an empty text where it can."""
    carried = coverage.kinds if load.opens else (*coverage.kinds, *coverage.closes)
    if foreign := sorted(load.kinds - set(carried)):
        return f"carries no {_words(foreign)}"
    if load.legs > coverage.legs_max:
        return f"carries {coverage.legs_max} legs at most, not {load.legs}"
    terms, what = (coverage.combo, "combos") if load.legs > 1 else (coverage.single, "single legs")
    if terms is None:
        return "carries no combos"
    if load.order_type not in terms.order_types:
        return f"carries no {_words([load.order_type])} orders for {what}"
    if load.time_in_force not in terms.times_in_force:
        return f"carries no {load.time_in_force} orders for {what}"
    return ""


def _words(names: list[Kind] | list[OrderType]) -> str:
    return ", ".join(name.value.lower().replace("_", " ") for name in names)
