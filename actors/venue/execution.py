"""A match becomes fills: numbers, fees, books, and the order's new state, all in one draft."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.market.contract import Contract
from actors.domain.orders.order import Action
from actors.venue.account import Movement, TransactionType
from actors.venue.ledger import Draft
from actors.venue.matching import Match
from actors.venue.paper_order import PaperFill, PaperOrder, PaperStatus

ChargedOf = Callable[[Contract, Action, int, Decimal, Decimal], FeeBreakdown]
"""Contract, action, quantity, price, commission the leg paid before, to what one execution costs."""

OVERTAKEN = "a fill of the original order came first"


def execute(
    draft: Draft,
    order: PaperOrder,
    matched: Match,
    contract_of: Callable[[str], Contract],
    fees_of: ChargedOf,
    now: datetime,
    *,
    leg_by_leg: bool = False,
) -> PaperOrder:
    """Book the fills of one match and return the order after them.

    `leg_by_leg` announces them as tastytrade does: the final status at once, the fills one leg after another.
    """
    fills = []
    for part in matched:
        leg = order.legs[part.leg]
        fill = PaperFill(draft.fill_id(), leg.symbol, part.quantity, part.price, now)
        contract = contract_of(leg.symbol)
        paid = draft.commission(order.order_id, leg.symbol)
        movement = Movement(
            account=order.account,
            type=TransactionType.TRADE,
            symbol=leg.symbol,
            multiplier=contract.multiplier,
            action=leg.action,
            quantity=part.quantity,
            price=part.price,
            at=now,
            fees=fees_of(contract, leg.action, part.quantity, part.price, paid),
            order_id=order.order_id,
            exec_id=fill.fill_id,
        )
        draft.book(movement)
        fills.append(fill)
    after = order.filled_with(tuple(fills), now)
    draft.put(after, fills, _stages(after, fills) if leg_by_leg else ())
    if after.replaced_by is not None:
        replacement = draft.order(after.replaced_by)
        if replacement.status is PaperStatus.RECEIVED:
            draft.put(replacement.step(PaperStatus.REJECTED, now, OVERTAKEN))
    return after


def _stages(order: PaperOrder, fills: list[PaperFill]) -> tuple[PaperOrder, ...]:
    """Return the order as it is told of: with the new fills of its first leg, of the first two, and so on."""
    return tuple(_without(order, fills[told:]) for told in range(1, len(fills) + 1))


def _without(order: PaperOrder, untold: list[PaperFill]) -> PaperOrder:
    hidden = {fill.fill_id for fill in untold}
    legs = tuple(
        replace(leg, fills=tuple(fill for fill in leg.fills if fill.fill_id not in hidden)) for leg in order.legs
    )
    return replace(order, legs=legs)
