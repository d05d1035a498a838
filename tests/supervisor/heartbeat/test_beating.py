"""The heartbeat over what a tree leaves in files, to a receiver on loopback; each way to be dead is silence."""

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from actors.config import load
from actors.config_heartbeat import HeartbeatSection
from actors.config_sections import Mode
from actors.domain.market.session import Closed, Session
from actors.places import places
from actors.ports import Envelope
from actors.streams import LocalStream
from supervisor.directory import NodeEntry, NodeState
from supervisor.heartbeat import sight
from supervisor.heartbeat.beating import Beaten, Beating, record
from supervisor.heartbeat.service import Service
from supervisor.runtime import NAME
from supervisor.tree import ChildState
from tests.actors.venue.conftest import eventually
from tests.supervisor.heartbeat.left_files import NOW, PARTS, LeftFiles
from tests.supervisor.test_state_disk import fill, small

__all__ = ["small"]

SECTION = HeartbeatSection(url="HEARTBEAT", every_s=10, still_max_s=5, fail_after_s=120)
CONFIG = load(None).model_copy(update={"heartbeat": SECTION})


class Run:
    """A heartbeat on a clock of its own."""

    def __init__(self, tree: LeftFiles, at: str, config=CONFIG) -> None:
        self.tree, self.now_s = tree, 1_000.0
        service = Service(SecretStr(at), is_plain=False, timeout_s=5)
        self.beating = Beating(tree.where, config, service, lambda: self.now_s)

    def on(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1
            self.tree.turn()
            self.beating.turn()

    def told(self) -> Beaten:
        return Beaten.model_validate_json(record(self.tree.where).read_bytes())


@pytest.fixture
def tree(where) -> LeftFiles:
    return LeftFiles(where)


@pytest.fixture
def run(tree, receiver) -> Run:
    found = Run(tree, receiver.at)
    found.on(25)
    assert receiver.words == ["start", "alive", "alive", "alive"]
    receiver.heard.clear()
    return found


@pytest.mark.parametrize("part", PARTS)
def test_any_part_that_makes_no_progress_silences_it_and_is_named(run, receiver, part):
    run.tree.still = {part}
    run.on(6)
    receiver.heard.clear()
    run.on(60)
    assert receiver.words == []
    assert [reason.partition(":")[0] for reason in run.told().silent] == [part]
    run.tree.still = set()
    run.on(1)
    assert receiver.words == ["alive"]
    assert run.told().silent == ()


def test_a_long_silence_is_told_as_a_failure_with_its_reason_and_once(run, receiver):
    run.tree.still = {"risk"}
    run.on(400)
    assert receiver.words[-1] == "fail"
    assert receiver.words.count("fail") == 1
    assert receiver.heard[-1].body.startswith("risk: no progress for ")


def test_a_feed_without_its_stream_is_silence_though_it_works(run, receiver):
    run.tree.feed |= {"connected": False, "reason": "login refused"}
    run.on(60)
    assert (receiver.words, run.told().silent) == ([], ("quotes: login refused",))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"state": ChildState.DOWN}, "risk: down"),
        ({"escalated": True, "last_reason": "exit 1"}, "risk: died too often: exit 1"),
        ({"state": ChildState.AWAY}, "risk: nobody says that it runs"),
    ],
)
def test_a_child_that_is_not_up_is_silence_whatever_its_mark_says(run, receiver, entry, said):
    run.tree.children["risk"] = run.tree.children["risk"].model_copy(update=entry)
    run.tree.write()
    run.on(30)
    assert (receiver.words, run.told().silent) == ([], (said,))


def test_a_folder_that_takes_no_write_is_silence(run, receiver):
    blocked = record(run.tree.where).with_name("heartbeat.json.new")
    blocked.mkdir()
    run.on(60)
    assert receiver.words == []
    blocked.rmdir()
    run.on(6)
    assert receiver.words == ["alive"]


def test_a_disk_that_is_full_to_the_last_byte_is_silence(small, receiver):
    where = places(small / "state")
    try:
        tree = LeftFiles(where)
        fill(small, leave=0)
        write = Beating(where, CONFIG, Service(SecretStr(receiver.at), is_plain=False, timeout_s=5))._write
        assert sight.journal_fault(where, write) == "journal: its disk takes no write: No space left on device"
        run = Run(tree, receiver.at)
        run.on(30)
        assert receiver.words == ["start"]
    finally:
        shutil.rmtree(where.run)


