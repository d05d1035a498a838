"""Which route may take an order next (laws 3 and 4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brokers.coverages import COVERAGES
from actors.domain.market.contract import Kind
from actors.domain.orders.attempt import Attempt, AttemptState
from actors.domain.orders.coverage import Coverage, Load
from actors.domain.orders.lease import (
    Route,
    carrying,
    legs_domain,
    may_wait,
    next_route,
    obstacles,
    openable,
    passed_over,
)
from actors.domain.orders.order import Action, Intent, Leg, Order, OrderType
from actors.domain.orders.order_state import OrderLife
from tests.builders import CONDOR_SYMBOLS, condor_legs
from tests.fakes import START

ATTEMPTS_MAX = 4
PROVED = {AttemptState.NOT_SENT, AttemptState.ABSENT}


def route(name: str, domain: str | None = None, *, writes: bool = True, reconciled: bool = True, **more) -> Route:
    return Route(
        name=name,
        account_domain=domain or f"{name}-account",
        incarnation=1,
        writes=writes,
        reconciled=reconciled,
        **more,
    )


def attempt(number: int, at: str, state: AttemptState, *, retryable: bool = False) -> Attempt:
    return Attempt(
        number=number,
        route=at,
        account_domain=f"{at}-account",
        state=state,
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
        retryable=retryable,
    )


def life(*attempts: Attempt, closes: str | None = None) -> OrderLife:
    legs = condor_legs() if closes is None else (Leg(symbol=CONDOR_SYMBOLS[0], action=Action.SELL_TO_CLOSE),)
    order = Order(
        cl_ord_id="o",
        signal_id="o",
        strategy="condor",
        structure_id="o",
        intent=Intent.OPEN if closes is None else Intent.CLOSE,
        underlying="SPX",
        legs=legs,
        order_qty=1,
        net_price="1",
        account_domain=closes,
        created_at=START,
        expires_at=START,
    )
    return OrderLife(order=order, attempts=attempts)


BOTH = (route("primary"), route("backup"))


def test_a_new_opening_goes_to_the_first_route_that_can_take_it():
    assert next_route(life(), BOTH, ATTEMPTS_MAX).name == "primary"
    assert next_route(life(), (route("primary", writes=False), BOTH[1]), ATTEMPTS_MAX).name == "backup"
    assert next_route(life(), (route("primary", reconciled=False), BOTH[1]), ATTEMPTS_MAX).name == "backup"
    assert next_route(life(), (), ATTEMPTS_MAX) is None


@pytest.mark.parametrize("state", list(AttemptState))
@pytest.mark.parametrize("retryable", [False, True])
def test_the_lease_moves_only_from_proof_that_the_route_holds_nothing(state, retryable):
    found = next_route(life(attempt(1, "primary", state, retryable=retryable)), BOTH, ATTEMPTS_MAX)
    may_move = state in PROVED or (state is AttemptState.REJECTED and retryable)
    assert (found is not None) is may_move
    assert found is None or found.name == "backup"


def test_an_opening_never_goes_back_to_a_route_it_was_tried_at():
    tried = life(attempt(1, "primary", AttemptState.NOT_SENT), attempt(2, "backup", AttemptState.NOT_SENT))
    assert next_route(tried, BOTH, ATTEMPTS_MAX) is None


def test_a_close_goes_to_the_account_that_holds_it_or_nowhere():
    closing = life(closes="backup-account")
    assert next_route(closing, BOTH, ATTEMPTS_MAX).name == "backup"
    assert next_route(closing, (route("primary"),), ATTEMPTS_MAX) is None
    assert next_route(closing, (route("primary"), route("backup", writes=False)), ATTEMPTS_MAX) is None


def test_an_opening_that_completes_a_structure_goes_to_the_account_that_holds_it_or_nowhere():
    opening = life()
    bound = opening.model_copy(update={"order": opening.order.model_copy(update={"account_domain": "backup-account"})})
    assert next_route(bound, BOTH, ATTEMPTS_MAX).name == "backup"
    assert next_route(bound, (route("primary"),), ATTEMPTS_MAX) is None


def legged(name: str, **more) -> Route:
    return route(name, coverage=Coverage().narrowed(1), **more)


def test_a_combo_goes_leg_by_leg_only_where_no_route_will_ever_take_it_whole():
    whole, order = route("backup"), life().order
    load = Load(kinds=frozenset({Kind.INDEX_OPTION}), legs=len(order.legs))
    assert legs_domain(order, load, (legged("primary"),)) == "primary-account"
    assert legs_domain(order, load, (legged("primary"), whole)) is None
    assert legs_domain(order, load, (legged("primary"), route("backup", writes=False))) is None, "it comes back"
    assert legs_domain(order, load, (legged("primary", writes=False),)) is None
    bound = order.model_copy(update={"account_domain": "primary-account"})
    assert legs_domain(bound, load, (legged("primary"), whole)) == "primary-account"
    single = life(closes="primary-account").order
    assert legs_domain(single, load.model_copy(update={"legs": 1}), (legged("primary"),)) is None, "one leg is no combo"


def test_a_close_may_take_another_route_to_the_same_account_or_the_same_again():
    tried = life(attempt(1, "backup", AttemptState.NOT_SENT), closes="backup-account")
    assert next_route(tried, BOTH, ATTEMPTS_MAX).name == "backup"
    second_door = route("door", "backup-account")
    assert next_route(tried, (second_door, *BOTH), ATTEMPTS_MAX).name == "door"


def test_there_are_no_more_attempts_than_the_limit_allows():
    attempts = tuple(attempt(number, "backup", AttemptState.NOT_SENT) for number in range(1, ATTEMPTS_MAX + 1))
    assert next_route(life(*attempts[:-1], closes="backup-account"), BOTH, ATTEMPTS_MAX) is not None
    assert next_route(life(*attempts, closes="backup-account"), BOTH, ATTEMPTS_MAX) is None


OPTIONS = Load(kinds=frozenset({Kind.INDEX_OPTION}), legs=4)
NO_OPTIONS = Coverage(kinds=(Kind.FUTURE_OPTION,))


def test_a_route_that_was_failed_over_from_takes_no_opening_and_every_close():
    barred = route("primary", barred="failed over")
    assert next_route(life(), (barred, BOTH[1]), ATTEMPTS_MAX).name == "backup"
    assert next_route(life(), (barred,), ATTEMPTS_MAX) is None
    assert next_route(life(closes="primary-account"), (barred, BOTH[1]), ATTEMPTS_MAX).name == "primary"


def test_a_stream_that_is_out_holds_openings_back_and_moves_none():
    unseen = route("primary", followed=False)
    assert next_route(life(), (unseen, BOTH[1]), ATTEMPTS_MAX) is None
    assert next_route(life(closes="primary-account"), (unseen, BOTH[1]), ATTEMPTS_MAX).name == "primary"
    sick = route("primary", followed=False, writes=False)
    assert next_route(life(), (sick, BOTH[1]), ATTEMPTS_MAX).name == "backup"


def test_what_an_opening_nobody_has_seen_yet_would_find_is_what_the_next_route_says():
    unseen, barred = route("primary", followed=False), route("primary", barred="failed over")
    for found in (BOTH, (unseen, BOTH[1]), (barred, BOTH[1]), (route("primary", reconciled=False), BOTH[1]), ()):
        able, told = openable(found)
        chosen = next_route(life(), found, ATTEMPTS_MAX)
        assert (able[0].name if able else None) == (chosen.name if chosen else None)
        assert len(able) + len(told) <= len(found)


def test_an_order_is_not_sent_where_it_cannot_be_carried_and_the_reason_is_told():
    found = (route("primary", coverage=NO_OPTIONS), BOTH[1])
    assert [each.name for each in carrying(OPTIONS, found)] == ["backup"]
    assert obstacles(life(), OPTIONS, found[:1]) == "primary: carries no index option"
    assert obstacles(life(), OPTIONS, ()) == "no route is known"


@pytest.mark.parametrize("state", list(AttemptState))
def test_a_close_waits_only_where_no_route_may_hold_it(state):
    tried = attempt(1, "primary", state)
    assert may_wait(life(tried, closes="primary-account")) is (state in PROVED)
    assert not may_wait(life(tried))
    assert not may_wait(life(tried, closes="primary-account").model_copy(update={"cancel_asked": True}))


def test_a_route_is_failed_over_from_when_it_is_sick_or_was_tried_and_comes_before_the_chosen():
    tried = life(attempt(1, "primary", AttemptState.NOT_SENT))
    assert passed_over(tried, BOTH, BOTH[1]) == {"primary": "cannot send"}
    assert passed_over(life(), (route("primary", writes=False), BOTH[1]), BOTH[1]) == {"primary": "cannot send"}
    assert passed_over(life(), (route("primary", reconciled=False), BOTH[1]), BOTH[1]) == {}
    assert passed_over(life(), (route("primary", writes=False, barred="since"), BOTH[1]), BOTH[1]) == {}
    assert passed_over(life(), BOTH, BOTH[0]) == {}
    assert passed_over(life(closes="backup-account"), (route("primary", writes=False), BOTH[1]), BOTH[1]) == {}


routes = st.lists(
    st.builds(
        route,
        st.sampled_from(["primary", "backup", "third"]),
        writes=st.booleans(),
        reconciled=st.booleans(),
        followed=st.booleans(),
        barred=st.sampled_from(["", "failed over"]),
    ),
    unique_by=lambda each: each.name,
)
attempts = st.lists(
    st.tuples(st.sampled_from(["primary", "backup", "third"]), st.sampled_from(AttemptState), st.booleans()),
    max_size=5,
)


@given(routes, attempts, st.sampled_from([None, "primary-account", "backup-account"]))
def test_whatever_is_chosen_can_write_agrees_and_breaks_no_law(found, tried, closes):
    lives = life(*(attempt(n, at, state, retryable=r) for n, (at, state, r) in enumerate(tried, 1)), closes=closes)
    chosen = next_route(lives, found, ATTEMPTS_MAX)
    if chosen is None:
        return
    assert chosen.writes
    assert chosen.reconciled
    assert len(tried) < ATTEMPTS_MAX
    assert lives.last is None or lives.last.lets_lease_move
    assert closes in {None, chosen.account_domain}
    assert closes is not None or chosen.name not in {at for at, _, _ in tried}
    assert closes is not None or (chosen.followed and not chosen.barred)


def test_a_route_that_does_not_take_the_type_is_none_for_it():
    load = Load(kinds=frozenset({Kind.INDEX_OPTION}), legs=1, order_type=OrderType.STOP)
    takes = route("primary").model_copy(update={"coverage": COVERAGES["tastytrade"]})
    assert carrying(load, [route("primary"), takes]) == (takes,)
