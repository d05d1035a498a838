import socket
import threading
from dataclasses import dataclass

import pytest

from supervisor.directory import RayEntry
from supervisor.errand import Errands, StoppedWaiting
from supervisor.private_ray import RayUnavailable
from supervisor.ray_keeper import RayKeeper
from supervisor.ray_wait import connect
from supervisor.watcher import StopAsked, Watcher


@dataclass
class Connection:
    address: str


class Told(list):
    def __call__(self, event: str, name: str, text: str) -> None:
        self.append(event)


@pytest.fixture
def watcher():
    watcher = Watcher()
    yield watcher
    watcher.close()


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def silent_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


def joined(address: str) -> RayEntry:
    return RayEntry(address=address, private=False)


def refuse(address: str) -> Connection:
    raise RayUnavailable(f"nothing at {address}")


def reach(entry: RayEntry, planned: str, join, watcher: Watcher, told: Told) -> tuple[Connection, RayEntry]:
    keeper = RayKeeper(entry, watcher)
    errands = Errands(watcher, keeper, lambda: None, lambda _: None, told)
    return connect(keeper, planned, join, errands, watcher, told), keeper.entry


def test_a_private_ray_that_does_not_answer_is_not_waited_for(watcher):
    with pytest.raises(RayUnavailable):
        reach(RayEntry(address="127.0.0.1:1", private=True), "private", refuse, watcher, Told())


def test_a_joined_ray_that_answers_is_joined_without_a_word(watcher, listener):
    told = Told()
    connection, entry = reach(joined(listener), "auto", Connection, watcher, told)
    assert (connection.address, entry.address, entry.private, told) == (listener, listener, False, [])


def test_where_nobody_listens_ray_is_not_asked_and_the_plan_s_own_address_comes_next(watcher, silent_address, listener):
    told, asked = Told(), []

    def join(address: str) -> Connection:
        asked.append(address)
        return Connection(address)

    connection, _ = reach(joined(silent_address), listener, join, watcher, told)
    assert (asked, connection.address) == ([listener], listener)
    assert told == ["ray_awaited", "ray_found"]


def test_a_stop_ends_the_wait(watcher, silent_address):
    threading.Timer(0.05, watcher.post, [StopAsked("SIGTERM")]).start()
    with pytest.raises(StoppedWaiting):
        reach(joined(silent_address), silent_address, refuse, watcher, Told())
