"""For each flaw a price that has it, and a chain in order that has none, however it moves."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.market.chain_sheet import ChainSheet
from actors.domain.market.flaw import Flaw, FlawLimits
from tests.priced_chain import STRIKES, TODAY, PricedChain, listed

LATER = TODAY + timedelta(days=30)


def flaws(chain: PricedChain, symbol: str) -> Flaw:
    found = chain.look().get(symbol)
    return Flaw(0) if found is None else found.flaws


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(4950, 5050), min_size=1, max_size=5), st.floats(0.01, 3))
def test_a_chain_whose_makers_agree_has_no_flaw_wherever_it_moves(forwards, half_width):
    chain = PricedChain(listed(expiries=(TODAY, LATER)))
    for forward in forwards:
        chain.quote(forward, half_width)
        assert chain.look() == {}


def test_an_option_offered_for_less_than_exercising_it_is_worth_says_by_how_much():
    chain = PricedChain()
    deep = chain.symbol(4920)
    chain.spoil(deep, 70.0, 78.5)
    found = chain.look()[deep]
    assert Flaw.UNDER_WORTH in found.flaws
    assert (found.value, found.limit) == (
        pytest.approx(1.5, abs=0.1),
        pytest.approx(0.05 + 0.125, abs=0.003),
    )  # a tick, and a blur
    assert found.names.startswith("UNDER_WORTH")


@pytest.mark.parametrize("right", ["C", "P"])
def test_call_and_put_that_disagree_with_the_forward_are_both_flawed(right):
    chain = PricedChain()
    chain.shift(chain.symbol(5010, right), 1.0)
    found = chain.look()
    assert Flaw.PARITY in found[chain.symbol(5010, "C")].flaws
    assert Flaw.PARITY in found[chain.symbol(5010, "P")].flaws


@pytest.mark.parametrize(("right", "priced", "beside"), [("C", 0.05, 5030), ("P", 60.0, 5030), ("P", 60.0, 5050)])
def test_a_vertical_that_could_be_had_for_nothing_flaws_both_its_legs(right, priced, beside):
    chain = PricedChain()
    strange = chain.symbol(5020 if beside == 5030 else 5040, right)
    chain.spoil(strange, priced, priced + 0.1)
    found = chain.look()
    assert Flaw.VERTICAL in found[strange].flaws
    assert Flaw.VERTICAL in found[chain.symbol(beside, right)].flaws


def test_a_vertical_dearer_than_it_can_ever_pay_is_flawed_too():
    chain = PricedChain()
    chain.shift(chain.symbol(5000), 12.0)
    assert Flaw.VERTICAL in flaws(chain, chain.symbol(5000))


def test_a_bid_above_the_line_between_its_neighbours_is_a_butterfly_for_nothing():
    chain = PricedChain()
    chain.shift(chain.symbol(5060), 0.8)
    assert [symbol for symbol, found in chain.look().items() if Flaw.BUTTERFLY in found.flaws] == [chain.symbol(5060)]


def test_an_offer_far_below_what_its_neighbours_leave_it_is_off_the_model():
    chain = PricedChain(listed(expiries=(LATER,)))
    cheap = chain.symbol(5050, expires_on=LATER)
    chain.shift(cheap, -2.5)
    assert Flaw.OFF_MODEL in flaws(chain, cheap)


def test_where_the_money_is_quoted_wide_its_forward_accuses_nobody_of_less_than_that():
    narrow, wide = PricedChain(), PricedChain()
    wide.quote(5000.0, half_width=2.0)
    for chain in (narrow, wide):
        row = chain.table.row_of[chain.symbol(4920)]
        chain.spoil(chain.symbol(4920), 70.0, 79.2)
        assert chain.table.ask[row] == 79.2
    assert Flaw.UNDER_WORTH in flaws(narrow, narrow.symbol(4920))
    assert Flaw.UNDER_WORTH not in flaws(wide, wide.symbol(4920))


def test_a_wide_spread_accuses_nobody_of_anything():
    chain = PricedChain()
    row = chain.table.row_of[chain.symbol(5010)]
    chain.spoil(chain.symbol(5010), 0.05, float(chain.table.ask[row]) + 20)
    assert chain.look() == {}


def test_a_price_that_stands_still_while_the_underlying_moves_is_stuck_and_is_free_once_it_moves():
    chain = PricedChain()
    stuck = chain.symbol(5000)
    assert chain.look() == {}
    chain.quote(5002.0, without=[stuck])
    found = chain.look()[stuck]
    assert found.flaws & Flaw.STUCK
    chain.quote(5002.0)
    assert chain.look() == {}


def test_a_price_that_stands_still_in_a_market_that_does_is_not_stuck():
    chain = PricedChain()
    for _ in range(50):
        assert chain.look() == {}


def test_small_steps_that_add_up_make_a_price_stuck_as_one_large_step_does():
    chain = PricedChain(listed(expiries=(LATER,)))
    stuck = chain.symbol(4950, expires_on=LATER)
    chain.look()
    seen = []
    for tenth in range(1, 21):
        chain.quote(5000 + tenth / 5, without=[stuck])
        seen.append(bool(flaws(chain, stuck) & Flaw.STUCK))
    assert (seen[0], seen[-1]) == (False, True)


def test_a_start_remembers_nothing_so_nothing_is_stuck_by_what_came_before():
    chain, after = PricedChain(), PricedChain()
    chain.look()
    after.quote(5030.0, without=[after.symbol(5000)])
    assert not flaws(after, after.symbol(5000)) & Flaw.STUCK


def test_without_a_quote_of_the_underlying_the_chains_own_forward_tells_of_its_moves():
    chain = PricedChain()
    chain.spoil("SPX", np.nan, np.nan)
    chain.look()
    stuck = chain.symbol(4970)
    chain.quote(5003.0, without=[stuck, "SPX"])
    chain.spoil("SPX", np.nan, np.nan)
    assert flaws(chain, stuck) & Flaw.STUCK


def test_the_first_quote_of_the_underlying_is_no_move_of_it_from_the_forward():
    chain = PricedChain(listed(expiries=(LATER,)))
    chain.spoil("SPX", np.nan, np.nan)
    assert chain.look() == {}
    chain.spoil("SPX", 4980.0, 4980.0)  # twenty points of carry below the forward
    assert chain.look() == {}
    chain.spoil("SPX", 4984.0, 4984.0)
    assert any(found.flaws & Flaw.STUCK for found in chain.look().values())


def test_one_stale_strike_does_not_move_the_forward_and_leaves_the_others_unflawed():
    chain = PricedChain()
    chain.shift(chain.symbol(5000), 3.0)
    accused = {symbol for symbol, found in chain.look().items() if found.flaws & Flaw.PARITY}
    assert accused == {chain.symbol(5000), chain.symbol(5000, "P")}


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_what_is_missing_accuses_nobody(side):
    chain = PricedChain()
    getattr(chain.table, side)[:] = np.nan
    assert chain.look() == {}
    assert PricedChain(listed()[:1]).look() == {}
    assert PricedChain(listed(strikes=[5000])).look() == {}
    assert PricedChain([each for each in listed() if each.right != "P"]).look() == {}


def test_expiries_and_roots_are_never_neighbours():
    contracts = listed(expiries=(TODAY, LATER)) + listed("SPY", strikes=[4900, 5000])[1:]
    sheet = ChainSheet.of(contracts, TODAY, FlawLimits())
    assert len(sheet.starts) == 3
    last = sheet.ends[:-1]
    assert np.isinf(sheet.rise_max[:, last]).all()
    assert np.isinf(sheet.fall_max[:, last]).all()
    assert np.isnan(sheet.left[last - 1]).all()
    assert np.isnan(sheet.left[last]).all()
    assert np.isfinite(sheet.left[: len(STRIKES) - 2]).all()
    for (row, column), number in np.ndenumerate(sheet.rows):
        option = contracts[number]
        assert float(option.strike) == sheet.strikes[column]
        assert option.right == "CP"[row]


def test_a_strike_without_its_put_has_no_parity_and_its_neighbours_keep_theirs():
    contracts = [each for each in listed() if not (each.right == "P" and each.strike == 5010)]
    chain = PricedChain(contracts)
    chain.shift(chain.symbol(5020), 1.0)
    found = chain.look()
    assert Flaw.PARITY in found[chain.symbol(5020)].flaws
    assert not any(each.flaws & Flaw.PARITY for symbol, each in found.items() if symbol == chain.symbol(5010))


def test_carry_excuses_a_later_expiry_and_nothing_on_the_last_day():
    contracts = listed(expiries=(TODAY, TODAY + timedelta(days=365)))
    sheet = ChainSheet.of(contracts, TODAY, FlawLimits(carry_max=0.10))
    assert set(sheet.slope[: len(STRIKES)]) == {0.0}
    assert sheet.slope[len(STRIKES) :] == pytest.approx(0.10)
    american = ChainSheet.of(listed("SPY", (date(2026, 1, 15),)), TODAY, FlawLimits(early_max=0.05))
    assert american.slack[0] > american.tick[0]


def with_a_dear_strike(limits: FlawLimits) -> PricedChain:
    chain = PricedChain(limits=limits)
    chain.shift(chain.symbol(5060), 0.8)
    return chain


def with_a_cheap_strike(limits: FlawLimits) -> PricedChain:
    chain = PricedChain(listed(expiries=(LATER,)), limits)
    chain.shift(chain.symbol(5050, expires_on=LATER), -2.5)
    return chain


def with_a_stuck_strike(limits: FlawLimits) -> PricedChain:
    chain = PricedChain(limits=limits)
    chain.look()
    chain.quote(5002.0, without=[chain.symbol(5000)])
    return chain


def with_parity_off_a_year_ahead(limits: FlawLimits) -> PricedChain:
    chain = PricedChain(listed("SPY", expiries=(TODAY + timedelta(days=365),)), limits)
    chain.shift(chain.symbol(4900, root="SPY", expires_on=TODAY + timedelta(days=365)), 12.0)
    return chain


@pytest.mark.parametrize(
    ("narrow", "wide", "story", "flaw"),
    [
        ({}, {"ticks": 100.0}, with_a_dear_strike, Flaw.BUTTERFLY),
        ({}, {"bend": 100.0}, with_a_cheap_strike, Flaw.OFF_MODEL),
        ({}, {"stuck_spreads": 1e6}, with_a_stuck_strike, Flaw.STUCK),
        ({"carry_max": 0.0, "early_max": 0.0}, {"carry_max": 0.1}, with_parity_off_a_year_ahead, Flaw.PARITY),
        (
            {"carry_max": 0.0, "early_max": 0.0},
            {"carry_max": 0.0, "early_max": 0.2},
            with_parity_off_a_year_ahead,
            Flaw.PARITY,
        ),
    ],
    ids=["ticks", "bend", "stuck_spreads", "carry_max", "early_max"],
)
def test_each_limit_decides(narrow, wide, story, flaw):
    assert any(flaw in found.flaws for found in story(FlawLimits(**narrow)).look().values())
    assert not any(flaw in found.flaws for found in story(FlawLimits(**wide)).look().values())


def test_the_figures_are_those_of_the_gravest_flaw_and_every_flaw_is_named():
    chain = PricedChain()
    chain.spoil(chain.symbol(4920), 20.0, 21.0)
    found = chain.look()[chain.symbol(4920)]
    assert found.names.split(", ")[:2] == ["UNDER_WORTH", "PARITY"]
    assert found.value == pytest.approx(80 - 21, abs=0.5)
