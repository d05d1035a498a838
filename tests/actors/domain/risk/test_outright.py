"""Futures themselves are opened by nothing; options on them are asked what all options are."""

from decimal import Decimal

import pytest

from actors.config import SHIPPED
from actors.domain.market.contract import Kind, Right, future_option_symbol
from actors.domain.market.session import SessionRule, Sessions
from actors.domain.orders.order import Action, Leg, Stop
from actors.domain.orders.refusal import Code, Refused
from actors.domain.portfolio.book import Book
from actors.domain.risk.gate import review
from actors.products import load_products
from tests.actors.domain.risk.test_gate import circumstances
from tests.builders import EXPIRY, open_signal, sessions

PRODUCTS = load_products(SHIPPED / "products.toml")
BUY, SELL = Action.BUY_TO_OPEN, Action.SELL_TO_OPEN


def refused(legs: tuple[Leg, ...], **changes: object) -> tuple[Code, ...]:
    contracts = {leg.symbol: PRODUCTS.contract(leg.symbol) for leg in legs}
    signal = open_signal(1, underlying="/ESH26", legs=legs, **changes)
    verdict = review(signal, circumstances(book=Book(PRODUCTS), contracts=contracts, sessions=always()))
    assert isinstance(verdict, Refused)
    return verdict.codes


def always() -> Sessions:
    """Return the tests' one day, with Globex as long as the stock exchange."""
    day = sessions()
    rules = {**day.rules, "globex": SessionRule(), "globex_weekly": SessionRule()}
    return Sessions(exchange=day.exchange, official=day.official, rules=rules)


def put(strike: int, action: Action, future: str = "/ESH26") -> Leg:
    return Leg(symbol=future_option_symbol(future, EXPIRY, Right.PUT, Decimal(strike), "E1A"), action=action)


@pytest.mark.parametrize("action", [BUY, SELL])
@pytest.mark.parametrize("stop", [None, Stop(stop_px=Decimal(6000))], ids=["now", "later"])
def test_a_future_is_refused_by_a_code_of_its_own_when_it_is_asked_for_and_when_it_is_to_rest(action, stop):
    price = Decimal(-6000) if action is BUY else Decimal(6000)
    assert Code.R100_OUTRIGHT_FUTURE in refused((Leg(symbol="/ESH26", action=action),), net_price=price, stop=stop)


def test_a_future_beside_its_own_option_is_refused_too():
    assert Code.R100_OUTRIGHT_FUTURE in refused((Leg(symbol="/ESH26", action=BUY), put(5900, BUY)))


def test_a_spread_of_options_on_it_is_not():
    legs = (put(5900, SELL), put(5850, BUY))
    assert {PRODUCTS.contract(leg.symbol).product.kind for leg in legs} == {Kind.FUTURE_OPTION}
    assert Code.R100_OUTRIGHT_FUTURE not in refused(legs)


def test_legs_on_two_months_of_a_future_are_no_structure_for_neither_covers_the_other():
    assert Code.R023_UNDERLYING in refused((put(5900, SELL), put(5850, BUY, "/ESM26")))
    assert Code.R023_UNDERLYING not in refused((put(5900, SELL), put(5850, BUY)))


def test_a_naked_short_on_a_future_is_refused_as_naked():
    assert Code.R044_NAKED not in refused((put(5900, SELL), put(5850, BUY)), net_price=Decimal(5))
    assert Code.R044_NAKED in refused((put(5900, SELL),), net_price=Decimal(5))
