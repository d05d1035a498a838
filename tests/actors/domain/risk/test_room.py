"""What an account has room for: each limit trips exactly at its number, and alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from actors.domain.market.contract import Right
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import InDoubt, NotSent
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.refusal import Code
from actors.domain.orders.trading_status import OptionsLevel, TradingStatus
from actors.domain.portfolio.book import Book
from actors.domain.risk.caps import Caps
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.gate import review
from actors.domain.risk.permit import Permit
from tests.actors.domain.risk.test_gate import BOOT_NS, circumstances, codes, filled, placed, standing, tell
from tests.builders import CONDOR_SYMBOLS, LIMITS, PRODUCTS, close_signal, open_signal, permit
from tests.fakes import START

CONDOR = Decimal(4810)
"""What a condor of 50 points at 1.90 takes, before the haircut."""
CENT = Decimal("0.01")
NAKED_CALL = (Leg(symbol=CONDOR_SYMBOLS[2], action=Action.SELL_TO_OPEN),)
NAKED_PUT = (Leg(symbol=CONDOR_SYMBOLS[1], action=Action.SELL_TO_OPEN),)
LONG_CALL = (Leg(symbol=CONDOR_SYMBOLS[2], action=Action.BUY_TO_OPEN),)
VAST = {"structure_loss_max": Decimal(10**9), "account_loss_max": Decimal(10**9), "naked_allowed": True}


def capped(**caps: object) -> Permit:
    """The tests' permit with other caps; no haircut, and margin may take all there is."""
    usual = {"margin_haircut": 0, "margin_share_max": Decimal(1)}
    return permit(caps=LIMITS.caps.model_copy(update=usual | caps))


def seen(**changes: object) -> Circumstances:
    return circumstances(**({"permit": capped()} | changes))


def having(**changes: object) -> Circumstances:
    """Circumstances in which the account is said to be so."""
    return seen(standings={"tastytrade": standing(**changes)})


def test_buying_power_is_enough_to_the_cent():
    assert codes(open_signal(1), having(buying_power=CONDOR)) == []
    assert codes(open_signal(1), having(buying_power=CONDOR - CENT)) == [Code.R046_BUYING_POWER]


def test_the_local_rules_are_raised_by_the_haircut():
    account = {"tastytrade": standing(buying_power=CONDOR * 2)}
    enough = seen(standings=account, permit=capped(margin_haircut=Decimal(1)))
    assert codes(open_signal(1), enough) == []
    short = seen(standings=account, permit=capped(margin_haircut=Decimal("1.01")))
    assert codes(open_signal(1), short) == [Code.R046_BUYING_POWER]


@pytest.mark.parametrize("standings", [{}, {"tastytrade": standing(buying_power=None)}, {"alpaca": standing()}])
def test_buying_power_that_nobody_told_is_none(standings):
    assert Code.R046_BUYING_POWER in codes(open_signal(1), seen(standings=standings))


def test_buying_power_ages_on_the_machines_clock():
    limit = capped(power_age_max_s=60)
    aged = {"tastytrade": standing(heard_ns=BOOT_NS - int(60e9))}
    assert codes(open_signal(1), seen(standings=aged, permit=limit)) == []
    stale = {"tastytrade": standing(heard_ns=BOOT_NS - int(60.1e9))}
    assert codes(open_signal(1), seen(standings=stale, permit=limit)) == [Code.R046_BUYING_POWER]


@pytest.mark.parametrize(
    ("outcome", "takes"),
    [(None, True), (InDoubt(cause="timeout"), True), (NotSent(cause="refused"), False)],
    ids=["accepted", "in doubt", "not sent"],
)
def test_what_began_since_the_reading_takes_its_part_of_it(outcome, takes):
    book = Book(PRODUCTS)
    placed(book, 7, outcome)
    if not takes:
        tell(book, happened.OrderAbandoned(cl_ord_id="condor-20260105-7", text="no route", at=START))
    early = {"account_domain": "tastytrade", "read_at": START - timedelta(seconds=1)}
    short = {"tastytrade": standing(buying_power=2 * CONDOR - CENT, **early)}
    exact = {"tastytrade": standing(buying_power=2 * CONDOR, **early)}
    permit_now = permit(
        caps=LIMITS.caps.model_copy(update={"margin_haircut": 0, "margin_share_max": Decimal(1)}), **VAST
    )
    about = [
        code for code in codes(open_signal(8), seen(book=book, standings=short, permit=permit_now)) if "R04" in code
    ]
    assert about == ([Code.R046_BUYING_POWER] if takes else [])
    assert Code.R046_BUYING_POWER not in codes(open_signal(8), seen(book=book, standings=exact, permit=permit_now))


