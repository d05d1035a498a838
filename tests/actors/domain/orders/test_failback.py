"""When a route that was failed over from takes openings again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.failback import Return, waits_for

WELL = Return(healthy_s=60, in_doubt=(), agreed=True, broken=())


def test_a_route_of_which_everything_is_well_takes_openings_again():
    assert waits_for(WELL, 60) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"healthy_s": None}, "a write path that works"),
        ({"healthy_s": 59.9}, "60 s of health (60 s so far)"),
        ({"in_doubt": ("a-r1", "b-r1")}, "the end of doubts: a-r1, b-r1"),
        ({"agreed": False}, "a reconciliation since it came back"),
        ({"broken": ("SPX",)}, "the end of breaks: SPX"),
    ],
)
def test_each_thing_alone_keeps_it_from_openings_and_is_said(change, said):
    assert waits_for(WELL.model_copy(update=change), 60) == (said,)


@given(st.none() | st.floats(0, 120), st.booleans(), st.booleans(), st.booleans())
def test_it_returns_only_where_all_of_it_holds(healthy_s, doubted, agreed, broken):
    seen = Return(healthy_s=healthy_s, in_doubt=("a-r1",) * doubted, agreed=agreed, broken=("SPX",) * broken)
    is_well = healthy_s is not None and healthy_s >= 60 and not doubted and agreed and not broken
    assert (waits_for(seen, 60) == ()) is is_well
