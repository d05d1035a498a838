"""A disk that takes no writes any more: who trades refuses by name, who shows goes on, and each says what it cannot do.

On a real ext4 that gave up over an error, as a failing disk makes it (`errors=remount-ro`): whoever had a file open for
writing still has, and the mount goes on calling itself writable. Without the right to mount one the tests are skipped.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
from click.testing import CliRunner

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.record import Raised
from actors.messages import Release
from actors.outbox import Outbox
from actors.places import Places, places
from supervisor.cli.main import main
from supervisor.event_log import EventLog, read_events
from supervisor.journal import JournalReader
from supervisor.journal_file import JournalUnwritableError
from supervisor.ownership import AlreadyOwned, Incarnations, Ownership, owner
from supervisor.state_disk import DiskLimits, DiskUnwritable, StateDisk, mounted_as, must_write, refusal
from tests.builders import close_signal, open_signal
from tests.fakes import START
from tests.supervisor.test_full_disk import DiskRig

LIMITS = DiskLimits(reserve_bytes=1_000_000, free_min_bytes=1_200_000, slow_append_s=5, calm_s=10)
SAYS = "Read-only file system"


@dataclass
class Disk:
    """A file system of its own, until it `fails`."""

    folder: Path

    @property
    def where(self) -> Places:
        return places(self.folder / "state")

    def fail(self) -> None:
        """Have the kernel find an error on it."""
        subprocess.run(["mount", "-o", "remount,abort", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    yield from disk_in(tmp_path)


def disk_in(tmp_path: Path) -> Iterator[Disk]:
    """Yield a disk, mounted below a folder."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(24_000_000)
    folder.mkdir()
    for command in (
        ["mkfs.ext4", "-q", "-F", str(image)],
        ["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no right to mount a disk that can fail here: {done.stderr.strip()}")
    disk = Disk(folder)
    disk.where.state.mkdir(exist_ok=True)
    yield disk
    shutil.rmtree(disk.where.run, ignore_errors=True)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def failed(disk: Disk) -> Disk:
    """Return one that failed with a state folder on it that was looked at before."""
    StateDisk(disk.where.state, LIMITS).look()
    disk.fail()
    return disk


def holdfast(where: Places, *words: str) -> tuple[int, str]:
    done = CliRunner(catch_exceptions=False).invoke(main, [*words, "--state", str(where.state)])
    return done.exit_code, done.output


def test_it_is_seen_though_the_mount_calls_itself_writable(failed):
    assert not os.statvfs(failed.folder).f_flag & os.ST_RDONLY
    assert refusal(failed.where.state) == SAYS
    assert f"the state folder's disk takes no writes: {SAYS}" in StateDisk(failed.where.state, LIMITS).look()
    assert SAYS in mounted_as(failed.where.state)


def test_a_sound_disk_and_a_folder_that_is_not_there_have_no_fault(tmp_path):
    StateDisk(tmp_path, LIMITS).look()
    assert (mounted_as(tmp_path), mounted_as(tmp_path / "none")) == ("", "")
    must_write(tmp_path / "made")


def test_a_trading_executor_pages_and_nothing_more_leaves_not_even_an_exit(disk):
    rig = DiskRig(disk.where).ready()
    held = rig.opened(open_signal(1))
    rig.told(Release)
    disk.fail()
    rig.look()
    rig.after(2)
    assert f"takes no writes: {SAYS}; what cannot be journaled does not leave, no exit either" in rig.alerts("A081")[0]
    before = rig.book.sequence
    for signal in (open_signal(2), close_signal(3, held)):
        with pytest.raises(JournalUnwritableError):
            rig.ask(signal)
    assert rig.told(Release) == []
    reader = JournalReader(disk.where.journal)
    assert reader.verify() == before
    reader.close()


def test_a_checkpoint_it_does_not_take_stops_nobody(disk):
    rig = DiskRig(disk.where).ready()
    rig.opened(open_signal(1))
    disk.fail()
    rig.executor._checkpoint()
    assert "not kept" in rig.checkpoints.faults[-1]


def test_who_would_trade_from_it_is_refused_by_name(failed):
    with pytest.raises(DiskUnwritable, match=f"{failed.where.state}: its disk takes no writes: {SAYS}"):
        must_write(failed.where.state)
    with pytest.raises(DiskUnwritable, match=SAYS):
        must_write(failed.folder / "another" / "state")


def test_up_refuses_by_name_and_starts_nothing(failed):
    code, said = holdfast(failed.where, "up", "--detach")
    assert code == 6
    assert f"its disk takes no writes: {SAYS}\nNothing was started." in said
    assert not failed.where.directory.exists()


def test_the_holder_of_a_lock_is_seen_and_a_lock_that_is_free_can_be_held(disk):
    path = disk.where.state / "keeper.lock"
    held = Ownership.take(path, START)
    disk.fail()
    assert owner(path).process.pid == os.getpid()
    with pytest.raises(AlreadyOwned):
        Ownership.take(path, START)
    held.release()
    assert owner(path) is None
    again = Ownership.take(path, START)
    with pytest.raises(AlreadyOwned):
        Ownership.take(path, START)
    again.release()


def test_no_number_is_given_out_that_is_not_durable(disk):
    counter = Incarnations(disk.where.state / "incarnations")
    assert (counter.take(), counter.at_hand()) == (1, True)
    disk.fail()
    assert (counter.take(), counter.at_hand()) == (2, False)
    with pytest.raises(OSError, match=SAYS):
        counter.take()
    assert int((disk.where.state / "incarnations").read_text()) == 2


def test_the_supervisors_lines_are_kept_though_its_log_cannot_be_opened(failed, tmp_path):
    log = EventLog(failed.where.state / "supervisor.log.jsonl")
    log.note("died", "feed")
    with pytest.raises(OSError, match=SAYS):
        log.flush()
    log._path = tmp_path / "supervisor.log.jsonl"
    log.close()
    assert [line["event"] for line in read_events(tmp_path / "supervisor.log.jsonl")] == ["died"]


def test_alerts_go_on_without_their_records_which_are_written_once_they_can_be(failed, tmp_path):
    alert = Alert(alert_id="one", code="A225", level=Level.P0, subject="disk", text="it fails", at=START)
    raised = Raised(alert=alert, at=START, ways=())
    outbox = Outbox(failed.where.outbox, MappingProxyType({}))
    with pytest.raises(OSError, match=SAYS):
        outbox.append([raised])
    assert outbox.state.stands
    outbox._path = tmp_path / "outbox.jsonl"
    outbox.append([])
    assert b'"A225"' in outbox._path.read_bytes()
    outbox.close()


def test_what_shows_goes_on_and_says_so_and_a_stop_says_what_holds_without_it(failed):
    code, said = holdfast(failed.where, "status")
    assert code == 0
    assert f"Fault    the state folder's disk takes no writes: {SAYS}; no order leaves, no exit either" in said
    code, said = holdfast(failed.where, "halt", "--reason", "it fails")
    assert code == 8
    assert f"NOT LATCHED: {failed.where.latch}: {SAYS}. Nothing is stopped. No new order leaves" in said
    assert "`holdfast kill` cancels what works" in said
    assert holdfast(failed.where, "tree")[0] == 3
    assert holdfast(failed.where, "down")[0] == 3
    code, said = holdfast(failed.where, "doctor")
    assert code == 6, said
    assert f"{failed.where.state} cannot be written: {SAYS}" in said


def test_a_journal_that_was_closed_in_order_is_still_read(disk):
    rig = DiskRig(disk.where).ready()
    last = rig.book.sequence
    rig.close()
    assert not disk.where.journal.with_name("journal.sqlite-wal").exists()
    disk.fail()
    reader = JournalReader(disk.where.journal)
    assert reader.verify() == last
    reader.close()
