"""Jobs that research may ask for; what a job is worth is said in a file, for its worker may be killed."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import ray  # noqa: TID251 - a task asks where it runs

from supervisor.fan_out import fan_out

MET_BY_S = 90.0


def meet(asked: str) -> str:
    """Wait until `count` of us run at once in `folder`; return where this one ran, and how nice it was."""
    wanted = json.loads(asked)
    (Path(wanted["folder"]) / f"met-{os.getpid()}").touch()
    deadline = time.monotonic() + MET_BY_S
    while len(list(Path(wanted["folder"]).glob("met-*"))) < wanted["count"]:
        assert time.monotonic() < deadline, "the others never came"
        time.sleep(0.02)
    return json.dumps({"node": ray.get_runtime_context().get_node_id(), "nice": os.nice(0)})


def die_once(asked: str) -> str:
    """Be killed at the first try."""
    mark = Path(asked) / "died"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "tried again"


def refuse(asked: str) -> str:
    """Refuse what begins with no."""
    if asked.startswith("no"):
        raise ValueError(f"{asked}: not this one")
    return asked


def drive(address: str, *jobs: str, resource: str = "") -> None:
    """Fan out `jobs`, each "name=argument", one call a name; print what was answered. Runs as a driver of its own."""
    answers, sys.stdout = sys.stdout, sys.stderr
    by_name: dict[str, list[str]] = {}
    for job in jobs:
        name, argument = job.split("=", 1)
        by_name.setdefault(name, []).append(argument)
    for name, arguments in by_name.items():
        for done in fan_out(address, f"{__name__}:{name}", arguments, resource):
            print(json.dumps({"job": name} | done.model_dump()), file=answers, flush=True)
