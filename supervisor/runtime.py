"""The supervisor process: takes the lock, starts or joins Ray, takes over or starts the tree, keeps it.

Start and recovery are one path. A GCS of our own that died is brought back (`ray_keeper`); the death of anything else
of Ray ends this process on purpose: the keeper starts a fresh one, which finds the remains in the directory, ends them
for certain, and builds everything anew. A Ray that was joined is not ours to start: one that is away is waited for,
with an alert, and its children trade on for as long as they live.

The keeper watches this process by a watermark of its own, which moves with each pass of whatever goes on in the main
thread: the wait for Ray's start, an `errand`, the loop. What blocks without a pass must be over within the keeper's
deadline (`Plan.supervisor_hang_after_s`).

Beside `app` this is the one place that knows both halves: it joins the loop to the latch and to the watermarks.
`python -m supervisor.runtime STATE [WHY]`: `STATE/plan.json` was written by the keeper's caller, WHY says why the
supervisor before this one ended.
"""

import importlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial
from pathlib import Path

from actors.epoch import read_epoch, take_epoch
from actors.latch import Latch, StopLevel
from actors.places import Places, places
from actors.watermark import MappedWatermark, read_watermark
from supervisor import directory as directories
from supervisor.adoption import Unkillable, bury, recorded_hosts
from supervisor.app.herald import Herald
from supervisor.app.outposts import watches
from supervisor.app.quiet import is_quiet
from supervisor.child_spec import Plan, Readying
from supervisor.chronicle import Hooks, Paths
from supervisor.control_loop import ControlLoop
from supervisor.directory import Directory, DirectoryDamaged, RayEntry
from supervisor.errand import Errands, StoppedWaiting
from supervisor.health import Mark
from supervisor.host_pool import HostsFailing
from supervisor.ownership import AlreadyOwned, Ownership
from supervisor.private_ray import RayUnavailable, begin, end, finish, intact, revive, tidy
from supervisor.process import Process, identify
from supervisor.ray_keeper import RayKeeper, RayLost
from supervisor.ray_wait import connect
from supervisor.shelter import STEP
from supervisor.stop import latch_or_make_room
from supervisor.watcher import StopAsked, Watcher

WHY = 2
"""The argument that says why the supervisor before this one ended."""
START_ATTEMPTS = 2
"""Ray's start once timed out on a busy machine where the next one did not."""


NAME = "supervisor"
"""Of its watermark, and of who tells."""


class ExitCode(IntEnum):
    """How a supervisor process ends; the keeper starts another after every code but STOPPED and OWNED."""

    STOPPED = 0
    OWNED = 64
    RAY_LOST = 75
    UNKILLABLE = 76


def plan_path(state: Path) -> Path:
    """Return where the plan of a state folder lies."""
    return state / "plan.json"


def lock_path(state: Path) -> Path:
    """Return the supervisor's lock."""
    return state / "supervisor.lock"


def main() -> int:
    """Run the supervisor of the state folder named by the first argument; return its exit code."""
    where = places(Path(sys.argv[1]))
    plan = Plan.model_validate_json(plan_path(where.state).read_bytes())
    try:
        ownership = Ownership.take(lock_path(where.state), datetime.now(UTC))
    except AlreadyOwned as error:
        return _fail(ExitCode.OWNED, error)
    me = identify(os.getpid())
    assert me is not None
    try:
        _supervise(plan, where, me)
    except (RayLost, RayUnavailable, HostsFailing) as error:
        _fail(ExitCode.RAY_LOST, error)
        if plan.ray.address == "private":
            bury(where.directory)
        return ExitCode.RAY_LOST
    except StoppedWaiting:
        bury(where.directory)
    except (Unkillable, DirectoryDamaged) as error:
        return _fail(ExitCode.UNKILLABLE, error)
    ownership.release()
    return ExitCode.STOPPED


def read_mark(where: Places, name: str) -> Mark | None:
    """Return the progress of a child, or of the supervisor; None where there never was any."""
    reading = read_watermark(where.watermark(name))
    return None if reading is None else Mark(*reading)


def _supervise(plan: Plan, where: Places, me: Process) -> None:
    watcher, hooks = Watcher(), _hooks(where, me)
    _obey_signals(watcher)
    hooks.progress()
    if len(sys.argv) > WHY:
        hooks.tell("replaced", NAME, sys.argv[WHY])
    ray, before = _underneath(plan, where, hooks.progress)
    from supervisor.cluster import Cluster  # noqa: PLC0415 - imports ray; mostly done while Ray's own start ran

    readying = _readying(plan, where).model_dump_json()

    def join(address: str) -> Cluster:
        return Cluster(address, where.run.name, readying, plan.ray.node_id)

    keeper = RayKeeper(ray, watcher)
    errands = Errands(watcher, keeper, hooks.progress, partial(_stand_on, where, hooks), hooks.tell)
    cluster = connect(keeper, plan.ray.address, join, errands, watcher, hooks.tell)
    found = errands.ask(lambda: cluster.find(recorded_hosts(before)))
    keeper.question(cluster.named)
    paths = Paths(state=where.state, run=where.run, directory=where.directory)
    loop = ControlLoop(plan, paths, cluster, watcher, hooks)
    loop.take_over(me, keeper, before, found)
    nodes = list(watches(plan, cluster.address, cluster, where, watcher.post, before))
    for node in nodes:
        node.start()
    loop.run()
    for node in nodes:
        node.end(hooks.progress)
    keeper.close()
    hooks.progress()
    cluster.close()
    hooks.progress()
    _end_ray(keeper.entry)
    where.directory.unlink()