def test_a_disk_without_room_for_openings_is_silence(tree, receiver):
    disk = CONFIG.disk.model_copy(update={"free_min_mb": 10**9})
    run = Run(tree, receiver.at, CONFIG.model_copy(update={"disk": disk}))
    run.on(30)
    assert receiver.words == ["start"]
    assert "must be" in run.told().silent[0]


def test_a_journal_that_lost_what_it_acknowledged_is_silence(run, receiver):
    for path in run.tree.where.state.glob("journal.sqlite*"):
        if path.suffix != ".lock":
            path.unlink()
    run.on(30)
    assert (receiver.words, run.told().silent) == ([], ("journal: it lacks what was acknowledged",))


def test_without_a_tree_there_is_a_start_and_then_silence(where, receiver):
    tree = LeftFiles(where)
    tree.where.directory.unlink()
    tree.still = set(PARTS)
    run = Run(tree, receiver.at)
    run.on(30)
    assert receiver.words == ["start"]


def test_the_executors_word_counts_from_another_node_too(tree):
    there = {"executor": tree.children["executor"]}
    tree.children["executor"] = tree.children["executor"].model_copy(update={"state": ChildState.AWAY})
    tree.write()
    seen = sight.directories.read(tree.where.directory)
    assert list(sight._children(seen)) == ["executor: nobody says that it runs"]
    nodes = {"far": NodeEntry(state=NodeState.PRESENT, since=NOW, children=there)}
    assert list(sight._children(seen.model_copy(update={"nodes": nodes}))) == []


class Days:
    """One session, or a closed day."""

    def __init__(self, found: Session | Closed) -> None:
        self._found = found

    def find(self, name: str, on: object) -> Session | Closed:
        return self._found


OPEN = Session(is_half_day=False, opens_at=datetime(2026, 11, 30, 14, 30, tzinfo=UTC), closes_at=NOW.replace(hour=21))


@pytest.mark.parametrize(
    ("mode", "now", "age_s", "faults"),
    [
        (Mode.LIVE, NOW, 600, ["quotes: the last came 600 s ago"]),
        (Mode.LIVE, NOW, 10, []),
        (Mode.LIVE, NOW.replace(hour=22), 600, []),
        (Mode.LIVE, OPEN.opens_at, 600, []),
        (Mode.PAPER, NOW, 600, []),
    ],
)
def test_in_the_session_the_last_quotes_have_an_age_limit(mode, now, age_s, faults):
    config = CONFIG.model_copy(update={"runtime": CONFIG.runtime.model_copy(update={"mode": mode})})
    feed = {"connected": True, "reason": "", "last_frame_ns": 0}
    assert list(sight._quotes(feed, config, lambda: Days(OPEN), now, age_s * 10**9)) == faults


def test_a_watchman_who_does_not_take_it_is_told_of_and_asked_again(run, receiver):
    receiver.status = 503
    notifier = LocalStream(run.tree.where, "notifier", incarnation=1)
    run.on(35)
    told = [each.message.alert for each in notifier.receive(1) if isinstance(each, Envelope)]
    notifier.close()
    assert [(alert.code, "answered 503" in alert.text) for alert in told] == [("A170", True)]
    assert (run.told().refused, run.beating._beat.refusals) == ("answered 503", 3)
    receiver.status = 200
    run.on(11)
    assert run.beating._beat.refusals == 0


def test_a_real_process_that_is_stopped_silences_it_and_a_planned_end_is_told(where, receiver):
    section = SECTION.model_copy(update={"every_s": 1.0})
    where.config.write_text(CONFIG.model_copy(update={"heartbeat": section}).model_dump_json())
    tree = subprocess.Popen(
        [sys.executable, "-m", "tests.supervisor.heartbeat.left_files", str(where.state)], stdin=subprocess.PIPE
    )
    words = [sys.executable, "-m", "supervisor.cli.main", "heartbeat", "--state", str(where.state)]
    beating = subprocess.Popen(words, env=os.environ | {"HEARTBEAT": receiver.at})
    try:
        receiver.wait(2, "alive")
        tree.send_signal(19)
        log = where.logs / "heartbeat.jsonl"
        eventually(lambda: f"silent: {NAME}: no progress for" in log.read_text(), 60)
        said = receiver.words.count("alive")
        time.sleep(2.5)  # two of its paces, in which nothing may come
        assert receiver.words.count("alive") == said
        tree.send_signal(18)
        receiver.wait(said + 1, "alive")
        tree.stdin.close()
        assert beating.wait(60) == 0
        assert receiver.words[-1] == "log"
        assert "fail" not in receiver.words
        assert "a-check" not in log.read_text()
    finally:
        for each in (tree, beating):
            each.kill()
            each.wait()
