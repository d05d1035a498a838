"""A Ray of our own: started for one state folder, ended with it, and never confused with another.

Started by Ray's own command in a process session of its own, so it outlives the supervisor process and every process of
it can be found again by that session; ended by killing exactly those. Ray's own `stop` command is never used: it ends
every Ray of the machine. Everything listens on loopback only, with a token that lies in the state folder.

Its GCS keeps its tables on disk, so that one that died is started again by the same command, at the same port: the
children and the driver go on meanwhile, and find it again. The raylet's death takes its workers with it; nothing is
left there to revive.

What is asked of a Ray stands in `ray_settings`. No dashboard, no monitors, a small object store.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from supervisor.child_spec import RaySettings, Readying
from supervisor.directory import RayEntry
from supervisor.fork_server import DOOR, RAY_COMMAND
from supervisor.listeners import listening
from supervisor.process import Process, alive, identify, in_session, kill_and_confirm, of_this_user, wait_gone
from supervisor.ray_settings import GCS_STORAGE, OURS, SHARED

ROOT = Path(__file__).resolve().parent.parent
END_TIMEOUT_S = 10.0
START_LOOK_S = 0.2
SERVERS = ("gcs_server", "raylet")
GCS, RAYLET = 0, 1
"""Their places in `RayEntry.processes`."""


class RayUnavailable(Exception):
    """Ray did not start, or does not answer."""


def environment(state: Path, *, private: bool) -> dict[str, str]:
    """Return the environment of everything that runs on Ray; read by Ray at import, so it must be set before."""
    inherited = dict(os.environ)
    paths = [str(ROOT), *(part for part in inherited.get("PYTHONPATH", "").split(os.pathsep) if part)]
    ours = {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        **{setting.name: setting.value for setting in OURS},
    }
    if private:
        inherited.pop("RAY_ADDRESS", None)
        ours |= {setting.name: setting.value for setting in SHARED}
        ours["RAY_AUTH_TOKEN_PATH"] = str(token(state / "ray.token"))
    return inherited | ours


def token(path: Path) -> Path:
    """Return the file of a Ray's token, made where there is none; for its owner's eyes alone."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        fresh.replace(path)
    return path


