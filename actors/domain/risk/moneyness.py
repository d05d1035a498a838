"""How far an option is in the money, and what its holder would give up by exercising it.

Moneyness above 1 is in the money, for calls and puts alike. All prices are in points of the underlying.
"""

from decimal import Decimal

from actors.domain.market.contract import Contract, Right
from actors.domain.value import ZERO

_STEP = Decimal("0.0001")


def intrinsic(contract: Contract, spot: Decimal) -> Decimal:
    """Return what an exercise at `spot` would be worth; 0 out of the money."""
    return max(ZERO, inside(contract, spot))


def inside(contract: Contract, spot: Decimal) -> Decimal:
    """Return the points in the money; negative out of it."""
    strike = contract.strike or ZERO
    return spot - strike if contract.right is Right.CALL else strike - spot


def moneyness(contract: Contract, spot: Decimal) -> Decimal | None:
    """Return spot over strike for a call, strike over spot for a put; None without a price or a strike."""
    strike = contract.strike
    if not strike or spot <= 0:
        return None
    return (spot / strike if contract.right is Right.CALL else strike / spot).quantize(_STEP)


def extrinsic(contract: Contract, spot: Decimal | None, bid: Decimal | None) -> Decimal | None:
    """Return what a holder gives up who exercises instead of selling at the bid; None without a price.

    Nobody bidding is nothing to give up. A bid below the intrinsic value makes exercising the better of the two.
    """
    return None if spot is None else max(ZERO, (bid or ZERO) - intrinsic(contract, spot))


def pinned(contract: Contract, spot: Decimal, share: Decimal) -> bool:
    """Return whether the strike is so near that nobody can say who will exercise; `share` is of the strike."""
    strike = contract.strike or ZERO
    return abs(spot - strike) <= strike * share
