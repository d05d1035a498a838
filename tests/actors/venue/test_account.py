from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.costs.tariff import FeeBreakdown
from actors.domain.orders.order import Action
from actors.venue.account import Movement, PaperPosition, TransactionType
from tests.actors.venue.paper_exchange import NOW


@pytest.mark.parametrize(
    ("quantity", "average", "change", "price", "expected"),
    [
        (0, "0", 2, "5", (2, "5")),
        (2, "5", 2, "7", (4, "6")),
        (-2, "5", -1, "8", (-3, "6")),
        (4, "6", -1, "9", (3, "6")),
        (4, "6", -4, "9", (0, "0")),
        (4, "6", -5, "9", (-1, "9")),
        (-4, "6", 5, "3", (1, "3")),
    ],
)
def test_the_average_price_is_what_was_opened_at(quantity, average, change, price, expected):
    after = PaperPosition("X", quantity, Decimal(average), 100).after(change, Decimal(price))
    assert (after.quantity, after.average_price) == (expected[0], Decimal(expected[1]))


@given(
    st.lists(st.tuples(st.integers(-5, 5).filter(bool), st.decimals("0.01", "50", places=2)), min_size=1, max_size=20)
)
def test_a_position_is_the_sum_of_its_changes_and_its_average_lies_among_their_prices(changes):
    held = PaperPosition("X", 0, Decimal(0), 100)
    for change, price in changes:
        held = held.after(change, price)
    assert held.quantity == sum(change for change, _ in changes)
    if held.quantity:
        slack = Decimal("0.001")
        prices = [price for change, price in changes if change * held.quantity > 0]
        assert min(prices) - slack <= held.average_price <= max(prices) + slack


@pytest.mark.parametrize(
    ("action", "value", "net"), [("SELL_TO_OPEN", "1040.00", "1037.46"), ("BUY_TO_CLOSE", "-1040.00", "-1042.54")]
)
def test_a_transaction_signs_its_value_from_the_accounts_side_and_always_takes_its_fees(action, value, net):
    fees = FeeBreakdown(
        commission=Decimal("2.00"), clearing=Decimal("0.20"), regulatory=Decimal("0.14"), proprietary=Decimal("0.20")
    )
    booked = Movement("A", TransactionType.TRADE, "X", 100, Action(action), 2, Decimal("5.20"), NOW, fees).transaction(
        1
    )
    assert (booked.value, booked.net) == (Decimal(value), Decimal(net))
