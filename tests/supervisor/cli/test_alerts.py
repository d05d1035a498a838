"""`holdfast alerts`, `ack`, `silence` and `notify test`, over a real outbox and a real service."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from actors.config import load
from actors.domain.alerts.alert import Level, handle
from actors.domain.alerts.record import Raised, Sent
from actors.outbox import Outbox
from supervisor import directory as directories
from supervisor.directory import Directory, Entry
from supervisor.process import identify
from supervisor.tree import ChildState
from tests.notifier_rig import WAIT_S, alert, running, service, serving
from tests.supervisor.cli.test_main import FAST, ROOT, call

NAKED = handle(("A040", "naked-1"))


@pytest.fixture
def told(where):
    """An outbox that holds a page and an info."""
    outbox = Outbox(where.outbox, {})
    now = datetime.now(UTC)
    page = alert("p", code="A040", subject="naked-1").model_copy(update={"todo": "close it"})
    outbox.append([Raised(alert=page, at=now, ways=(("phone",),)), Sent(alert_id="p", target="phone", at=now)])
    outbox.append([Raised(alert=alert("i", Level.P2, "A122", "cost-1"), at=now, ways=(("mail",),))])
    outbox.close()
    return where


def say(verb: str, where, *arguments: str) -> tuple[int, str]:
    return call(verb, *arguments, "--state", where.state)


def test_what_stands_is_shown_with_the_name_that_ack_takes(told):
    code, said = say("alerts", told)
    lines = said.splitlines()
    assert (code, lines[0]) == (0, "1 to acknowledge")
    assert lines[1].startswith(f"  {NAKED}  P0 A040 naked-1  since ")
    assert "said 1 times" in lines[1]
    assert "          You can: close it" in lines
    assert lines[-1].startswith("No notifier runs")


def test_the_history_says_who_took_it_and_who_is_owed_it(told):
    code, said = call("alerts", "history", "--state", told.state)
    assert code == 0
    assert "P0 A040 naked-1  text of p\n           phone\n" in said
    assert "P2 A122 cost-1  text of i\n           nobody has it yet; owed to a service\n" in said


def test_an_answer_with_nothing_running_is_kept_and_counts_at_once(told):
    code, said = say("ack", told, NAKED, "--by", "ann")
    assert (code, said) == (0, "A040 naked-1: acknowledged; kept, the notifier takes it when it runs\n")
    assert say("alerts", told)[1].startswith("Nothing to acknowledge.")
    code, said = say("ack", told, NAKED)
    assert (code, said) == (2, f"nothing that stands unacknowledged is called {NAKED}\n")


def test_a_silence_is_shown_until_it_ends(told):
    code, said = say("silence", told, "A040:naked-*", "2h", "--reason", "known", "--by", "ann")
    assert code == 0
    name = said.split()[1].rstrip(":")
    shown = say("alerts", told)[1]
    assert f"Silence  {name}  A040 naked-* until " in shown
    assert "pages until " in shown
    assert "silenced by ann: known" in shown
    assert say("silence", told, "--end", name)[0] == 0
    assert "Silence" not in say("alerts", told)[1]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("A040", "30m"), "a person and a reason"),
        (("A040", "30h", "--reason", "x"), "at most 24 hours"),
        (("A040", "soon", "--reason", "x"), "for how long"),
        ((), "for how long"),
        (("--end", "nope"), "no silence in force"),
    ],
)
def test_a_silence_that_cannot_be_taken_says_why(told, asked, why):
    code, said = say("silence", told, *asked)
    assert (code, why in said) == (2, True)


@pytest.mark.parametrize(
    ("verb", "schema"),
    [
        (("alerts",), "holdfast.alerts/1"),
        (("ack", "all"), "holdfast.ack/1"),
        (("silence", "A040", "30m", "--reason", "x"), "holdfast.silence/1"),
    ],
)
def test_json_has_a_schema(told, verb, schema):
    code, said = call(*verb, "--json", "--state", told.state)
    assert (code, json.loads(said)["schema"]) == (0, schema)


def configured(where, folder, *targets: str) -> tuple[str, str]:
    path = folder / "holdfast.toml"
    named = ", ".join(f'"{each}"' for each in targets)
    path.write_text((ROOT / "config" / "holdfast.toml").read_text() + f"\n[notifier.targets]\nP0 = [[{named}]]\n")
    assert load(path).notifier.targets[Level.P0] == (targets,)
    return "--config", str(path)


def test_a_test_reaches_every_target_of_its_level_also_those_of_a_chain(told, tmp_path):
    with serving() as receiver:
        config = configured(told, tmp_path, "json://127.0.0.1:1/dead", receiver.url)
        code, said = call("notify", "test", "--level", "P0", *config, "--state", told.state, "--by", "ann")
        message = receiver.messages.get(timeout=WAIT_S)
    assert message["title"] == "PAPER P0 test of P0"
    first, second = said.splitlines()
    assert (code, first.startswith("FAIL  P0-json-"), second.startswith("ok    P0-json-")) == (4, True, True)
    assert "127.0.0.1" not in said


def test_where_the_notifier_runs_it_is_the_one_that_sends(told):
    with serving() as receiver, running(told.state, (service(receiver.url, Level.P0),)):
        write_directory(told)
        code, said = call("notify", "test", "--level", "P0", "--state", told.state, "--by", "ann")
        message = receiver.messages.get(timeout=WAIT_S)
        assert call("ack", "A160", "--state", told.state)[1].endswith(": acknowledged\n")
    assert (code, said.startswith("ok    P0-json-")) == (0, True)
    assert "a test that ann asked for" in message["message"]


def write_directory(where) -> None:
    """Say that this process is the notifier."""
    entry = Entry(state=ChildState.RUNNING, incarnation=1, process=identify(os.getpid()), since=datetime.now(UTC))
    now = datetime.now(UTC)
    children = {"notifier": entry}
    directories.write(where.directory, Directory(supervisor=None, since=now, written_at=now, children=children))


def test_what_was_said_before_the_second_word_counts(told):
    assert "P0 A040 naked-1" in call("alerts", "--state", told.state, "history")[1]


def test_a_test_without_targets_or_without_a_configuration_says_so(told, tmp_path):
    config = configured(told, tmp_path, "json://127.0.0.1:1/dead")
    assert call("notify", "test", "--level", "P1", *config, "--state", told.state)[0] == 2
    assert call("notify", "test", "--state", told.state)[0] == 3


@pytest.mark.parametrize("verb", [("alerts",), ("ack", "all")])
def test_to_see_and_to_answer_imports_nothing_heavy(told, verb):
    command = [sys.executable, "-c", FAST, *verb, "--state", str(told.state)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    found = json.loads(done.stdout)
    assert (found["code"], found["heavy"]) == (0, [])
