"""How much an opening may put at stake: in contracts, by itself, and together with all that is held or working.

Naked shorts are refused by count, whether or not their loss has a bound: a short put loses its whole strike at worst,
and is no less naked for it. Shares of the account cover calls in whole lots.
"""

from collections.abc import Iterator
from decimal import Decimal

from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Open
from actors.domain.portfolio.shape import shape_of_legs
from actors.domain.portfolio.stakes import ACCOUNT, Scope
from actors.domain.risk.caps import Caps
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.committed_loss import Committed, committed, scopes_of
from actors.domain.risk.permit import Limits
from actors.domain.risk.structure_loss import loss_at_expiry, naked_exposure
from actors.domain.risk.taker import free_lots, naked_shorts
from actors.domain.value import ZERO


def size_allowed(request: Open, strategy: str, seen: Circumstances, limits: Limits) -> Iterator[Check]:
    """Yield each limit on size, with what an opening would make of it."""
    book, quantity = seen.book, request.order_qty
    count = sum(leg.ratio for leg in request.legs) * quantity
    yield _at_most(Code.R040_QUANTITY, quantity, limits.order_qty_max, "combos")
    yield _at_most(Code.R040_QUANTITY, count, limits.contracts_max, "contracts")
    lots = free_lots(request, seen)
    yield _covered(request, lots, seen, limits)
    contracts = {leg.symbol: book.contract(leg.symbol) for leg in request.legs}
    loss = loss_at_expiry(request.legs, contracts, request.net_price or ZERO, quantity, lots)
    exposure = loss if loss is not None else naked_exposure(request.legs, contracts, quantity)
    yield _at_most(Code.R041_STRUCTURE_LOSS, exposure, limits.structure_loss_max, "dollars at expiry")
    total = committed(book, seen.excluding)
    more, one = (ZERO, 0) if seen.completes else (exposure, 1)
    yield _at_most(Code.R042_ACCOUNT_LOSS, total.loss(ACCOUNT) + more, limits.account_loss_max, "dollars at expiry")
    yield _at_most(Code.R043_STRUCTURES, total.count(ACCOUNT) + one, limits.structures_max, "structures")
    for scope in scopes_of(request.legs, request.underlying, strategy, book)[1:]:
        yield from _capped(scope, total, more, one, limits.caps)


def _covered(request: Open, lots: int, seen: Circumstances, limits: Limits) -> Check:
    naked = naked_shorts(request, lots, seen)
    found = [f"{count} {right.name.lower()}" for right, count in naked.items()]
    allowed = limits.caps.naked_rights if limits.naked_allowed else ()
    passed = all(right in allowed for right in naked)
    value = f"{' and '.join(found)} uncovered" if found else ""
    called = (
        "" if passed else shape_of_legs(request.legs, seen.contracts).name.value
    )  # a name costs time: for why alone
    return Check(code=Code.R044_NAKED, passed=passed, subject=called, value=value)


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
