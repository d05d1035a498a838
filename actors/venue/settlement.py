"""What becomes of an option position at its expiry. Pure: a position and the settling price in, movements out.

Rules of this file:

* An option in the money by at least a cent at the settling price is exercised, long and short alike ("by exception");
  contrary instructions are not modelled. Any other expires worthless.
* An American short that delivers shares may be assigned before, whole or in part, on the word of who runs the venue.
* Cash-settled options (indices) pay their intrinsic value: SPXW 3700 calls at 3700.65 pay 0.65 x 100.
* Physical ones leave at 0, and shares change hands at the strike. A short of the account is assigned.
* An option on a future that is assigned early delivers the future, at the strike. At its expiry it is paid its
  intrinsic value: the delivered future would be worth just that.
* What the broker takes for an exercise or an assignment, a position, is added where it is booked (`steps`); for options
  on futures nothing, for no table knows it.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from actors.domain.market.contract import Contract, Kind, Right, Settlement, Style
from actors.domain.orders.order import Action
from actors.domain.value import CENT, ZERO
from actors.venue.account import Movement, PaperPosition, TransactionType
from actors.venue.buying_power import intrinsic

EXERCISED_FROM = CENT


def settle(
    account: str, position: PaperPosition, contract: Contract, price: Decimal, shares: int, now: datetime
) -> tuple[Movement, ...]:
    """Return what an expired option moves.

    `price` is the underlying's settling print in points, `shares` the signed shares of it the account holds.
    """
    worth = intrinsic(contract, price)
    in_the_money = worth >= EXERCISED_FROM
    cash_settled = contract.product.settlement is Settlement.CASH or contract.product.kind is Kind.FUTURE_OPTION
    if not in_the_money:
        return (_leaves(account, position, TransactionType.EXPIRATION, ZERO, now),)
    if cash_settled:
        return (_leaves(account, position, TransactionType.SETTLEMENT, worth, now),)
    cause = TransactionType.EXERCISE if position.quantity > 0 else TransactionType.ASSIGNMENT
    return (
        _leaves(account, position, cause, ZERO, now),
        _delivery(account, position, contract, cause, shares, now),
    )


def assign_early(
    account: str, position: PaperPosition | None, contract: Contract, quantity: int, shares: int, now: datetime
) -> tuple[Movement, ...]:
    """Return what the early assignment of `quantity` shorts moves; `shares` as in `settle`. Raises `ValueError`."""
    held = 0 if position is None else -position.quantity
    product = contract.product
    if product.style is not Style.AMERICAN or product.settlement is not Settlement.PHYSICAL:
        raise ValueError(f"{contract.symbol} is {product.style} and settled in {product.settlement}: never early")
    if position is None or quantity > held:
        raise ValueError(f"account {account} is short {max(held, 0)} of {contract.symbol}, not {quantity}")
    part = replace(position, quantity=-quantity)
    return (
        _leaves(account, part, TransactionType.ASSIGNMENT, ZERO, now),
        _delivery(account, part, contract, TransactionType.ASSIGNMENT, shares, now),
    )


def _leaves(account: str, position: PaperPosition, cause: TransactionType, price: Decimal, now: datetime) -> Movement:
    return Movement(
        account=account,
        type=cause,
        symbol=position.symbol,
        multiplier=position.multiplier,
        action=Action.SELL_TO_CLOSE if position.quantity > 0 else Action.BUY_TO_CLOSE,
        quantity=abs(position.quantity),
        price=price,
        at=now,
    )


def _delivery(
    account: str, position: PaperPosition, contract: Contract, cause: TransactionType, shares: int, now: datetime
) -> Movement:
    is_future = contract.product.kind is Kind.FUTURE_OPTION
    each, multiplier = (1, contract.multiplier) if is_future else (contract.multiplier, 1)
    change = position.quantity * each * (1 if contract.right is Right.CALL else -1)
    closes = shares * change < 0 and abs(change) <= abs(shares)
    if change > 0:
        action = Action.BUY_TO_CLOSE if closes else Action.BUY_TO_OPEN
    else:
        action = Action.SELL_TO_CLOSE if closes else Action.SELL_TO_OPEN
    return Movement(
        account=account,
        type=cause,
        symbol=contract.underlying,
        multiplier=multiplier,
        action=action,
        quantity=abs(change),
        price=contract.strike or ZERO,
        at=now,
    )
