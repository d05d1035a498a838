"""`holdfast panel`: one server a folder, a link each time it is asked, an end with the tree where `up` started it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx2
from click.testing import CliRunner

from actors.config import SHIPPED, load
from actors.config_panel import PanelSection
from supervisor import keeper
from supervisor.cli import up
from supervisor.cli.main import main
from supervisor.ownership import Ownership, owner
from supervisor.panel import running
from supervisor.panel.running import LOCK, Serving, port_of_running
from tests.supervisor.panel.conftest import until


def run(where, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["panel", "--state", str(where.state), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@contextmanager
def program(where):
    words = [sys.executable, "-m", "supervisor.cli.main", "panel", "--port", "0", "--state", str(where.state)]
    found = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        yield found
    finally:
        found.send_signal(signal.SIGTERM)
        found.communicate(timeout=30)


def test_it_prints_a_link_and_whoever_asks_again_gets_another_to_the_same(where):
    with program(where) as panel:
        first = panel.stdout.readline().strip()
        code, said = run(where)
        second = said.strip()
        assert code == 0
        assert first != second
        assert first.partition("?")[0] == second.partition("?")[0]
        url = first.partition("/login")[0]
        until(lambda: _answers(url))
        for link in (first, second):
            form = {"link": link.partition("link=")[2]}
            assert httpx2.post(f"{url}/login", data=form, headers={"origin": url}, timeout=20).status_code == 303
    assert panel.returncode == 0
    assert port_of_running(where) is None
    assert "link=" not in "".join(path.read_text() for path in where.logs.iterdir())


def test_up_starts_it_where_the_configuration_asks_for_it(where):
    config = load(SHIPPED / "holdfast.toml")
    where.config.write_text(config.model_dump_json())
    up._start_beside(where)
    assert not (where.logs / "panel.log").exists()
    wanted = config.model_copy(update={"panel": PanelSection(enabled=True, port=0)})
    where.config.write_text(wanted.model_dump_json())
    up._start_beside(where)
    until(lambda: (port := port_of_running(where)) and _answers(f"http://127.0.0.1:{port}"))
    os.kill(owner(where.state / LOCK).process.pid, signal.SIGTERM)
    until(lambda: owner(where.state / LOCK) is None)
    assert "link=" not in (where.logs / "panel.log").read_text()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=20).status_code == 200
    except httpx2.TransportError:
        return False


def test_another_programs_port_is_told_and_nothing_is_left_behind(where):
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, said = run(where, "--port", str(other.getsockname()[1]))
    assert (code, "Another port: holdfast panel --port N" in said) == (2, True)
    Ownership.take(where.state / "panel.lock", datetime.now(UTC)).release()


def test_it_listens_on_this_machine_alone(where):
    serving = Serving(where, PanelSection(port=0))
    assert serving._listener.getsockname()[0] == "127.0.0.1"
    serving._listener.close()
    serving._hold.release()


def test_what_up_started_ends_with_the_tree_and_not_with_its_death(where, monkeypatch):
    monkeypatch.setattr(running, "TREE_LOOK_S", 0.1)
    held = Ownership.take(keeper.lock(where.state), datetime.now(UTC))
    where.directory.write_text("{}")
    serving = Serving(where, PanelSection(port=0))
    thread = threading.Thread(target=serving.run, kwargs={"with_tree": True})
    thread.start()
    until(lambda: serving.is_up and serving.has_seen_tree)
    held.release()  # the keeper was killed: what it watched over still stands there
    thread.join(0.6)
    assert thread.is_alive()
    where.directory.unlink()
    thread.join(20)
    assert not thread.is_alive()


def test_a_verbs_start_does_not_pay_for_it():
    program = "import sys, supervisor.cli.main, supervisor.cli.panel; print([m for m in sys.modules if m in %r])"
    heavy = ["starlette", "uvicorn", "jinja2", "numpy", "ray"]
    done = subprocess.run([sys.executable, "-c", program % heavy], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.replace("'", '"')) == []
