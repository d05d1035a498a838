import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.child_spec import ChildSpec, Group, Plan, Siblings
from supervisor.tree import affected, may_start, next_to_stop


def group(name: str, siblings: Siblings, *children: str) -> Group:
    specs = tuple(ChildSpec(name=child, factory="module:function") for child in children)
    return Group(name=name, siblings=siblings, children=specs)


LINE = group("line", Siblings.REST_FOR_ONE, "broker", "executor", "risk")
LEAVES = group("leaves", Siblings.ONE_FOR_ONE, "notifier", "feed")
PLAN = Plan(groups=(LEAVES, LINE))
NAMES = [child.name for child in PLAN.children()]


@pytest.mark.parametrize(
    ("siblings", "who", "fall"),
    [
        (Siblings.ONE_FOR_ONE, "b", ("b",)),
        (Siblings.REST_FOR_ONE, "a", ("a", "b", "c")),
        (Siblings.REST_FOR_ONE, "b", ("b", "c")),
        (Siblings.REST_FOR_ONE, "c", ("c",)),
        (Siblings.ONE_FOR_ALL, "c", ("a", "b", "c")),
    ],
)
def test_siblings_fall_as_the_strategy_says(siblings, who, fall):
    assert affected(group("g", siblings, "a", "b", "c"), who) == fall


def test_at_first_start_each_child_waits_for_those_before_it():
    free, running = [], set()
    for _ in NAMES:
        name = next(name for name in NAMES if name not in running and may_start(PLAN, name, running, running))
        free.append(name)
        running.add(name)
    assert free == NAMES
    assert not may_start(PLAN, "executor", {"notifier", "feed"}, {"notifier", "feed"})


def test_a_notifier_that_fails_does_not_hold_up_trading():
    assert may_start(PLAN, "broker", running={"feed"}, tried={"notifier", "feed"})


def test_in_a_line_a_child_waits_until_all_before_it_run_again():
    tried = set(NAMES)
    assert not may_start(PLAN, "risk", tried - {"executor", "risk"}, tried)
    assert may_start(PLAN, "risk", tried - {"risk"}, tried)


@given(st.sets(st.sampled_from(NAMES)))
def test_children_stop_in_reverse_order(up):
    stopped, left = [], set(up)
    while (name := next_to_stop(PLAN, left)) is not None:
        stopped.append(name)
        left.discard(name)
    assert stopped == [name for name in reversed(NAMES) if name in up]


def test_an_unknown_child_is_a_bug():
    with pytest.raises(KeyError):
        may_start(PLAN, "nobody", set(), set())
