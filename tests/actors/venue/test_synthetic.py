"""The made-up market quotes as a real one would: on ticks, without arbitrage, and the same way twice."""

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.market.contract import Right, SettlementTime
from actors.products import load_products
from actors.venue.market import Batch
from actors.venue.path import Gap, Halt
from actors.venue.synthetic import SyntheticMarket, SyntheticSettings

PRODUCTS = load_products(Path(__file__).resolve().parents[3] / "config" / "products.toml")
SUNDAY = date(2026, 11, 22)
START = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
SMALL = SyntheticSettings(contracts_max=240, length_s=1_800)


def market(seed: int = 1, chosen: SyntheticSettings = SMALL, root: str = "SPXW") -> SyntheticMarket:
    return SyntheticMarket(seed, SUNDAY, START, PRODUCTS, chosen.model_copy(update={"root": root}))


class Board:
    """The latest row of every contract."""

    def __init__(self, count: int) -> None:
        self.bid, self.ask, self.last = (np.full(count, np.nan) for _ in range(3))
        self.bid_size, self.ask_size = np.zeros(count), np.zeros(count)

    def apply(self, batch: Batch) -> "Board":
        for name in ("bid", "ask", "bid_size", "ask_size"):
            getattr(self, name)[batch.rows] = getattr(batch, name)
        printed = ~np.isnan(batch.last)
        self.last[batch.rows[printed]] = batch.last[printed]
        return self


def boards(made: SyntheticMarket, every: int):
    board = Board(len(made.contracts))
    for step, batch in enumerate(made.batches(made.opens_at)):
        board.apply(batch)
        if step % every == 0:
            yield step, board


def assert_same(ours: Batch, theirs: Batch) -> None:
    assert ours.at == theirs.at
    for name in ("rows", "bid", "ask", "bid_size", "ask_size", "last", "exchange_ns"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_it_is_a_real_product_open_at_any_hour() -> None:
    made = market()
    assert (made.opens_at, made.closes_at) == (START, START + timedelta(minutes=30))
    assert made.session == SUNDAY
    assert made.contracts[0].symbol == "SPX"
    assert made.contracts[1].symbol.startswith("SPXW  261122C")
    assert made.contracts[1].product.settlement_time is SettlementTime.PM
    assert made.contracts[1].expires_on == SUNDAY
    assert made.skipped == ()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["SPXW", "XSP", "NDXP"]))
def test_at_every_step_the_fair_price_lies_between_bid_and_ask_and_both_on_ticks(seed, root) -> None:
    made = market(seed, root=root)
    product = made.contracts[1].product
    for step, board in boards(made, 97):
        fair, bid, ask = made.fair_prices(step), board.bid[1:], board.ask[1:]
        has_bid = ~np.isnan(bid)
        assert not np.isnan(ask).any()
        assert (np.where(has_bid, bid, 0) <= fair + 1e-9).all()
        assert (fair <= ask + 1e-9).all()
        assert (bid[has_bid] < ask[has_bid]).all()
        assert (bid[has_bid] > 0).all()
        for price in np.concatenate((bid[has_bid], ask)):
            tick = product.tick_small if price < product.tick_threshold else product.tick_large
            assert abs(price / float(tick) - round(price / float(tick))) < 1e-6, price
        assert (board.bid_size[1:][has_bid] >= 1).all()
        assert (board.bid_size[1:][~has_bid] == 0).all()
        assert (board.ask_size[1:] >= 1).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_no_box_parity_or_vertical_can_be_bought_for_less_than_it_is_worth(seed) -> None:
    made = market(seed)
    rows = {(c.expires_on, c.strike, c.right): row for row, c in enumerate(made.contracts) if c.is_option}
    for _, board in boards(made, 211):
        bid = np.nan_to_num(board.bid)
        for expiry, group in itertools.groupby(sorted({key[:2] for key in rows}), key=lambda key: key[0]):
            strikes = [strike for _, strike in group]
            call, put = (
                np.array([rows[expiry, strike, right] for strike in strikes]) for right in (Right.CALL, Right.PUT)
            )
            assert (board.ask[call][:-1] >= bid[call][1:]).all()
            assert (board.ask[put][1:] >= bid[put][:-1]).all()
            # Every strike says the same forward, within its spreads.
            low, high = bid[call] - board.ask[put], board.ask[call] - bid[put]
            points = np.array([float(strike) for strike in strikes])
            assert (low + points * 0.9925).max() <= (high + points).min() + 1e-9


def test_the_same_seed_and_start_make_the_same_market_and_another_seed_another() -> None:
    for ours, theirs in zip(market(3).batches(START), market(3).batches(START), strict=True):
        assert_same(ours, theirs)
    first, other = (next(iter(market(seed).batches(START))) for seed in (3, 4))
    assert not np.array_equal(first.ask, other.ask)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1_799), st.sampled_from([0.0, 0.4]))
