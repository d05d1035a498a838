"""How much an opening may put at stake: in contracts, by itself, and together with all that is held or working.

Naked shorts are refused by count, whether or not their loss has a bound: a short put loses its whole strike at worst,
and is no less naked for it.
"""

from collections.abc import Iterator
from decimal import Decimal

from actors.domain.orders.refusal import Check, Code
from actors.domain.portfolio.shape import shape_of_legs
from actors.domain.portfolio.stakes import ACCOUNT, Scope, scopes
from actors.domain.risk.asked import Asked
from actors.domain.risk.caps import Caps
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.committed_loss import Committed, committed
from actors.domain.risk.permit import Limits
from actors.domain.risk.structure_loss import exposure
from actors.domain.value import ZERO


def size_allowed(asked: Asked, seen: Circumstances, limits: Limits) -> Iterator[Check]:
    """Yield each limit on size, with what an opening would make of it."""
    request, quantity = asked.request, asked.request.order_qty
    count = sum(leg.ratio for leg in request.legs) * quantity
    yield _at_most(Code.R040_QUANTITY, quantity, limits.order_qty_max, "combos")
    yield _at_most(Code.R040_QUANTITY, count, limits.contracts_max, "contracts")
    yield _covered(asked, seen, limits)
    book, net_price = seen.book, request.net_price or ZERO
    loss = exposure(asked.combo, request.legs, book.contract, net_price, quantity)
    yield _at_most(Code.R041_STRUCTURE_LOSS, loss, limits.structure_loss_max, "dollars at expiry")
    total = committed(book, seen.excluding)
    more, one = (ZERO, 0) if seen.completes else (loss, 1)
    yield _at_most(Code.R042_ACCOUNT_LOSS, total.loss(ACCOUNT) + more, limits.account_loss_max, "dollars at expiry")
    yield _at_most(Code.R043_STRUCTURES, total.count(ACCOUNT) + one, limits.structures_max, "structures")
    if limits.caps.bounds_sums:
        for scope in scopes(request.underlying, asked.strategy, asked.combo.first_on)[1:]:
            yield from _capped(scope, total, more, one, limits.caps)


def _covered(asked: Asked, seen: Circumstances, limits: Limits) -> Check:
    if not asked.naked:
        return Check(code=Code.R044_NAKED, passed=True)
    found = " and ".join(f"{count} {right.name.lower()}" for right, count in asked.naked.items())
    allowed = limits.caps.naked_rights if limits.naked_allowed else ()
    contracts = {leg.symbol: seen.book.contract(leg.symbol) for leg in asked.request.legs}
    called = shape_of_legs(asked.request.legs, contracts).name.value
    passed = all(right in allowed for right in asked.naked)
    return Check(code=Code.R044_NAKED, passed=passed, subject=called, value=f"{found} uncovered")


def _capped(scope: Scope, total: Committed, more: Decimal, one: int, caps: Caps) -> Iterator[Check]:
    """Yield the caps on one sum, those that are set."""
    loss_max, structures_max = {
        "underlying": (caps.underlying_loss_max, caps.underlying_structures_max),
        "strategy": (caps.strategy_loss_max, caps.strategy_structures_max),
        "expiry": (caps.expiry_loss_max, caps.expiry_structures_max),
    }[scope.kind]
    subject = f"{scope.kind} {scope.name}"
    if loss_max is not None:
        loss = total.loss(scope) + more
        yield _at_most(Code.R062_CONCENTRATION, loss, loss_max, "dollars at expiry", subject)
    if structures_max is not None:
        count = total.count(scope) + one
        yield _at_most(Code.R062_CONCENTRATION, count, structures_max, "structures", subject)


def _at_most(code: Code, value: Decimal | int, limit: Decimal | int, unit: str, subject: str = "") -> Check:
    return Check(code=code, passed=value <= limit, subject=subject, value=f"{value} {unit}", limit=str(limit))