def test_what_filled_since_the_reading_takes_its_part_too_and_what_was_read_does_not():
    book = Book(PRODUCTS)
    filled(book, 7)
    early = standing(buying_power=2 * CONDOR - CENT, read_at=START - timedelta(seconds=1))
    late = standing(buying_power=CONDOR, read_at=START + timedelta(seconds=1))
    assert codes(open_signal(8), seen(book=book, standings={"tastytrade": early})) == [Code.R046_BUYING_POWER]
    assert codes(open_signal(8), seen(book=book, standings={"tastytrade": late})) == []


def test_an_order_that_ends_first_gives_back_what_it_took():
    book = Book(PRODUCTS)
    name = placed(book, 7)
    late = {"tastytrade": standing(buying_power=Decimal(0), read_at=START + timedelta(seconds=1))}
    now = seen(book=book, standings=late)
    assert codes(open_signal(8), now) == [Code.R046_BUYING_POWER]
    assert codes(open_signal(8), replace(now, excluding=frozenset({name}))) == []


def test_the_account_asked_is_the_first_that_can_carry_it():
    book_of = {"tastytrade": standing(), "alpaca": standing(account_domain="alpaca", buying_power=Decimal(0))}
    assert codes(open_signal(1), seen(standings=book_of, routes=("tastytrade", "alpaca"))) == []
    assert codes(open_signal(1), seen(standings=book_of, routes=("alpaca", "tastytrade"))) == [Code.R046_BUYING_POWER]


def test_margin_takes_no_more_of_the_account_than_its_share():
    half = capped(margin_share_max=Decimal("0.5"))
    worth = {"net_liquidation": Decimal(100_000)}
    exact = {"tastytrade": standing(buying_power=50_000 + CONDOR, **worth)}
    assert codes(open_signal(1), seen(standings=exact, permit=half)) == []
    over = {"tastytrade": standing(buying_power=50_000 + CONDOR - CENT, **worth)}
    assert codes(open_signal(1), seen(standings=over, permit=half)) == [Code.R049_MARGIN_SHARE]


@pytest.mark.parametrize("worth", [Decimal(0), Decimal(-5)])
def test_an_account_worth_nothing_has_no_share_to_give(worth):
    assert Code.R049_MARGIN_SHARE in codes(open_signal(1), having(net_liquidation=worth))


@pytest.mark.parametrize(
    "changes",
    [{"quotes": "no level"}, {"margins": None}],
    ids=["the underlying is not quoted", "no table"],
)
def test_a_naked_short_that_no_rule_knows_is_refused_and_a_covered_one_is_not(changes):
    now = seen(permit=permit(**VAST))
    if "margins" in changes:
        now = replace(now, margins=None)
    else:
        now.quotes.received_ns[0] = 0
    naked = open_signal(1, legs=NAKED_CALL, net_price=Decimal(2))
    assert codes(naked, now)[-1:] == [Code.R047_MARGIN_UNKNOWN]
    assert Code.R047_MARGIN_UNKNOWN not in codes(open_signal(2), now)


def test_a_naked_short_takes_the_exchanges_margin():
    """SPX at 5950, the 6050 call at 2.00: 15 % of the level less 100 points out of the money is 792.50 points."""
    cash = {"net_liquidation": Decimal(10**6)}
    naked = open_signal(1, legs=NAKED_CALL, net_price=Decimal(2))
    leave = permit(caps=LIMITS.caps.model_copy(update={"margin_haircut": 0, "margin_share_max": Decimal(1)}), **VAST)
    need = Decimal(79250) - 200
    assert codes(naked, seen(permit=leave, standings={"tastytrade": standing(buying_power=need, **cash)})) == []
    short = {"tastytrade": standing(buying_power=need - CENT, **cash)}
    assert codes(naked, seen(permit=leave, standings=short)) == [Code.R046_BUYING_POWER]


BARRED = [
    TradingStatus(bars=("closing only",)),
    TradingStatus(unknown=("is-odd-only True",)),
    TradingStatus(level=OptionsLevel.LONG),
    None,
]


@pytest.mark.parametrize("trading", BARRED)
def test_an_account_that_its_broker_bars_opens_nothing_and_closes_all_the_same(trading):
    book = Book(PRODUCTS)
    name = filled(book, 1)
    now = seen(book=book, standings={"tastytrade": standing(trading=trading)})
    assert codes(open_signal(2), now) == [Code.R048_BROKER_STATUS]
    assert codes(close_signal(3, name), now) == []


