"""What a bug leaves behind, and what is packed for its reader: no secret is in either."""

import json
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.config import load, with_overrides
from actors.places import Places
from supervisor.app import plan
from supervisor.cli import bug
from supervisor.cli.main import main
from tests.builders import open_signal
from tests.filed_rig import FiledRig

ROOT = Path(__file__).parents[3]
PLANTED, FILED, ACCOUNT = "pl4nted-secret-value", "f1led-secret-value", "5WT98765"


@pytest.fixture
def leaky(where: Places, rig: FiledRig, tmp_path, monkeypatch) -> Places:
    """A state folder whose every file holds secrets, an account number and a password in an address."""
    kept = tmp_path / "token"
    kept.write_text(FILED)
    kept.chmod(0o600)
    monkeypatch.setenv("TT_PLANTED", PLANTED)
    names = {"client_secret": "TT_PLANTED", "refresh_token": f"file:{kept}"}
    loaded = load(ROOT / "config" / "holdfast.toml")
    plan.store(
        with_overrides(loaded, {"routes.tastytrade.secrets": names, "routes.tastytrade.account": ACCOUNT}), where
    )
    rig.ready().ask(open_signal(1).model_copy(update={"reason": f"because {PLANTED}"}))
    where.logs.mkdir(exist_ok=True)
    text = f"{PLANTED} {FILED} account {ACCOUNT} https://me:s3cret-password@host/ Authorization: Bearer abcdefghijkl"
    (where.logs / "executor.jsonl").write_text(json.dumps({"at": "2026-11-30T10:00:00Z", "text": text}) + "\n")
    (where.logs / "keeper.log").write_text(text + "\n")
    (where.state / "alerts.log").write_text(text + "\n")
    (where.state / bug.FOLDER).mkdir()
    (where.state / bug.FOLDER / "B-1.txt").write_text(text + "\n")
    return where


def test_no_secret_and_no_account_number_is_in_the_report_and_everything_else_is(leaky, tmp_path):
    path = tmp_path / "report.tar.gz"
    done = CliRunner().invoke(main, ["bug-report", "--file", str(path), "--state", str(leaky.state), "--json"])
    assert done.exit_code == 0, done.output
    with tarfile.open(path) as packed:
        texts = {member.name: packed.extractfile(member).read().decode() for member in packed.getmembers()}
    names = {name.partition("/")[2] for name in texts}
    assert names >= {
        "versions.txt", "status.json", "config.json", "doctor.txt", "logs/executor.jsonl", "logs/keeper.log",
        "bugs/B-1.txt", "journal.jsonl",
    }  # fmt: skip
    assert set(json.loads(done.output)["files"]) == names
    whole = "".join(texts.values())
    assert "signal_refused" in whole or "order_placed" in whole
    for hidden in (PLANTED, FILED, ACCOUNT, "s3cret-password", "abcdefghijkl"):
        assert hidden not in whole, hidden
    assert "...65" in whole
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_the_redaction_they_would_all_be_there(leaky, tmp_path, monkeypatch):
    """That the test above can fail."""
    from supervisor.cli import bug_report

    monkeypatch.setattr(bug_report, "_cleaned", lambda text, *_: text)
    path = tmp_path / "report.tar.gz"
    CliRunner().invoke(main, ["bug-report", "--file", str(path), "--state", str(leaky.state)])
    with tarfile.open(path) as packed:
        whole = "".join(packed.extractfile(member).read().decode() for member in packed.getmembers())
    for hidden in (PLANTED, FILED, ACCOUNT, "s3cret-password", "abcdefghijkl"):
        assert hidden in whole, hidden


def test_a_report_is_never_written_over_another_file(where, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("mine")
    done = CliRunner().invoke(main, ["bug-report", "--file", str(path), "--state", str(where.state)])
    assert (done.exit_code, path.read_text()) == (6, "mine")


def test_what_nobody_foresaw_is_kept_under_an_id_and_ends_with_1(where, monkeypatch):
    monkeypatch.setenv("HOLDFAST_STATE", str(where.state))
    where.routes.write_text('{"token": "Bearer abcdefghijkl"}')  # a board without what every board has
    done = CliRunner().invoke(main, ["status"])
    (kept,) = (where.state / bug.FOLDER).iterdir()
    assert (done.exit_code, f"bug {kept.stem}: KeyError" in done.output) == (1, True)
    assert "Traceback" in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    CliRunner().invoke(main, ["status"])
    assert len(list((where.state / bug.FOLDER).iterdir())) == 1  # the same bug has the same name


def test_a_damaged_journal_is_no_bug(where):
    FiledRig(where.journal).ready().writer.close()
    content = bytearray(where.journal.read_bytes())
    content[:16] = b"not a database.."
    where.journal.write_bytes(content)
    done = CliRunner().invoke(main, ["positions", "--state", str(where.state)])
    assert (done.exit_code, "the journal is damaged" in done.output) == (4, True)
