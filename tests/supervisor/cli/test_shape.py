"""What the verbs print with --json is published, whole, and the same for as long as its number is."""

import json

import click
import jsonschema
import pytest

from supervisor.cli.main import VERBS, main
from supervisor.cli.shape import MONEY, TIME, Each, Maybe, json_schema
from supervisor.cli.shapes import SHAPES, named, published
from tests.supervisor.cli.conftest import PUBLISHED, faults

STAY = {"up", "follow", "killswitch", "panel", "heartbeat", "phone"}
"""They run until they are stopped; `status --json` tells of them."""
IS_JSON = {"config schema"}


def verbs(command: click.Command, name: str):
    """Yield each verb that does something, with those of a group."""
    members = command.commands if isinstance(command, click.Group) else {}
    for each, member in members.items():
        yield from verbs(member, f"{name} {each}")
    if not members or command.invoke_without_command:
        yield name, command


def test_what_is_published_is_what_the_program_says():
    """`scripts/write_schema.py` writes it."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == published()


def test_every_shape_is_of_something_that_is_printed():
    assert set(named()) >= set(SHAPES)


def test_each_published_schema_is_a_schema():
    for schema in published()["$defs"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_prints_json_but_those_that_stay(verb):
    for name, command in verbs(main.get_command(None, verb), verb):
        has_json = any("--json" in each.opts for each in command.params)
        assert has_json or name in STAY | IS_JSON, name


@pytest.mark.parametrize(
    ("shape", "sound", "unsound"),
    [
        ({"n": int}, {"n": 1}, {"n": "1"}),
        ({"n?": int}, {}, {"n": None}),
        ({"n": Maybe(int)}, {"n": None}, {}),
        ({"m": MONEY}, {"m": "-1204.50"}, {"m": "much"}),
        ({"t": TIME}, {"t": "2026-11-30T21:00:00.5+00:00"}, {"t": "2026-11-30T21:00:00"}),
        ({"e": Each(int)}, {"e": {"SPX": 1}}, {"e": {"SPX": "1"}}),
        ({"l": [{"a": str}]}, {"l": [{"a": "x"}]}, {"l": [{"a": "x", "b": 1}]}),
    ],
)
def test_a_shape_lets_through_what_it_says_and_nothing_else(shape, sound, unsound):
    validator = jsonschema.Draft202012Validator(json_schema("holdfast.x/1", shape))
    assert validator.is_valid({"schema": "holdfast.x/1", **sound})
    assert not validator.is_valid({"schema": "holdfast.x/1", **unsound})
    assert not validator.is_valid({"schema": "holdfast.x/2", **sound})


def test_what_is_printed_otherwise_than_published_is_found():
    assert faults({"schema": "holdfast.init/1", "path": "x", "mode": "paper"}) == []
    assert faults({"schema": "holdfast.init/1", "path": "x"})
    assert faults({"schema": "holdfast.nothing/9"})
