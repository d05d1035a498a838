"""`holdfast arm`, `disarm`, and `up` in mode live: real money is traded on a person's typed word, until the close."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.armed import read_armed, set_armed
from actors.config import SHIPPED, load
from actors.places import Places
from supervisor.app import arming
from supervisor.app.trading import _stop
from supervisor.app.workplace import Workplace
from supervisor.cli.main import main
from supervisor.cli.screen import new_york
from tests.supervisor.app.trees import until


@pytest.fixture
def live(tmp_path, where) -> Path:
    """A configuration as the example says to write it, for a broker on this machine where nobody answers."""
    text = (SHIPPED / "live.example.toml").read_text()
    for theirs, ours in (
        ('mode = "sandbox"', 'mode = "live"'),
        ("https://api.cert.tastyworks.com", "https://127.0.0.1:9"),
        ("wss://streamer.cert.tastyworks.com", "wss://127.0.0.1:9"),
        ("https://paper-api.alpaca.markets", "https://127.0.0.1:9"),
        ("wss://paper-api.alpaca.markets/stream", "wss://127.0.0.1:9"),
        ('state = "~/.local/state/holdfast/sandbox"', f'state = "{where.state}"'),
    ):
        assert theirs in text
        text = text.replace(theirs, ours)
    path = tmp_path / "live.toml"
    path.write_text(text)
    return path


def call(*words: object, said: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words], input=said)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output


def arm(config: Path, said: str | None) -> tuple[int, str]:
    return call("arm", "--config", config, "--reason", "first live day", "--by", "ann", said=said)


def test_the_accounts_tail_is_typed_and_it_is_armed_until_the_close(live, where: Places):
    code, text = arm(live, "0001\n")
    assert (code, "Accounts tastytrade ...0001, alpaca" in text, "ARMED    by ann until" in text) == (0, True, True)
    armed = read_armed(where.armed)
    assert (armed.by, armed.reason, armed.accounts) == ("ann", "first live day", {"tastytrade": "0001", "alpaca": ""})
    assert datetime.now(UTC) < armed.until < datetime.now(UTC) + timedelta(days=5)


@pytest.mark.parametrize("said", ["1000\n", "y\n", "", None])
def test_any_other_word_arms_nothing(live, where: Places, said):
    code, text = arm(live, said)
    assert (code, "not armed" in text) == (5, True)
    assert read_armed(where.armed) is None


def test_paper_has_nothing_to_arm(where: Places):
    code, text = call("arm", "--state", where.state, "--reason", "why not", said="0001\n")
    assert (code, "nothing to arm" in text) == (6, True)
    assert read_armed(where.armed) is None


def test_up_in_mode_live_starts_nothing_unless_armed_and_says_the_next_step(live, where: Places):
    code, text = call("up", "--config", live)
    assert (code, "Live trading is not armed. Nothing was started." in text) == (6, True)
    assert f"Next: holdfast arm --config {live} --state {where.state} --reason WHY" in text
    assert not where.config.exists()


def test_up_refuses_what_was_disarmed_or_has_expired_or_is_armed_for_another_account(live, where: Places):
    arm(live, "0001\n")
    settled = load(live)
    assert arming.refusal(settled, where, datetime.now(UTC)) == ""
    armed = read_armed(where.armed)
    assert "close" in arming.refusal(settled, where, armed.until)
    set_armed(where.armed, armed.model_copy(update={"accounts": {"tastytrade": "0002", "alpaca": ""}}))
    assert "0002" in arming.refusal(settled, where, datetime.now(UTC))
    assert call("disarm", "--config", live, "--by", "ann", "--reason", "lunch")[0] == 0
    assert "disarmed by ann: lunch" in arming.refusal(settled, where, datetime.now(UTC))
    assert call("up", "--config", live)[0] == 6


def test_status_says_until_when_it_is_armed_and_who_ended_it(live, where: Places):
    arm(live, "0001\n")
    assert f"Armed    until {new_york(read_armed(where.armed).until)}" in call("status", "--state", where.state)[1]
    call("disarm", "--config", live, "--by", "bob", "--reason", "lunch")
    assert "Armed    NO           lunch (by bob)" in call("status", "--state", where.state)[1]


def test_executor_and_connection_read_the_disarming_as_a_stop_and_the_arming_as_none(live, where: Places):
    settled = load(live)
    where.config.write_text(settled.model_dump_json())
    stop = _stop(Workplace.visitor(where))
    assert "not armed" in stop().words
    arm(live, "0001\n")
    until(lambda: stop().words is None, 5)
    call("disarm", "--config", live, "--by", "ann")
    assert "disarmed by ann" in stop().words
