"""Margin against the exchange's and the brokers' own published examples, with the table that ships.

Sources, by the word in front of each case: *manual*: Cboe Margin Manual, the edition with leveraged funds, with the
page of the example; *sheet*: Cboe, "Margin Requirement Examples for Sample Options-based Positions" (IBM at 97.73, SPX
at 1451.19, a hundred contracts, after what the sale brings in); *tastytrade*: support articles 43000435282 (short
strangle), 43000435229 (short iron condor), 43000435207 (short butterfly); *IBKR*: knowledge base, node 600.
"""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Contract, Products, Right, future_option_symbol, occ_symbol
from actors.domain.risk.margin import Held, Margin, margin
from actors.margins import load_margins
from actors.products import load_products

CONFIG = Path(__file__).parents[4] / "config"
TABLE = load_margins(CONFIG / "margin.toml")
PRODUCTS: Products = load_products(CONFIG / "products.toml")
TODAY = date(2026, 1, 5)


def contract(root: str, strike: str, months: int) -> Contract:
    day = date(TODAY.year + (months // 12), TODAY.month + months % 12, 16)
    return PRODUCTS.contract(occ_symbol(root, day, Right(strike[-1]), Decimal(strike[:-1])))


def held(root: str, text: str) -> list[Held]:
    """`-1 80P 2.00` as held, a trailing `+18` being the months it lives; three where nothing is said."""
    found = []
    for line in text.split(","):
        quantity, strike, price, *months = line.split()
        lives = int(months[0]) if months else 3
        found.append(Held(contract(root, strike, lives), int(quantity), Decimal(price)))
    return found


def needed(root: str, text: str, level: str, lots: int = 0) -> Margin:
    found = margin(held(root, text), Decimal(level), TABLE, TODAY, lots)
    assert found is not None
    return found


EXAMPLES = [
    ("manual 23, long call", "XYZ", "+1 125C 5", "128.5", 500),
    ("manual 23, long index put", "SPX", "+1 430P 5.5", "433.35", 550),
    ("manual 24, call of more than nine months", "XYZ", "+1 80C 12 18", "78", 900),
    ("manual 24, index call of more than nine months", "SPX", "+1 1325C 16.8 20", "1290", 1260),
    ("manual 25, put of more than nine months", "XYZ", "+1 42.5P 2 18", "43", 150),
    ("manual 28, short put out of the money", "XYZ", "-1 80P 2", "95", 1000),
    ("manual 28, short put in the money", "XYZ", "-1 20P 1.5", "19.5", 540),
    ("manual 30, short index put", "SPX", "-1 410P 0.1", "445.35", 4_110),
    ("manual 30, short index put near the money", "SPX", "-1 430P 7.8", "433.35", "6945.25"),
    ("manual 31, reduced-value index put", "XSP", "-1 45P 2.85", "43.34", "935.10"),
    ("manual 32, short call in the money", "XYZ", "-1 120C 8.4", "128.5", 3_410),
    ("manual 33, short call out of the money", "XYZ", "-1 30C 0.05", "26.38", "268.80"),
    ("manual 34, short index call", "SPX", "-1 430C 8.7", "433.35", "7370.25"),
    ("manual 34, reduced-value index call", "XSP", "-1 45C 1.35", "43.34", "619.10"),
    ("manual 35, index call", "SPX", "-1 370C 12.85", "378.5", "6962.50"),
    ("manual 39, debit put spread", "XYZ", "+1 250P 3, -1 240P 0.95", "255", 300),
    ("manual 40, credit put spread", "SPX", "+1 425P 6.4, -1 430P 7.8", "433.35", 1_140),
    ("manual 42, credit call spread", "XYZ", "+1 125C 3.8, -1 120C 8.4", "128.5", 880),
    ("manual 43, the long ends before the short", "XYZ", "+1 70C 5 3, -1 70C 8 4", "75", 2_800),
    ("manual 43, the same of an index", "SPX", "+1 425C 13.1 3, -1 430C 12.2 4", "433.35", "9030.25"),
    ("manual 45, short straddle", "XYZ", "-1 90C 7, -1 90P 3.7", "92.63", "2922.60"),
    ("manual 46, short index straddle", "SPX", "-1 435P 7.2, -1 435C 5.5", "433.35", "7770.25"),
    ("manual 50, long box", "XYZ", "+1 40C 15.4, -1 50C 7.2, +1 50P 1.75, -1 40P 0.4", "50", 1_715),
    ("manual 51, short box", "XYZ", "-1 50C 17.3, +1 60C 8.4, -1 60P 1.25, +1 50P 0.3", "66", 1_870),
    ("manual 52, put butterfly", "XYZ", "+1 540P 5.6, -2 550P 7.2, +1 555P 9.8", "550", 2_040),
    ("manual 53, call butterfly", "XYZ", "+1 545C 12.4, -2 550C 8.8, +1 565C 2", "550", 2_440),
    ("manual 54, put condor", "XYZ", "+1 1050P 47.1, -1 1075P 55.7, -1 1100P 66.3, +1 1125P 85.4", "1160", 13_250),
    ("manual 55, call condor", "XYZ", "+1 22.5C 0.45, -1 25C 0.75, -1 30C 2.75, +1 32.5C 4.3", "26.75", 475),
    ("manual 56, iron butterfly", "XYZ", "+1 16P 0.1, -1 20P 0.2, -1 20C 7, +1 24C 4", "26.75", 810),
    ("manual 57, iron condor", "XYZ", "+1 1000P 32, -1 1025P 35.1, -1 1150C 9.4, +1 1175C 6.3", "1060", 6_330),
    ("tastytrade, short strangle", "XYZ", "-1 47C 2.10, -1 43P 1.20", "45", 1_030),
]


@pytest.mark.parametrize(("name", "root", "legs", "level", "requirement"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_a_published_example_needs_what_it_is_published_to_need(name, root, legs, level, requirement):
    assert needed(root, legs, level).requirement == Decimal(requirement)


@pytest.mark.parametrize(
    ("legs", "level", "leverage", "requirement"),
    [
        ("-1 725P 3", "970", 2, 14_800),
        ("-1 400P 15.5", "390.7", 3, 24_992),
        ("-1 810C 10.1", "815.5", 2, 33_630),
        ("-1 1250C 2", "1050.3", Decimal("1.5"), "15954.50"),
    ],
)
def test_the_manuals_leveraged_funds_need_their_multiple(legs, level, leverage, requirement):
    """Pages 29 and 33."""
    rows = tuple(row.model_copy(update={"leverage": Decimal(leverage)}) for row in TABLE.rule)
    found = margin(held("XYZ", legs), Decimal(level), TABLE.model_copy(update={"rule": rows}), TODAY)
    assert found is not None
    assert found.requirement == Decimal(requirement)


def test_the_funds_that_the_table_names_have_their_leverage():
    assert needed("TQQQ", "-1 50P 1", "50").naked == 3 * Decimal("0.15") * 50 * 100
    assert needed("QLD", "-1 50C 1", "50").naked == 2 * Decimal("0.15") * 50 * 100


@pytest.mark.parametrize(
    ("root", "legs", "level", "call"),
    [
        ("IBM", "-100 100C 1.68", "97.73", 172_760),
        ("IBM", "-100 100P 3.18", "97.73", 195_460),
        ("SPX", "-100 1460C 21.66", "1451.19", "2088685.00"),
        ("SPX", "-100 1460P 22.55", "1451.19", "2176785.00"),
        ("IBM", "+100 95C 4.53, -100 105C 0.40", "97.73", 41_300),
        ("SPX", "+100 1450C 27.57, -100 1500C 5.96", "1451.19", 216_100),
        ("IBM", "+100 100P 3.18, +100 100C 1.68", "97.73", 48_600),
        ("IBM", "+100 100C 1.68, -100 100P 3.18", "97.73", 212_260),
        ("SPX", "+100 1460C 21.66, -100 1460P 22.55", "1451.19", 2_393_385),
    ],
)
def test_the_sheets_positions_take_what_the_sheet_says(root, legs, level, call):
    """The sheet prints its straddle $100 below what its own prices make of it."""
    assert needed(root, legs, level).taken == Decimal(call)


def test_brokers_examples_of_spreads_take_what_they_are_said_to():
    condor = needed("XYZ", "+2 50P 0.80, -2 53P 1.25, -2 67C 2.00, +2 70C 0.75", "60")
    assert condor.spread == 600
    butterfly = needed("XYZ", "-3 75P 1.50, +6 80P 4.00, -3 85P 6.00", "80")
    assert butterfly.spread == 1_500


@pytest.mark.reference
def test_the_recorded_rule_of_an_iron_condor_agrees(shared):
    rules = json.loads((shared / "data" / "rules" / "broker_rules_iron_condor_strangle.json").read_text())
    legs = ", ".join(f"{leg.split()[0]} {leg.split()[3]} 1" for leg in rules["example"]["legs"])
    assert needed("SPY", legs, "175").spread == rules["example"]["margin"]


def test_a_wider_side_is_the_condors_margin():
    assert needed("XYZ", "+1 80P 1, -1 90P 2, -1 110C 2, +1 115C 1", "100").spread == 1_000


def test_a_ratio_needs_its_spread_and_what_is_naked_of_it():
    found = needed("SPX", "+1 5000P 50, -1 4950P 40, -2 4800P 12", "5100")
    assert (found.spread, found.naked) == (0, 2 * 100 * 480)


def test_a_calendar_needs_its_debit_and_its_mirror_a_naked_short():
    assert needed("XYZ", "-1 100P 3 1, +1 100P 5 3", "100").taken == 200
    assert needed("XYZ", "+1 100P 3 1, -1 100P 5 3", "100").naked == 2_000


def test_shares_cover_calls_and_shares_sold_short_cover_puts():
    assert needed("XYZ", "-1 100C 3", "100", lots=1).taken == -300
    assert needed("XYZ", "-2 100C 3", "100", lots=1).naked == 2_000
    assert needed("XYZ", "-1 100P 3", "100", lots=-1).naked == 0
    assert needed("XYZ", "-1 100P 3", "100", lots=1).naked == 2_000


@pytest.mark.parametrize("level", [None, Decimal(0), Decimal(-3)])
def test_a_naked_short_without_a_level_has_no_margin_rather_than_none(level):
    assert margin(held("XYZ", "-1 80P 2"), level, TABLE, TODAY) is None
    assert margin(held("XYZ", "-1 80P 2, +1 75P 1"), level, TABLE, TODAY) is not None


def test_options_on_futures_are_known_where_they_are_covered_and_nowhere_else():
    day = TODAY + timedelta(days=60)
    short, long = (
        PRODUCTS.contract(future_option_symbol("/ESH26", day, Right.PUT, Decimal(strike))) for strike in (6000, 5900)
    )
    spread = margin([Held(short, -1, Decimal(50)), Held(long, 1, Decimal(30))], Decimal(6100), TABLE, TODAY)
    assert spread is not None
    assert spread.taken == (100 - 20) * 50
    assert margin([Held(short, -1, Decimal(50))], Decimal(6100), TABLE, TODAY) is None


def test_a_table_from_a_day_to_come_has_no_rule_for_today():
    late = tuple(row.model_copy(update={"since": TODAY + timedelta(days=1)}) for row in TABLE.rule)
    table = TABLE.model_copy(update={"rule": late})
    assert margin(held("XYZ", "-1 80P 2"), Decimal(95), table, TODAY) is None
    assert margin(held("XYZ", "-1 80P 2"), Decimal(95), table, TODAY + timedelta(days=1)) is not None


legs_drawn = st.lists(
    st.tuples(st.integers(-3, 3).filter(bool), st.integers(90, 110), st.sampled_from("CP"), st.integers(1, 4)),
    min_size=1,
    max_size=4,
    unique_by=lambda leg: leg[1:],
)


@given(legs=legs_drawn, level=st.integers(50, 150))
def test_no_structure_is_lent_more_than_it_can_lose(legs, level):
    """Covered by the rules is bounded: a structure with nothing naked takes at least its worst loss at expiry."""
    text = ", ".join(f"{quantity:+d} {strike}{right} 1 {months}" for quantity, strike, right, months in legs)
    found = needed("XYZ", text, str(level))
    assert found.spread >= 0
    assert found.naked >= 0
    if not found.naked and len({months for *_, months in legs}) == 1:
        worst = min(
            sum(q * max(0, spot - k if right == "C" else k - spot) for q, k, right, _ in legs) for spot in range(301)
        )
        assert found.spread == max(0, -worst) * 100
