"""`holdfast graduate` and `preflight`, and a live start that respects both."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.config import load
from actors.domain.orders.event import GateSigned, parse_event
from actors.epoch import take_epoch
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.places import Places, places
from supervisor.app import trading
from supervisor.app.drills.card import DrillCard
from supervisor.app.drills.ground import known
from supervisor.app.drills.record import DrillLog
from supervisor.app.drills.spec import DrillLimits
from supervisor.app.event_schema import EVENTS
from supervisor.app.readiness import proof
from supervisor.app.workplace import Workplace
from supervisor.cli.main import main
from supervisor.cli.readiness import refuse_unready
from supervisor.journal import JournalReader
from tests.builders import open_signal
from tests.filed_rig import FiledRig
from tests.report_journal import written
from tests.supervisor.cli.test_arm import arm, live

__all__ = ["live"]  # the configuration of a live account, from the tests of its arming
ROOT = Path(__file__).resolve().parents[3]
SECRETS = ("TT_SANDBOX_CLIENT_SECRET", "TT_SANDBOX_REFRESH_TOKEN", "ALPACA_PAPER_KEY_ID", "ALPACA_PAPER_SECRET_KEY")


@pytest.fixture(scope="module")
def traded(tmp_path_factory) -> Path:
    """A state folder of three days on paper, to be copied."""
    state = tmp_path_factory.mktemp("traded")
    found = Places(state=state, run=state)
    found.config.write_text(load(ROOT / "config" / "holdfast.toml").model_dump_json())
    written(found)
    return state


@pytest.fixture
def paper(tmp_path, traded) -> Iterator[Places]:
    """That folder."""
    shutil.copytree(traded, tmp_path / "paper")
    (tmp_path / "paper").chmod(0o700)
    found = places(tmp_path / "paper")
    yield found
    found.run.rmdir()


@pytest.fixture
def gated(live, paper, monkeypatch) -> Path:
    """The live configuration, which is proved by that folder, pages somebody, and has its secrets."""
    text, shipped = live.read_text(), 'paper = "~/.local/state/holdfast"'
    assert shipped in text
    live.write_text(text.replace(shipped, f'paper = "{paper.state}"'))
    for name in ("HOLDFAST_PAGE_URL", "HOLDFAST_SMS_URL"):
        monkeypatch.setenv(name, "json://127.0.0.1:9/page")
    for name in SECRETS:
        monkeypatch.setenv(name, "x" * 12)
    return live


def call(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.output


def passed(state: Path, *drills: str) -> None:
    log, limits = DrillLog(state), DrillLimits(detected_s=1, recovered_s=1)
    figures = {"detected_s": 1, "recovered_s": 1, "lost": 0, "doubled": 0, "naked_short_s": 0.0, "alerts": ()}
    for name in drills:
        log.ended(DrillCard(drill=name, proves="", limits=limits, misses=(), **figures), state)
    log.close()


def signed(config: Path) -> tuple[int, str]:
    return call("graduate", "--config", config, "--sign", "--reason", "small size", "--by", "ann")


def test_paper_says_how_far_it_is_and_what_proves_each_control(paper):
    passed(paper.state, "three-legs")
    code, text = call("graduate", "--state", paper.state)
    assert code == 6
    assert "GATE      1 of 10 clean sessions, 4 of 14 controls proved" in text, "three days played at once are one"
    assert "ok      breaker        a limit on losses trips, and its scope opens nothing more  [journal, event" in text
    assert "[drill three-legs, 20" in text
    assert "MISSING kill-switch" in text
    assert "NOT GREEN: 1 of 10 clean sessions; stop not proved" in text


def test_as_json_it_has_a_schema_and_says_what_lacks(paper):
    told = json.loads(call("graduate", "--state", paper.state, "--json")[1])
    assert (told["schema"], told["green"], told["signed"]) == ("holdfast.graduate/1", False, None)
    assert "legs not proved" in told["lacks"]


def test_what_was_found_is_kept_until_the_journal_or_the_drills_move(paper):
    config = load(ROOT / "config" / "holdfast.toml")
    first = proof.proved(config, paper)
    kept = (paper.state / proof.KEPT).stat().st_mtime_ns
    assert proof.proved(config, paper) == first
    assert (paper.state / proof.KEPT).stat().st_mtime_ns == kept
    passed(paper.state, "three-legs")
    assert "legs" not in proof.proved(config, paper).missing


def test_a_live_start_is_refused_until_the_gate_is_green_or_signed_over(gated, where):
    arm(gated, "0001\n")
    code, text = call("up", "--config", gated)
    assert (code, "NO-GO. Nothing was started" in text) == (6, True)
    assert "FAIL    go-live gate: 1 of 10 clean sessions" in text
    assert not where.config.exists()
    assert signed(gated)[0] == 0
    refuse_unready(load(gated), where)  # returns: nothing bars it any more


def test_a_signature_covers_no_more_than_what_lacked_then(gated, where, paper):
    passed(paper.state, "three-legs")
    signed(gated)
    assert "signed over by ann: small size" in call("preflight", "--config", gated)[1]
    log = paper.state / "drills.log.jsonl"
    log.unlink()
    assert "FAIL    go-live gate" in call("preflight", "--config", gated)[1]


def test_a_signature_needs_a_reason_and_something_to_sign(gated, paper):
    assert call("graduate", "--config", gated, "--sign")[0] == 2
    assert call("graduate", "--state", paper.state, "--sign", "--reason", "x")[0] == 2
    assert "NOT GREEN" in call("graduate", "--config", gated)[1]


def test_a_signature_is_journaled_once_at_the_next_start(gated, where):
    signed(gated)
    where.config.write_text(load(gated).model_dump_json())
    place = Workplace.visitor(where)
    for epoch in (1, 2):
        assert take_epoch(where.epoch) == epoch
        trading._journal(place, epoch, trading._disk(place), None).close()
    reader = JournalReader(where.journal, EVENTS)
    (event,) = (parse_event(entry.body) for entry in reader.read())
    reader.close()
    assert isinstance(event, GateSigned)
    assert (event.by, event.reason, "1 of 10 clean sessions" in event.lacks) == ("ann", "small size", True)


def test_where_something_is_held_a_no_go_starts_with_openings_off(gated, where, rig: FiledRig, capsys):
    rig.ready().opened(open_signal(1))
    refuse_unready(load(gated), where)
    latch = read_latch(where.latch)
    assert (latch.level, latch.by) == (StopLevel.REDUCE, "preflight")
    assert "go-live gate" in latch.reason
    assert "exits go on" in capsys.readouterr().err


def test_a_secret_that_is_not_here_bars_a_live_start(gated, where, monkeypatch):
    signed(gated)
    monkeypatch.delenv(SECRETS[0])
    with pytest.raises(SystemExit) as ended:
        refuse_unready(load(gated), where)
    assert ended.value.code == 6
    monkeypatch.setenv(SECRETS[0], "x" * 12)
    refuse_unready(load(gated), where)


def test_paper_starts_whatever_the_preflight_says(paper):
    paper.state.chmod(0o755)
    refuse_unready(load(ROOT / "config" / "holdfast.toml"), paper)
    assert read_latch(paper.latch).level is StopLevel.NONE


def test_a_preflight_tells_each_check_ends_with_its_verdict_and_is_kept(paper):
    code, text = call("preflight", "--state", paper.state)
    assert (code, text.splitlines()[-1]) == (0, "GO: nothing forbids trading.")
    assert text.startswith("GO / NO-GO   ")
    assert "WARN    backup: none was ever made from this folder (limit 36 h)" in text
    kept = json.loads((paper.state / "reports" / "preflight.json").read_bytes())
    assert (kept["schema"], kept["go"]) == ("holdfast.preflight/1", True)


def test_a_no_go_ends_with_6_and_says_what_to_do(paper):
    tighten(paper.latch, Latch(level=StopLevel.HALT, reason="odd quotes", by="ann"))
    code, text = call("preflight", "--state", paper.state, "--json")
    told = json.loads(text)
    (stop,) = (each for each in told["checks"] if each["name"] == "stop")
    assert (code, told["go"], stop["verdict"]) == (6, False, "FAIL")
    assert "holdfast resume --reason WHY" in stop["todo"]


def test_a_backup_is_noted_and_the_preflight_knows_its_age(paper, tmp_path):
    assert call("journal", "backup", tmp_path / "backups", "--state", paper.state)[0] == 0
    assert "ok      backup: 0.0 h old (limit 36 h)" in call("preflight", "--state", paper.state)[1]


def test_the_drills_there_are_have_names_a_gate_may_ask_for():
    assert {"three-legs", "kill-executor", "primary-down"} <= set(known())
