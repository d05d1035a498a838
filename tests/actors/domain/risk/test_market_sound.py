"""The market behind a leg: what refuses an opening, with its figures, and that nothing of it is asked of an exit."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from actors.domain.market.flaw import Flaw, Survey
from actors.domain.market.interest import Held, Interest
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.refusal import Admitted, Check, Code, Refused
from actors.domain.portfolio.book import Book
from actors.domain.risk.gate import review
from tests.actors.domain.risk.test_gate import BOOT_NS, circumstances, filled, table
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, close_signal, open_signal, permit

SHORT_PUT = CONDOR_SYMBOLS[1]


def surveyed(**changes: object) -> QuoteTable:
    found = table()
    found.take_survey(Survey(universe=1, at_ns=BOOT_NS).model_copy(update=changes))
    return found


def flawed(symbol: str, flaws: Flaw, value: float = 3.1, limit: float = 1.2) -> QuoteTable:
    row = table().row_of[symbol]
    return surveyed(rows=(row,), flaws=(int(flaws),), values=(value,), limits=(limit,))


def underlying_aged(seconds: float) -> QuoteTable:
    found = table()
    found.exchange_ns[0] -= int(seconds * 1e9)
    return found


def never_surveyed() -> QuoteTable:
    found = table()
    found.survey = None
    return found


def never_quoted() -> QuoteTable:
    found = table()
    found.received_ns[0] = 0
    return found


LIES = {
    "the underlying is silent": (Code.R037_HEARTBEAT, underlying_aged(61)),
    "the underlying was never quoted": (Code.R037_HEARTBEAT, never_quoted()),
    "no look over the chain": (Code.R038_QUOTE_FLAWED, never_surveyed()),
    "an old look over the chain": (Code.R038_QUOTE_FLAWED, surveyed(at_ns=BOOT_NS - int(11e9))),
    "a flawed leg": (Code.R038_QUOTE_FLAWED, flawed(SHORT_PUT, Flaw.STUCK)),
    "a halted underlying": (Code.R038_QUOTE_FLAWED, surveyed(halted=("NDX", "SPX"))),
    "quotes that broke off since": (Code.R110_QUOTE_GAP, surveyed(since_ns=BOOT_NS + 1)),
    "a clock that is fast": (Code.R039_CLOCK_DRIFT, surveyed(drift_s=3.1)),
    "a clock that is slow": (Code.R039_CLOCK_DRIFT, surveyed(drift_s=-3.1)),
}


def failed(quotes: QuoteTable, **limits: object) -> list[Check]:
    verdict = review(open_signal(1), circumstances(quotes=quotes, permit=permit(**limits)))
    return [check for check in verdict.checks if not check.passed]


@pytest.mark.parametrize(("code", "quotes"), LIES.values(), ids=LIES)
def test_each_refuses_an_opening_by_itself(code, quotes):
    assert {check.code for check in failed(quotes)} == {code}


@pytest.mark.parametrize("quotes", [quotes for _, quotes in LIES.values()], ids=LIES)
def test_none_of_it_keeps_an_exit_in(quotes):
    book = Book(PRODUCTS)
    held = filled(book, 1)
    assert isinstance(review(close_signal(2, held), circumstances(book=book, quotes=quotes)), Admitted)


def test_the_refusal_names_the_leg_its_flaws_the_points_the_limit_and_the_age_of_the_look():
    quotes = flawed(SHORT_PUT, Flaw.STUCK | Flaw.PARITY)
    seen = replace(circumstances(quotes=quotes), boot_ns=BOOT_NS + int(2e9))
    verdict = review(open_signal(1), seen)
    assert isinstance(verdict, Refused)
    (check,) = (check for check in verdict.checks if not check.passed)
    assert check == Check(Code.R038_QUOTE_FLAWED, False, SHORT_PUT, "PARITY, STUCK: 3.1 points", "1.2 points", 2.0)


def test_a_flaw_of_a_contract_that_is_no_leg_refuses_nothing():
    other = surveyed(rows=(0,), flaws=(int(Flaw.STUCK),), values=(1.0,), limits=(0.5,))
    assert failed(other) == []


def test_a_survey_of_another_universe_is_not_taken_for_one_of_this():
    quotes = never_surveyed()
    quotes.take_survey(Survey(universe=2, at_ns=BOOT_NS))
    assert {check.code for check in failed(quotes)} == {Code.R038_QUOTE_FLAWED}


def test_a_survey_replaces_the_one_before_it_whole():
    quotes = flawed(SHORT_PUT, Flaw.STUCK)
    quotes.take_survey(Survey(universe=1, at_ns=BOOT_NS))
    assert failed(quotes) == []


def test_the_limits_are_the_permits():
    assert failed(underlying_aged(61), heartbeat_max_s=62.0) == []
    assert failed(surveyed(at_ns=BOOT_NS - int(11e9)), survey_age_max_s=12.0) == []
    assert failed(surveyed(drift_s=3.1), drift_max_s=3.2) == []


def interest(**of_short_put: float | None) -> QuoteTable:
    found = table()
    held = dict.fromkeys(range(1, 5), Held(1_000, 1_000))
    held[found.row_of[SHORT_PUT]] = Held(1_000, 1_000)._replace(**of_short_put)
    found.take_interest(Interest(universe=1, held=held))
    return found


@pytest.mark.parametrize(("figure", "limit"), [("open_interest", "open_interest_min"), ("volume", "volume_min")])
def test_a_leg_that_few_hold_or_trade_is_refused_where_that_is_told_and_asked_for(figure, limit):
    thin = interest(**{figure: 99})
    assert failed(thin) == []
    (check,) = failed(thin, **{limit: 100})
    assert (check.code, check.subject, check.limit) == (Code.R038_QUOTE_FLAWED, SHORT_PUT, "100")
    assert check.value.startswith("99 ")
    assert failed(interest(**{figure: 100}), **{limit: 100}) == []
    assert failed(interest(**{figure: None}), **{limit: 100}) == []
    assert failed(table(), **{limit: 100}) == []


def test_a_leg_as_narrow_as_a_few_steps_of_its_product_is_never_too_wide():
    narrow = {"spread_max": 0.001, "spread_floor": 0.0}
    quotes = table()  # five cents wide, where a step is a cent
    assert {check.code for check in failed(quotes, **narrow, spread_floor_ticks=4)} >= {Code.R034_SPREAD_WIDE}
    assert Code.R034_SPREAD_WIDE not in {check.code for check in failed(quotes, **narrow, spread_floor_ticks=6)}
    step = quotes.universe.contracts[1].product.tick_at(Decimal(1))
    assert float(np.round(quotes.ask[1] - quotes.bid[1], 4)) == float(5 * step)


def test_a_leg_is_opened_on_again_with_its_own_first_quote_of_the_new_session():
    quotes = surveyed(since_ns=BOOT_NS + 1)
    row = quotes.row_of[SHORT_PUT]
    quotes.received_ns[:] = BOOT_NS + 1
    quotes.received_ns[row] = BOOT_NS
    (check,) = failed(quotes)
    assert (check.code, check.value) == (Code.R110_QUOTE_GAP, f"not quoted since the quotes broke off: {SHORT_PUT}")
    quotes.received_ns[row] = BOOT_NS + 1
    assert failed(quotes) == []
