"""An opening as admission looks at it: what its legs are together, worked out once for all who ask.

The account is that of the best route that can carry it. A lot of that account's shares covers one short call, a lot
sold short one short put; what is held or working there already, and covered by no other option, has its lots first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from actors.domain.market.contract import Right
from actors.domain.orders.coverage import Coverage, Load, cannot_carry
from actors.domain.orders.order import Intent
from actors.domain.orders.signal import Open
from actors.domain.portfolio.cover import Combo, combo_of, parts_of, uncovered
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.standing import Standing
from actors.domain.value import ZERO


@dataclass(frozen=True, slots=True)
class Asked:
    """One opening. `lots` are the free lots of shares of the account it goes to, signed."""

    request: Open
    strategy: str
    combo: Combo
    standing: Standing | None
    lots: int
    naked: Mapping[Right, int]
    """Shorts that neither its longs nor shares cover, in contracts of the whole order."""

    @property
    def loss(self) -> Decimal | None:
        """The most it can lose at its limit, in dollars; None: no bound."""
        return self.combo.loss(self.request.net_price or ZERO, self.request.order_qty)


def asked_for(request: Open, strategy: str, seen: Circumstances) -> Asked:
    """Return an opening as admission looks at it."""
    combo, standing = combo_of(request.legs, seen.book.contract), first_standing(request, seen)
    held = seen.book.positions.get(standing.account_domain) if standing is not None else None
    lots = _free_lots(request, held, combo.contract.multiplier, seen) if held and request.underlying in held else 0
    if each := int(lots / request.order_qty):
        combo = combo_of(request.legs, seen.book.contract, each)
    quantity = request.order_qty
    calls, puts = combo.naked_calls * quantity - max(lots, 0), combo.naked_puts * quantity - max(-lots, 0)
    naked = {right: count for right, count in ((Right.CALL, calls), (Right.PUT, puts)) if count > 0}
    return Asked(request, strategy, combo, standing, lots, naked)


def first_standing(request: Open, seen: Circumstances) -> Standing | None:
    """Return what is known of the account of the best route that can carry an opening; None where nothing is."""
    if len(seen.routes) < 2:
        return seen.standings.get(seen.routes[0]) if seen.routes else None
    kinds = frozenset(seen.contracts[leg.symbol].product.kind for leg in request.legs)
    load = Load(kinds=kinds, legs=len(request.legs), order_type=request.order_type, time_in_force=request.time_in_force)
    able = (name for name in seen.routes if not cannot_carry(seen.coverages.get(name) or Coverage(), load))
    return seen.standings.get(next(able, seen.routes[0]))


def _free_lots(request: Open, held: Mapping[str, int], lot: int, seen: Circumstances) -> int:
    book, shares = seen.book, held[request.underlying]
    options = [(book.contract(symbol), count) for symbol, count in held.items() if symbol != request.underlying]
    for life in book.live_orders():
        if life.order.intent is Intent.OPEN and life.order.cl_ord_id not in seen.excluding:
            options += [
                (book.contract(leg.symbol), leg.action.sign * leg.ratio * life.leaves_qty) for leg in life.order.legs
            ]
    parts = parts_of(pair for pair in options if pair[0].underlying == request.underlying)
    taken = uncovered(parts, Right.CALL if shares > 0 else Right.PUT)
    lots = max(0, abs(shares) // lot - taken)
    return lots if shares > 0 else -lots
