"""What brokers let an account do, from their recorded words, and from words that nobody knows."""

import json
from decimal import Decimal

import pytest

from actors.brokers import alpaca_status, tastytrade_status
from actors.domain.orders.trading_status import OptionsLevel, TradingStatus

RICH = Decimal(100_000)


def tastytrade(shared, **changes: object) -> TradingStatus:
    told = json.loads((shared / "fixtures/tastytrade/joaquinbejar/trading_status.json").read_text())["data"]
    told |= {key.replace("_", "-"): value for key, value in changes.items()}
    return tastytrade_status.trading_status({key: value for key, value in told.items() if value is not ...}, RICH)


def alpaca(shared, **changes: object) -> TradingStatus:
    told = json.loads((shared / "fixtures/alpaca/account_routes__test_get_account_1.json").read_text())
    told |= changes
    return alpaca_status.trading_status({key: value for key, value in told.items() if value is not ...}, RICH)


@pytest.mark.reference
def test_the_recorded_accounts_may_do_what_they_say(shared):
    assert tastytrade(shared) == TradingStatus(level=OptionsLevel.NAKED)
    assert alpaca(shared) == TradingStatus(level=OptionsLevel.COVERED)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("changes", "bars"),
    [
        ({"is_closing_only": True}, ("closing only",)),
        ({"is_frozen": True}, ("frozen",)),
        ({"is_in_margin_call": True}, ("margin call",)),
        ({"is_closed": True, "is_risk_reducing_only": True}, ("the account is closed", "risk reducing only")),
        ({"is_in_day_trade_equity_maintenance_call": True}, ("day-trade call",)),
        ({"is_cryptocurrency_closing_only": True}, ()),
        ({"is_in_day_trade_equity_maintenance_call": ...}, ()),
    ],
)
def test_each_flag_of_tastytrade_bars_openings(shared, changes, bars):
    found = tastytrade(shared, **changes)
    assert (found.bars, found.unknown) == (bars, ())


@pytest.mark.reference
@pytest.mark.parametrize(
    "changes",
    [
        {"is_frozen": "maybe"},
        {"is_closing_only": ...},
        {"is_margin_reducing_only": True},
        {"options_level": "Level 7"},
        {"options_level": ...},
    ],
)
def test_a_word_of_tastytrade_that_nobody_knows_bars_them_too(shared, changes):
    found = tastytrade(shared, **changes)
    assert len(found.unknown) == 1
    assert found.why_not(OptionsLevel.LONG, is_future=False, naked_calls=False)


@pytest.mark.reference
def test_futures_have_bars_of_their_own(shared):
    for changes in ({"is_futures_closing_only": True}, {"is_futures_enabled": False}):
        found = tastytrade(shared, **changes)
        assert found.why_not(OptionsLevel.SPREADS, is_future=True, naked_calls=False)
        assert not found.why_not(OptionsLevel.SPREADS, is_future=False, naked_calls=False)


@pytest.mark.reference
def test_a_pattern_day_trader_needs_25000(shared):
    told = json.loads((shared / "fixtures/tastytrade/joaquinbejar/trading_status.json").read_text())["data"]
    told["is-pattern-day-trader"] = True
    assert tastytrade_status.trading_status(told, Decimal(25_000)).bars == ()
    assert tastytrade_status.trading_status(told, Decimal("24999.99")).bars == ("pattern day trader below 25,000",)
    theirs = json.loads((shared / "fixtures/alpaca/account_routes__test_get_account_1.json").read_text())
    theirs["pattern_day_trader"] = True
    assert alpaca_status.trading_status(theirs, Decimal(25_000)).bars == ()
    assert alpaca_status.trading_status(theirs, Decimal("24999.99")).bars == ("pattern day trader below 25,000",)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("changes", "bars", "unknown"),
    [
        ({"account_blocked": True}, 1, 0),
        ({"trading_blocked": True}, 1, 0),
        ({"trade_suspended_by_user": True}, 1, 0),
        ({"status": "ACCOUNT_CLOSED"}, 1, 0),
        ({"status": "PAPER_ONLY"}, 0, 1),
        ({"account_blocked": ...}, 0, 1),
        ({"options_trading_level": "4"}, 0, 1),
        ({"options_trading_level": 3}, 0, 0),
    ],
)
def test_each_flag_of_alpaca_bars_openings_and_so_does_what_nobody_knows(shared, changes, bars, unknown):
    found = alpaca(shared, **changes)
    assert (len(found.bars), len(found.unknown)) == (bars, unknown)
