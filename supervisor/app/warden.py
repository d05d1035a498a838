"""What a tree has on each other node of it: sees to a supervisor there, carries what both must know, ends it all.

It holds nothing: what runs there is known by the folder's locks and the directory, so a warden that died is replaced
by one that finds everything. Deaths on its node it confirms by pidfd, as everywhere (`process`). Its calls come one at
a time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from actors.places import places
from supervisor import directory as directories
from supervisor import ending, keeper
from supervisor.app import courier
from supervisor.child_spec import Plan
from supervisor.node import Beat, Report
from supervisor.ownership import owner
from supervisor.private_ray import ROOT
from supervisor.process import alive
from supervisor.ray_settings import OURS, SHARED
from supervisor.runtime import lock_path, plan_path

_TOKEN: Final = ("RAY_AUTH_TOKEN_PATH", "RAY_AUTH_TOKEN")
LAUNCH_TIMEOUT_S: Final = 30.0


class Warden:
    """One node's. `state`: the folder there; `node_id`: what Ray calls the node."""

    def __init__(self, state: str, node_id: str) -> None:
        os.umask(0o077)
        self._where, self._node_id = places(Path(state)), node_id

    def beat(self, beat_json: str) -> str:
        """Have a supervisor run what is wanted here; exchange what is carried; say how the children are."""
        beat = Beat.model_validate_json(beat_json)
        if beat.plan is not None and owner(keeper.lock(self._where.state)) is None:
            self._launch(beat.plan, beat.carried)
        told = courier.exchange(self._where, beat.carried)
        directory = directories.read(self._where.directory)
        lives = directory is not None and directory.supervisor is not None and alive(directory.supervisor)
        children = directory.children if directory is not None and lives else {}
        return Report(told=told, children=children).model_dump_json()

    def end(self, grace: str) -> str:
        """End everything here, "in order" or "at once"; return, as JSON, the processes that are left: none."""
        masters, named = [held.process for held in ending.masters(self._where)], ending.named(self._where)
        ending.end(self._where, masters, ending.grace(self._where) if grace == "in order" else 0.0)
        named += ending.named(self._where)
        return json.dumps([process.pid for process in (*masters, *named) if alive(process)])

    def _launch(self, plan: Plan, carried: str) -> None:
        where = self._where
        if owner(lock_path(where.state)) is None:
            courier.furnish(where, carried)
            kept_here = plan.ray.model_copy(update={"node_id": self._node_id})
            fresh = plan_path(where.state).with_suffix(".new")
            fresh.write_text(plan.model_copy(update={"ray": kept_here}).model_dump_json(indent=1))
            fresh.replace(plan_path(where.state))
        where.logs.mkdir(mode=0o700, exist_ok=True)
        with (where.logs / "keeper.log").open("ab") as log:
            subprocess.run(
                [sys.executable, "-m", "supervisor.outpost", str(where.state)],
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=LAUNCH_TIMEOUT_S,
                check=True,
            )


def _environment() -> dict[str, str]:
    """Return this process's environment without what makes it one of Ray's workers."""
    settings = {setting.name for setting in (*OURS, *SHARED)} | set(_TOKEN)
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_") or name in settings}
