"""The facts decisions are taken on: the permit in force, the circumstances, the alerts' ids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.desk import Desk, DeskSettings
from actors.domain.alerts.alert import Level
from actors.domain.portfolio.book import Book
from actors.domain.risk.exposure import Exposure
from actors.domain.risk.exposure_limits import ExposureLimits
from actors.domain.risk.exposure_pricer import Pricer, pricer_of
from actors.domain.risk.permit import TradingState
from actors.messages import ConnectionState, IssuePermit
from actors.seats import Seats
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, permit, sessions
from tests.fakes import START, FakeClock
from tests.surfaces import curves, table

STATES = tuple(TradingState)


def desk() -> tuple[Desk, FakeClock]:
    clock = FakeClock()
    return Desk(Book(PRODUCTS), Seats(("primary",), 10**12), sessions(), clock, lambda: None, DeskSettings()), clock


def issue(epoch: int, sequence: int, state: TradingState = TradingState.ACTIVE, ttl_s: float = 3) -> IssuePermit:
    issued = permit(sequence=sequence, state=state, ttl_s=ttl_s)
    return IssuePermit(permit=issued.model_copy(update={"risk_epoch": epoch}))


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 5)), min_size=1, max_size=12))
def test_the_permit_in_force_is_the_highest_that_came_whatever_the_order(arrivals):
    held, _ = desk()
    highest = (0, 0)
    for epoch, sequence in arrivals:
        assert held.take_permit(issue(epoch, sequence)) is ((epoch, sequence) > highest)
        highest = max(highest, (epoch, sequence))
    found = held.circumstances().permit
    assert (found.risk_epoch, found.sequence) == highest == max(arrivals)


def test_an_older_risk_actor_cannot_loosen_what_a_newer_one_tightened():
    held, _ = desk()
    held.take_permit(issue(2, 1, TradingState.HALTED))
    assert not held.take_permit(issue(1, 99))
    assert held.circumstances().permit.state is TradingState.HALTED


@pytest.mark.parametrize(("age_s", "is_live"), [(0, True), (2.9, True), (3.0, False), (60, False)])
def test_a_permit_expires_by_the_receivers_own_clock(age_s, is_live):
    held, clock = desk()
    held.take_permit(issue(1, 1))
    clock.advance(age_s)
    assert (held.circumstances().permit is not None) is is_live


def test_a_permit_refused_does_not_lengthen_the_life_of_the_one_held():
    held, clock = desk()
    held.take_permit(issue(1, 2))
    clock.advance(2)
    held.take_permit(issue(1, 2))
    clock.advance(1.5)
    assert held.circumstances().permit is None


def test_what_the_last_permits_figures_were_asked_for_is_priced_when_the_next_comes(monkeypatch):
    held, _ = desk()
    limits, legs = ExposureLimits(), [PRODUCTS.contract(each) for each in CONDOR_SYMBOLS]
    figures = [Exposure(at=START, age_s=0, curves=curves(table())) for _ in range(2)]
    for sequence, exposure in enumerate(figures, start=1):
        told = {"exposure": exposure, "exposure_limits": limits}
        held.take_permit(IssuePermit(permit=issue(1, sequence).permit.model_copy(update=told)))
        if sequence == 1:
            asked = pricer_of(exposure, limits.grid).rows(legs)
    monkeypatch.setattr(Pricer, "_priced", None)
    assert np.array_equal(pricer_of(figures[1], limits.grid).rows(legs), asked)


def test_nothing_is_ready_before_any_account_was_read():
    held, _ = desk()
    assert held.circumstances().ready is False


def test_a_route_that_is_not_reconciled_takes_no_opening_but_its_domain_is_writable():
    held, clock = desk()
    spoken = ConnectionState(
        route="primary", account_domain="a", incarnation=1, reads=True, writes=True, stream=True, at_ns=0
    )
    seat, _, _ = held.seats.hear("c", spoken, clock.ns)
    assert (held.circumstances().routes, held.circumstances().writable) == ((), {"a"})
    seat.reconciled, seat.agreed_ns = True, clock.ns
    assert held.circumstances().routes == ("primary",)


def test_a_peer_is_named_by_who_sits_there_else_by_the_route():
    held, clock = desk()
    assert held.peer("primary") == "primary"
    spoken = ConnectionState(
        route="primary", account_domain="a", incarnation=1, reads=True, writes=True, stream=True, at_ns=0
    )
    held.seats.hear("connection.primary", spoken, clock.ns)
    assert held.peer("primary") == "connection.primary"


def test_an_alert_raised_again_after_the_same_event_is_the_same_alert():
    held, _ = desk()
    first, again = (held.alert("A1", Level.P1, "x", text) for text in ("one", "two"))
    held.book.sequence += 1
    assert first.alert_id == again.alert_id != held.alert("A1", Level.P1, "x", "one").alert_id
