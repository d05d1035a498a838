"""What follows a close that was made for a roll: the same legs, later, or the reason why nothing does."""

from decimal import Decimal

import numpy as np
import pytest
from pydantic import ValidationError

from actors.domain.market.quote import QuoteTable, Universe
from actors.domain.orders.order import Action, Leg
from actors.domain.risk.expiry_policy import ExpiryPolicy, Measure, Rung, Will
from actors.domain.risk.roll import next_legs, roll_id
from tests.builders import PRODUCTS

SHORT, LONG = "SPXW  26010{}P05900000", "SPXW  26010{}P05850000"


def spread(day: int, last: int | None = None) -> tuple[Leg, ...]:
    return (
        Leg(symbol=SHORT.format(day), action=Action.SELL_TO_OPEN),
        Leg(symbol=LONG.format(last or day), action=Action.BUY_TO_OPEN),
    )


def table(*symbols: str, unquoted: str = "") -> QuoteTable:
    found = QuoteTable(Universe(version=1, contracts=tuple(PRODUCTS.contract(symbol) for symbol in symbols)))
    found.bid[:], found.ask[:], found.received_ns[:] = 1.0, 1.1, 1
    if unquoted:
        found.bid[found.row_of[unquoted]] = np.nan
    return found


def test_the_nearest_expiry_that_lists_and_quotes_every_strike_is_taken():
    listed = [each.format(day) for day in (5, 6, 7, 8) for each in (SHORT, LONG)]
    assert next_legs(spread(5), table(*listed)) == spread(6)
    assert next_legs(spread(5), table(*listed, unquoted=LONG.format(6))) == spread(7)
    listed.remove(LONG.format(6))
    assert next_legs(spread(5), table(*listed)) == spread(7)


def test_where_there_is_none_nothing_is_made_up():
    today = [each.format(5) for each in (SHORT, LONG)]
    assert "no later expiry" in next_legs(spread(5), table(*today))
    assert "no later expiry" in next_legs(spread(6), table(*today, *(each.format(6) for each in (SHORT, LONG))))
    assert "several days" in next_legs(spread(5, 6), table(SHORT.format(5), LONG.format(6)))
    assert "not listed" in next_legs(spread(5), table(SHORT.format(5)))


def test_the_opening_has_the_closed_structures_name_however_long_that_is():
    assert roll_id("condor-20260105-1") == "roll-condor-20260105-1"
    names = {roll_id(f"{'roll-' * 12}condor-20260105-{number}") for number in range(50)}
    assert len(names) == 50
    assert max(map(len, names)) <= 64


@pytest.mark.parametrize("what", ["pin", "dividend", "early", "exercise", "leftover"])
def test_only_an_expiry_is_rolled(what):
    with pytest.raises(ValidationError, match="cash and physical alone"):
        ExpiryPolicy(**{what: Measure.ROLL})
    with pytest.raises(ValidationError, match="no rung"):
        ExpiryPolicy(ladder=(Rung(before_min=10, price=Will.ROLL),))
    assert ExpiryPolicy(cash=Measure.ROLL).roll_credit_min == Decimal(0)
