"""Ray, and nothing else touches it: creating hosts, finding them again, calling them.

Ray restarts and retries nothing here (`max_restarts=0`, `max_task_retries=0`): a Ray error may be raised although the
call ran. Hosts are detached and named by number in a namespace derived from the state folder, so they outlive the
driver and a restarted supervisor finds them. They are kept on the driver's own node: their deaths are seen by pidfd.
What is to be on another node (`place`) is detached and named, too, and found there again.

Whatever waits for the GCS waits however long it is away, so threads do it: the supervisor must be free to bring the GCS
back. Creating and killing are this module's thread's; connecting and `find` are an `errand`'s, before the loop runs.

The environment of `private_ray.environment` must be set before this module is imported.
"""

import os
import queue
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import ray  # noqa: TID251 - for hosts, the one module that talks to Ray
from ray.exceptions import RayError  # noqa: TID251
from ray.job_config import JobConfig  # noqa: TID251
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: TID251

from supervisor.child_host import ChildHost, load
from supervisor.host_pool import Found
from supervisor.private_ray import ROOT, RayUnavailable

RESOURCE_SHARE = 0.001
CLOSE_TIMEOUT_S = 2.0
FIND_ATTEMPTS = 3
CONTROL = "control"
"""Concurrency group of the calls that must get through while a start is under way."""


def join(address: str, namespace: str | None = None) -> None:
    """Connect this process as a driver. `address` is "host:port", or "auto"; raises `RayUnavailable`."""
    # workers of a Ray that was not started by us know nothing of our paths
    paths = JobConfig(_py_driver_sys_path=os.environ.get("PYTHONPATH", str(ROOT)).split(os.pathsep))
    try:
        ray.init(
            address=address,
            namespace=namespace,
            job_config=paths,
            log_to_driver=False,
            configure_logging=False,
        )
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        ray.shutdown()  # or the next attempt of this process would find half a connection
        raise RayUnavailable(f"Ray at {address}: {error}") from error


class Placed:
    """An object of ours on another node."""

    def __init__(self, factory: str, argument: str) -> None:
        self._it = load(factory)(argument, ray.get_runtime_context().get_node_id())

    def call(self, method: str, argument: str) -> str:
        """Call a method of it."""
        return str(getattr(self._it, method)(argument))


class Cluster:
    """A driver's connection to one Ray."""

    def __init__(self, address: str, namespace: str, readying_json: str, node_id: str = "") -> None:
        """Connect; raises `RayUnavailable`. `address` is "host:port", or "auto" for the Ray of this machine's user.

        Hosts are kept on the node `node_id`; on this process's own where none is named.
        """
        join(address, namespace)
        node_id = node_id or ray.get_runtime_context().get_node_id()
        this_node = NodeAffinitySchedulingStrategy(node_id, soft=False)
        self._host = ray.remote(concurrency_groups={CONTROL: 1})(ChildHost)
        self._options = {
            "lifetime": "detached",
            "num_cpus": 0,
            "max_restarts": 0,
            "max_task_retries": 0,
            "scheduling_strategy": this_node,
        }
        self._readying_json = readying_json
        self._handles: dict[int, Any] = {}
        self._placed: dict[str, Any] = {}
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="ray-calls", daemon=True).start()

    @property
    def address(self) -> str:
        """The address connected to, as "host:port"."""
        return str(ray.get_runtime_context().gcs_address)

    def spawn(self, number: int) -> "Future[tuple[int, int]]":
        """Create a blank host; the answer is its process number and start time, once it is warm."""
        answer: Future[tuple[int, int]] = Future()

        def create() -> None:
            try:
                handle = self._host.options(name=_name(number), **self._options).remote(self._readying_json)
                self._handles[number] = handle
                _hand_on(handle.identify_process.remote(), answer)
            except Exception as error:  # noqa: BLE001 - whatever it was, it is the answer
                answer.set_exception(error)

        self._calls.put(create)
        return answer

    def start(self, number: int, context_json: str) -> "Future[int]":
        """Make the host a child; the answer is its process number."""
        return _future(self._handles[number].start.remote(context_json))

    def stop(self, number: int) -> None:
        """Ask the host's child to stop; not waited for."""
        self._handles[number].stop.options(concurrency_group=CONTROL).remote()

    def find(self, numbers: Collection[int]) -> Found:
        """Find hosts that an earlier driver created. Waits for the GCS; raises `RayUnavailable`."""
        failure: Exception | None = None
        for _ in range(FIND_ATTEMPTS):
            try:
                named = self.named()
                for number in named & frozenset(numbers):
                    self._handles[number] = ray.get_actor(_name(number))
            except (ValueError, RayError) as error:  # also where the GCS was away, which says nothing of the host
                failure = error
                continue
            return Found(named & frozenset(numbers), tuple(named - self._handles.keys()))
        raise RayUnavailable(f"its hosts cannot be listed: {failure}") from failure

    def named(self) -> frozenset[int]:
        """Return the hosts of our namespace; only a GCS at work answers."""
        names = ray.util.list_named_actors()
        return frozenset(int(name.removeprefix("host-")) for name in names if name.startswith("host-"))

    def discard(self, number: int) -> None:
        """Kill a blank host through Ray, and forget it; not waited for."""

        def kill() -> None:
            handle = self._handles.pop(number, None)
            ray.kill(ray.get_actor(_name(number)) if handle is None else handle)

        self._calls.put(kill)

    def place(self, name: str, resource: str, factory: str, argument: str) -> None:
        """Have an object of `factory` on the node that has `resource`, where it is not there already."""
        placed = ray.remote(Placed).options(
            name=name,
            get_if_exists=True,
            resources={resource: RESOURCE_SHARE},
            **{key: value for key, value in self._options.items() if key != "scheduling_strategy"},
        )
        self._placed[name] = placed.remote(factory, argument)

    def call(self, name: str, method: str, argument: str) -> "Future[str]":
        """Call a method of something placed. A node that cannot be reached leaves the answer open, or an error."""
        return _future(self._placed[name].call.remote(method, argument))

    def forget(self, number: int) -> None:
        """Drop the handle of a host that is gone."""
        self._handles.pop(number, None)

    def close(self) -> None:
        """Disconnect; hosts stay. What was asked for before is done first, as far as it is in a while."""
        for placed in self._placed.values():
            self._calls.put(partial(ray.kill, placed))
        done = threading.Event()
        self._calls.put(done.set)
        done.wait(CLOSE_TIMEOUT_S)
        ray.shutdown()

    def _serve(self) -> None:
        """Do what needs the GCS, in the order it was asked for: without one Ray stands still in such a call."""
        while True:
            call = self._calls.get()
            with suppress(Exception):  # a host that cannot be killed is nobody's, and Ray says so in its own log
                call()


def _name(number: int) -> str:
    return f"host-{number}"


def _future(reference: Any) -> "Future[Any]":
    """Return the answer as a plain future, kept apart from the loop that Ray calls back on."""
    answer: Future[Any] = Future()
    _hand_on(reference, answer)
    return answer


def _hand_on(reference: Any, answer: "Future[Any]") -> None:
    def settle(done: "Future[Any]") -> None:
        error = done.exception()
        if error is None:
            answer.set_result(done.result())
        else:
            answer.set_exception(error)

    callback: Callable[[Future[Any]], None] = settle
    reference.future().add_done_callback(callback)
