"""Workers forked from a warm process: what they inherit, and that there is one for each who asks, never two or none.

The raylet is a process of the test's, which runs doors as a raylet does; the worker is a script of the right name.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor import fork_door
from supervisor.child_spec import Readying
from supervisor.fork_server import DOOR, PATIENCE_S, stand_in
from supervisor.private_ray import ROOT
from tests.supervisor.followers import until

WAIT_S = 60
WORKER = """
import json, os, sys
import supervisor.process
told = {"pid": os.getpid(), "parent": os.getppid(), "arguments": sys.argv[1:], "folder": os.getcwd(),
        "colour": os.environ.get("COLOUR"), "warm": "wave" in sys.modules, "name": __name__}
print(json.dumps(told), flush=True)
sys.stdin.readline()
raise SystemExit(3)
"""
SERVER = """
import socket, sys
from supervisor.child_spec import Readying
from supervisor.fork_server import serve
serve(socket.socket(fileno=int(sys.argv[1])), Readying.model_validate_json(sys.argv[2]))
"""
RAYLET = """
import os, subprocess, sys
for line in sys.stdin:
    said = subprocess.run(line.split(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
    sys.stdout.buffer.write(said or b"\\n")
    sys.stdout.flush()
"""


@pytest.fixture
def server(tmp_path) -> Iterator["subprocess.Popen[bytes]"]:
    """Return a server at work in the folder."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(str(tmp_path / DOOR))
    door.listen()
    readying = Readying(preload=("wave",), state=tmp_path, run=tmp_path).model_dump_json()
    command = [sys.executable, "-c", SERVER, str(door.fileno()), readying]
    with subprocess.Popen(command, cwd=ROOT, pass_fds=[door.fileno()]) as serving:
        door.close()
        yield serving
        serving.kill()


@pytest.fixture
def worker(tmp_path) -> Path:
    path = tmp_path / "default_worker.py"
    path.write_text(WORKER)
    return path


@pytest.fixture
def run(tmp_path, worker) -> Callable[..., dict]:
    """Return what runs a worker as a raylet would, and tells what it said of itself."""

    def told(*arguments: str, **more: str) -> dict:
        environment = {**os.environ, "COLOUR": "blue", "PYTHONPATH": str(ROOT), **more}
        command = [str(stand_in(tmp_path)), str(worker), *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, input=b"\n", capture_output=True, timeout=WAIT_S, check=False
        )
        return {"code": done.returncode, **json.loads(done.stdout)}

    return told


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_worker_is_a_fork_with_its_doors_arguments_folder_environment_and_streams(server, run, tmp_path):
    told = run("--node=7", "a b")
    assert parent_of(told["parent"]) == server.pid
    assert told["warm"], "what the server imported is there"
    assert told["arguments"] == ["--node=7", "a b"]
    assert told["folder"] == str(tmp_path)
    assert (told["colour"], told["name"]) == ("blue", "__main__")
    again = run()
    assert again["pid"] != told["pid"]
    assert again["parent"] == told["parent"], "Ray is imported once"


def test_for_another_job_ray_is_imported_anew_for_it_reads_its_environment_once(server, run):
    first, second = run(RAY_JOB_ID="01"), run(RAY_JOB_ID="02")
    assert first["parent"] != second["parent"]
    assert parent_of(second["parent"]) == server.pid
    until(lambda: not Path(f"/proc/{first['parent']}").exists())


def test_without_a_server_the_worker_is_a_python_of_its_own(run):
    told = run("x")
    assert not told["warm"]
    assert (told["code"], told["arguments"]) == (3, ["x"])


def test_a_server_that_dies_before_it_forked_leaves_one_worker(tmp_path, run):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(tmp_path / DOOR))
        door.listen()
        pid = os.fork()
        if pid == 0:
            asked, _ = door.accept()
            asked.recv(1)
            os._exit(0)
        door.close()
        assert run("y")["arguments"] == ["y"]
        os.waitpid(pid, 0)


def test_whatever_is_no_worker_is_python(server, tmp_path):
    command = [stand_in(tmp_path), "-c", "import os, sys; print(os.getppid(), sys.argv[1])", "z"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=True)
    assert done.stdout.split() == [str(os.getpid()), "z"]


def test_a_fork_whose_door_gave_up_never_becomes_a_worker(server, worker, tmp_path):
    reading, writing = os.pipe()
    request = {"arguments": [str(worker)], "environment": dict(os.environ), "folder": str(tmp_path)}
    body = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.connect(str(tmp_path / DOOR))
        socket.send_fds(wire, [len(body).to_bytes(fork_door.HEAD_BYTES)], [reading, writing, writing])
        wire.sendall(body)
        wire.settimeout(WAIT_S)
        assert wire.recv(1) == fork_door.READY
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        assert said.read() == b"", "it ended without a word"
    assert server.poll() is None


def test_a_fork_waits_for_its_doors_word_however_slow_the_door_is(server, worker, tmp_path):
    reading, writing = os.pipe()
    request = {"arguments": [str(worker)], "environment": dict(os.environ), "folder": str(tmp_path)}
    with Path(os.devnull).open() as nothing, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.connect(str(tmp_path / DOOR))
        fork_door.send(wire, json.dumps(request).encode(), (nothing.fileno(), writing, writing))
        wire.settimeout(WAIT_S)
        assert wire.recv(1) == fork_door.READY
        os.close(writing)
        with pytest.raises(TimeoutError):  # by giving up it would close its end, and be heard
            wire.settimeout(PATIENCE_S + 1)
            wire.recv(1)
        wire.sendall(fork_door.GO)
        with os.fdopen(reading, "rb") as said:
            assert json.loads(said.read())["name"] == "__main__"


def test_the_server_ends_with_the_raylet(server, worker, tmp_path):
    command = [sys.executable, "-c", RAYLET]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as raylet:
        assert raylet.stdin is not None
        raylet.stdin.write(f"{stand_in(tmp_path)} {worker}\n")
        raylet.stdin.flush()
        assert parent_of(json.loads(raylet.stdout.readline())["parent"]) == server.pid
        assert server.poll() is None
        raylet.kill()
    assert server.wait(WAIT_S) == 0
