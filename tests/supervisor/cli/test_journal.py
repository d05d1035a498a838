"""Verify, backup, restore: over a state folder in which a real executor trades, without Ray."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from actors.domain.orders.attempt import AttemptState
from actors.epoch import read_epoch, take_epoch
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.runtime_tag import runtime_tag
from supervisor import directory as directories
from supervisor.app.backup import check
from supervisor.app.restore import STEP
from supervisor.cli.exit_code import ExitCode
from supervisor.directory import Directory, Entry
from supervisor.journal import JournalReader
from supervisor.ownership import Ownership
from supervisor.process import identify
from supervisor.tree import ChildState
from tests.builders import open_signal
from tests.state_rig import StateRig
from tests.supervisor.cli.test_main import call

NOW = datetime.now(UTC)


@pytest.fixture
def where(tmp_path: Path):
    where = places(tmp_path / "state")
    yield where
    shutil.rmtree(where.run, ignore_errors=True)


@pytest.fixture
def traded(where: Places) -> StateRig:
    """An executor with one structure, whose journal and checkpoints are the folder's."""
    take_epoch(where.epoch)
    rig = StateRig(where).ready()
    rig.opened(open_signal(1))
    return rig


def backup(where: Places, to: Path) -> Path:
    code, said = call("journal", "backup", to, "--state", where.state, "--json")
    assert code == 0, said
    return Path(json.loads(said)["folder"])


def restore(where: Places, made: Path, *more: str) -> tuple[int, str]:
    return call("journal", "restore", made, "--state", where.state, *more)


