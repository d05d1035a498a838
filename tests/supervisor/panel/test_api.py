"""`/api/v1`: the same as the verbs' `--json`, to the last figure that does not move by itself."""

import json

import pytest
from click.testing import CliRunner

from supervisor.cli.main import main

VERBS = ["status", "tree", "risk", "expiring", "performance", "breaker"]
AGES = {"age_s", "heard_s", "progress_age_s", "stream_heard_s", "token_age_s", "token_left_s"}


def said(where, *words: str) -> str:
    result = CliRunner().invoke(main, [*words, "--state", str(where.state), "--json"])
    return result.stdout


def still(text: str) -> dict:
    """Return an object without what only says when it was looked at."""
    found = json.loads(text, object_hook=lambda each: {key: value for key, value in each.items() if key not in AGES})
    if found["schema"].startswith("holdfast.status"):
        del found["at"]
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_and_its_address_say_the_same(where, desk, inside, verb):
    answer = inside.get(f"/api/v1/{verb}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert still(answer.text) == still(said(where, *(["breaker", "show"] if verb == "breaker" else [verb])))


@pytest.mark.parametrize("verb", ["why", "order"])
def test_one_order_is_told_by_its_id_by_its_attempts_and_by_a_refused_signals(where, desk, inside, verb):
    for name in (desk.held, f"{desk.held}-r1", desk.refused):
        answer = inside.get(f"/api/v1/{verb}/{name}")
        assert answer.status_code == 200, name
        assert answer.json() == json.loads(said(where, verb, name))


@pytest.mark.parametrize("path", ["why/nobody", "order/nobody", "nothing", "resume", "halt", "order/..%2f..%2fkey"])
def test_what_is_not_there_is_said_not_to_be_there(inside, path):
    answer = inside.get(f"/api/v1/{path}")
    assert answer.status_code == 404


def test_nothing_is_told_of_a_folder_where_nothing_was_measured(bare):
    from supervisor.panel.api import WHOLE

    assert [WHOLE[verb](bare) for verb in ("risk", "expiring")] == [None, None]
    with pytest.raises(FileNotFoundError):
        WHOLE["performance"](bare)
