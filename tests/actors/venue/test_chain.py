"""The chain has the expiries and strikes that strategies look for."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Right
from actors.products import load_products
from actors.venue.chain import build_chain, expiries_of, is_weekday

PRODUCTS = load_products(Path(__file__).resolve().parents[3] / "config" / "products.toml")
DATES = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(DATES)
def test_expiries_begin_today_go_on_daily_and_reach_sixty_days(session) -> None:
    expiries = expiries_of(session, is_weekday)
    assert expiries[0] == session
    assert list(expiries) == sorted(set(expiries))
    assert timedelta(days=53) < expiries[-1] - session <= timedelta(days=60)
    assert all(is_weekday(on) for on in expiries[1:])
    assert expiries[1] - session <= timedelta(days=3)


def test_a_fridays_expiry_moves_to_thursday_when_the_exchange_is_closed() -> None:
    good_friday = date(2026, 4, 3)
    expiries = expiries_of(date(2026, 3, 16), lambda on: is_weekday(on) and on != good_friday)
    assert good_friday not in expiries
    assert date(2026, 4, 2) in expiries


@given(DATES, st.integers(200, 2_000), st.floats(500, 9_000), st.floats(0.08, 0.6))
def test_the_chain_stays_within_its_size_and_around_the_spot(session, most, spot, volatility) -> None:
    expiries = expiries_of(session, is_weekday)
    chain = build_chain("SPXW", spot, volatility, most, expiries, PRODUCTS)
    assert 0.85 * most <= len(chain.contracts) <= most
    assert len({contract.symbol for contract in chain.contracts}) == len(chain.contracts)
    for place, expiry in enumerate(expiries):
        strikes = chain.strike[chain.expiry == place]
        assert strikes.min() < spot < strikes.max()
        assert all(
            contract.expires_on == expiry
            for contract, at in zip(chain.contracts[::2], chain.expiry, strict=True)
            if at == place
        )


def test_pairs_are_a_call_and_a_put_of_one_strike() -> None:
    chain = build_chain("SPXW", 5_000, 0.16, 600, expiries_of(date(2026, 11, 20), is_weekday), PRODUCTS)
    for call, put, strike in zip(chain.contracts[::2], chain.contracts[1::2], chain.strike, strict=True):
        assert (call.right, put.right) == (Right.CALL, Right.PUT)
        assert call.strike == put.strike == strike
        assert call.expires_on == put.expires_on


@pytest.mark.parametrize("session", [date(2026, 11, 20), date(2026, 11, 22)])
def test_a_later_expiry_is_always_more_days_ahead(session) -> None:
    chain = build_chain("SPXW", 5_000, 0.16, 600, expiries_of(session, is_weekday), PRODUCTS)
    days = chain.days_ahead.tolist()
    assert days[0] == 0
    assert days == sorted(set(days))


def test_todays_expiry_has_the_strikes_a_condor_needs() -> None:
    chain = build_chain("SPXW", 5_000, 0.16, 600, expiries_of(date(2026, 11, 20), is_weekday), PRODUCTS)
    today = chain.strike[chain.expiry == 0]
    assert today[1] - today[0] == 5
    assert today.min() <= 4_900
    assert today.max() >= 5_090


def test_what_somebody_holds_from_earlier_sessions_is_listed_however_far_the_index_went() -> None:
    session = date(2026, 11, 3)
    expiries = expiries_of(session, is_weekday)
    held = tuple(PRODUCTS.contract(symbol) for symbol in ("SPXW  261103P05125000", "SPXW  261104P05100000"))
    chain = build_chain("SPXW", 4_500.0, 0.16, 400, expiries, PRODUCTS, held)
    assert set(held) <= set(chain.contracts)
    assert not set(held) & set(build_chain("SPXW", 4_500.0, 0.16, 400, expiries, PRODUCTS).contracts)
