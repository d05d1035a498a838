from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products, Right, Settlement, occ_symbol
from actors.venue.buying_power import Holding, intrinsic, requirement
from tests.actors.venue.paper_exchange import DAY

PRODUCTS = Products((Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION, settlement=Settlement.CASH),))
LATER = DAY.replace(day=15)


def option(quantity: int, right: str, strike: int, mark: str = "0", on=DAY, root: str = "GOOG") -> Holding:
    symbol = occ_symbol(root, on, Right(right), Decimal(strike))
    return Holding(PRODUCTS.contract(symbol), quantity, Decimal(mark))


def shares(quantity: int, mark: str) -> Holding:
    return Holding(PRODUCTS.contract("GOOG"), quantity, Decimal(mark))


@pytest.mark.parametrize(
    ("holdings", "spot", "needed"),
    [
        ([option(1, "C", 100, "5")], 100, 0),
        ([option(-1, "C", 100), option(1, "C", 110)], 100, 1000),
        ([option(-1, "P", 100), option(1, "P", 90)], 100, 1000),
        ([option(-1, "C", 110), option(1, "C", 100)], 100, 0),
        ([option(-10, "P", 170), option(10, "P", 160), option(-10, "C", 180), option(10, "C", 190)], 175, 10_000),
        ([option(-1, "C", 110), option(1, "C", 130), option(-1, "P", 90), option(1, "P", 85)], 100, 2000),
        ([option(-1, "C", 100), option(1, "C", 105, on=LATER)], 100, 500),
        ([option(-1, "C", 100, "5"), option(1, "C", 90, on=DAY), option(-1, "C", 90, "9", on=LATER)], 100, 2900),
        # naked: mark + 20 % of the underlying less what it is out of the money, at least 10 %
        ([option(-1, "C", 100, "5")], 100, 2500),
        ([option(-1, "C", 105, "2")], 100, 1700),
        ([option(-1, "C", 130, "0.5")], 100, 1050),
        ([option(-1, "P", 60, "0.5")], 100, 650),
        ([option(-1, "P", 60, "0.5")], None, 1250),
        # a strangle: the greater side, plus the mark of the other
        ([option(-1, "C", 105, "2"), option(-1, "P", 95, "3")], 100, 1500 + 300 + 200),
        # a ratio: one short covered, the furthest one naked
        ([option(-1, "C", 105, "2"), option(-1, "C", 110, "1"), option(1, "C", 115)], 100, 1000 + 1100),
        ([option(-1, "C", 105, "2"), shares(100, "100")], 100, 0),
        ([option(-2, "C", 105, "2"), shares(100, "100")], 100, 1700),
        ([shares(-10, "100")], 100, 1500),
        ([shares(10, "100")], 100, 0),
    ],
)
def test_requirements_are_the_worst_loss_or_reg_t(holdings, spot, needed):
    level = None if spot is None else Decimal(spot)
    assert requirement(holdings, lambda _: level) == needed


def test_underlyings_are_kept_apart():
    goog = [option(-1, "C", 100), option(1, "C", 110)]
    spx = [option(-1, "C", 100, root="SPXW"), option(1, "C", 110, root="SPXW")]
    assert requirement(goog + spx, lambda _: Decimal(100)) == 2000


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["C", "P"]), st.integers(80, 120), st.integers(80, 120)),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 250),
)
def test_a_covered_book_never_loses_more_at_expiry_than_was_kept_back(spreads, price):
    holdings = []
    for quantity, right, short, long in spreads:
        holdings += [option(-quantity, right, short), option(quantity, right, long)]
    loss = -sum(holding.quantity * 100 * intrinsic(holding.contract, Decimal(price)) for holding in holdings)
    assert loss <= requirement(holdings, lambda _: Decimal(100))