def _readying(plan: Plan, where: Places) -> Readying:
    return Readying(preload=plan.preload, warm=plan.warm, state=where.state, run=where.run)


def _end_ray(ray: RayEntry) -> None:
    left = end(ray)
    if left:
        raise Unkillable(f"processes {left} of the private Ray survive SIGKILL")
    tidy(ray)


def _stand_on(where: Places, hooks: Hooks, ray: RayEntry) -> None:
    """Say that another GCS runs, before there is a loop: whoever comes after us must find it."""
    before = directories.read(where.directory)
    assert before is not None
    directories.write(where.directory, before.model_copy(update={"ray": ray}))
    hooks.tell("gcs_restarted", "ray", "its GCS ended before the tree was taken over, and was started again")


def _underneath(plan: Plan, where: Places, progress: Callable[[], None]) -> tuple[RayEntry, Directory | None]:
    """Return the Ray to use, and the directory of the tree that runs on it already, if one does."""
    before = directories.read(where.directory)
    if plan.ray.address != "private":
        known = before.ray if before is not None else None
        if known is not None and known.private:  # the plan was another then
            bury(where.directory)
            known = before = None
        return known or RayEntry(address=plan.ray.address, private=False), before
    if before is not None:
        if before.ray is not None and (ray := _still_there(before.ray)) is not None:
            directories.write(where.directory, before.model_copy(update={"ray": ray}))
            return ray, before
        bury(where.directory)
    for _ in range(START_ATTEMPTS - 1):
        try:
            return _start_ray(plan, where, progress), None
        except RayUnavailable as error:
            _say(f"{error}; trying once more")
    return _start_ray(plan, where, progress), None


def _still_there(ray: RayEntry) -> RayEntry | None:
    """Return our Ray as it runs, its GCS brought back where that alone was gone; None where it must be built anew."""
    if intact(ray):
        return ray
    try:
        return revive(ray, os.environ)
    except RayUnavailable as error:
        _say(str(error))
        return None


def _start_ray(plan: Plan, where: Places, progress: Callable[[], None]) -> RayEntry:
    folder, starting = begin(where.run.name, plan.ray, os.environ, _readying(plan, where))
    now = datetime.now(UTC)
    entry = RayEntry(address="", private=True, session=starting.pid, folder=folder)
    # named before it is up: whoever comes after us can end it
    directories.write(where.directory, Directory(supervisor=None, since=now, written_at=now, ray=entry))
    importlib.import_module("supervisor.cluster")
    progress()
    return finish(folder, starting, plan.ray, progress)


def _hooks(where: Places, me: Process) -> Hooks:
    def make_safe(reason: str) -> None:
        latch = Latch(level=StopLevel.REDUCE, reason=reason, by=NAME, at=datetime.now(UTC))
        try:
            latch_or_make_room(where, latch)
        except OSError as error:  # worse without a supervisor
            tell("unsafe", NAME, f"{reason}; the stop cannot be latched: {error.strerror}")

    def fence() -> None:
        try:
            take_epoch(where.epoch, above=read_epoch(where.epoch) + STEP)
        except OSError as error:  # the executor that starts here takes it, too, or does not start
            tell("unsafe", NAME, f"the epoch cannot be taken: {error.strerror}")

    herald = Herald(where, time.time_ns())

    def tell(event: str, name: str, text: str) -> None:
        _say(f"{name}: {event}: {text}")
        herald.tell(event, name, text)

    return Hooks(
        mark=partial(read_mark, where),
        progress=MappedWatermark(where.watermark(NAME), me.started).advance,
        make_safe=make_safe,
        tell=tell,
        jitter=lambda: secrets.randbelow(1000) / 1000,
        quiet=lambda: is_quiet(where.journal),
        fence=fence,
    )


def _obey_signals(watcher: Watcher) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: watcher.post(StopAsked(signal.Signals(received).name)))


def _fail(code: ExitCode, error: Exception) -> ExitCode:
    _say(f"{type(error).__name__}: {error}")
    return code


def _say(text: str) -> None:
    with suppress(OSError):  # a full disk; the trader is told through the notifier
        os.write(sys.stderr.fileno(), f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}\n".encode())


if __name__ == "__main__":
    code = main()
    if code == ExitCode.RAY_LOST:
        os._exit(code)  # Ray's own farewell would wait six seconds for the Ray that is gone, and the rebuild with it
    sys.exit(code)
