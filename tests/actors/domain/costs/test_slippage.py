from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.costs.cost_limits import SlippageTerms
from actors.domain.costs.slippage import NOTHING_SEEN, SHARE_MAX, SHARE_MIN, Seen, spread
from actors.domain.market.quote import QuoteTable
from tests.builders import condor_legs, quotes, universe

TERMS = SlippageTerms()
points = st.decimals("-2", "2", places=2)


def table(size: int = 20) -> QuoteTable:
    found = QuoteTable(universe())
    found.apply(quotes(1))
    found.bid_size[:] = found.ask_size[:] = size
    return found


def test_before_there_are_fills_the_stated_prior_counts():
    assert NOTHING_SEEN.share(TERMS) == Decimal("0.5")


@given(st.lists(points, max_size=50))
def test_the_share_is_the_prior_and_the_fills_each_by_their_weight(paid):
    seen = NOTHING_SEEN
    for each in paid:
        seen = seen.after(each, Decimal("0.10"))
    bounded = [min(max(each / Decimal("0.10"), SHARE_MIN), SHARE_MAX) for each in paid]
    assert seen.share(TERMS) == (20 * TERMS.prior + sum(bounded)) / (20 + len(paid))


def test_many_fills_outweigh_the_prior_and_one_hardly_moves_it():
    one, many = NOTHING_SEEN.after(Decimal("0.10"), Decimal("0.10")), NOTHING_SEEN
    for _ in range(2_000):
        many = many.after(Decimal("0.10"), Decimal("0.10"))
    assert one.share(TERMS) == pytest.approx(Decimal("0.524"), abs=Decimal("0.001"))
    assert many.share(TERMS) == pytest.approx(Decimal(1), abs=Decimal("0.01"))


def test_one_absurd_fill_teaches_no_more_than_the_worst_believable_one():
    absurd = NOTHING_SEEN.after(Decimal(500), Decimal("0.05"))
    assert absurd == Seen(fills=1, total=SHARE_MAX)


def test_a_spread_of_nothing_teaches_nothing():
    assert NOTHING_SEEN.after(Decimal("0.05"), Decimal(0)) == NOTHING_SEEN


def test_the_half_spread_of_a_condor_is_that_of_its_legs():
    assert spread(condor_legs(), 1, table(), TERMS.size_impact) == (Decimal("2.00"), Decimal("0.10"), Decimal("0.10"))


@pytest.mark.parametrize(("order_qty", "half"), [(20, "0.10"), (40, "0.15"), (60, "0.20"), (10_000, "0.50")])
def test_size_beyond_the_displayed_one_widens_it_up_to_a_bound(order_qty, half):
    assert spread(condor_legs(), order_qty, table(), Decimal("0.5")).half_in == Decimal(half)


def test_it_is_the_side_one_trades_against_that_must_hold_the_size():
    thin = table()
    thin.bid_size[:] = 1
    (short,) = condor_legs()[1:2]
    found = spread((short,), 3, thin, Decimal("0.5"))
    assert (found.half_in, found.half_out) == (Decimal("0.050"), Decimal("0.025"))


def test_a_quote_without_a_size_counts_as_one_contract():
    assert spread(condor_legs(), 3, table(0), Decimal("0.5")).half_out == Decimal("0.20")


def test_a_leg_without_two_sides_has_no_half_spread():
    one_sided = table()
    one_sided.bid[1] = np.nan
    assert spread(condor_legs(), 1, one_sided, TERMS.size_impact) is None
