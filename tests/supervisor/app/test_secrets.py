"""Secrets are planted, a real tree is made to fail with them in its hands, and everything it wrote is searched."""

import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from actors.config import load, with_overrides
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.venue.faults import Fault, FaultKind, Route
from actors.venue.logins import Credentials
from actors.venue.venue_settings import FILE as VENUE_FILE
from supervisor import directory as directories
from supervisor.app import plan as plans
from supervisor.app.drill import child, inject, strike
from supervisor.child_spec import ChildSpec, Group
from supervisor.tree import ChildState
from tests.supervisor.app.trees import ROOT, until
from tests.supervisor.app.trees import holdfast as call

pytestmark = [pytest.mark.tree, pytest.mark.timeout(240)]
PAGE = "json://planted-user:planted-passw0rd@127.0.0.1:9/planted-path"
IN_FILE = "json://127.0.0.1:9/planted-in-a-file"
PLANTED = ("planted-user", "planted-passw0rd", "planted-path", "planted-in-a-file", "planted-credential")
PAPER = tuple(value for value in Credentials().model_dump().values() if len(value) > len("PAPERKEY"))


def holdfast(*arguments: object, environment: dict[str, str]) -> str:
    done = call(*arguments, environment=environment)
    return done.stdout + done.stderr


def config(folder: Path) -> Path:
    """Return the shipped configuration with three targets whose secrets lie in three places."""
    secret = folder / "page"
    secret.touch(0o600)
    secret.write_text(IN_FILE)
    text = (ROOT / "config" / "holdfast.toml").read_text()
    named = f'targets.P1 = ["HOLDFAST_PAGE_URL", "HOLDFAST_CREDENTIAL", "file:{secret}"]'
    path = folder / "config.toml"
    path.write_text(text.replace('# targets.P1 = ["HOLDFAST_CHAT_URL"]', named))
    assert named in path.read_text()
    return path


def plan(where: Places, folder: Path) -> Path:
    """Store a tree as shipped, with one child more that leaks what it can; return the file of its plan."""
    settled = plans.settle(with_overrides(load(config(folder)), {"runtime.state": where.state}), datetime.now(UTC))
    plans.store(settled, where)
    leaker = ChildSpec(name="leaker", factory="leaky_shells:leaker", restarts_max=2)
    whole = plans.plan(settled)
    file = folder / "plan.json"
    groups = (*whole.groups, Group(name="leaking", children=(leaker,)))
    file.write_text(whole.model_copy(update={"groups": groups}).model_dump_json())
    return file


def works_again(where: Places, name: str, after: int) -> bool:
    now = child(where, name)
    return now is not None and now.incarnation > after and now.state is ChildState.RUNNING


@pytest.fixture
def wrote(tmp_path) -> Iterator[tuple[Places, list[str]]]:
    """A tree that failed in many ways and is down; and all that its commands printed."""
    where = places(tmp_path / "state")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "HOLDFAST_CREDENTIAL").write_text("json://127.0.0.1:9/planted-credential")
    environment = os.environ | {
        "HOLDFAST_PAGE_URL": PAGE,
        "CREDENTIALS_DIRECTORY": str(credentials),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(Path(__file__).parent))),
    }
    printed = [
        holdfast("up", "--state", where.state, "--plan", plan(where, tmp_path), "--detach", environment=environment)
    ]
    try:
        until(lambda: read_latch(where.latch).level is StopLevel.REDUCE)  # the leaking child died until it escalated
        for kind in (FaultKind.STATUS, FaultKind.GARBAGE, FaultKind.DROP):
            for route in (Route.TASTYTRADE, Route.ALPACA, Route.STREAMER):
                inject(where, Fault(route=route, kind=kind, status=401, count=2))
        for name in ("connection.tastytrade", "connection.alpaca", "notifier"):
            before = child(where, name)
            assert before is not None
            assert strike(where, name)
            until(lambda name=name, before=before: works_again(where, name, before.incarnation))
        hung = child(where, "connection.alpaca")
        assert hung is not None
        assert hung.process is not None
        os.kill(hung.process.pid, signal.SIGSTOP)
        until(lambda: works_again(where, "connection.alpaca", hung.incarnation))
        until(lambda: "N001" in (where.state / "alerts.log").read_text())
        for verb in ("status", "tree", "recovery", "doctor"):
            printed.append(holdfast(verb, "--state", where.state, environment=environment))
        strike(where, "supervisor")
        ray = directories.read(where.directory).ray
        yield where, [*printed, *written(where.state, where.run, ray.folder)]
    finally:
        printed.append(holdfast("down", "--state", where.state, environment=environment))
        shutil.rmtree(where.run, ignore_errors=True)


def written(*folders: Path) -> Iterator[str]:
    """Yield every file below some folders; not the paper venue's own letter of introduction, which is mode 0600."""
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.is_file() and path.name != VENUE_FILE:
            yield f"{path}\n{path.read_bytes().decode(errors='replace')}"


def test_no_secret_is_written_anywhere(wrote):
    where, texts = wrote
    for failed in ("N001", "cannot page", "refused: ", "no page through"):  # targets did fail, and the leaker leaked
        assert any(failed in text for text in texts)
    assert len(texts) > 20
    found = {(secret, text.partition("\n")[0]) for text in texts for secret in (*PLANTED, *PAPER) if secret in text}
    assert found == set()
    assert (where.run / VENUE_FILE).stat().st_mode & 0o077 == 0
