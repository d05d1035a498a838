"""What a broker's dry run says of margin, and of which opening it is asked."""

from datetime import date
from decimal import Decimal

import pytest

from actors.domain.orders.order import Action, Leg
from actors.domain.orders.refusal import Code
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.cover import combo_of
from actors.domain.risk.dry_run import Factor, factor, trial
from tests.actors.domain.risk.test_gate import BOOT_NS, codes, placed, standing
from tests.actors.domain.risk.test_room import CENT, CONDOR, capped, seen
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs, open_signal, spxw

KIND = combo_of(condor_legs(), PRODUCTS.contract).kind
DAY = date(2026, 1, 5)
OTHER = combo_of((Leg(symbol=CONDOR_SYMBOLS[1], action=Action.SELL_TO_OPEN),), PRODUCTS.contract).kind

VERTICAL = combo_of([leg for leg in condor_legs() if leg.symbol[12] == "P"], PRODUCTS.contract).kind


@pytest.mark.parametrize(
    ("taken", "local", "times"), [("962", "481", 2), ("481", "481", 1), ("100", "481", 1), ("-5", "481", 1)]
)
def test_the_larger_of_the_brokers_word_and_the_local_rules_counts(taken, local, times):
    assert factor(Decimal(taken), Decimal(local), 7) == Factor(Decimal(times), 7)


@pytest.mark.parametrize("local", [None, Decimal(0)])
def test_what_no_rule_knows_cannot_be_compared(local):
    assert factor(Decimal(100), local, 7) is None


@pytest.mark.parametrize("other", [OTHER, VERTICAL], ids=["a naked call", "its own put spread"])
def test_a_fresh_word_stands_in_for_the_haircut_and_an_old_one_or_that_of_another_structure_does_not(other):
    limit = capped(margin_haircut=Decimal("0.5"), dry_run_age_max_s=900)

    def account(need: Decimal, age_s: float, kind=KIND) -> dict[str, object]:
        told = {kind: Factor(Decimal(2), BOOT_NS - int(age_s * 1e9))}
        return {"standings": {"tastytrade": standing(buying_power=need, factors=told)}, "permit": limit}

    assert codes(open_signal(1), seen(**account(2 * CONDOR, 900))) == []
    assert codes(open_signal(1), seen(**account(2 * CONDOR - CENT, 900))) == [Code.R046_BUYING_POWER]
    assert codes(open_signal(1), seen(**account(CONDOR * Decimal("1.5"), 900.1))) == []
    assert codes(open_signal(1), seen(**account(CONDOR * Decimal("1.5"), 0, other))) == []
    assert codes(open_signal(1), seen(**account(CONDOR * Decimal("1.5") - CENT, 0, other))) == [Code.R046_BUYING_POWER]


def test_the_kind_that_was_heard_of_longest_ago_is_tried_next():
    book = Book(PRODUCTS)
    assert trial(book, "tastytrade", {}) is None
    placed(book, 1), placed(book, 2)
    assert trial(book, "tastytrade", {}).cl_ord_id == "condor-20260105-2"
    assert trial(book, "alpaca", {}) is None
    assert trial(book, "tastytrade", {KIND: Factor(Decimal(1), 5)}).cl_ord_id == "condor-20260105-2"


def test_a_vertical_is_one_kind_wherever_its_strikes_are_and_sold_or_bought_two():
    def kind(low: Action, high: Action, *strikes: int):
        legs = [
            Leg(symbol=spxw(strike, "P", DAY), action=action)
            for strike, action in zip(strikes, (low, high), strict=True)
        ]
        return combo_of(legs, PRODUCTS.contract).kind

    bought, sold = Action.BUY_TO_OPEN, Action.SELL_TO_OPEN
    assert kind(bought, sold, 4800, 4900) == kind(bought, sold, 4500, 4700)
    assert kind(bought, sold, 4800, 4900) != kind(sold, bought, 4800, 4900)


def test_what_has_expired_is_not_tried():
    book = Book(PRODUCTS)
    placed(book, 1)
    book.session = combo_of(condor_legs(), PRODUCTS.contract).first_on
    assert trial(book, "tastytrade", {}) is not None
    book.session = book.session.replace(month=2)
    assert trial(book, "tastytrade", {}) is None
