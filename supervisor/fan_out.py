"""Research fans out: many pure jobs as tasks of one Ray, on every node that it has.

Rules of this file
1. A job is a function named "module:function" from one text to another. No code crosses, only its name and its texts:
   each node has the project at the same path, as it must for children.
2. Jobs have no effects. So Ray may run one again whose worker or node was lost; nothing else of ours is ever retried.
3. A job takes a whole core, at the lowest priority: what trades on that node goes first. Where it should take nothing
   from a node that trades, name a `resource` that only the others have.
4. What a job raises is its answer; the others go on. A caller that stops listening ends what still runs.

The environment of `ray_settings.OURS` must be set before this module is imported. Ray says on `sys.stdout` which worker
it lost: whoever prints answers there keeps the two apart.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import ray  # noqa: TID251 - tasks, beside the hosts of `cluster`
from ray.exceptions import RayError, RayTaskError  # noqa: TID251

from supervisor.child_host import load
from supervisor.child_spec import Spec
from supervisor.cluster import join
from supervisor.ray_wait import knock

TRIES_MORE = 3
LOWEST_PRIORITY = 19
RESOURCE_SHARE = 0.001


class Done(Spec):
    """A job that ended: its place among the arguments, and its text, or why it has none."""

    place: int
    text: str = ""
    why: str = ""


def fan_out(address: str, job: str, arguments: Sequence[str], resource: str = "") -> Iterator[Done]:
    """Run `job` once for each argument, and yield each answer as it ends, in whatever order that is.

    `address` is "host:port", or "auto" for the Ray of this machine's user. Raises `RayUnavailable`.
    """
    knock(address)
    join(address)
    share = {resource: RESOURCE_SHARE} if resource else {}
    task = ray.remote(num_cpus=1, max_retries=TRIES_MORE, resources=share)(_run)
    running = {task.remote(job, argument): place for place, argument in enumerate(arguments)}
    try:
        while running:
            (ended,), _ = ray.wait(list(running), num_returns=1)
            yield _answer(running.pop(ended), ended)
    finally:
        ray.shutdown()  # Ray ends the tasks of a driver that is gone


def _run(job: str, argument: str) -> str:
    os.setpriority(os.PRIO_PROCESS, 0, LOWEST_PRIORITY)
    return str(load(job)(argument))


def _answer(place: int, ended: Any) -> Done:
    try:
        return Done(place=place, text=ray.get(ended))
    except RayTaskError as error:
        return Done(place=place, why=f"{type(error.cause).__name__}: {error.cause}")
    except RayError as error:
        return Done(place=place, why=f"{type(error).__name__}: {error}")