def test_a_market_entered_later_shows_all_at_once_and_then_the_very_same_batches(after_s, fraction) -> None:
    made, begin = market(5), START + timedelta(seconds=after_s + fraction)
    late = made.batches(begin)
    first = next(late)
    board = Board(len(made.contracts))
    for batch in made.batches(START):
        if batch.at <= first.at:
            board.apply(batch)
        else:
            assert_same(next(late), batch)
    assert first.rows.tolist() == list(range(len(made.contracts)))
    assert begin <= first.at < begin + timedelta(seconds=1)
    for name in ("bid", "ask", "bid_size", "ask_size"):
        np.testing.assert_array_equal(getattr(first, name), getattr(board, name))
    assert next(late, None) is None


def test_only_changed_rows_are_told_and_no_row_twice() -> None:
    made = market(6)
    batches = list(made.batches(START))
    told = sum(len(batch.rows) for batch in batches)
    assert told < 0.9 * len(batches) * len(made.contracts)
    board = Board(len(made.contracts)).apply(batches[0])
    for batch in batches[1:]:
        assert (np.diff(batch.rows) > 0).all()
        rows, here = batch.rows[batch.rows > 0], batch.rows > 0
        same = np.ones(len(rows), np.bool_)
        for name in ("bid", "ask", "bid_size", "ask_size"):
            new, old = np.nan_to_num(getattr(batch, name)[here]), np.nan_to_num(getattr(board, name)[rows])
            same &= new == old
        assert not same.any()
        board.apply(batch)


def test_a_step_may_be_shorter_than_a_second() -> None:
    made = market(7, SMALL.model_copy(update={"interval_s": 0.05, "length_s": 60.0}))
    ats = [batch.at for batch in made.batches(START)]
    assert len(ats) > 1_000
    assert all((later - sooner).total_seconds() >= 0.049 for sooner, later in itertools.pairwise(ats))
    assert next(made.batches(START + timedelta(seconds=0.15))).at == START + timedelta(seconds=0.15)


def test_in_a_halt_quotes_are_pulled_and_after_it_the_index_has_moved_on_unseen() -> None:
    halted = SMALL.model_copy(update={"halts": (Halt(after_s=600, length_s=300),)})
    made = market(8, halted)
    begin, end = START + timedelta(seconds=600), START + timedelta(seconds=900)
    during = [batch for batch in made.batches(START) if begin <= batch.at < end]
    assert len(during) == 1
    assert during[0].at == begin
    assert during[0].rows.tolist() == list(range(1, len(made.contracts)))
    assert np.isnan(during[0].bid).all()
    assert np.isnan(during[0].ask).all()
    resumed = next(batch for batch in made.batches(START) if batch.at >= end)
    assert resumed.at == end
    assert len(resumed.rows) == len(made.contracts)
    assert not np.isnan(resumed.ask[1:]).any()


def test_spreads_widen_and_sizes_thin_after_a_gap_and_in_the_wings() -> None:
    made = market(9, SMALL.model_copy(update={"gaps": (Gap(after_s=1_000, move=-0.02),)}))

    def near_the_money(after_s: int) -> tuple[float, float]:
        batch = next(made.batches(START + timedelta(seconds=after_s)))
        near = [
            row
            for row, contract in enumerate(made.contracts)
            if contract.is_option and abs(float(contract.strike) - batch.last[0]) < 100
        ]
        return float(np.nanmedian((batch.ask - batch.bid)[near])), float(np.median(batch.ask_size[near]))

    (calm_width, calm_size), (wild_width, wild_size) = near_the_money(990), near_the_money(1_001)
    assert wild_width > 2 * calm_width
    assert wild_size < 0.6 * calm_size

    batch = next(made.batches(START + timedelta(seconds=990)))
    relative = (batch.ask - batch.bid) / (batch.ask + batch.bid)
    last_expiry = max(contract.expires_on for contract in made.contracts[1:])
    calls = [
        row
        for row, contract in enumerate(made.contracts)
        if contract.expires_on == last_expiry
        and contract.right is Right.CALL
        and contract.strike >= batch.last[0]
        and batch.bid[row] > 0
    ]
    assert len(calls) > 2
    assert relative[calls[-1]] > 2 * relative[calls[0]]


def test_it_settles_at_the_last_level_of_the_session() -> None:
    made = market(10)
    last = [batch for batch in made.batches(START) if batch.rows[0] == 0][-1]
    assert made.settlement_price("SPX") == last.last[0]
    assert made.settlement_price("SPXW") is None
    end = next(made.batches(made.closes_at))
    fair = made.fair_prices(1_800)
    for row, contract in enumerate(made.contracts[1:], start=1):
        if contract.expires_on == SUNDAY:
            sign = 1 if contract.right is Right.CALL else -1
            worth = max(sign * (end.last[0] - float(contract.strike)), 0.0)
            assert fair[row - 1] == pytest.approx(worth, abs=0.5)


def test_an_hour_of_six_hundred_contracts_is_made_in_moments() -> None:
    made = market(11, SyntheticSettings())
    began = datetime.now(UTC)
    rows = sum(
        len(batch.rows)
        for batch in itertools.takewhile(lambda batch: batch.at < START + timedelta(hours=1), made.batches(START))
    )
    took = datetime.now(UTC) - began
    assert rows > 500_000
    assert took < timedelta(seconds=5)
