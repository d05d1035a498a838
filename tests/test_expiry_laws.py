"""Each rule about expiries, assignments and the calendar has a switch (as in `test_laws`): off, and its check fails.

A check is a short story told by an executor, risk's watches and their messages; it passes as the code stands. What is
switched off is the rule itself.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from actors import expiry_watch, flattener, settlement_desk
from actors.domain.market import expiry_table, last_trade
from actors.domain.orders.event import Quarantined
from actors.domain.orders.refusal import Admitted
from actors.domain.portfolio import reconcile
from actors.domain.portfolio import structure as structures
from actors.domain.portfolio.findings import Findings
from actors.domain.risk import calendar_check, expiry, expiry_legs, gate
from actors.domain.risk.almanac import Almanac, Blackout
from actors.domain.risk.expiry_policy import ExpiryPolicy, Measure, Will
from actors.messages import SendOrder
from tests.actors.domain.risk.test_expiry import EX
from tests.actors.domain.risk.test_gate import circumstances
from tests.actors.test_delivered_futures import Pit
from tests.actors.test_expiry_watch import CONDOR, Evening
from tests.actors.test_settlement_desk import ASSIGNED, LONG, SHARES, Morning, Shop, differs
from tests.builders import close_signal, open_signal
from tests.expiries import TABLE, around, at, held, legs_of
from tests.rig import Rig
from tests.rule_switch import Switch, each_of

CALL = "GOOG  160115C00700000"


def shorts_are_gone_before_their_end() -> None:
    evening = Evening()
    for clock in ("15:57:00", "15:57:30"):
        evening.look(clock)
        evening.serve(fills=True)
    assert evening.rig.book.structures[CONDOR].is_flat


def nobody_climbs(off: pytest.MonkeyPatch) -> None:
    off.setattr(expiry, "_climb", lambda measure, ends_at, seen: (None, None))


def a_wish_is_not_asked_for(off: pytest.MonkeyPatch) -> None:
    off.setattr(flattener.Flattener, "ask", lambda *_: [])


def a_more_willing_close_takes_the_place_of_a_less_willing_one() -> None:
    evening = Evening()
    evening.look("15:50:00")
    evening.serve()
    evening.look("15:57:00")
    evening.serve()
    evening.look("15:57:10")
    evening.serve(fills=True)
    assert evening.filled
    assert evening.filled[-1].startswith("flat-")


def what_works_is_left_at_work(off: pytest.MonkeyPatch) -> None:
    off.setattr(flattener, "_will", lambda order: Will.ANY)


def a_half_day_ends_at_one() -> None:
    symbol = "SPXW  261127P05000000"
    legs = legs_of({symbol: -1}, {"SPX": "5500"}, at("2026-11-27T12:55"))
    (told,) = expiry.concerns(held({symbol: -1}), legs, around(at("2026-11-27T12:55")))
    assert told.will is Will.NATURAL


def every_day_is_a_full_one(off: pytest.MonkeyPatch) -> None:
    end = at("2026-11-27T16:00")
    off.setattr(
        expiry_legs,
        "last_trade",
        lambda contract, sessions: last_trade.last_trade(contract, sessions).model_copy(update={"at": end}),
    )


def a_series_settled_in_the_morning_ends_the_session_before() -> None:
    symbol = "SPX   261218P05000000"
    legs = legs_of({symbol: -1}, {"SPX": "5500"}, at("2026-12-17T16:13"))
    told = expiry.concerns(held({symbol: -1}), legs, around(at("2026-12-17T16:13")))
    assert [each.will for each in told] == [Will.ANY]


def mornings_are_evenings(off: pytest.MonkeyPatch) -> None:
    find = last_trade.Sessions.find

    def usual(self, name, on, *, expiring=False):
        return find(self, name, on)

    off.setattr(last_trade.Sessions, "find", usual)


def an_unknown_price_counts_as_pinned() -> None:
    symbol = "GOOG  151231C00750000"
    legs = legs_of({symbol: -1}, {}, at("2015-12-31T15:35"))
    told = expiry.concerns(held({symbol: -1}), legs, around(at("2015-12-31T15:35")))
    assert Will.NATURAL in {each.will for each in told}


def what_is_unknown_is_far_away(off: pytest.MonkeyPatch) -> None:
    off.setattr(expiry, "_pins", lambda name, legs, seen: ())


def a_call_under_its_dividend_is_closed() -> None:
    bids = {"GOOG": "750", CALL: "50.10"}
    legs = legs_of({CALL: -1}, bids, at("2015-12-29T15:30"))
    told = expiry.concerns(held({CALL: -1}), legs, around(at("2015-12-29T15:30"), dividends=EX))
    assert Will.NATURAL in {each.will for each in told}


def dividends_are_nobodys_business(off: pytest.MonkeyPatch) -> None:
    off.setattr(expiry, "_pays_to_exercise", lambda leg, amount: False)


def longs_without_the_cash_are_closed() -> None:
    symbol = "GOOG  151231C00700000"
    legs = legs_of({symbol: 1}, {"GOOG": "700.01"}, at("2015-12-31T15:58"))
    told = expiry.concerns(held({symbol: 1}), legs, around(at("2015-12-31T15:58"), cash="100"))
    assert [each.will for each in told] == [Will.ANY]


def nothing_is_exercised_by_exception(off: pytest.MonkeyPatch) -> None:
    off.setattr(expiry_legs.HeldLeg, "is_exercised", lambda self: False)


def a_warning_never_closes() -> None:
    evening = Evening(ExpiryPolicy(cash=Measure.WARN))
    assert evening.look("15:59:00") == []


def every_measure_closes(off: pytest.MonkeyPatch) -> None:
    off.setattr(expiry, "_climb", lambda measure, ends_at, seen: (None, Will.ANY))


def an_assignment_is_no_break_and_its_shares_belong_to_its_structure() -> None:
    shop = Shop()
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    assert shop.events(Quarantined) == []
    assert shop.held() == {LONG: 1, "GOOG": 100}


def nobody_knows_an_assignment(off: pytest.MonkeyPatch) -> None:
    off.setattr(settlement_desk, "option_settled", lambda *_: None)


def an_assignment_that_positions_alone_show_is_no_break() -> None:
    shop = Shop()
    differs(shop, {LONG: 1, "GOOG": 100}, "-26000")
    assert shop.events(Quarantined) == []
    assert shop.held() == {LONG: 1, "GOOG": 100}


def only_words_count(off: pytest.MonkeyPatch) -> None:
    off.setattr(settlement_desk, "seen_settlements", lambda *_: {})


def what_was_seen_and_is_said_later_is_booked_once() -> None:
    shop = Shop()
    differs(shop, {LONG: 1, "GOOG": 100}, "-26000")
    cash = shop.book.cash["primary-account"]
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100}, cash=cash)
    assert shop.book.cash["primary-account"] == cash
    assert shop.book.positions["primary-account"] == {LONG: 1, "GOOG": 100}


def what_is_said_is_news(off: pytest.MonkeyPatch) -> None:
    off.setattr(reconcile, "_beyond_seen", lambda book, event: event)


def what_an_assignment_left_is_closed() -> None:
    shop = Shop()
    shop.booked(ASSIGNED, SHARES, positions={LONG: 1, "GOOG": 100})
    shop.told(SendOrder)
    morning = Morning(shop)
    for _ in range(3):
        morning.look()
        list(morning.fill())
    assert shop.book.structures["condor-20260105-1"].is_flat


def shares_are_left(off: pytest.MonkeyPatch) -> None:
    off.setattr(expiry_watch.ExpiryWatch, "_concerns", lambda *_: ())


def shares_and_options_go_in_one_order(off: pytest.MonkeyPatch) -> None:
    off.setattr(structures, "names_option", lambda symbol: False)


def nothing_goes_before_the_short_it_covers() -> None:
    call, higher = "GOOG  260116C00270000", "GOOG  260116C00280000"
    for holdings, first in (
        ({LONG: 1, "GOOG": 100}, {"GOOG"}),
        ({higher: 1, "GOOG": -100}, {"GOOG"}),
        ({call: -1, higher: 1, LONG: 1, "GOOG": 100}, {call, higher, LONG}),
        ({call: -1, higher: 2, "GOOG": -100}, {"GOOG"}),
    ):
        legs, _ = structures.closing(holdings)
        assert {leg.symbol for leg in legs} == first


FOMC = Blackout(begins=at("2026-01-05T09:55"), ends=at("2026-01-05T10:30"), reason="FOMC")


def opens(**changes: object) -> bool:
    almanac = Almanac(table=TABLE, openings_until_min=15).model_copy(update=changes)
    return isinstance(gate.review(open_signal(1), circumstances(almanac=almanac)), Admitted)


def nothing_opens_in_a_blackout() -> None:
    assert opens()
    assert not opens(blackouts=(FOMC,))


def no_event_holds(off: pytest.MonkeyPatch) -> None:
    off.setattr(Blackout, "holds", lambda self, underlying, now: False)


def nothing_opens_whose_end_no_table_knows() -> None:
    assert not opens(table=TABLE.model_copy(update={"products": ()}))


def every_product_is_known(off: pytest.MonkeyPatch) -> None:
    off.setattr(expiry_table.ExpiryTable, "row", lambda self, product, on: TABLE.products[0])


def nothing_opens_in_the_last_minutes() -> None:
    late = circumstances(almanac=Almanac(table=TABLE, openings_until_min=15), now=at("2026-01-05T15:50"))
    codes = {check.code.value for check in gate.review(open_signal(1), late).checks if not check.passed}
    assert "R027" in codes


def the_end_is_never_near(off: pytest.MonkeyPatch) -> None:
    before = calendar_check._before_the_end
    off.setattr(calendar_check, "_before_the_end", lambda *what: before(*what)._replace(passed=True))


def nothing_opens_while_the_hours_disagree() -> None:
    assert not isinstance(gate.review(open_signal(1), circumstances(hours_disagree="they do")), Admitted)


def the_calendar_is_not_asked(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "calendar_allows", lambda request, seen: ())


def an_exit_passes_the_whole_calendar() -> None:
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    worst = Almanac(table=TABLE, openings_until_min=390, blackouts=(FOMC,))
    seen = replace(rig.executor._desk.circumstances(), almanac=worst, hours_disagree="they do")
    assert isinstance(gate.review(close_signal(2, name, net_price=Decimal(-5)), seen), Admitted)


def a_close_is_asked_what_openings_are(off: pytest.MonkeyPatch) -> None:
    close = gate._review_close

    def strict(request, seen):
        yield from close(request, seen)
        yield from gate.calendar_allows(open_signal(1).request, seen)

    off.setattr(gate, "_review_close", strict)


def a_delivered_future_is_no_result_of_its_whole_price() -> None:
    pit = Pit()
    (before, _), (after, _) = pit.made(), pit.delivered().made()
    assert abs(after - before) < 5_000


def a_future_is_paid_for(off: pytest.MonkeyPatch) -> None:
    off.setattr(Findings, "took", lambda self, event: self)


SWITCHES = (
    Switch(a_delivered_future_is_no_result_of_its_whole_price, a_future_is_paid_for),
    Switch(shorts_are_gone_before_their_end, nobody_climbs),
    Switch(shorts_are_gone_before_their_end, a_wish_is_not_asked_for),
    Switch(a_more_willing_close_takes_the_place_of_a_less_willing_one, what_works_is_left_at_work),
    Switch(a_half_day_ends_at_one, every_day_is_a_full_one),
    Switch(a_series_settled_in_the_morning_ends_the_session_before, mornings_are_evenings),
    Switch(an_unknown_price_counts_as_pinned, what_is_unknown_is_far_away),
    Switch(a_call_under_its_dividend_is_closed, dividends_are_nobodys_business),
    Switch(longs_without_the_cash_are_closed, nothing_is_exercised_by_exception),
    Switch(a_warning_never_closes, every_measure_closes),
    Switch(an_assignment_is_no_break_and_its_shares_belong_to_its_structure, nobody_knows_an_assignment),
    Switch(an_assignment_that_positions_alone_show_is_no_break, only_words_count),
    Switch(what_was_seen_and_is_said_later_is_booked_once, what_is_said_is_news),
    Switch(what_an_assignment_left_is_closed, shares_are_left),
    Switch(nothing_goes_before_the_short_it_covers, shares_and_options_go_in_one_order),
    Switch(nothing_opens_in_a_blackout, no_event_holds),
    Switch(nothing_opens_whose_end_no_table_knows, every_product_is_known),
    Switch(nothing_opens_in_the_last_minutes, the_end_is_never_near),
    Switch(nothing_opens_while_the_hours_disagree, the_calendar_is_not_asked),
    Switch(an_exit_passes_the_whole_calendar, a_close_is_asked_what_openings_are),
)
named = each_of(SWITCHES)


@named
def test_the_rule_holds(switch):
    switch.check()


@named
def test_without_the_rule_its_check_fails(switch, monkeypatch):
    switch.fails_when_off(monkeypatch)
