"""Chains: which options belong together, and which of them can be read."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from actors.domain.market.chain import chains, smile
from actors.domain.market.contract import Kind, Product, Products, Right, SettlementTime, occ_symbol
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe

SPX = Product(root="SPX", underlying="SPX", kind=Kind.INDEX_OPTION, settlement_time=SettlementTime.AM)
SPXW = Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION)
PRODUCTS = Products((SPX, SPXW))
DAY, LATER = date(2026, 11, 23), date(2026, 12, 18)


def universe(*symbols: str) -> Universe:
    return Universe(version=3, contracts=tuple(PRODUCTS.contract(symbol) for symbol in symbols))


def both(root: str, day: date, *strikes: int) -> list[str]:
    return [occ_symbol(root, day, right, Decimal(k)) for k in strikes for right in Right]


def quoted(known: Universe, bid: np.ndarray, ask: np.ndarray, stamp: int = 0) -> QuoteTable:
    table, count = QuoteTable(known), len(known.contracts)
    size = np.ones(count, np.float32)
    stamps, codes = np.full(count, stamp, np.int64), np.isnan(bid).astype(np.uint16)
    table.apply(QuoteFrame(3, 1, np.arange(count, dtype=np.int32), bid, ask, size, size, stamps, 1, codes))
    return table


def black(known: Universe, forward: float, std_dev: float) -> np.ndarray:
    kinds = {Right.CALL: ql.Option.Call, Right.PUT: ql.Option.Put}
    return np.array([ql.blackFormula(kinds[c.right], float(c.strike), forward, std_dev) for c in known.contracts])


def test_chains_come_by_expiry_and_roots_of_one_day_stay_apart_fullest_first():
    known = universe("SPX", *both("SPX", LATER, 6000), *both("SPXW", LATER, 6000, 6005), *both("SPXW", DAY, 6000))
    assert [(chain.root, chain.expires_on) for chain in chains(known, "SPX")] == [
        ("SPXW", DAY),
        ("SPXW", LATER),
        ("SPX", LATER),
    ]


def test_other_underlyings_are_left_out():
    known = universe(*both("SPXW", DAY, 6000), *both("GOOG", DAY, 700))
    assert [chain.root for chain in chains(known, "GOOG")] == ["GOOG"]


def test_strikes_rise_whatever_the_order_of_the_universe():
    (chain,) = chains(universe(*both("SPXW", DAY, 6010, 5990, 6000)), "SPX")
    assert chain.calls.strikes.tolist() == [5990, 6000, 6010]
    assert chain.calls.symbols[0] == occ_symbol("SPXW", DAY, Right.CALL, Decimal(5990))


@pytest.mark.parametrize(
    ("bid", "ask", "counts"),
    [(1.0, 1.2, True), (np.nan, 1.2, False), (1.0, np.nan, False), (0.0, 0.05, False), (1.3, 1.2, False)],
)
def test_only_options_quoted_both_ways_can_be_chosen(bid: float, ask: float, counts: bool):
    known = universe(occ_symbol("SPXW", DAY, Right.CALL, Decimal(6000)))
    (chain,) = chains(known, "SPX")
    assert bool(chain.calls.quoted(quoted(known, np.array([bid]), np.array([ask]))).symbols) is counts


def test_quotes_stamped_too_long_ago_are_left_out_and_unstamped_ones_are_not():
    known = universe(occ_symbol("SPXW", DAY, Right.CALL, Decimal(6000)))
    (chain,) = chains(known, "SPX")
    for stamp, counts in ((99, False), (100, True), (0, True)):
        table = quoted(known, np.array([1.0]), np.array([1.1]), stamp)
        assert bool(chain.calls.quoted(table, since_ns=100).symbols) is counts


def test_a_smile_knows_forward_and_deltas_of_what_is_out_of_the_money():
    known = universe(*both("SPXW", DAY, *range(5900, 6105, 5)))
    fair = black(known, 6002.0, 0.008)
    (chain,) = chains(known, "SPX")
    seen = smile(chain, quoted(known, fair - 0.01, fair + 0.01))
    assert seen is not None
    assert seen.forward == pytest.approx(6002, abs=0.05)
    assert (seen.calls.strikes >= seen.forward).all()
    assert (seen.puts.strikes <= seen.forward).all()
    assert (np.diff(seen.call_deltas) < 0).all()
    assert (np.diff(seen.put_deltas) < 0).all()
    at = seen.calls.strikes.tolist().index(6050)
    d1 = np.log(6002 / 6050) / 0.008 + 0.004
    assert seen.call_deltas[at] == pytest.approx(ql.CumulativeNormalDistribution()(d1), abs=5e-3)


def test_without_one_strike_quoted_as_call_and_put_there_is_no_smile():
    known = universe(
        occ_symbol("SPXW", DAY, Right.CALL, Decimal(6000)), occ_symbol("SPXW", DAY, Right.PUT, Decimal(5995))
    )
    (chain,) = chains(known, "SPX")
    assert smile(chain, quoted(known, np.array([1.0, 1.0]), np.array([1.1, 1.1]))) is None
