"""A Ray of our own: started for one state folder, ended with it, and never confused with another.

Started by Ray's own command in a process session of its own, so it outlives the supervisor process and every process of
it can be found again by that session; ended by killing exactly those. Ray's own `stop` command is never used: it ends
every Ray of the machine. Everything listens on loopback only, with a token that lies in the state folder.

The settings are measured (reliability.md 1, 7): workers at normal priority instead of nice 15, no worker started before
it is asked for (hosts are kept ready by us), no dashboard, no monitors, a small object store.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from supervisor.child_spec import RaySettings
from supervisor.directory import RayEntry
from supervisor.process import alive, in_session, kill_and_confirm, wait_gone

ROOT = Path(__file__).resolve().parent.parent
END_TIMEOUT_S = 10.0
SERVERS = ("/gcs_server ", "/raylet ")


class RayUnavailable(Exception):
    """Ray did not start, or does not answer."""


def environment(state: Path, *, private: bool) -> dict[str, str]:
    """Return the environment of everything that runs on Ray; read by Ray at import, so it must be set before."""
    inherited = dict(os.environ)
    paths = [str(ROOT), *(part for part in inherited.get("PYTHONPATH", "").split(os.pathsep) if part)]
    ours = {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    if private:
        inherited.pop("RAY_ADDRESS", None)
        ours |= {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(_token(state / "ray.token")),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # despite its name: every port binds to loopback
            "RAY_worker_niceness": "0",
            "RAY_prestart_worker_first_driver": "0",
        }
    return inherited | ours


def begin(name: str, settings: RaySettings, environment: Mapping[str, str]) -> tuple[Path, "subprocess.Popen[bytes]"]:
    """Start Ray's start command for a private Ray called `name`; `finish` waits for it."""
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)  # Ray opens its own folder to everybody, so it gets one inside
    shutil.rmtree(folder / "ray", ignore_errors=True)
    with (folder / "ray-start.log").open("wb") as log:
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *_arguments(folder / "ray", settings)]
        return folder, subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def finish(folder: Path, starting: "subprocess.Popen[bytes]", settings: RaySettings) -> RayEntry:
    """Wait for a start and return what runs now. Raises `RayUnavailable`, with nothing left running."""
    session = starting.pid
    try:
        code = starting.wait(settings.start_timeout_s)
        if code != 0:
            raise RayUnavailable(f"Ray's start command ended with {code}; see {folder / 'ray-start.log'}")
        address = (folder / "ray" / "ray_current_cluster").read_text().strip()
    except (subprocess.TimeoutExpired, FileNotFoundError) as error:
        raise RayUnavailable(f"Ray did not start within {settings.start_timeout_s:g} s: {error}") from error
    finally:
        if starting.poll() != 0:
            end(RayEntry(address="", private=True, session=session, folder=folder))
    servers = tuple(process for process, command in in_session(session) if any(word in command for word in SERVERS))
    return RayEntry(address=address, private=True, session=session, folder=folder, processes=servers)


def intact(entry: RayEntry) -> bool:
    """Return whether every server of this private Ray still runs."""
    return len(entry.processes) == len(SERVERS) and all(alive(server) for server in entry.processes)


def end(entry: RayEntry) -> tuple[int, ...]:
    """Kill every process of this private Ray, and no other; return the numbers that would not die."""
    if not entry.private:
        return ()
    left = []
    for server in sorted(entry.processes):
        kill_and_confirm(server, END_TIMEOUT_S)
    for process, command in list(in_session(entry.session)):
        ours = str(entry.folder) in command or command.startswith("ray::") or "ray.scripts" in command
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
        "--port=0",
        "--node-ip-address=127.0.0.1",
        f"--object-store-memory={settings.object_store_bytes}",
        f"--temp-dir={folder}",
        "--include-dashboard=false",
        "--disable-usage-stats",
        "--no-monitor",
        "--include-log-monitor=false",
    ]


def _token(path: Path) -> Path:
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        fresh.replace(path)
    return path
