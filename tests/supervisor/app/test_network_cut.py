"""A network that is cut between two nodes, both of which run on: each has a network of its own, joined by one line.

The line is cut by sending to an address that nobody has: whoever sends gets no error, as with a switch that died. It
takes minutes and the right to make networks, so it runs with HOLDFAST_SLOW=1 alone.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from actors.domain.orders.event import AttemptEnded, ExecutorStarted
from actors.domain.orders.refusal import Code
from actors.domain.orders.report import Status
from actors.epoch import read_epoch
from actors.latch import StopLevel, read_latch
from supervisor.app.drill import stands
from supervisor.directory import NodeState
from supervisor.process import alive
from tests.supervisor.app.nodes import FAR, TwoNodes, children
from tests.supervisor.app.test_two_nodes import has_become, is_clean
from tests.supervisor.app.trees import events, rest_an_order, until

pytestmark = [
    pytest.mark.tree,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not os.environ.get("HOLDFAST_SLOW"), reason="minutes: HOLDFAST_SLOW=1 runs it"),
]
NETWORK, NEAR_END, FAR_END = "holdfast-far", "hf-near", "hf-far"
NEAR_HOST, FAR_HOST = "10.213.7.1", "10.213.7.2"
NOBODY = "02:00:00:00:00:99"


def ip(*words: str, network: str = "") -> "subprocess.CompletedProcess[str]":
    where = ["-n", network] if network else []
    return subprocess.run(["ip", *where, *words], capture_output=True, text=True, check=False)


class Apart(TwoNodes):
    """Two nodes whose far one has a network of its own."""

    hosts = MappingProxyType({"home": NEAR_HOST, FAR: FAR_HOST})

    def _within(self, name: str) -> Sequence[str]:
        return ("ip", "netns", "exec", NETWORK) if name == FAR else ()

    def _raylet(self, name: str, *arguments: str) -> None:
        super()._raylet(name, f"--node-ip-address={self.hosts[name]}", *arguments)

    def cut(self) -> None:
        """Lose every packet from now on, both ways; nobody is told."""
        for host, end, network in ((FAR_HOST, NEAR_END, ""), (NEAR_HOST, FAR_END, NETWORK)):
            done = ip("neigh", "replace", host, "lladdr", NOBODY, "dev", end, "nud", "permanent", network=network)
            assert done.returncode == 0, done.stderr


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Apart]:
    made = ip("netns", "add", NETWORK)
    if made.returncode:
        pytest.skip(f"no right to make a network here: {made.stderr.strip()}")
    try:
        for network, words in (
            ("", ("link", "add", NEAR_END, "type", "veth", "peer", "name", FAR_END, "netns", NETWORK)),
            ("", ("addr", "add", f"{NEAR_HOST}/30", "dev", NEAR_END)),
            ("", ("link", "set", NEAR_END, "up")),
            (NETWORK, ("addr", "add", f"{FAR_HOST}/30", "dev", FAR_END)),
            (NETWORK, ("link", "set", FAR_END, "up")),
            (NETWORK, ("link", "set", "lo", "up")),
        ):
            done = ip(*words, network=network)
            assert done.returncode == 0, done.stderr
        nodes = Apart(tmp_path)
        try:
            nodes.start()
            yield nodes
        finally:
            nodes.close()
    finally:
        ip("netns", "del", NETWORK)


def test_a_node_that_is_cut_off_and_runs_on_is_lost_not_dead_and_nothing_it_does_counts(nodes):
    home = nodes.home
    until(lambda: stands(home))
    rests = rest_an_order(home, "rests").cl_ord_id
    until(lambda: rests in {event.attempt_id.removesuffix("-r1") for event in events(home, AttemptEnded)})
    there = children(nodes.far)["executor"].process
    nodes.cut()
    until(nodes.taken_in)
    assert nodes.node() is NodeState.LOST
    assert alive(there)
    assert read_latch(home.latch).level is StopLevel.REDUCE
    until(lambda: stands(home) and is_clean(home))
    assert read_epoch(home.epoch) > read_epoch(nodes.far.epoch)
    late = rest_an_order(home, "late", takes_no=True)
    assert Code.R017_REPLICA in {check.code for check in late.checks if not check.passed}
    until(lambda: has_become(home, rests, Status.CANCELED))
    assert len(events(home, ExecutorStarted)) == 2
    assert nodes.node() is NodeState.LOST
    assert is_clean(home)