def damage(path: Path, statement: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(statement)
    db.close()


def test_a_sound_journal_is_verified_beside_its_writer(where, traded):
    code, said = call("journal", "verify", "--state", where.state, "--json")
    told = json.loads(said)
    assert (code, told["sound"], told["last_good"]) == (0, True, traded.book.sequence)


def test_a_damaged_event_is_named_with_the_last_good_one(where, traded):
    traded.close()
    damage(where.journal, "UPDATE event SET body = x'79' WHERE sequence = 4")
    code, said = call("journal", "verify", "--state", where.state, "--json")
    told = json.loads(said)
    assert (code, told["sound"], told["last_good"]) == (ExitCode.DEGRADED, False, 3)
    assert "event 4" in told["fault"]


def test_a_damaged_index_is_found_too(where, traded):
    traded.close()
    db = apsw.Connection(str(where.journal))
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    db.pragma("writable_schema", 1)
    db.execute(
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX event_of_correlation ON event (kind, sequence)'"
        " WHERE name = 'event_of_correlation'"
    )
    db.close()
    code, said = call("journal", "verify", "--state", where.state)
    assert code == ExitCode.DEGRADED
    assert "event_of_correlation" in said


def test_where_there_is_no_journal_it_says_so(where):
    for verb in (("verify",), ("backup", where.state / "backups")):
        assert call("journal", *verb, "--state", where.state)[0] == ExitCode.NOT_RUNNING


def test_a_backup_made_while_the_executor_trades_is_whole(where, traded, tmp_path):
    made = backup(where, tmp_path / "backups")
    traded.opened(open_signal(2))
    assert (made.stat().st_mode & 0o777, (made / "journal.sqlite").stat().st_mode & 0o777) == (0o700, 0o600)
    reader = JournalReader(made / "journal.sqlite")
    assert 0 < reader.verify() < traded.book.sequence
    assert (made / "checkpoints" / "executor" / "cache.db").exists()
    reader.close()
    assert check(made) == check(made)
    assert not [path.name for path in made.rglob("*") if path.name.endswith(("-wal", "-shm"))]


def test_a_restored_folder_still_knows_its_own_orders_at_the_brokers(where, traded, tmp_path):
    tag = runtime_tag(where.state)
    made = backup(where, tmp_path / "backups")
    traded.close()
    shutil.rmtree(where.state)
    code, said = restore(where, made)
    assert code == ExitCode.DONE, said
    assert runtime_tag(where.state) == tag


def test_a_damaged_journal_is_not_backed_up(where, traded, tmp_path):
    traded.close()
    damage(where.journal, "UPDATE event SET body = x'79' WHERE sequence = 4")
    code, said = call("journal", "backup", tmp_path / "backups", "--state", where.state)
    assert code == ExitCode.DEGRADED
    assert "event 4" in said


def test_a_restore_brings_the_book_back_above_every_epoch_and_with_openings_off(where, traded, tmp_path):
    made = backup(where, tmp_path / "backups")
    held = traded.book.structures
    traded.close()
    shutil.rmtree(where.state)
    code, said = restore(where, made)
    assert code == 0, said
    assert read_epoch(where.epoch) > STEP
    latch = read_latch(where.latch)
    assert (latch.level, latch.by) == (StopLevel.REDUCE, "restore")
    again = StateRig(where)
    assert again.book.structures == held
    again.close()


def test_a_writer_of_the_restored_past_is_fenced(where, traded, tmp_path):
    made, before = backup(where, tmp_path / "backups"), read_epoch(where.epoch)
    traded.close()
    assert restore(where, made)[0] == 0
    assert read_epoch(where.epoch) > before + STEP
    assert int((where.state / "incarnations").read_text()) >= STEP


def test_what_was_unanswered_in_a_backup_is_in_doubt_after_a_restore_never_not_sent(where, traded, tmp_path):
    order_id = traded.ask(open_signal(2)).cl_ord_id
    ledgers = where.ledgers("primary")
    ledgers.mkdir(parents=True)
    (ledgers / "1.jsonl").write_text("{}\n")
    made = backup(where, tmp_path / "backups")
    assert (made / "ledgers" / "primary" / "1.jsonl").exists()
    traded.close()
    assert restore(where, made)[0] == 0
    assert not (where.state / "ledgers").exists()
    again = StateRig(where)
    assert again.book.orders[order_id].attempts[-1].state is AttemptState.SENDING
    again.close()


def test_a_folder_that_lives_is_not_restored_over(where, traded, tmp_path):
    made = backup(where, tmp_path / "backups")
    code, said = restore(where, made)
    assert (code, "held by another process" in said) == (ExitCode.REFUSED, True)
    traded.close()
    keeper = Ownership.take(where.state / "keeper.lock", NOW)
    code, said = restore(where, made)
    assert (code, "already run by process" in said) == (ExitCode.REFUSED, True)
    keeper.release()


def test_a_journal_that_knows_more_is_kept_unless_somebody_says_so_and_then_set_aside(where, traded, tmp_path):
    made = backup(where, tmp_path / "backups")
    traded.opened(open_signal(2))
    newest = traded.book.sequence
    traded.close()
    code, said = restore(where, made)
    assert (code, f"goes on to event {newest}" in said) == (ExitCode.REFUSED, True)
    code, said = restore(where, made, "--over-newer", "--json")
    assert code == 0
    aside = Path(json.loads(said)["set_aside"])
    assert JournalReader(aside / "journal.sqlite").verify() == newest


def test_an_emptied_journal_counts_for_as_much_as_was_acknowledged(where, traded, tmp_path):
    made = backup(where, tmp_path / "backups")
    traded.opened(open_signal(2))
    traded.close()
    where.journal.write_bytes(b"")
    assert restore(where, made)[0] == ExitCode.REFUSED


@pytest.mark.parametrize("name", ["journal.sqlite", "checkpoints/executor/cache.db", "manifest.json"])
def test_a_backup_with_one_bit_flipped_is_refused_and_nothing_is_changed(where, traded, tmp_path, name):
    made = backup(where, tmp_path / "backups")
    traded.close()
    content = bytearray((made / name).read_bytes())
    content[len(content) // 2] ^= 1
    (made / name).write_bytes(content)
    before = where.journal.stat().st_ino
    assert restore(where, made)[0] == ExitCode.REFUSED
    assert where.journal.stat().st_ino == before


def test_a_backup_with_a_file_too_few_or_too_many_is_refused(where, traded, tmp_path):
    made = backup(where, tmp_path / "backups")
    traded.close()
    (made / "stranger").write_text("x")
    code, said = restore(where, made)
    assert (code, "stranger" in said) == (ExitCode.REFUSED, True)
    (made / "stranger").unlink()
    (made / "epoch").unlink()
    code, said = restore(where, made)
    assert (code, "epoch" in said) == (ExitCode.REFUSED, True)


def test_the_paper_venue_goes_on_as_it_is(where, traded, tmp_path):
    venue = where.state / "venue"
    venue.mkdir()
    db = apsw.Connection(str(venue / "books.sqlite"))
    db.execute("CREATE TABLE told (text); INSERT INTO told VALUES ('before')")
    db.close()
    made = backup(where, tmp_path / "backups")
    damage(venue / "books.sqlite", "UPDATE told SET text = 'after'")
    traded.close()
    assert restore(where, made)[0] == 0
    ((text,),) = apsw.Connection(str(venue / "books.sqlite")).execute("SELECT text FROM told")
    assert text == "after"


def test_a_child_that_lives_without_its_supervisor_is_not_restored_under(where, traded, tmp_path):
    made = backup(where, tmp_path / "backups")
    traded.close()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    entry = Entry(state=ChildState.RUNNING, since=NOW, process=identify(child.pid), host=1, incarnation=1)
    seen = Directory(supervisor=None, since=NOW, written_at=NOW, children={"connection.primary": entry})
    directories.write(where.directory, seen)
    code, said = restore(where, made)
    assert (code, "connection.primary lives" in said) == (ExitCode.REFUSED, True)
    child.communicate()
    assert restore(where, made)[0] == 0
