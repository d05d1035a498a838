"""`holdfast explain`: from a table alone; no state folder, no journal, no network."""

import json

import pytest
from click.testing import CliRunner

from supervisor.cli.main import main
from supervisor.words import WORDS


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["explain", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.parametrize("written", ["R031", "r031", "R031_QUOTE_STALE"])
def test_a_code_is_told_in_three_parts_however_it_is_written(written):
    code, text = run(written)
    assert code == 0
    assert text.startswith("R031  refusal\n  Means   A leg's quote is older than its limit.\n  Why     ")
    assert "  You can Wait" in text


def test_json_holds_the_same_words():
    code, text = run("S010", "--json")
    told = json.loads(text)
    assert code == 0
    assert told["schema"] == "holdfast.explain/1"
    assert told["codes"]["S010"]["means"] == WORDS["S010"].means


def test_all_lists_every_code_in_a_line():
    code, text = run("--all")
    assert code == 0
    assert [line.split(" ", maxsplit=1)[0] for line in text.splitlines()] == sorted(WORDS)


def test_a_code_that_is_none_is_answered_with_the_nearest():
    code, text = run("R0311")
    assert code == 2
    assert "did you mean R031" in text


def test_neither_a_code_nor_all_is_a_wrong_use():
    assert run()[0] == 2
    assert run("R010", "--all")[0] == 2
