"""What endangers a structure that expires or may be assigned, as tables: calls and puts on both sides of the strike."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from actors.domain.risk.expiry import Danger, concerns, most_willing
from actors.domain.risk.expiry_policy import Dividend, ExpiryPolicy, Measure, Rung, Will
from tests.expiries import around, at, held, legs_of

CONDOR = {
    "SPXW  210104P03650000": 1,
    "SPXW  210104P03675000": -1,
    "SPXW  210104C03725000": -1,
    "SPXW  210104C03750000": 1,
}
PINNED = Path(__file__).resolve().parents[5] / "shared" / "data" / "rules" / "occ_exercise_pin_risk.json"


def found(holdings, bids, now, *, policy=None, age_s=1.0, strategy="condor", cash="1000000", **around_it):
    told = concerns(
        held(holdings, strategy), legs_of(holdings, bids, now, age_s), around(now, policy, cash, **around_it)
    )
    return {each.danger: each for each in told}


def spx(price: str) -> dict[str, str]:
    return {"SPX": price} | dict.fromkeys(CONDOR, "1.00")


@pytest.mark.parametrize(
    ("clock", "will"),
    [
        ("15:49:59", None),
        ("15:50:00", Will.MID),
        ("15:54:00", Will.NATURAL),
        ("15:56:59", Will.NATURAL),
        ("15:57:00", Will.ANY),
        ("15:59:59", Will.ANY),
    ],
)
def test_shorts_in_their_last_session_are_closed_up_the_ladder_before_the_real_end(clock, will):
    told = found(CONDOR, spx("3700"), at(f"2021-01-04T{clock}"))
    assert told[Danger.EXPIRY].will is will


@pytest.mark.parametrize(
    ("symbol", "underlying", "clock", "will"),
    [
        ("GOOG  151224C00750000", "GOOG", "2015-12-24T12:49", None),
        ("GOOG  151224C00750000", "GOOG", "2015-12-24T12:50", Will.MID),
        ("GOOG  151224P00750000", "GOOG", "2015-12-24T12:57", Will.ANY),
        ("SPXW  261224P06000000", "SPX", "2026-12-24T12:57", Will.ANY),
        ("SPY   261224P00600000", "SPY", "2026-12-24T13:05", Will.MID),
        ("SPX   261218P06000000", "SPX", "2026-12-17T16:12", Will.ANY),
    ],
)
def test_the_ladder_counts_from_each_products_own_end_half_days_and_mornings_included(symbol, underlying, clock, will):
    price = str(Decimal(symbol[13:]) / 1000 * Decimal("0.9" if symbol[12] == "C" else "1.1"))
    told = found({symbol: -1}, {underlying: price, symbol: "0.05"}, at(clock))
    assert told[Danger.EXPIRY].will is will


def test_after_its_end_nothing_is_asked_any_more():
    assert Danger.EXPIRY not in found(CONDOR, spx("3700"), at("2021-01-04T16:00"))


def test_longs_alone_expire_without_a_close():
    assert found({"SPXW  210104C03725000": 2}, spx("3700"), at("2021-01-04T15:58")) == {}


def test_a_calendar_spread_is_closed_whole_when_its_front_ends():
    holdings = {"SPXW  210104C03700000": -1, "SPXW  210108C03700000": 1}
    told = found(holdings, spx("3700") | dict.fromkeys(holdings, "5.00"), at("2021-01-04T15:57"))
    assert told[Danger.EXPIRY].will is Will.ANY
    assert told[Danger.EXPIRY].structure_id == "condor-1"


@pytest.mark.parametrize(
    ("measure", "strategy", "hold", "will"),
    [
        (Measure.CLOSE_AT_ANY_PRICE, "condor", (), Will.ANY),
        (Measure.CLOSE, "condor", (), Will.NATURAL),
        (Measure.WARN, "condor", (), None),
        (Measure.CLOSE_AT_ANY_PRICE, "condor", ("condor",), None),
        (Measure.CLOSE_AT_ANY_PRICE, "condor", ("other",), Will.ANY),
    ],
)
def test_the_policy_says_how_far_the_ladder_goes(measure, strategy, hold, will):
    policy = ExpiryPolicy(cash=measure, hold=hold)
    told = found(CONDOR, spx("3700"), at("2021-01-04T15:58"), policy=policy, strategy=strategy)
    assert told[Danger.EXPIRY].will is will


def test_holding_through_expiry_is_for_what_is_settled_in_cash_alone():
    policy = ExpiryPolicy(hold=("condor",))
    told = found({"GOOG  151224C00750000": -1}, {"GOOG": "700"}, at("2015-12-24T12:58"), policy=policy)
    assert told[Danger.EXPIRY].will is Will.ANY


def test_what_is_settled_in_shares_is_gone_before_its_broker_may_close_one_leg_of_it():
    told = found({"GOOG  151231C00750000": -1}, {"GOOG": "700"}, at("2015-12-31T15:20"), liquidates_min=30)
    assert told[Danger.EXPIRY].will is Will.MID
    assert told[Danger.EXPIRY].ends_at == at("2015-12-31T15:30")
    told = found(CONDOR, spx("3700"), at("2021-01-04T15:20"), liquidates_min=30)
    assert told[Danger.EXPIRY].will is None, "cash is not liquidated"


def test_a_ladder_that_does_not_rise_is_no_ladder():
    for rungs in (
        [Rung(before_min=5, price=Will.MID), Rung(before_min=10, price=Will.ANY)],
        [Rung(before_min=10, price=Will.ANY), Rung(before_min=5, price=Will.MID)],
        [Rung(before_min=5, price=Will.MID), Rung(before_min=5, price=Will.ANY)],
    ):
        with pytest.raises(ValidationError):
            ExpiryPolicy(ladder=tuple(rungs))


@pytest.mark.parametrize(
    ("symbol", "price", "age_s", "is_pinned"),
    [
        ("GOOG  151231C00750000", "750.00", 1, True),
        ("GOOG  151231C00750000", "746.25", 1, True),
        ("GOOG  151231C00750000", "746.24", 1, False),
        ("GOOG  151231C00750000", "753.76", 1, False),
        ("GOOG  151231P00750000", "753.75", 1, True),
        ("GOOG  151231P00750000", "700.00", 1, False),
        ("GOOG  151231P00750000", "700.00", 121, True),
        ("SPXW  151231C02000000", "2000.00", 1, False),
    ],
)
def test_a_short_near_its_strike_is_pinned_and_one_without_a_price_counts_as_such(symbol, price, age_s, is_pinned):
    under = "GOOG" if symbol.startswith("GOOG") else "SPX"
    told = found({symbol: -1}, {under: price, symbol: "0.10"}, at("2015-12-31T15:30"), age_s=age_s)
    assert (Danger.PIN in told) == is_pinned
    if is_pinned:
        assert told[Danger.PIN].will is Will.NATURAL
        early = found({symbol: -1}, {under: price, symbol: "0.10"}, at("2015-12-31T15:29"), age_s=age_s)
        assert early[Danger.PIN].will is None


EX = {"GOOG": Dividend(underlying="GOOG", ex_on="2015-12-30", amount=Decimal("1.50"))}


@pytest.mark.parametrize(
    ("symbol", "price", "bid", "is_due"),
    [
        ("GOOG  160115C00700000", "750.00", "51.49", True),
        ("GOOG  160115C00700000", "750.00", "51.50", False),
        ("GOOG  160115C00700000", "750.00", None, True),
        ("GOOG  160115C00700000", "699.00", "1.00", False),
        ("GOOG  160115P00800000", "750.00", "50.10", False),
    ],
)
def test_a_short_call_worth_less_to_its_holder_than_the_dividend_is_closed_before_the_ex_date(
    symbol, price, bid, is_due
):
    now = at("2015-12-29T15:00")
    told = found({symbol: -1}, {"GOOG": price, symbol: bid}, now, dividends=EX)
    assert (Danger.DIVIDEND in told) == is_due
    if is_due:
        assert told[Danger.DIVIDEND].will is Will.NATURAL
        morning = found({symbol: -1}, {"GOOG": price, symbol: bid}, at("2015-12-29T10:00"), dividends=EX)
        assert morning[Danger.DIVIDEND].will is None
        assert morning[Danger.DIVIDEND].acts_at == now


def test_european_options_are_never_assigned_early():
    told = found(
        {"SPXW  151231C01900000": -1}, {"SPX": "2000", "SPXW  151231C01900000": "99.0"}, at("2015-12-29T15:30")
    )
    assert told == {}


@pytest.mark.parametrize(
    ("symbol", "price", "bid", "is_likely"),
    [
        ("GOOG  160115C00700000", "750.00", "50.04", True),
        ("GOOG  160115C00700000", "750.00", "50.05", False),
        ("GOOG  160115P00800000", "750.00", "49.00", True),
        ("GOOG  160115P00800000", "750.00", "51.00", False),
        ("GOOG  160115C00800000", "750.00", "0.00", False),
        ("GOOG  160115P00700000", "750.00", "0.00", False),
    ],
)
def test_a_short_whose_holder_gives_up_nothing_is_warned_of_on_both_rights(symbol, price, bid, is_likely):
    told = found({symbol: -1}, {"GOOG": price, symbol: bid}, at("2015-12-29T11:00"))
    assert (Danger.EARLY in told) == is_likely
    if is_likely:
        assert (told[Danger.EARLY].measure, told[Danger.EARLY].will) == (Measure.WARN, None)
        closing = ExpiryPolicy(early=Measure.CLOSE)
        told = found({symbol: -1}, {"GOOG": price, symbol: bid}, at("2015-12-29T11:00"), policy=closing)
        assert told[Danger.EARLY].will is Will.NATURAL


@pytest.mark.parametrize(
    ("holdings", "price", "cash", "is_short_of_cash"),
    [
        ({"GOOG  151231C00700000": 1}, "700.01", "10000", True),
        ({"GOOG  151231C00700000": 1}, "700.00", "10000", False),
        ({"GOOG  151231C00700000": 1}, "700.01", "80000", False),
        ({"GOOG  151231P00700000": 1}, "699.99", "10000", True),
        ({"GOOG  151231P00700000": 1}, "700.00", "10000", False),
        ({"GOOG  151231C00700000": 1, "GOOG  151231C00720000": -1}, "730", "10000", False),
        ({"GOOG  151231C00700000": 1, "GOOG  151231C00720000": -1}, "710", "10000", True),
        ({"SPXW  151231C01900000": 1}, "2000", "10", False),
    ],
)
def test_longs_that_would_be_exercised_without_the_cash_are_closed(holdings, price, cash, is_short_of_cash):
    under = "SPX" if "SPXW  151231C01900000" in holdings else "GOOG"
    told = found(holdings, {under: price} | dict.fromkeys(holdings, "5.00"), at("2015-12-31T15:57"), cash=cash)
    assert (Danger.EXERCISE in told) == is_short_of_cash
    if is_short_of_cash:
        assert told[Danger.EXERCISE].will is Will.ANY


def test_a_long_on_a_future_would_bring_one_future_a_contract_and_counts_whole():
    symbol = "./ESH26 EW2 260109C06000000"
    told = found({symbol: 2}, {"/ESH26": "6010", symbol: "10.00"}, at("2026-01-09T15:57"), cash="600000")
    assert "its exercise moves +2 /ESH26 for 601,000.00, cash 600,000.00" in told[Danger.EXERCISE].text
    rich = found({symbol: 2}, {"/ESH26": "6010", symbol: "10.00"}, at("2026-01-09T15:57"), cash="601000")
    assert Danger.EXERCISE not in rich


def test_exercise_by_exception_follows_the_clearing_houses_own_cases():
    if not PINNED.exists():
        pytest.skip("the shared rule tables are not here")
    for case in json.loads(PINNED.read_text())["cases"]:
        if case.get("src", "").startswith("elitetrader"):
            continue  # of 2006, when it was five cents
        symbol = f"GOOG  151231{case['type']}{int(case['strike'] * 1000):08d}"
        price = str(Decimal(str(case["close"])).quantize(Decimal("0.01")))
        (leg,) = legs_of({symbol: 1}, {"GOOG": price}, at("2015-12-31T15:57"))
        assert leg.is_exercised() == case["auto_exercise"], case


def test_what_no_table_knows_is_told_and_not_traded():
    told = found({"GOOG  300118C00500000": -1}, {"GOOG": "400"}, at("2015-12-29T11:00"))
    assert (told[Danger.UNKNOWN].measure, told[Danger.UNKNOWN].will) == (Measure.WARN, None)


def test_nothing_is_asked_while_the_market_is_closed():
    closing = ExpiryPolicy(early=Measure.CLOSE)
    bids = {"GOOG": "750.00", "GOOG  160115C00700000": "50.00"}
    for clock in ("2015-12-29T09:29", "2015-12-29T16:00", "2015-12-27T12:00"):
        told = found({"GOOG  160115C00700000": -1}, bids, at(clock), policy=closing)
        assert told[Danger.EARLY].will is None


def test_the_most_willing_concern_decides():
    holdings = {"GOOG  151231C00750000": -1}
    told = concerns(
        held(holdings),
        legs_of(holdings, {"GOOG": "750"} | dict.fromkeys(holdings, "0.5"), at("2015-12-31T15:58")),
        around(at("2015-12-31T15:58")),
    )
    assert [each.danger for each in told if each.will is not None] == [Danger.EXPIRY, Danger.PIN]
    assert most_willing(told).danger is Danger.EXPIRY
    assert most_willing([each for each in told if each.will is None]) is None
