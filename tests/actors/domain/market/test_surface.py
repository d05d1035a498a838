"""The surface: what quotes say of an expiry, and when they say nothing."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from actors.domain.market.quote_check import QuoteCode
from actors.domain.market.surface import surface
from tests.builders import sessions, spxw
from tests.fakes import START
from tests.surfaces import FORWARD, VOLATILITY, curves, table


def test_forward_and_volatility_that_made_the_quotes_are_found_again():
    (curve,) = curves(table())
    assert curve.forward == pytest.approx(FORWARD, abs=0.01)
    assert curve.underlying == "SPX"
    near = [vol for strike, vol in zip(curve.strikes, curve.volatilities, strict=True) if abs(strike - FORWARD) < 60]
    assert near == pytest.approx([VOLATILITY] * len(near), rel=0.01)
    assert near


def test_the_expected_move_is_one_standard_deviation_to_the_close():
    (curve,) = curves(table())
    years = timedelta(hours=6) / timedelta(days=365)
    assert curve.years(START) == pytest.approx(years)
    assert curve.expected_move == pytest.approx(FORWARD * VOLATILITY * years**0.5, rel=0.01)


def test_no_more_strikes_are_kept_than_asked_for_and_they_rise():
    (curve,) = curves(table(), knots_max=5)
    assert len(curve.strikes) <= 5
    assert list(curve.strikes) == sorted(set(curve.strikes))


def test_old_quotes_say_nothing():
    assert curves(table(), since_ns=int((START + timedelta(seconds=1)).timestamp() * 1e9)) == ()


@pytest.mark.parametrize("column", ["bid", "ask"])
def test_a_chain_without_one_side_has_no_curve(column):
    quotes = table()
    getattr(quotes, column)[1:] = np.nan
    assert curves(quotes) == ()


def test_flagged_quotes_say_nothing():
    quotes = table()
    quotes.codes[1:] = QuoteCode.LOCKED
    assert curves(quotes, spots={"SPX": FORWARD}) == ()


def test_where_nobody_bids_any_more_the_nearest_of_each_side_speaks_at_half_its_ask():
    quotes = table()
    quotes.bid[1:], quotes.ask[1:], quotes.codes[1:] = np.nan, 0.05, QuoteCode.ONE_SIDED
    (curve,) = curves(quotes, spots={"SPX": 5951.0})
    assert curve.strikes == (5950.0, 5960.0)
    assert all(0 < volatility < VOLATILITY for volatility in curve.volatilities)


def test_strikes_far_from_the_forward_speak_where_there_are_no_others():
    """A recorded day with two strikes: at 3755, those of 3700 and 3800."""
    quotes = table(symbols=tuple(spxw(strike, right) for strike in (5900, 6000) for right in "CP"))
    (curve,) = curves(quotes)
    assert curve.strikes == (5900.0, 6000.0)
    assert curve.volatilities == pytest.approx((VOLATILITY, VOLATILITY), rel=0.03)


def test_an_expiry_that_is_over_has_no_curve():
    close = datetime(2026, 1, 5, 21, tzinfo=UTC)
    assert curves(table(), at=close) == ()
    assert curves(table(), at=close - timedelta(seconds=1))


def test_no_chain_no_curve():
    assert surface([], table(), START, sessions(), since_ns=0, knots_max=5) == ()


def test_a_day_no_table_knows_ends_at_the_usual_close():
    from actors.domain.market.chain import chains
    from actors.domain.market.contract import Right, occ_symbol
    from actors.domain.market.quote import Universe
    from actors.domain.market.surface import ends_at
    from tests.builders import PRODUCTS

    symbol = occ_symbol("SPXW", date(2026, 3, 6), Right.CALL, 6000)
    (chain,) = chains(Universe(version=1, contracts=(PRODUCTS.contract(symbol),)), "SPX")
    assert ends_at(chain, sessions()).astimezone(UTC) == datetime(2026, 3, 6, 21, tzinfo=UTC)


def test_a_chain_of_calls_alone_takes_the_underlyings_price_for_its_forward():
    quotes = table(symbols=tuple(spxw(strike) for strike in range(5960, 6100, 10)))
    assert curves(quotes) == ()
    (curve,) = curves(quotes, spots={"SPX": FORWARD})
    assert curve.forward == FORWARD
    assert curve.volatilities[0] == pytest.approx(VOLATILITY, rel=0.02)
    assert curve.expected_move == pytest.approx(FORWARD * VOLATILITY * curve.years(START) ** 0.5, rel=0.05)