@pytest.mark.parametrize(
    ("legs", "net", "level"),
    [
        (LONG_CALL, "-3", OptionsLevel.LONG),
        (None, "1.90", OptionsLevel.SPREADS),
        (NAKED_CALL, "2", OptionsLevel.NAKED),
        (NAKED_PUT, "2", OptionsLevel.NAKED),
    ],
)
def test_each_kind_needs_its_level_and_the_one_below_is_not_enough(legs, net, level):
    signal = open_signal(1, net_price=Decimal(net), **({} if legs is None else {"legs": legs}))
    leave = permit(**VAST)
    rich = {"buying_power": Decimal(10**7), "net_liquidation": Decimal(10**7)}
    enough = {"tastytrade": standing(trading=TradingStatus(level=level), **rich)}
    below = {"tastytrade": standing(trading=TradingStatus(level=OptionsLevel(level - 1)), **rich)}
    assert codes(signal, seen(permit=leave, standings=enough)) == []
    assert codes(signal, seen(permit=leave, standings=below)) == [Code.R048_BROKER_STATUS]


def test_an_account_without_naked_calls_may_still_be_short_puts():
    rich = {"buying_power": Decimal(10**7), "net_liquidation": Decimal(10**7)}
    now = seen(
        permit=permit(**VAST), standings={"tastytrade": standing(trading=TradingStatus(naked_calls=False), **rich)}
    )
    assert codes(open_signal(1, legs=NAKED_CALL, net_price=Decimal(2)), now) == [Code.R048_BROKER_STATUS]
    assert codes(open_signal(1, legs=NAKED_PUT, net_price=Decimal(2)), now) == []


def test_shares_of_the_account_cover_a_call_whole_lot_by_whole_lot():
    rich = {"buying_power": Decimal(10**7), "net_liquidation": Decimal(10**7)}
    covered = TradingStatus(level=OptionsLevel.COVERED)
    call = open_signal(1, legs=NAKED_CALL, net_price=Decimal(2))
    for shares, refused in ((100, []), (99, [Code.R044_NAKED, Code.R048_BROKER_STATUS])):
        book = Book(PRODUCTS)
        book.positions["tastytrade"] = {"SPX": shares}
        now = seen(book=book, permit=capped(), standings={"tastytrade": standing(trading=covered, **rich)})
        assert [code for code in codes(call, now) if code.name in {"R044_NAKED", "R048_BROKER_STATUS"}] == refused


def test_shares_that_cover_a_call_already_cover_no_second_one():
    book = Book(PRODUCTS)
    book.positions["tastytrade"] = {"SPX": 100, CONDOR_SYMBOLS[2]: -1}
    call = open_signal(1, legs=NAKED_CALL, net_price=Decimal(2))
    assert Code.R044_NAKED in codes(call, seen(book=book))


@pytest.mark.parametrize(
    ("allowed", "rights", "legs", "refused"),
    [
        (False, (Right.PUT, Right.CALL), NAKED_CALL, True),
        (False, (Right.PUT, Right.CALL), NAKED_PUT, True),
        (True, (Right.PUT,), NAKED_CALL, True),
        (True, (Right.PUT,), NAKED_PUT, False),
        (True, (Right.CALL,), NAKED_PUT, True),
        (True, (Right.PUT, Right.CALL), (*NAKED_CALL, *NAKED_PUT), False),
        (False, (Right.PUT, Right.CALL), (NAKED_PUT[0].model_copy(update={"ratio": 2}), "long put"), True),
    ],
)
def test_naked_is_what_no_long_covers_whether_its_loss_has_a_bound_or_not(allowed, rights, legs, refused):
    long_put = Leg(symbol=CONDOR_SYMBOLS[0], action=Action.BUY_TO_OPEN)
    legs = tuple(long_put if leg == "long put" else leg for leg in legs)
    leave = permit(caps=LIMITS.caps.model_copy(update={"naked_rights": rights}), **(VAST | {"naked_allowed": allowed}))
    rich = {"tastytrade": standing(buying_power=Decimal(10**7), net_liquidation=Decimal(10**7))}
    found = codes(open_signal(1, legs=legs, net_price=Decimal("1.5")), seen(permit=leave, standings=rich))
    assert (Code.R044_NAKED in found) is refused


