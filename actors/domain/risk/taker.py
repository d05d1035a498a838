"""The account that an opening goes to first, and what of its shares is free to cover it.

A lot of shares covers one short call, a lot sold short one short put; what is held or working there already, and
covered by no other option, has its lots first.
"""

from actors.domain.market.contract import Right
from actors.domain.orders.coverage import Coverage, Load, cannot_carry
from actors.domain.orders.order import Intent
from actors.domain.orders.signal import Open
from actors.domain.portfolio.cover import parts_of, uncovered
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.standing import Standing
from actors.domain.risk.structure_loss import parts_of_legs


def first_standing(request: Open, seen: Circumstances) -> Standing | None:
    """Return what is known of the account of the best route that can carry an opening; None where nothing is."""
    if len(seen.routes) < 2:
        return seen.standings.get(seen.routes[0]) if seen.routes else None
    kinds = frozenset(seen.contracts[leg.symbol].product.kind for leg in request.legs)
    load = Load(kinds=kinds, legs=len(request.legs), order_type=request.order_type, time_in_force=request.time_in_force)
    able = (name for name in seen.routes if not cannot_carry(seen.coverages.get(name) or Coverage(), load))
    return seen.standings.get(next(able, seen.routes[0]))


def naked_shorts(request: Open, lots: int, seen: Circumstances) -> dict[Right, int]:
    """Return the shorts of an opening that neither its longs nor `lots` of shares cover, in contracts, by right."""
    parts = parts_of_legs(request.legs, seen.contracts)
    spare = {Right.CALL: max(lots, 0), Right.PUT: max(-lots, 0)}
    counts = {right: uncovered(parts, right) * request.order_qty - spare[right] for right in Right}
    return {right: count for right, count in counts.items() if count > 0}


def free_lots(request: Open, seen: Circumstances) -> int:
    """Return the whole lots of shares, signed, that cover nothing else; of the account that an opening goes to."""
    standing = first_standing(request, seen)
    held = seen.book.positions.get(standing.account_domain, {}) if standing else {}
    shares, lot = held.get(request.underlying, 0), seen.contracts[request.legs[0].symbol].multiplier
    if abs(shares) < lot:
        return 0
    book = seen.book
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
