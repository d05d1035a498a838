"""A tree over two nodes of one machine: two raylets of one Ray, each with a state folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from actors.config import load
from actors.config_journal import JournalSection
from actors.config_nodes import NodeSection, NodesSection
from actors.places import Places, places
from supervisor import directory as directories
from supervisor import ending
from supervisor.app import plan as plans
from supervisor.directory import Directory, NodeState
from supervisor.private_ray import token
from supervisor.process import Process, alive, in_session, kill_and_confirm
from supervisor.ray_settings import LOOPBACK, OURS, SHARED
from supervisor.tree import ChildState
from tests.ports import free_port
from tests.supervisor.app.trees import ROOT, until
from tests.supervisor.followers import TOKEN

FAR = "far"
RAY = (sys.executable, "-m", "ray.scripts.scripts", "start", "--disable-usage-stats", "--include-log-monitor=false")


class TwoNodes:
    """Home, with everything but the executor, and the far node, with the executor. Both can be lost."""

    hosts: Mapping[str, str] = MappingProxyType({"home": "127.0.0.1", FAR: "127.0.0.1"})
    """Where the gates and the follower listen."""

    def __init__(self, folder: Path) -> None:
        self.home, self.far = places(folder / "home"), places(folder / "far")
        self._folder, self._sessions = folder, {}
        self._temporary = Path(tempfile.mkdtemp(prefix="two-"))  # short: Ray's sockets lie below it
        settings = {setting.name: setting.value for setting in (*OURS, *SHARED) if setting is not LOOPBACK}
        self.environment: Mapping[str, str] = (
            os.environ
            | settings
            | {
                LOOPBACK.name: "1",  # nodes of one Ray find each other at the machine's address
                "RAY_AUTH_TOKEN_PATH": str(token(folder / "ray.token")),
                "TEST_TOKEN": TOKEN,
                "PYTHONPATH": str(ROOT),
            }
        )

    def start(self) -> None:
        """Start both nodes and the tree; return once every child runs."""
        self.start_home()
        starting = self._up()
        until(lambda: (directory := self.directory()) and directory.nodes)
        self.start_far()
        said, _ = starting.communicate(timeout=200)
        assert starting.returncode == 0, said

    def start_home(self) -> None:
        """Start the first node, without a tree."""
        head = ("--head", "--port=0", f"--temp-dir={self._temporary}", "--include-dashboard=false", "--no-monitor")
        self._raylet("home", *head)
        self.ray = (self._temporary / "ray_current_cluster").read_text().strip()

    def start_far(self) -> None:
        """Have the other node join the first."""
        self._raylet(FAR, f"--address={self.ray}", f'--resources={{"{FAR}": 1}}')

    def directory(self) -> Directory | None:
        return directories.read(self.home.directory)

    def node(self) -> NodeState:
        return self.directory().nodes[FAR].state

    def taken_in(self) -> bool:
        """Whether the executor runs at home."""
        return self.directory().children["executor"].state is ChildState.RUNNING

    def there(self) -> list[Process]:
        """Return every process of the far node."""
        named = [held.process for held in ending.masters(self.far)] + ending.named(self.far)
        named += [process for process, _ in in_session(self._sessions[FAR])]
        return [process for process in dict.fromkeys(named) if alive(process)]

    def signal(self, processes: list[Process], number: signal.Signals) -> None:
        for process in processes:
            os.kill(process.pid, number)

    def lose_the_far_machine(self) -> None:
        processes = self.there()
        self.signal(processes, signal.SIGKILL)
        until(lambda: not any(map(alive, processes)))

    def close(self) -> None:
        if FAR in self._sessions:
            self.signal(self.there(), signal.SIGCONT)
        for where in (self.home, self.far):
            processes = [held.process for held in ending.masters(where)]
            ending.end(where, processes, ending.grace(where) if where is self.home else 0.0)
        for session in self._sessions.values():
            for process, _ in list(in_session(session)):
                kill_and_confirm(process, 10)
        for where in (self.home, self.far):
            shutil.rmtree(where.run, ignore_errors=True)
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _raylet(self, name: str, *arguments: str) -> None:
        with (self._folder / f"ray-{name}.log").open("wb") as log:
            command = [*self._within(name), *RAY, "--object-store-memory=100000000", "--num-cpus=2", *arguments]
            program = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
            self._sessions[name] = program.pid
            code = program.wait(90)
        assert code == 0, (self._folder / f"ray-{name}.log").read_text()

    def _within(self, name: str) -> Sequence[str]:
        """Return what a node's raylet is started by."""
        return ()

    def _up(self) -> "subprocess.Popen[str]":
        shipped = load(None)
        feed = shipped.feed.model_copy(update={"underlyings": ("SPX",)})
        gates = [f"{self.hosts[name]}:{free_port()}" for name in ("home", FAR, "home")]
        away = NodeSection(name=FAR, resource=FAR, state=self.far.state, gate=gates[1])
        nodes = NodesSection(gate=gates[0], token="TEST_TOKEN", executor=FAR, away=(away,))
        journal = JournalSection(durability="replicated", node=FAR, follower=gates[2], token="TEST_TOKEN")
        runtime = shipped.runtime.model_copy(update={"state": self.home.state, "ray_address": self.ray})
        supervisor = shipped.supervisor.model_copy(update={"spares": 1})
        placed = {"nodes": nodes, "journal": journal, "runtime": runtime, "supervisor": supervisor}
        bare = shipped.model_copy(update={"strategies": (), "feed": feed, **placed})
        settled = plans.settle(bare, datetime.now(UTC))
        plans.store(settled, self.home)
        file = self.home.state / "a-plan.json"
        file.write_text(plans.plan(settled).model_dump_json())
        command = [sys.executable, "-m", "supervisor.cli.main", "up", "--state", str(self.home.state)]
        return subprocess.Popen(
            [*command, "--plan", str(file), "--detach"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def children(where: Places) -> dict[str, directories.Entry]:
    directory = directories.read(where.directory)
    return directory.children if directory else {}
