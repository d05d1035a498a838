import pytest
from pydantic import ValidationError

from supervisor.child_spec import ChildSpec, Group, Plan


def plan(*names: str) -> Plan:
    groups = tuple(Group(name=name, children=(ChildSpec(name=name, factory="m:f"),)) for name in names)
    return Plan(groups=groups)


def test_a_plan_survives_its_file():
    assert Plan.model_validate_json(plan("feed", "executor").model_dump_json()) == plan("feed", "executor")


def test_two_children_of_one_name_are_refused_by_name():
    with pytest.raises(ValidationError, match="children named twice: feed"):
        plan("feed", "feed")


@pytest.mark.parametrize("factory", ["module", "module:", ":function", "module:function()", "os; rm:x", "a b:c"])
def test_a_factory_that_is_not_module_and_function_is_refused(factory):
    with pytest.raises(ValidationError):
        ChildSpec(name="feed", factory=factory)


@pytest.mark.parametrize("name", ["", "Feed", "../feed", "feed/x", "1feed", "f" * 41])
def test_a_name_that_could_not_be_a_file_is_refused(name):
    with pytest.raises(ValidationError):
        ChildSpec(name=name, factory="m:f")


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_deadline_must_be_a_finite_time(seconds):
    with pytest.raises(ValidationError):
        ChildSpec(name="feed", factory="m:f", hang_after_s=seconds)