def begin(
    name: str, settings: RaySettings, environment: Mapping[str, str], readying: Readying | None = None
) -> tuple[Path, "subprocess.Popen[bytes]"]:
    """Start Ray's start command for a private Ray called `name`; `finish` waits for it.

    Its workers are forked from a process made ready once; without `readying` each is a Python of its own.
    """
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)  # Ray opens its own folder to everybody, so it gets one inside
    for remains in (folder / "ray", folder / "gcs"):
        shutil.rmtree(remains, ignore_errors=True)
    (folder / DOOR).unlink(missing_ok=True)
    with (folder / "ray-start.log").open("wb") as log:
        start = ("supervisor.fork_server", readying.model_dump_json(), str(folder)) if readying else (RAY_COMMAND,)
        command = [sys.executable, "-m", *start, "start", *_arguments(folder / "ray", settings)]
        whole = {**environment, **_storage(folder)}
        return folder, subprocess.Popen(
            command, env=whole, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def finish(
    folder: Path,
    starting: "subprocess.Popen[bytes]",
    settings: RaySettings,
    progress: Callable[[], None] = lambda: None,
) -> RayEntry:
    """Wait for a start, with `progress` called meanwhile, and return what runs now.

    Raises `RayUnavailable`, with nothing left running.
    """
    session = starting.pid
    try:
        code = _end_of(starting, settings.start_timeout_s, progress)
        if code != 0:
            raise RayUnavailable(f"Ray's start command ended with {code}; see {folder / 'ray-start.log'}")
        address = (folder / "ray" / "ray_current_cluster").read_text().strip()
    except (subprocess.TimeoutExpired, FileNotFoundError) as error:
        raise RayUnavailable(f"Ray did not start within {settings.start_timeout_s:g} s: {error}") from error
    finally:
        if starting.poll() != 0:
            end(RayEntry(address="", private=True, session=session, folder=folder))
    servers = {
        Path(command[0]).name: (process, command)
        for process, theirs, command in of_this_user()
        if theirs == session and command
    }
    if not all(name in servers for name in SERVERS):
        raise RayUnavailable(f"a server of Ray ended right after the start; see {folder / 'ray-start.log'}")
    _keep_command(folder, servers[SERVERS[GCS]][1], address)
    processes = tuple(servers[name][0] for name in SERVERS)
    return RayEntry(address=address, private=True, session=session, folder=folder, processes=processes)


def _end_of(starting: "subprocess.Popen[bytes]", timeout_s: float, progress: Callable[[], None]) -> int:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        progress()
        with suppress(subprocess.TimeoutExpired):
            return starting.wait(START_LOOK_S)
    raise subprocess.TimeoutExpired(starting.args, timeout_s)


def intact(entry: RayEntry) -> bool:
    """Return whether every server of this Ray still runs."""
    return len(entry.processes) == len(SERVERS) and all(alive(server) for server in entry.processes)


def joined(address: str) -> RayEntry:
    """Return a Ray that runs already, with its servers where they are this user's, on this machine, and no others."""
    port = int(address.rpartition(":")[2])
    gcs = [each.process for each in listening() if each.port == port and SERVERS[GCS] in each.command]
    raylets = [
        process
        for process, _, command in of_this_user()
        if command and Path(command[0]).name == SERVERS[RAYLET] and f"--gcs-address={address}" in " ".join(command)
    ]
    alone = len(gcs) == len(raylets) == 1  # several raylets on one machine are a test's, and watched by nobody
    return RayEntry(address=address, private=False, processes=(gcs[0], raylets[0]) if alone else ())


def revive(entry: RayEntry, environment: Mapping[str, str]) -> RayEntry:
    """Start the GCS of a private Ray again, on its own storage; return what runs then.

    Raises `RayUnavailable` where there is nothing to revive: the raylet is gone, or the GCS did not start.
    """
    if not entry.private or entry.folder is None or len(entry.processes) != len(SERVERS):
        raise RayUnavailable("this Ray's servers are not ours to start again")
    raylet = entry.processes[RAYLET]
    if not alive(raylet):
        raise RayUnavailable(f"the raylet, process {raylet.pid}, is gone")
    for server in _gcs_servers(entry.folder):  # also one that was started, and not written down any more
        kill_and_confirm(server, END_TIMEOUT_S)
    command = json.loads(_command_file(entry.folder).read_bytes())
    with (entry.folder / "ray-start.log").open("ab") as log:
        program = subprocess.Popen(
            command,
            env={**environment, **_storage(entry.folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # it outlives this process like the one before it
        )
    gcs = identify(program.pid)
    threading.Thread(target=program.wait, name="gcs", daemon=True).start()  # its end is seen by pidfd; this reaps it
    if gcs is None:
        raise RayUnavailable("the GCS ended at once")
    return entry.model_copy(update={"processes": (gcs, raylet)})


def end(entry: RayEntry) -> tuple[int, ...]:
    """Kill every process of this private Ray, and no other; return the numbers that would not die."""
    if not entry.private:
        return ()
    left = []
    stray = _gcs_servers(entry.folder) if entry.folder is not None else ()
    for server in (*entry.processes, *stray):
        kill_and_confirm(server, END_TIMEOUT_S)
    for process, command in list(in_session(entry.session)):
        ours = str(entry.folder) in command or command.startswith("ray::") or RAY_COMMAND in command
        if ours and not kill_and_confirm(process, END_TIMEOUT_S):
            left.append(process.pid)
    return (*left, *(server.pid for server in entry.processes if not wait_gone(server, 0)))


def tidy(entry: RayEntry) -> None:
    """Remove the folder of a private Ray that was ended in order; after anything else its logs are kept for a while."""
    if entry.folder is not None:
        shutil.rmtree(entry.folder, ignore_errors=True)


def _arguments(folder: Path, settings: RaySettings) -> list[str]:
    return [
        "--head",
        f"--port={settings.port}",
        "--node-ip-address=127.0.0.1",
        f"--object-store-memory={settings.object_store_bytes}",
        f"--temp-dir={folder}",
        "--include-dashboard=false",
        "--disable-usage-stats",
        "--no-monitor",
        "--include-log-monitor=false",
    ]


def _storage(folder: Path) -> dict[str, str]:
    return {GCS_STORAGE.name: GCS_STORAGE.value, f"{GCS_STORAGE.name}_path": str(folder / "gcs")}


def _command_file(folder: Path) -> Path:
    return folder / "gcs-command.json"


def _keep_command(folder: Path, command: tuple[str, ...], address: str) -> None:
    """Keep how the GCS was started, with the port it found instead of the 0 it was given."""
    port = address.rpartition(":")[2]
    fixed = [f"--gcs_server_port={port}" if part.startswith("--gcs_server_port=") else part for part in command]
    _command_file(folder).write_text(json.dumps(fixed))


def _gcs_servers(folder: Path) -> tuple[Process, ...]:
    """Return every GCS that works in this folder."""
    log = f"--log_dir={folder}{os.sep}"
    return tuple(
        process
        for process, _, command in of_this_user()
        if command and Path(command[0]).name == SERVERS[GCS] and any(part.startswith(log) for part in command)
    )
