"""A move of the whole market: what quotes and curves are after it."""

from datetime import timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from actors.domain.risk.shock import Shock, shocked_curves, shocked_quotes
from tests.builders import spxw
from tests.fakes import START
from tests.surfaces import FORWARD, VOLATILITY, curves, table

PUT, CALL = spxw(5900, "P"), spxw(6000)


def test_no_move_moves_no_quote():
    quotes = table()
    after = shocked_quotes(quotes, curves(quotes), START, Shock())
    for name in ("bid", "ask", "bid_size", "ask_size", "received_ns", "codes", "exchange_ns"):
        np.testing.assert_allclose(getattr(after, name), getattr(quotes, name), atol=1e-9)


@pytest.mark.parametrize("symbol", [PUT, CALL])
def test_a_quote_moves_as_its_price_in_the_moved_market_does(symbol):
    quotes = table()
    found = curves(quotes, knots_max=100)
    moved = shocked_quotes(quotes, found, START, Shock(spot=-0.01, volatility=0.05))
    expected = _price(symbol, FORWARD * 0.99, VOLATILITY + 0.05)
    row = quotes.row_of[symbol]
    assert (moved.bid[row] + moved.ask[row]) / 2 == pytest.approx(expected, abs=0.05)
    assert moved.ask[row] - moved.bid[row] == pytest.approx(quotes.ask[row] - quotes.bid[row])


def _price(symbol: str, forward: float, volatility: float) -> float:
    import math

    import QuantLib as ql  # noqa: N813

    contract = table().universe.contracts[table().row_of[symbol]]
    kind = ql.Option.Call if contract.right.value == "C" else ql.Option.Put
    years = timedelta(hours=6) / timedelta(days=365)
    return ql.blackFormula(kind, float(contract.strike), forward, volatility * math.sqrt(years))


def test_past_its_end_a_contract_is_quoted_at_what_it_pays():
    quotes = table()
    after = shocked_quotes(quotes, curves(quotes), START, Shock(spot=-0.02, days=1))
    row = quotes.row_of[PUT]
    assert after.bid[row] == after.ask[row] == pytest.approx(5900 - FORWARD * 0.98, abs=0.05)
    assert after.bid[quotes.row_of[CALL]] == pytest.approx(0, abs=1e-6)


def test_the_index_moves_with_the_market_and_quotes_are_stamped_then():
    quotes = table()
    after = shocked_quotes(quotes, curves(quotes), START, Shock(spot=0.01, days=0.1))
    assert after.bid[0] == pytest.approx(FORWARD * 1.01)
    assert after.exchange_ns[1] == int((START + timedelta(days=0.1)).timestamp() * 1e9)


def test_what_has_no_curve_is_not_quoted_there_and_a_missing_side_stays_missing():
    quotes = table()
    assert np.isnan(shocked_quotes(quotes, (), START, Shock()).ask[1:]).all()
    found = curves(quotes)
    quotes.bid[3] = np.nan
    assert np.isnan(shocked_quotes(quotes, found, START, Shock(spot=0.01)).bid[3])


def test_no_quote_falls_below_nothing():
    quotes = table()
    after = shocked_quotes(quotes, curves(quotes), START, Shock(spot=0.05, volatility=-0.15))
    assert np.nanmin(after.bid) == 0


def test_volatility_never_falls_to_nothing():
    (moved,) = shocked_curves(curves(table()), Shock(volatility=-5))
    assert min(moved.volatilities) == 0.01


@pytest.mark.parametrize("wrong", [{"spot": -1.0}, {"days": -1}, {"volatility": float("nan")}])
def test_a_move_no_market_makes_is_refused(wrong):
    with pytest.raises(ValidationError):
        Shock(**wrong)
