"""Differences that last: what came from elsewhere is taken in and left alone, and cash nobody can explain is told."""

from decimal import Decimal

from actors.domain.orders.finding import CashDiffers, ForeignAdopted
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import CashEvent
from actors.messages import SendOrder
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal
from tests.fakes import START
from tests.rig import Rig

DOMAIN = "primary-account"
HAND = "SPXW  260105C06200000"
"""A strike that no order of ours ever named."""


def reading(rig: Rig, positions: dict[str, int], times: int, every_s: float = 10, **said: object) -> None:
    for _ in range(times):
        rig.after(every_s)
        rig.read(positions=positions, **said)


def test_a_position_from_elsewhere_breaks_its_underlying_first_and_is_adopted_after_a_time():
    rig = Rig().ready()
    reading(rig, {HAND: 2}, 5)
    assert list(rig.book.quarantined) == ["SPX"]
    assert rig.events(ForeignAdopted) == []
    reading(rig, {HAND: 2}, 3)
    (adopted,) = rig.events(ForeignAdopted)
    assert (adopted.account_domain, dict(adopted.positions)) == (DOMAIN, {HAND: 2})
    assert (rig.book.positions[DOMAIN], rig.book.quarantined) == ({HAND: 2}, {})
    rig.after(0.1)
    assert len(rig.alerts("A032")) == 1
    assert rig.ask(open_signal(1)).admitted


def test_what_was_adopted_is_shown_as_foreign_and_never_traded():
    rig = Rig().ready()
    reading(rig, {HAND: 2}, 8)
    rig.told(SendOrder)
    assert rig.executor._picture().book.foreign == {DOMAIN: {HAND: 2}}
    reading(rig, {HAND: 2}, 5)
    refused = rig.ask(close_signal(1, HAND))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R050_UNKNOWN_STRUCTURE]
    assert rig.told(SendOrder) == []


def test_openings_are_checked_against_what_was_adopted():
    rig = Rig().ready()
    reading(rig, {CONDOR_SYMBOLS[1]: 1}, 8)
    refused = rig.ask(open_signal(1))
    assert [check.code for check in refused.checks if not check.passed] == [Code.R045_OPPOSITE]


def test_a_difference_that_changes_starts_its_time_again():
    rig = Rig().ready()
    reading(rig, {HAND: 2}, 5)
    reading(rig, {HAND: 3}, 6)
    assert rig.events(ForeignAdopted) == []
    reading(rig, {HAND: 3}, 2)
    assert [dict(event.positions) for event in rig.events(ForeignAdopted)] == [{HAND: 3}]


def test_a_failed_reading_between_proves_nothing_either_way():
    rig = Rig().ready()
    reading(rig, {HAND: 2}, 5)
    rig.after(30)
    assert rig.events(ForeignAdopted) == []


def test_less_than_a_structure_of_ours_holds_is_never_adopted():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    held = dict(rig.book.positions[DOMAIN])
    reading(rig, {**held, CONDOR_SYMBOLS[1]: -2, HAND: 1}, 30)
    assert (rig.events(ForeignAdopted), list(rig.book.quarantined)) == ([], ["SPX"])
    assert rig.book.positions[DOMAIN] == held


def test_the_adoption_survives_a_restart():
    rig = Rig().ready()
    reading(rig, {HAND: 2}, 8)
    rig.start()
    rig.connect()
    rig.read(positions={HAND: 2})
    assert (rig.book.quarantined, rig.executor._picture().book.foreign) == ({}, {DOMAIN: {HAND: 2}})


def test_an_adjusted_contract_quarantines_its_underlying_until_it_is_gone_or_mapped():
    rig = Rig()
    rig.connect()
    for _ in range(30):
        rig.read(positions={"SPX1  260105C06200000": 1})
        rig.after(10)
    assert list(rig.book.quarantined) == ["SPX"]
    reading(rig, {}, 8)
    assert (rig.book.quarantined, rig.book.positions[DOMAIN]) == ({}, {})


def test_cash_that_nobody_can_explain_is_told_once_and_so_is_its_end():
    rig = Rig().ready()
    gap = Decimal(99_990)
    reading(rig, {}, 6, cash=gap)
    assert rig.events(CashDiffers) == []
    reading(rig, {}, 20, cash=gap)
    assert [(event.account_domain, event.gap) for event in rig.events(CashDiffers)] == [(DOMAIN, Decimal(-10))]
    rig.after(0.1)
    assert len(rig.alerts("A031")) == 1
    fee = CashEvent(event_id="f", account_domain=DOMAIN, type=CashEvent.Type.DEPOSIT, amount=Decimal(-10), at=START)
    reading(rig, {}, 8, cash=gap, cash_events=[fee])
    assert [event.gap for event in rig.events(CashDiffers)] == [Decimal(-10), Decimal(0)]


def test_a_fee_under_way_is_not_told():
    rig = Rig().ready()
    for cash in (99_999, 99_998, 99_997, 99_996):
        reading(rig, {}, 5, cash=Decimal(cash))
    assert rig.events(CashDiffers) == []
