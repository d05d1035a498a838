"""The tree on a real local Ray: killed, hung, crashed, orphaned, and ended."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from actors.latch import StopLevel, read_latch
from actors.messages import AskBook
from actors.places import Places, places
from actors.ports import PeerUnavailable
from actors.streams import LocalStream
from supervisor import directory as directories
from supervisor import private_ray
from supervisor.child_spec import ChildSpec, Group, Plan, RaySettings, Siblings
from supervisor.directory import Directory, Entry
from supervisor.event_log import read_events
from supervisor.ownership import owner
from supervisor.private_ray import GCS, RAYLET
from supervisor.process import Process, alive, in_session, wait_gone
from supervisor.tree import ChildState
from supervisor.watcher import boot_s

pytestmark = [pytest.mark.tree, pytest.mark.timeout(180)]
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(HERE)))}
WINDOW_S = 2.0
NOTHING: Mapping[str, str] = MappingProxyType({})


def ticker(name: str, **more: object) -> ChildSpec:
    return ChildSpec(
        name=name,
        factory="dummy_shells:ticker",
        period_s=WINDOW_S,
        restarts_max=3,
        hang_after_s=0.5,
        stall_max_s=3.0,
        stop_grace_s=1.0,
    ).model_copy(update=more)


READER = ticker("reader", factory="dummy_shells:reader", restarts_max=5)
LARGE = ticker("large", memory_max_mb=400)
FEED = ticker("feed", restarts_max=2)  # two spares are all that a crash loop of it takes
LEAVES = Group(name="leaves", children=(ticker("notifier"), FEED, READER, LARGE))
LINE = Group(name="line", siblings=Siblings.REST_FOR_ONE, children=(ticker("broker"), ticker("executor")))
PLAN = Plan(groups=(LEAVES, LINE), preload=("dummy_shells",))
SMALL = PLAN.model_copy(update={"groups": (Group(name="leaves", children=(FEED,)), LINE)})


def holdfast(*arguments: object, environment: Mapping[str, str] = NOTHING) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "supervisor.cli.main", *map(str, arguments)]
    whole = ENVIRONMENT | dict(environment)
    return subprocess.run(command, cwd=ROOT, env=whole, capture_output=True, text=True, timeout=120, check=False)


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class Runtime:
    """One running tree, seen as a trader sees it: from outside."""

    def __init__(self, folder: Path, plan: Plan = PLAN) -> None:
        self.where: Places = places(folder / "state")
        self.plan = plan
        (folder / "plan.json").write_text(plan.model_dump_json())
        self._arguments = ("up", "--state", self.where.state, "--plan", folder / "plan.json", "--detach")

    def up(self, *more: object, environment: Mapping[str, str] = NOTHING) -> None:
        done = holdfast(*self._arguments, *more, environment=environment)
        assert done.returncode == 0, done.stderr + self.log()

    def down(self) -> subprocess.CompletedProcess[str]:
        return holdfast("down", "--state", self.where.state)

    def log(self) -> str:
        path = self.where.logs / "supervisor.log"
        return path.read_text() if path.exists() else ""

    def directory(self) -> Directory:
        directory = directories.read(self.where.directory)
        assert directory is not None
        return directory

    def child(self, name: str) -> Entry:
        return self.directory().children[name]

    def order(self, name: str, order: str) -> Path:
        path = self.where.run / f"{name}.{order}"
        path.touch()
        return path

    def processes(self) -> list[Process]:
        directory = self.directory()
        return [
            directory.supervisor,
            *(entry.process for entry in directory.children.values()),
            *directory.spares.values(),
            *(process for process, _ in in_session(directory.ray.session)),
        ]

    def stands(self) -> bool:
        """All run, and each may die once more without having died too often."""
        directory = directories.read(self.where.directory)
        return (
            directory is not None
            and directory.supervisor is not None
            and alive(directory.supervisor)
            and all(
                entry.state is ChildState.RUNNING and alive(entry.process) and len(_of_late(entry)) <= 1
                for entry in directory.children.values()
            )
        )

    def has_spares(self) -> bool:
        return self.stands() and len(self.directory().spares) == self.plan.spares

    def settled(self) -> bool:
        """It stands, spares are ready, and every window of restarts is empty again."""
        return self.has_spares() and not any(map(_of_late, self.directory().children.values()))

    def replaced(self, name: str, before: Entry) -> Entry:
        until(lambda: self.child(name).incarnation > before.incarnation and self.child(name).state == "running")
        after = self.child(name)
        assert after.process != before.process
        assert not alive(before.process)
        return after

    def events(self, name: str, incarnation: int) -> dict[str, dict]:
        return {
            line["event"]: line
            for line in read_events(self.where.state / "supervisor.log.jsonl")
            if line.get("name") == name and line.get("incarnation") == incarnation
        }


def _of_late(entry: Entry) -> list[float]:
    """Return its restarts within the window, on the boot clock."""
    return [at for at in entry.restarted_at_s if boot_s() - at < WINDOW_S]


@pytest.fixture(scope="module")
def shared_runtime(tmp_path_factory) -> Iterator[Runtime]:
    runtime = Runtime(tmp_path_factory.mktemp("tree"))
    runtime.up()
    yield runtime
    runtime.down()
    shutil.rmtree(runtime.where.run, ignore_errors=True)


@pytest.fixture
def tree(shared_runtime) -> Runtime:
    until(shared_runtime.stands)
    return shared_runtime


@pytest.fixture
def whole(shared_runtime) -> Runtime:
    until(shared_runtime.settled)
    return shared_runtime


def test_children_start_in_the_order_of_the_plan(tree):
    incarnations = [tree.child(child.name).incarnation for child in PLAN.children()]
    starts = [
        line["name"] for line in read_events(tree.where.state / "supervisor.log.jsonl") if line["event"] == "starting"
    ]
    assert starts[: len(incarnations)] == [child.name for child in PLAN.children()]
    assert len(set(incarnations)) == len(incarnations)


def test_a_killed_child_is_replaced_and_its_timings_are_on_disk(tree):
    before = tree.child("feed")
    others = {name: tree.child(name).process for name in ("notifier", "broker", "executor")}
    os.kill(before.process.pid, signal.SIGKILL)
    after = tree.replaced("feed", before)
    assert after.restarts == before.restarts + 1
    assert "killed" in after.last_reason
    died = tree.events("feed", before.incarnation)["died"]
    running = tree.events("feed", after.incarnation)["running"]
    assert 0 <= died["detected_ms"] < 2000
    assert 0 < running["running_ms"] < 5000
    assert {name: tree.child(name).process for name in others} == others


def test_a_child_that_computes_for_ever_is_found_though_it_never_sleeps(tree):
    before = tree.child("feed")
    tree.order("feed", "spin")
    after = tree.replaced("feed", before)
    assert after.last_reason.startswith("hung: no pass of its work loop for 3.")


def test_a_child_that_outgrows_its_limit_is_replaced_in_order_and_not_charged_for_it(tree):
    before = tree.child("large")
    tree.order("large", "grow")
    after = tree.replaced("large", before)
    assert after.last_reason.startswith("too large: ")
    assert "limit 400 MB" in after.last_reason
    assert after.restarted_at_s == ()
    assert "large" in (tree.where.state / "stopped").read_text()  # it was asked, not killed


def test_a_message_that_kills_its_reader_each_time_is_set_aside_and_the_next_one_is_read(tree):
    poison = LocalStream(tree.where, "poison", incarnation=1)
    sound = LocalStream(tree.where, "sound", incarnation=1)

    def told_again(stream: LocalStream) -> None:
        with contextlib.suppress(PeerUnavailable):
            stream.tell("reader", AskBook(reply_to="x"))
        stream.receive(0.05)

    def set_aside() -> bool:
        told_again(poison)
        return tree.where.dead_letters.exists()

    def is_read() -> bool:
        told_again(sound)
        return (tree.where.state / "read").exists()

    until(set_aside)
    until(is_read)
    reader = tree.child("reader")
    (letter,) = (json.loads(line) for line in tree.where.dead_letters.read_text().splitlines())
    assert (letter["actor"], letter["sender"], letter["kind"]) == ("reader", "poison", "AskBook")
    assert reader.restarts == 3
    assert not reader.escalated
    told = [line for line in read_events(tree.where.state / "supervisor.log.jsonl") if line["event"] == "set_aside"]
    assert [line["name"] for line in told] == ["reader"]
    poison.close()
    sound.close()


def test_a_stopped_child_is_found_hung_killed_and_replaced(tree):
    before = tree.child("feed")
    os.kill(before.process.pid, signal.SIGSTOP)
    after = tree.replaced("feed", before)
    assert re.match(r"hung: no pass of its work loop for [0-2]\.", after.last_reason)  # long before it is a stall


def test_a_child_whose_work_loop_stands_while_its_process_answers_is_replaced(tree):
    before = tree.child("feed")
    tree.order("feed", "hang")
    assert "hung" in tree.replaced("feed", before).last_reason


def test_an_exception_is_named_in_the_directory(tree):
    before = tree.child("feed")
    tree.order("feed", "raise")
    reason = tree.replaced("feed", before).last_reason
    assert reason.startswith("ValueError: the order was malformed")
    assert "abcd1234" not in reason


def test_where_in_the_code_it_was_raised_outlives_the_run_folder_in_the_log(tree):
    before = tree.child("feed")
    tree.order("feed", "raise")
    tree.replaced("feed", before)
    assert "dummy_shells.py:" in tree.events("feed", before.incarnation)["died"]["places"]


def test_in_a_line_those_after_the_dead_one_restart_with_it_and_are_not_charged(tree):
    broker, executor = tree.child("broker"), tree.child("executor")
    os.kill(broker.process.pid, signal.SIGKILL)
    tree.replaced("broker", broker)
    after = tree.replaced("executor", executor)
    assert after.last_reason == "restarted with broker"
    assert tree.child("broker").incarnation < after.incarnation
    assert after.restarted_at_s == ()


def test_the_last_of_a_line_falls_alone(tree):
    broker, executor = tree.child("broker"), tree.child("executor")
    os.kill(executor.process.pid, signal.SIGKILL)
    tree.replaced("executor", executor)
    assert tree.child("broker").process == broker.process


def test_children_outlive_a_killed_supervisor_and_are_adopted_untouched(tree):
    before = tree.directory()
    os.kill(before.supervisor.pid, signal.SIGKILL)
    assert wait_gone(before.supervisor, 10)
    assert all(alive(entry.process) for entry in before.children.values())
    until(lambda: tree.directory().supervisor != before.supervisor and tree.stands())
    after = tree.directory()
    assert {name: entry.process for name, entry in after.children.items()} == {
        name: entry.process for name, entry in before.children.items()
    }
    assert {name: entry.incarnation for name, entry in after.children.items()} == {
        name: entry.incarnation for name, entry in before.children.items()
    }


def test_a_child_that_dies_while_there_is_no_supervisor_is_replaced_by_the_next_one(tree):
    before = tree.directory()
    os.kill(before.supervisor.pid, signal.SIGSTOP)
    os.kill(before.children["feed"].process.pid, signal.SIGKILL)
    os.kill(before.supervisor.pid, signal.SIGKILL)
    tree.replaced("feed", before.children["feed"])
    assert tree.child("executor").process == before.children["executor"].process


def test_a_supervisor_that_was_stopped_for_longer_than_every_deadline_kills_nobody(tree):
    before = tree.directory()
    os.kill(before.supervisor.pid, signal.SIGSTOP)
    time.sleep(2.0)  # the deadline for progress is 0.5 s: this is the time it must not count
    os.kill(before.supervisor.pid, signal.SIGCONT)
    os.kill(before.children["feed"].process.pid, signal.SIGKILL)
    tree.replaced("feed", before.children["feed"])
    assert tree.child("executor").process == before.children["executor"].process


def test_a_supervisor_that_outlived_its_keeper_is_kept_by_the_next_up(tree):
    keeper, before = owner(tree.where.state / "keeper.lock"), tree.directory()
    os.kill(keeper.process.pid, signal.SIGKILL)
    assert wait_gone(keeper.process, 10)
    assert alive(before.supervisor)
    tree.up()
    assert tree.directory().supervisor == before.supervisor
    assert owner(tree.where.state / "keeper.lock").process != keeper.process


def test_two_runtimes_at_once_do_not_touch_each_other_and_down_leaves_nothing(whole, tmp_path):
    first = whole.processes()
    second = Runtime(tmp_path, SMALL)
    second.up()
    until(second.stands)
    theirs = second.processes()
    assert not set(first) & set(theirs)
    second.order("executor", "stubborn")
    assert second.down().returncode == 0
    assert not [process for process in theirs if alive(process)]
    assert (second.where.state / "stopped").read_text().split() == ["broker", "feed"]
    assert all(alive(process) for process in first)
    assert not second.where.run.exists()
    assert holdfast("status", "--state", second.where.state, "--check").returncode == 3


def test_a_killed_gcs_is_brought_back_while_the_children_go_on(whole):
    before = whole.directory()
    os.kill(before.ray.processes[GCS].pid, signal.SIGKILL)
    until(lambda: whole.directory().ray.processes[GCS] != before.ray.processes[GCS])
    after = whole.directory()
    assert private_ray.intact(after.ray)
    assert (after.supervisor, after.ray.address) == (before.supervisor, before.ray.address)
    assert {name: entry.process for name, entry in after.children.items()} == {
        name: entry.process for name, entry in before.children.items()
    }
    os.kill(before.children["feed"].process.pid, signal.SIGKILL)
    whole.replaced("feed", before.children["feed"])
    until(whole.has_spares)  # new spares came from the new GCS


def test_a_supervisor_and_the_gcs_killed_together_leave_the_children_to_be_adopted(tree):
    before = tree.directory()
    os.kill(before.supervisor.pid, signal.SIGSTOP)
    os.kill(before.ray.processes[GCS].pid, signal.SIGKILL)
    os.kill(before.supervisor.pid, signal.SIGKILL)
    until(lambda: tree.directory().supervisor != before.supervisor and tree.has_spares())
    after = tree.directory()
    assert private_ray.intact(after.ray)
    assert {name: entry.process for name, entry in after.children.items()} == {
        name: entry.process for name, entry in before.children.items()
    }


def test_a_gcs_that_hangs_while_a_host_is_asked_of_it_is_killed_and_brought_back(whole):
    before = whole.directory()
    os.kill(before.ray.processes[GCS].pid, signal.SIGSTOP)
    os.kill(next(iter(before.spares.values())).pid, signal.SIGKILL)  # another is wanted at once
    until(lambda: whole.directory().ray.processes[GCS] != before.ray.processes[GCS])
    after = whole.directory()
    assert private_ray.intact(after.ray)
    assert {name: entry.process for name, entry in after.children.items()} == {
        name: entry.process for name, entry in before.children.items()
    }


def test_the_death_of_the_raylet_rebuilds_everything(tree):
    before = tree.directory()
    os.kill(before.ray.processes[RAYLET].pid, signal.SIGKILL)
    assert wait_gone(before.supervisor, 5), "it waits for the Ray that is gone"
    until(
        lambda: (
            (now := directories.read(tree.where.directory)) and now.supervisor != before.supervisor and tree.stands()
        )
    )
    after = tree.directory()
    assert after.ray.session != before.ray.session
    assert not any(alive(entry.process) for entry in before.children.values())
    assert not list(in_session(before.ray.session))
    assert all(after.children[name].incarnation > entry.incarnation for name, entry in before.children.items())


def test_every_port_of_the_tree_is_on_loopback_and_its_ray_was_told_everything(tree):
    done = holdfast("doctor", "--state", tree.where.state, "--json")
    findings = json.loads(done.stdout)["findings"]
    ports = [each for each in findings if each["code"] == "D010"]
    owners = " ".join(each["text"] for each in ports)
    assert all(name in owners for name in ("ray gcs", "ray raylet", "feed", "supervisor"))
    assert {each["verdict"] for each in ports} == {"ok"}
    assert [each["verdict"] for each in findings if each["code"] == "D070"] == ["ok"]


def test_a_client_without_the_token_or_with_another_is_refused(tree, tmp_path):
    once = {"RAY_gcs_server_port_wait_time_s": "1"}  # Ray's client would knock for 20 s
    none = ENVIRONMENT | once | {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "HOME": str(tmp_path)}
    (tmp_path / "token").write_text("0" * 64)
    wrong = none | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}
    program = f"import ray; ray.init(address={tree.directory().ray.address!r}, log_to_driver=False); print('inside')"
    command = [sys.executable, "-c", program]
    clients = [
        subprocess.Popen(command, env=each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in (none, wrong)
    ]
    for client in clients:
        said, told = client.communicate(timeout=120)
        assert client.returncode != 0
        assert "inside" not in said
        assert "auth" in told.lower()


def test_status_is_whole_while_the_tree_is(tree):
    done = holdfast("status", "--state", tree.where.state, "--check", "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["condition"] == "running"


def test_an_actor_is_restarted_by_hand_in_order_with_those_after_it(tree):
    broker, executor, feed = tree.child("broker"), tree.child("executor"), tree.child("feed")
    stopped_before = (tree.where.state / "stopped").read_text() if (tree.where.state / "stopped").exists() else ""
    done = holdfast("restart", "broker", "--reason", "new login", "--state", tree.where.state)
    assert done.returncode == 0, done.stderr
    after = tree.replaced("broker", broker)
    tree.replaced("executor", executor)
    assert after.last_reason == "restarted by hand: new login"
    assert (after.restarted_at_s, tree.child("feed").process) == ((), feed.process)
    stopped = (tree.where.state / "stopped").read_text().removeprefix(stopped_before)
    assert stopped.split() == ["executor", "broker"]  # each ended its own work
    assert tree.events("broker", broker.incarnation)["restarted_by_hand"]["text"] == "new login"


def test_an_actor_nobody_knows_is_not_restarted(tree):
    done = holdfast("restart", "brokre", "--state", tree.where.state)
    assert done.returncode == 2
    assert "broker" in done.stderr


def test_a_crash_loop_stops_openings_and_goes_on_slowly(whole):
    assert read_latch(whole.where.latch).level is StopLevel.NONE
    whole.order("feed", "broken")
    before = whole.child("feed")
    os.kill(before.process.pid, signal.SIGKILL)
    until(lambda: whole.child("feed").escalated)
    latch = read_latch(whole.where.latch)
    assert latch.level is StopLevel.REDUCE
    assert "feed died 3 times in 2 s; allowed are 2" in latch.reason
    entry = whole.child("feed")
    assert entry.last_reason.startswith("RuntimeError: cannot work")
    assert entry.state is ChildState.DOWN
    assert whole.child("executor").state is ChildState.RUNNING
    assert holdfast("status", "--state", whole.where.state, "--check").returncode == 4
    (whole.where.run / "feed.broken").unlink()
    done = holdfast("restart", "feed", "--state", whole.where.state)
    assert done.returncode == 0, done.stderr
    entry = whole.child("feed")
    assert (entry.escalated, entry.state) == (False, ChildState.RUNNING)  # at once, not at the slow pace
    assert read_latch(whole.where.latch).level is StopLevel.REDUCE  # only a person's resume loosens it


@pytest.fixture
def joined_ray(tmp_path) -> Iterator["JoinedRay"]:
    ray = JoinedRay(tmp_path)
    yield ray
    ray.end()


class JoinedRay:
    """A Ray of the trader's own, which the tree joins."""

    def __init__(self, folder: Path) -> None:
        theirs = folder / "theirs"
        theirs.mkdir()
        self._environment = private_ray.environment(theirs, private=True)
        del self._environment["PYTHONPATH"]
        names = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER")
        self.shell = {name: self._environment[name] for name in names}
        self.start(port=0)

    def start(self, port: int) -> None:
        settings = RaySettings(port=port)
        begun = private_ray.begin(f"holdfast-test-{os.getpid()}", settings, self._environment)
        self.entry = private_ray.finish(*begun, settings)

    @property
    def port(self) -> int:
        return int(self.entry.address.rpartition(":")[2])

    def end(self) -> None:
        assert private_ray.end(self.entry) == ()
        private_ray.tidy(self.entry)


def test_a_tree_on_a_joined_ray_is_rebuilt_on_the_next_one_and_down_leaves_that_running(tmp_path, joined_ray):
    runtime = Runtime(tmp_path, SMALL)
    try:
        runtime.up("--ray-address", joined_ray.entry.address, environment=joined_ray.shell)
        before = runtime.directory()
        assert (before.ray.private, before.ray.processes) == (False, joined_ray.entry.processes)
        joined_ray.end()
        until(lambda: "ray_awaited" in runtime.log())
        joined_ray.start(joined_ray.port)
        until(lambda: runtime.directory().supervisor != before.supervisor and runtime.stands())
        directory = runtime.directory()
        assert private_ray.intact(directory.ray)
        assert not any(alive(entry.process) for entry in before.children.values())
        named = [*(entry.process for entry in directory.children.values()), *directory.spares.values()]
        done = runtime.down()
        assert done.returncode == 0, done.stderr
        assert not [process for process in named if alive(process)]
        assert private_ray.intact(joined_ray.entry)
    finally:
        runtime.down()
        shutil.rmtree(runtime.where.run, ignore_errors=True)
