"""Starts a private Ray, and beside it the process that its workers are forked from, with their imports already made.

A worker of Ray is a Python that imports for two seconds of a core before it can do anything, and a tree needs a dozen
of them, and one for each that dies. Here those seconds are spent once: `fork_door` stands where Ray would run Python,
and asks this process for a fork.

    server      imports what hosts need; hears the doors; knows no Ray
    template    a fork of it that imported Ray, for one environment: Ray reads its own once, at import, and the job that
                its workers are for stands in it; a request with another has the template replaced
    worker      a fork of the template

Rules of this file:
* Server and template have one thread and connect to nobody. OpenBLAS is held to one thread for that.
* A fork is a worker only after its door said GO; until then it ends by itself (`fork_door`).
* What a fork inherits is imports and readings of files, kept by the files' identity (`plan.warm`); no socket, no
  thread, no lock, no random state: Python's own is seeded anew in a fork.
* The server ends when the raylet does, which it knows from the first request on, or when none came in `IDLE_S`; the
  template ends with the server.
* Without either everything works as before, two seconds later.

Started as `python -m supervisor.fork_server READYING FOLDER ARGUMENTS OF RAY'S START COMMAND`.
"""

import gc
import importlib
import json
import os
import runpy
import select
import shlex
import signal
import socket
import stat
import struct
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from supervisor import fork_door
from supervisor.child_host import load
from supervisor.child_spec import Readying

RAY_COMMAND: Final = "ray.scripts.scripts"
DOOR: Final = "fork.sock"
PYTHON: Final = "python"
IDLE_S: Final = 120.0
PATIENCE_S: Final = 5.0
_DESCRIPTORS: Final = 1 + len(fork_door.STREAMS)
_CREDENTIALS: Final = struct.Struct("3i")


def main() -> None:
    """Fork off the server, then be Ray's start command."""
    readying, folder = Readying.model_validate_json(sys.argv[1]), Path(sys.argv[2])
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(str(folder / DOOR))
    door.listen(64)
    if os.fork() == 0:
        serve(door, readying)
    door.close()
    sys.executable = str(stand_in(folder))
    sys.argv = ["ray", *sys.argv[3:]]
    runpy.run_module(RAY_COMMAND, run_name="__main__")


def stand_in(folder: Path) -> Path:
    """Write what Ray runs for Python; return its place."""
    command = (sys.executable, "-I", "-S", fork_door.__file__, str(folder / DOOR), sys.executable)
    path = folder / PYTHON
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(stat.S_IRWXU)
    return path


def serve(door: socket.socket, readying: Readying) -> NoReturn:
    """Have a worker forked for each who asks, until the raylet is gone."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    gc.disable()
    for module in readying.preload:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a fork that ended is nobody's business
    watched, template = [door.fileno()], socket.socket()
    settings: dict[str, str] | None = None
    while door.fileno() in select.select(watched, [], [], IDLE_S if len(watched) == 1 else None)[0]:
        wire, _ = door.accept()
        with wire, suppress(OSError, ValueError, EOFError):  # it gave up, or becomes Python now
            wire.settimeout(PATIENCE_S)
            if len(watched) == 1:
                watched.append(_raylet(wire))
            body, streams = _heard(wire, len(fork_door.STREAMS))
            if (wanted := _settings(json.loads(body)["environment"])) != settings:
                template.close()
                settings, template = wanted, _template(readying, [*watched, wire.fileno(), *streams])
            try:
                fork_door.send(template, body, (wire.fileno(), *streams))
            except OSError:
                settings = None
            finally:
                _close(streams)
    os._exit(0)


def _raylet(wire: socket.socket) -> int:
    """Return a descriptor of the process that runs doors: readable once that is gone."""
    asker, _, _ = _CREDENTIALS.unpack(wire.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    parent = Path(f"/proc/{asker}/stat").read_text().rpartition(")")[2].split()[1]
    return os.pidfd_open(int(parent))


def _heard(wire: socket.socket, count: int) -> tuple[bytes, list[int]]:
    """Return a request and its descriptors. Raises `EOFError` where there is no more, ValueError where it is cut."""
    head, descriptors, _, _ = socket.recv_fds(wire, fork_door.HEAD_BYTES, count)
    if not head:
        raise EOFError
    with wire.makefile("rb") as reader:
        body = reader.read(int.from_bytes(head))
    if len(descriptors) != count:
        raise ValueError(f"{len(descriptors)} descriptors, {count} are needed")
    return body, descriptors


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what Ray reads of an environment, once."""
    return {name: value for name, value in environment.items() if name.startswith("RAY_")}


def _template(readying: Readying, inherited: Sequence[int]) -> socket.socket:
    """Fork a template; return the line to it. `inherited` are descriptors that are not its own."""
    ours, its = socket.socketpair()
    if os.fork():
        its.close()
        return ours
    try:
        _close([ours.detach(), *inherited])
        while True:
            body, descriptors = _heard(its, _DESCRIPTORS)
            request = json.loads(body)
            _make_ready(request["environment"], readying)
            if os.fork() == 0:
                its.close()
                _work(socket.socket(fileno=descriptors[0]), descriptors[1:], request)
            _close(descriptors)
    except EOFError:
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it was, this process never becomes a server
        sys.excepthook(*sys.exc_info())
        _end(1)


def _make_ready(environment: Mapping[str, str], readying: Readying) -> None:
    """Import Ray under the raylet's environment, and read again what changed on disk."""
    os.environ.update(environment)
    for module in ("ray._private.node", "ray._private.worker"):
        importlib.import_module(module)
    with suppress(Exception):  # whoever needs it reads it itself, and says what is wrong with it
        if readying.warm:
            load(readying.warm)(readying.state, readying.run)
    gc.freeze()


def _work(wire: socket.socket, streams: Sequence[int], request: dict[str, Any]) -> NoReturn:
    """Become the worker that was asked for, once its door said so; whatever happens, this process forks no more."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if not _is_wanted(wire):
            os._exit(0)
        for place, stream in zip(fork_door.STREAMS, streams, strict=True):
            os.dup2(stream, place)
        _close(streams)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.argv = request["arguments"]
        gc.enable()
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        _end(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:  # noqa: BLE001 - told as Python tells it
        sys.excepthook(*sys.exc_info())
        _end(1)
    _end(0)


def _is_wanted(wire: socket.socket) -> bool:
    """Return whether the door says GO; it is Python itself by now where not."""
    with wire, suppress(OSError):
        wire.settimeout(None)  # GO or the door's end comes: giving up as GO is sent would leave no worker at all
        wire.sendall(fork_door.READY)
        return wire.recv(len(fork_door.GO)) == fork_door.GO
    return False


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
