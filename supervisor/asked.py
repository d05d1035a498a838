"""What people ask of the supervisor: one file a request in the run folder, taken by the loop at its next look.

A file, not a signal: it may be written while no supervisor lives, and is obeyed by the next. It is written whole or not
at all, and taken once; one that cannot be read is dropped, and whoever asked sees that nothing came of it.
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from supervisor.child import Child
from supervisor.child_spec import Name, Plan, Spec
from supervisor.tree import affected
from supervisor.watcher import boot_s

FOLDER = "asked"


class RestartAsked(Spec):
    """Stop a child in order and start it again, whatever its history."""

    name: Name
    reason: str


def ask(run: Path, asked: RestartAsked) -> None:
    """Leave a request."""
    folder = run / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh = folder / f".{time.time_ns()}-{os.getpid()}"
    fresh.write_text(asked.model_dump_json())
    fresh.replace(folder / f"{asked.name}-{fresh.name[1:]}")


def take(run: Path) -> list[RestartAsked]:
    """Return the requests since the last call."""
    found = []
    for path in sorted(path for path in (run / FOLDER).glob("[!.]*")):
        try:
            found.append(RestartAsked.model_validate_json(path.read_bytes()))
        except ValidationError:
            pass
        finally:
            path.unlink(missing_ok=True)
    return found


def obey(run: Path, plan: Plan, children: Mapping[str, Child]) -> Iterator[tuple[Child, str]]:
    """Mark whoever is asked for, and whoever restarts with it, to be brought down and up; yield each asked, and why."""
    for request in take(run):
        if request.name in children:
            for name in affected(plan.group_of(request.name), request.name):
                children[name].begin_anew(f"restarted by hand: {request.reason}", boot_s())
            yield children[request.name], request.reason
