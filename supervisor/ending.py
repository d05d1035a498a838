"""Ends the runtime of one state folder, and only it, and says what of it still lives.

The keeper is asked, or the supervisor where no keeper lives; they stop the children in reverse order, each with its
grace. What is still there at the deadline is killed by number and start time, never by name.
"""

import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from actors.places import Places
from supervisor import directory as directories
from supervisor import keeper
from supervisor.adoption import Unkillable, bury
from supervisor.child_spec import Plan
from supervisor.ownership import Owner, owner
from supervisor.process import Process, alive, in_session, kill_and_confirm, send, wait_gone
from supervisor.runtime import lock_path, plan_path

MARGIN_S = 20.0
"""What ending costs beyond the children's own grace."""
CONFIRM_S = 10.0


def masters(where: Places) -> list[Owner]:
    """Return who holds this folder: its keeper, its supervisor."""
    owners = (owner(keeper.lock(where.state)), owner(lock_path(where.state)))
    return [held for held in owners if held is not None]


def named(where: Places) -> list[Process]:
    """Return every other process of this runtime that is alive now. Raises `DirectoryDamaged`."""
    directory = directories.read(where.directory)
    if directory is None:
        return []
    found = [entry.process for entry in directory.children.values() if entry.process is not None]
    found += directory.spares.values()
    if directory.ray is not None and directory.ray.private:
        found += [*directory.ray.processes, *(process for process, _ in in_session(directory.ray.session))]
    return [process for process in dict.fromkeys(found) if alive(process)]


def end(
    where: Places, processes: Sequence[Process], grace_s: float, tell: Callable[[str], None] = lambda _: None
) -> None:
    """Have the holders of a folder end its runtime within the grace; kill what is left of it then."""
    if processes and grace_s:
        send(processes[0], signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    for master in processes:
        if not wait_gone(master, max(deadline - time.monotonic(), 0.0)):
            tell(f"process {master.pid} did not end in time; killed")
            kill_and_confirm(master, CONFIRM_S)
    try:
        bury(where.directory)
    except Unkillable as error:
        tell(str(error))


def grace(where: Places) -> float:
    """Return how long an end in order may take."""
    with suppress(FileNotFoundError):
        plan = Plan.model_validate_json(plan_path(where.state).read_bytes())
        return MARGIN_S + sum(child.stop_grace_s for child in plan.children())
    return MARGIN_S