def test_the_orders_of_a_minute_are_counted_for_the_strategy_and_for_all():
    for cap in ("strategy_orders_per_minute_max", "orders_per_minute_max"):
        book = Book(PRODUCTS)
        placed(book, 1), placed(book, 2)
        roomy = seen(book=book, permit=capped(**{cap: 3}))
        assert codes(open_signal(3), roomy) == []
        assert codes(open_signal(3), replace(roomy, permit=capped(**{cap: 2}))) == [Code.R063_ORDER_RATE]
        later = replace(roomy, permit=capped(**{cap: 2}), now=START + timedelta(seconds=60))
        assert codes(open_signal(3), later) == []


def test_one_strategy_is_not_held_up_by_the_orders_of_another():
    book = Book(PRODUCTS)
    placed(book, 1)
    now = seen(book=book, permit=capped(strategy_orders_per_minute_max=1))
    other = open_signal(2).model_copy(update={"strategy": "strangle"})
    assert codes(other, now) == []
    assert codes(open_signal(2), now) == [Code.R063_ORDER_RATE]


def test_the_same_opening_again_within_the_window_is_a_duplicate():
    book = Book(PRODUCTS)
    name = placed(book, 1)
    window = capped(duplicate_window_s=5)
    now = seen(book=book, permit=window)
    assert codes(open_signal(2), now) == [Code.R064_DUPLICATE]
    check = next(each for each in review(open_signal(2), now).checks if each.code is Code.R064_DUPLICATE)
    assert check.value == name
    assert codes(open_signal(2), replace(now, now=START + timedelta(seconds=5))) == []
    assert Code.R064_DUPLICATE not in codes(open_signal(2, order_qty=2), now)
    assert Code.R064_DUPLICATE not in codes(open_signal(2).model_copy(update={"strategy": "other"}), now)
    backwards = open_signal(2).request.legs[::-1]
    assert codes(open_signal(2, legs=backwards), now) == [Code.R064_DUPLICATE]


def test_an_opening_that_came_to_nothing_may_be_asked_for_again():
    book = Book(PRODUCTS)
    name = placed(book, 1, NotSent(cause="refused"))
    now = seen(book=book, permit=capped(duplicate_window_s=5))
    assert codes(open_signal(2), now) == [Code.R064_DUPLICATE], "it may still go over another route"
    tell(book, happened.OrderAbandoned(cl_ord_id=name, text="no route", at=START))
    assert codes(open_signal(2), now) == []


@pytest.mark.parametrize(
    ("loss", "count"),
    [
        ("underlying_loss_max", "underlying_structures_max"),
        ("strategy_loss_max", "strategy_structures_max"),
        ("expiry_loss_max", "expiry_structures_max"),
    ],
)
def test_each_cap_on_what_is_opened_together_trips_at_its_number(loss, count):
    book = Book(PRODUCTS)
    filled(book, 1), placed(book, 2)
    together = Decimal(4800 + 2 * 4810)  # filled at 2.00, working and asked for at 1.90
    assert codes(open_signal(3), seen(book=book, permit=capped(**{loss: together}))) == []
    over = seen(book=book, permit=capped(**{loss: together - CENT}))
    assert codes(open_signal(3), over) == [Code.R062_CONCENTRATION]
    assert codes(open_signal(3), seen(book=book, permit=capped(**{count: 3}))) == []
    assert codes(open_signal(3), seen(book=book, permit=capped(**{count: 2}))) == [Code.R062_CONCENTRATION]


def test_a_cap_of_one_strategy_leaves_another_alone():
    book = Book(PRODUCTS)
    filled(book, 1)
    now = seen(book=book, permit=capped(strategy_structures_max=1))
    assert codes(open_signal(3), now) == [Code.R062_CONCENTRATION]
    assert codes(open_signal(3).model_copy(update={"strategy": "other"}), now) == []


def test_an_exit_is_asked_nothing_of_all_this():
    book = Book(PRODUCTS)
    name = filled(book, 1)
    nothing = Caps(
        underlying_loss_max=CENT,
        strategy_structures_max=1,
        expiry_structures_max=1,
        margin_share_max=CENT,
        orders_per_minute_max=1,
        strategy_orders_per_minute_max=1,
        duplicate_window_s=1e6,
    )
    for standings in ({}, {"tastytrade": standing(buying_power=None, trading=None)}):
        now = circumstances(book=book, permit=permit(caps=nothing), standings=standings)
        assert codes(close_signal(2, name), now) == []
        assert codes(open_signal(3), now) != []
