"""What a broker sends is a finite number, or no answer at all: nothing that is none ever becomes an equity."""

from decimal import Decimal

import pytest

from actors.brokers.payload import decoded, number, readable
from actors.ports import BrokerUnavailable


@pytest.mark.parametrize("told", ["NaN", "nan", "Infinity", "-inf", "", "n/a", None, True, [], {}])
def test_what_is_no_finite_number_is_no_number(told):
    with pytest.raises(BrokerUnavailable, match="the balances cannot be read"), readable("the balances"):
        number(told)


@pytest.mark.parametrize("body", [b"<html><body>Sign in</body></html>", b"", b'{"data": {}}', b"[]", b'"ok"', b"NaN"])
def test_a_page_or_another_shape_is_no_balance(body):
    with pytest.raises(BrokerUnavailable), readable("the balances"):
        number(decoded(body, "the balances")["data"]["net-liquidating-value"])


def test_text_and_numbers_are_read_without_loss():
    assert (number("100000.10"), number(7)) == (Decimal("100000.10"), 7)
