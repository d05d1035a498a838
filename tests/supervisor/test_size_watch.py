import os

import pytest

from supervisor.child import Child
from supervisor.child_spec import ChildSpec
from supervisor.process import identify
from supervisor.size_watch import LOOK_S, SizeWatch, outgrown, replaceable

SPEC = ChildSpec(name="executor", factory="module:function", memory_max_mb=10, quiet_wait_s=30)


@pytest.fixture
def child() -> Child:
    """This very process, which holds more than ten megabytes."""
    return Child(SPEC, process=identify(os.getpid()), incarnation=1)


def test_only_who_is_known_to_hold_too_much_has_outgrown_its_limit():
    assert outgrown(SPEC, 10_000_001)
    assert not outgrown(SPEC, 10_000_000)
    assert not outgrown(SPEC, None)
    assert not outgrown(SPEC.model_copy(update={"memory_max_mb": None}), 10**12)


def test_it_waits_for_a_quiet_moment_and_not_for_ever():
    assert replaceable(SPEC, 0.0, quiet=True)
    assert not replaceable(SPEC, 29.9, quiet=False)
    assert replaceable(SPEC, 30.0, quiet=False)


def test_a_child_that_is_too_large_is_replaced_once_no_order_is_open(child):
    quiet = [False, False, True]
    watch = SizeWatch(lambda: quiet.pop(0))
    looks = [watch.look(child, 100 + number * LOOK_S) for number in range(3)]
    assert looks[:2] == [None, None]
    assert looks[2].startswith("too large: ")
    assert "limit 10 MB; in a quiet moment" in looks[2]


def test_a_child_is_not_looked_at_more_often_than_needed_and_a_falling_one_not_at_all(child):
    asked = []
    watch = SizeWatch(lambda: asked.append(1) or False)
    assert watch.look(child, 100) is None
    assert watch.look(child, 100 + LOOK_S / 2) is None
    assert len(asked) == 1
    child.doomed = True
    assert watch.look(child, 100 + 2 * LOOK_S) is None
    assert len(asked) == 1


def test_the_wait_for_quiet_has_an_end_and_the_reason_says_so(child):
    watch = SizeWatch(lambda: False)
    assert watch.look(child, 100) is None
    assert "no quiet moment came within 30 s" in watch.look(child, 130)


def test_a_new_incarnation_waits_anew(child):
    watch = SizeWatch(lambda: False)
    watch.look(child, 100)
    child.incarnation = 2
    assert watch.look(child, 130) is None
