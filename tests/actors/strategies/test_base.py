"""Finding strategies by their path, and naming what is wrong with one."""

import pytest
from pydantic import ValidationError

from actors.strategies.base import UnknownStrategy, build, load
from actors.strategies.iron_condor import IronCondor


def test_a_path_leads_to_its_class():
    assert load("actors.strategies.iron_condor:IronCondor") is IronCondor


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("actors.strategies.iron_condor", "not of the form"),
        ("actors.strategies.iron_kondor:IronCondor", "did you mean 'actors.strategies.iron_condor'"),
        ("actors.strategies.iron_condor:IronKondor", "did you mean 'IronCondor'"),
        (
            "actors.strategys.iron_condor:IronCondor",
            "no module 'actors.strategys.iron_condor'; did you mean 'actors.strateg",
        ),
        ("nowhere_at_all.mine:Mine", "no module 'nowhere_at_all.mine'"),
        ("actors.strategies.work:Pace", "is no strategy"),
    ],
)
def test_a_path_to_nowhere_names_what_is_nearest(path, says):
    with pytest.raises(UnknownStrategy, match=says):
        load(path)


@pytest.mark.parametrize(
    "name", ["iron_condor:IronCondor", "short_strangle:ShortStrangle", "credit_spread:CreditSpread"]
)
def test_what_ships_is_built_from_its_defaults(name):
    strategy = build(f"actors.strategies.{name}", "SPX", {})
    state = strategy.begin()
    assert type(state).model_validate_json(state.model_dump_json()) == state


@pytest.mark.parametrize("wrong", [{"short_dleta": 0.2}, {"entry_from": "open15"}, {"exit_at": "25:00"}, {"stop": 0.5}])
def test_wrong_parameters_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        build("actors.strategies.iron_condor:IronCondor", "SPX", wrong)
