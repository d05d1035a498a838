"""Streams of actors on two nodes, each with a run folder of its own, led through two gates over TCP."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from actors.links import GATE, GATE_TO_ALL
from actors.messages import AskState
from actors.places import Places
from actors.ports import Arrival, Envelope, PeerLost, PeerUnavailable
from actors.streams import LocalStream
from supervisor.app.gate import Gate
from tests.ports import free_port
from tests.supervisor.followers import until

TOKEN = b"a token that both gates know"


class Running:
    """A gate at work in a thread of its own."""

    def __init__(self, inside: Path, ports: tuple[int, int], leads_to: Callable[[str], bool], token: bytes = TOKEN):
        self.lost, self._stop, turned = False, threading.Event(), threading.Event()
        here, there = (("127.0.0.1", port) for port in ports)
        gate = Gate(inside, here, there, token, leads_to, lambda: self.lost)
        self._thread = threading.Thread(target=lambda: asyncio.run(gate.work(self._stop, turned.set)))
        self._thread.start()
        assert turned.wait(10)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


class Two:
    """Home, whose gate leads to the executor alone, and the far node, whose gate leads to everybody else."""

    def __init__(self, folder: Path, far_token: bytes = TOKEN) -> None:
        self.home, self.far = (Places(state=folder, run=folder / name) for name in ("home", "far"))
        for where in (self.home, self.far):
            where.run.mkdir()
        self.ports = free_port(), free_port()
        executor = self.home.socket("executor")
        self.gate = Running(executor.with_suffix(GATE), self.ports, lambda name: name == executor.name)
        to_all = self.far.run / GATE_TO_ALL
        self.far_gate = Running(to_all, self.ports[::-1], lambda name: name != executor.name, far_token)
        self.streams: list[LocalStream] = []

    def stream(self, where: Places, name: str, **options: object) -> LocalStream:
        self.streams.append(LocalStream(where, name, incarnation=1, **options))
        return self.streams[-1]

    def close(self) -> None:
        for stream in self.streams:
            stream.close()
        for gate in (self.gate, self.far_gate):
            gate.stop()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    two = Two(tmp_path)
    yield two
    two.close()


def hears(stream: LocalStream, *others: LocalStream, seconds: float = 5.0) -> Arrival:
    """Return the next message or loss that arrives, while the others turn too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for other in others:
            other.receive(0)
        for arrival in stream.receive(0.01):
            if isinstance(arrival, Envelope | PeerLost):
                return arrival
    raise AssertionError("nothing arrived")


def test_an_actor_tells_one_on_the_other_node_and_is_answered_at_its_own_door(two):
    executor, asker = two.stream(two.far, "executor"), two.stream(two.home, "asker")
    asker.tell("executor", AskState())
    heard = hears(executor, asker)
    assert (heard.sender, heard.message) == ("asker", AskState())
    executor.tell("asker", AskState())
    assert hears(asker, executor).message == AskState()


def test_what_is_published_there_is_heard_here(two):
    executor = two.stream(two.far, "executor")
    listener = two.stream(two.home, "listener", hears=("executor",))
    until(lambda: executor.receive(0.01) or listener.receive(0.01) or executor.publish(AskState()) or _heard(listener))


def _heard(listener: LocalStream) -> bool:
    return any(isinstance(arrival, Envelope) for arrival in listener.receive(0.05))


def test_the_death_of_a_peer_there_is_seen_here(two):
    executor = two.stream(two.far, "executor")
    watcher = two.stream(two.home, "watcher", peers=("executor",))
    watcher.tell("executor", AskState())
    assert isinstance(hears(executor, watcher), Envelope)
    two.streams.remove(executor)
    executor.close()
    assert hears(watcher) == PeerLost("executor")


def test_the_line_to_nobody_ends_and_the_one_to_a_peer_of_this_node_needs_no_gate(two):
    watcher = two.stream(two.home, "watcher", peers=("executor",))
    assert hears(watcher) == PeerLost("executor")
    two.far_gate.stop()
    near = two.stream(two.home, "executor")
    watcher.tell("executor", AskState())
    assert isinstance(hears(near, watcher), Envelope)


def test_a_node_that_is_lost_has_its_lines_cut_and_lets_nobody_in(two):
    executor = two.stream(two.far, "executor", peers=("asker",))
    asker = two.stream(two.home, "asker", peers=("executor",))
    asker.tell("executor", AskState())
    assert isinstance(hears(executor, asker), Envelope)
    two.gate.lost = True
    assert hears(asker, executor) == PeerLost("executor")
    with suppress(PeerUnavailable):
        executor.tell("asker", AskState())
    assert not [each for each in asker.receive(0.2) if isinstance(each, Envelope)]
    with pytest.raises(PeerUnavailable):
        asker.tell("executor", AskState())


def test_a_gate_without_the_token_lets_nobody_through_and_is_let_in_nowhere(tmp_path):
    two = Two(tmp_path, far_token=b"another token, and as long")
    both = two.stream(two.far, "executor", peers=("asker",)), two.stream(two.home, "asker", peers=("executor",))
    for _ in range(20):
        for stream, peer in zip(both, ("asker", "executor"), strict=True):
            with suppress(PeerUnavailable):
                stream.tell(peer, AskState())
            assert not [each for each in stream.receive(0.02) if isinstance(each, Envelope)]
    two.close()


def test_a_stranger_at_the_port_is_shown_out_and_a_path_is_no_door(two):
    with socket.create_connection(("127.0.0.1", two.ports[0])) as line:
        line.recv(16)
        line.sendall(bytes(48) + b"../state/epoch\n")
        line.settimeout(5)
        assert line.recv(1) == b""
