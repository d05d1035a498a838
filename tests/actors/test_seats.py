"""Who sits at a route, and whether it may be used."""

import pytest

from actors.brokers.coverages import COVERAGES
from actors.domain.orders.order import OrderType
from actors.messages import ConnectionState
from actors.seats import Seats

SILENCE_NS = 3 * 10**9


def state(route: str = "primary", *, incarnation: int = 1, writes: bool = True, domain: str = "a") -> ConnectionState:
    return ConnectionState(
        route=route, account_domain=domain, incarnation=incarnation, reads=True, writes=writes, stream=True, at_ns=0
    )


def seats() -> Seats:
    return Seats(("primary", "backup"), SILENCE_NS)


def test_a_route_nobody_spoke_for_has_no_seat():
    found = seats()
    assert (found.of("primary"), found.all(), found.routes(0)) == (None, [], [])
    assert found.reconciled_domains() == frozenset()


def test_routes_stand_in_the_order_of_the_configuration_whoever_spoke_first():
    found = seats()
    found.hear("c-backup", state("backup"), 0)
    found.hear("c-primary", state("primary"), 0)
    assert [route.name for route in found.routes(0)] == ["primary", "backup"]


@pytest.mark.parametrize(
    ("first", "second", "is_new", "turned"),
    [
        (None, state(), True, True),
        (state(), state(), False, False),
        (state(), state(writes=False), False, True),
        (state(), state(incarnation=2), True, False),
        (state(writes=False), state(incarnation=2), True, True),
    ],
)
def test_a_heartbeat_tells_a_new_incarnation_and_a_turn_of_the_write_path(first, second, is_new, turned):
    found = seats()
    if first is not None:
        found.hear("c", first, 0)
    assert found.hear("c", second, 1)[1:] == (is_new, turned)


def test_a_new_incarnation_must_be_reconciled_again():
    found = seats()
    found.hear("c", state(), 0)[0].reconciled = True
    assert found.reconciled_domains() == {"a"}
    found.hear("c", state(), 0)
    assert found.reconciled_domains() == {"a"}
    found.hear("c", state(incarnation=2), 0)
    assert found.reconciled_domains() == frozenset()


@pytest.mark.parametrize(("age_ns", "writes"), [(0, True), (SILENCE_NS, True), (SILENCE_NS + 1, False)])
def test_a_connection_not_heard_of_for_too_long_gets_no_new_order(age_ns, writes):
    found = seats()
    found.hear("c", state(), 5)
    assert found.routes(5 + age_ns)[0].writes is writes


def test_a_lost_process_does_not_write_and_is_told_of_once():
    found = seats()
    found.hear("c", state(), 0)
    assert found.lose("somebody else") is None
    assert found.lose("c").route == "primary"
    assert found.lose("c") is None
    assert found.routes(0)[0].writes is False


def test_a_domain_of_two_routes_is_reconciled_through_either():
    found = seats()
    found.hear("c1", state("primary", domain="same"), 0)
    found.hear("c2", state("backup", domain="same"), 0)[0].reconciled = True
    assert found.reconciled_domains() == {"same"}


def test_an_account_is_followed_while_its_stream_is_up_and_was_read_since():
    found = seats()
    seat, _, _ = found.hear("c", state(), 10)
    assert not found.routes(10)[0].followed
    seat.agreed_ns = 10
    assert found.routes(10)[0].followed
    found.hear("c", state().model_copy(update={"stream": False}), 20)
    assert not found.routes(20)[0].followed
    seat.read_due_ns = 99
    found.hear("c", state(), 30)
    assert (found.routes(30)[0].followed, seat.read_due_ns) == (False, 0), "it is read at once"
    seat.agreed_ns = 29
    assert not found.routes(30)[0].followed, "a reading begun before the stream was back proves nothing"
    seat.agreed_ns = 30
    assert found.routes(30)[0].followed


def test_the_time_of_health_begins_anew_after_a_turn_and_after_a_silence():
    found = seats()
    seat, _, _ = found.hear("c", state(), 1)
    found.hear("c", state(), SILENCE_NS)
    assert seat.writes_since_ns == 1
    found.hear("c", state(writes=False), SILENCE_NS + 1)
    found.hear("c", state(), SILENCE_NS + 2)
    assert seat.writes_since_ns == SILENCE_NS + 2
    found.hear("c", state(), 3 * SILENCE_NS + 3)
    assert seat.writes_since_ns == 3 * SILENCE_NS + 3


def test_a_domain_takes_what_any_of_its_routes_takes():
    found = seats()
    found.hear("c-primary", state(), 0)
    found.hear("c-backup", state("backup").model_copy(update={"coverage": COVERAGES["tastytrade"]}), 0)
    assert found.takes("a", OrderType.STOP)
    assert not found.takes("b", OrderType.LIMIT)


def test_what_an_account_held_is_known_once_it_was_read_since_its_route_came_back():
    found = seats()
    seat, _, _ = found.hear("c", state(), 10)
    seat.agreed_ns = 10
    assert found.routes(10)[0].fresh
    found.hear("c", state(writes=False), 20)
    seat.read_due_ns = 99
    found.hear("c", state(), 30)
    assert (found.routes(30)[0].fresh, seat.read_due_ns) == (False, 0)
    seat.agreed_ns = 30
    assert found.routes(30)[0].fresh


def test_what_a_process_said_before_its_end_is_not_believed_after_it():
    found = seats()
    found.hear("c", state(), 0)
    lost = found.lose("c")
    assert lost is not None
    assert found.hear("c", state(), 1)[1:] == (False, False)
    assert not found.routes(1)[0].writes
    assert found.lose("c") is None


def test_a_successor_is_believed_at_once():
    found = seats()
    found.hear("c", state(), 0)
    found.lose("c")
    assert found.hear("c", state(incarnation=2), 1)[1:] == (True, True)
    assert found.routes(1)[0].writes


def test_a_process_that_goes_on_talking_was_not_at_its_end():
    found = seats()
    found.hear("c", state(), 0)
    found.lose("c")
    assert found.hear("c", state(), SILENCE_NS + 1)[1:] == (False, True)
    assert found.routes(SILENCE_NS + 1)[0].writes
