"""What the exercise of one option moves, and what is paid for it.

* An option on shares moves its multiplier of them, and their price at the strike is paid.
* An option on a future moves one future, taken at the strike. Nothing is paid: a future's gain and loss are settled in
  cash from day to day, from the strike on (`booked_cash`).
* What is settled in cash moves nothing. Nor does, at its end, an option on a future that settles in the morning: the
  future is itself settled at that moment, and what is left of both is cash.
"""

from decimal import Decimal

from actors.domain.market.contract import Contract, Kind, Right, Settlement, SettlementTime, names_future
from actors.domain.value import ZERO


def units(option: Contract, *, at_end: bool) -> int:
    """Return the shares, or futures, that the exercise of one option moves, at its end or before; 0: none."""
    product = option.product
    is_cash = at_end and product.kind is Kind.FUTURE_OPTION and product.settlement_time is SettlementTime.AM
    if is_cash or product.settlement is not Settlement.PHYSICAL:
        return 0
    return {Kind.EQUITY_OPTION: option.multiplier, Kind.FUTURE_OPTION: 1}.get(product.kind, 0)


def moved(option: Contract, change: int, *, at_end: bool) -> int:
    """Return the signed shares, or futures, that come when `change` signed contracts leave by exercise."""
    return -change * units(option, at_end=at_end) * (1 if option.right is Right.CALL else -1)


def point(option: Contract) -> int:
    """Return the dollars a point of what is delivered."""
    return option.multiplier if names_future(option.underlying) else 1


def spent(option: Contract, change: int) -> Decimal:
    """Return the cash for what an exercise moves, in > 0."""
    if names_future(option.underlying):
        return ZERO
    return -moved(option, change, at_end=False) * (option.strike or ZERO)
