import itertools
from concurrent.futures import Future

import pytest

from supervisor.host_pool import SPAWN_FAILURES_MAX, SPAWN_PAUSE_MAX_S, SPAWN_TIMEOUT_S, HostPool, HostsFailing
from supervisor.process import Process
from supervisor.watcher import Answered, Gone, Watcher, boot_s

NOBODY = Process(2**22, 1)
"""A number no process has: watched, it is reported gone."""


class SlowHosts:
    """Hosts that answer when told to."""

    def __init__(self) -> None:
        self.asked: dict[int, Future] = {}
        self.discarded: list[int] = []

    def spawn(self, number: int) -> Future:
        self.asked[number] = Future()
        return self.asked[number]

    def discard(self, number: int) -> None:
        self.discarded.append(number)


@pytest.fixture
def hosts():
    return SlowHosts()


@pytest.fixture
def watcher():
    watcher = Watcher()
    yield watcher
    watcher.close()


@pytest.fixture
def pool(hosts, watcher):
    return HostPool(hosts, watcher, itertools.count(1).__next__)


def settle(pool: HostPool, watcher: Watcher) -> None:
    for event in watcher.wait(0):
        if isinstance(event, Answered):
            pool.spawned(event)


def fail(pool: HostPool, hosts: SlowHosts, watcher: Watcher, times: int) -> None:
    for _ in range(times):
        pool.provide(1, boot_s() + 2 * SPAWN_PAUSE_MAX_S)
        hosts.asked[max(hosts.asked)].set_exception(RuntimeError("no memory"))
        settle(pool, watcher)


def test_what_is_on_its_way_is_not_asked_for_twice(pool, hosts):
    pool.provide(3, 0.0)
    pool.provide(3, 1.0)
    assert list(hosts.asked) == [1, 2, 3]


def test_the_oldest_ready_host_is_handed_out_once(pool, hosts, watcher):
    pool.provide(2, 0.0)
    hosts.asked[2].set_result(NOBODY)
    hosts.asked[1].set_result(NOBODY)
    settle(pool, watcher)
    assert [pool.take(), pool.take(), pool.take()] == [(2, NOBODY), (1, NOBODY), None]


def test_a_ready_host_that_dies_is_not_handed_out(pool, hosts, watcher):
    pool.provide(1, 0.0)
    hosts.asked[1].set_result(NOBODY)
    settle(pool, watcher)
    assert watcher.wait(1) == [Gone("host-1")]
    assert pool.gone(1)
    assert pool.take() is None


def test_a_host_that_is_not_ready_in_time_is_killed_and_its_late_answer_ignored(pool, hosts, watcher):
    pool.provide(1, 0.0)
    pool.provide(1, SPAWN_TIMEOUT_S + 1)
    assert hosts.discarded == [1]
    hosts.asked[1].set_result(NOBODY)
    settle(pool, watcher)
    assert pool.take() is None


def test_failed_spawns_are_not_repeated_at_once(pool, hosts, watcher):
    fail(pool, hosts, watcher, 1)
    pool.provide(1, boot_s())
    assert list(hosts.asked) == [1]


def test_failing_spares_are_borne_but_a_waiting_child_insists(pool, hosts, watcher):
    fail(pool, hosts, watcher, SPAWN_FAILURES_MAX - 1)
    pool.insist()
    fail(pool, hosts, watcher, 1)
    with pytest.raises(HostsFailing, match="3 hosts in a row did not start; the last: RuntimeError: no memory"):
        pool.insist()


def test_one_success_forgets_the_failures(pool, hosts, watcher):
    fail(pool, hosts, watcher, SPAWN_FAILURES_MAX)
    pool.provide(1, boot_s() + 2 * SPAWN_PAUSE_MAX_S)
    hosts.asked[max(hosts.asked)].set_result(NOBODY)
    settle(pool, watcher)
    pool.take()
    pool.insist()
