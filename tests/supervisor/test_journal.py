"""The journal keeps all or nothing, in order, and finds what was changed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from actors.alone import ALONE
from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalReader, JournalWriter
from supervisor.journal_head import JournalBusyError, head_path

ROOT = Path(__file__).parents[2]


def open_writer(path: Path, epoch: int = 1, fence: object = None) -> JournalWriter:
    return JournalWriter(path, epoch=epoch, clock=lambda: 1234, fence=fence or (lambda: None))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    writer = open_writer(tmp_path / "journal.sqlite")
    yield writer
    writer.close()


def events(*bodies: str) -> list[tuple[str, str, bytes]]:
    return [("noted", f"order-{body}", body.encode()) for body in bodies]


def test_a_journal_that_nobody_copies_has_no_replica_to_speak_of(journal):
    assert journal.replica is ALONE  # by which status tells "no copy" from "a copy that has everything"


def test_what_was_appended_is_read_back_in_order(journal):
    assert journal.append(events("a", "b")) == 2
    assert journal.append(events("c")) == 3
    assert list(journal.read(after=1)) == [(2, b"b"), (3, b"c")]


def test_the_names_of_some_kinds_are_told_once_each_in_their_order(tmp_path, journal):
    journal.append([("placed", "b", b"1"), ("placed", "a", b"2"), ("noted", "c", b"3"), ("placed", "b", b"4")])
    reader = JournalReader(tmp_path / "journal.sqlite")
    assert reader.names(["placed"]) == ["b", "a"]
    assert reader.names(["placed", "noted"]) == ["b", "a", "c"]


def test_events_of_some_kinds_are_found_by_what_their_bodies_hold(tmp_path, journal):
    journal.append(
        [("placed", "a", b'{"of": "x-1"}'), ("placed", "b", b'{"of": "y-1"}'), ("noted", "c", b'{"of": "x-1"}')]
    )
    reader = JournalReader(tmp_path / "journal.sqlite")
    assert [entry.correlation for entry in reader.holding(("x-1",), ("placed",))] == ["a"]
    assert [entry.correlation for entry in reader.holding(("x-1", "y-1"), ("placed", "noted"))] == ["a", "b", "c"]
    assert list(reader.holding(("%",), ("placed",))) == []


def test_a_reopened_journal_goes_on_with_its_chain(tmp_path):
    path = tmp_path / "journal.sqlite"
    first = open_writer(path)
    first.append(events("a"))
    first.close()
    second = open_writer(path, epoch=2)
    assert second.append(events("b")) == 2
    second.close()
    reader = JournalReader(path)
    assert reader.verify() == 2
    assert [entry.epoch for entry in reader.read()] == [1, 2]


def test_two_writers_cannot_hold_one_journal(tmp_path, journal):
    with pytest.raises(JournalBusyError):
        open_writer(tmp_path / "journal.sqlite")


def test_a_fenced_writer_writes_nothing(tmp_path):
    def fence() -> None:
        raise PermissionError("epoch 2 is in force")

    writer = open_writer(tmp_path / "journal.sqlite", fence=fence)
    with pytest.raises(PermissionError):
        writer.append(events("a"))
    assert list(writer.read()) == []
    writer.close()


def test_readers_see_one_order_and_chosen_kinds_beside_the_writer(tmp_path, journal):
    journal.append([("placed", "x", b"1"), ("ended", "x", b"2"), ("placed", "y", b"3")])
    reader = JournalReader(tmp_path / "journal.sqlite")
    assert [entry.body for entry in reader.of("x")] == [b"1", b"2"]
    assert [entry.body for entry in reader.read(kinds=["placed"])] == [b"1", b"3"]
    assert reader.last().sequence == 3
    with pytest.raises(apsw.ReadOnlyError):
        reader._file.db.execute("DELETE FROM event")


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("UPDATE event SET body = x'78' WHERE sequence = 2", "event 2"),
        ("UPDATE event SET epoch = 9 WHERE sequence = 2", "event 2"),
        ("UPDATE event SET correlation = 'z' WHERE sequence = 2", "event 2"),
        ("DELETE FROM event WHERE sequence = 2", "event 2 is missing"),
        ("UPDATE event SET sequence = 4 WHERE sequence = 3", "event 3 is missing"),
    ],
)
def test_what_was_changed_or_cut_out_is_found_and_named(tmp_path, journal, tampering, says):
    journal.append(events("a", "b", "c"))
    db = apsw.Connection(str(tmp_path / "journal.sqlite"))
    db.execute("DROP TABLE IF EXISTS none")
    db.execute(tampering)
    with pytest.raises(JournalDamagedError, match=says):
        list(journal.read())


def test_a_journal_that_lost_acknowledged_events_is_not_written_on(tmp_path):
    path = tmp_path / "journal.sqlite"
    first = open_writer(path)
    first.append(events("a", "b", "c"))
    first.close()
    db = apsw.Connection(str(path))
    db.execute("DELETE FROM event WHERE sequence = 3")
    db.close()
    with pytest.raises(JournalDamagedError, match=r"event 3, which was acknowledged, is missing: .* ends with event 2"):
        open_writer(path)


def test_an_emptied_journal_is_told_from_a_fresh_one(tmp_path):
    path = tmp_path / "journal.sqlite"
    first = open_writer(path)
    first.append(events("a"))
    first.close()
    path.write_bytes(b"")
    with pytest.raises(JournalDamagedError, match="the journal is empty"):
        open_writer(path)


def test_a_killed_writer_that_had_no_time_to_note_its_last_event_is_followed(tmp_path):
    path = tmp_path / "journal.sqlite"
    first = open_writer(path)
    first.append(events("a"))
    noted = head_path(path).read_bytes()
    first.append(events("b"))
    first.close()
    head_path(path).write_bytes(noted)
    second = open_writer(path)
    assert second.sequence == 2
    second.close()


@pytest.mark.parametrize("place", [0, 3, 19, 20, 30, 55, 61])
def test_a_damaged_head_is_no_licence_to_go_on(tmp_path, place):
    path = tmp_path / "journal.sqlite"
    first = open_writer(path)
    first.append(events("a"))
    first.close()
    content = bytearray(head_path(path).read_bytes())
    content[place] ^= 1
    head_path(path).write_bytes(content)
    with pytest.raises(JournalDamagedError, match="not a journal's head"):
        open_writer(path)


def test_a_journal_older_than_its_head_is_read_as_it_is(tmp_path):
    path = tmp_path / "journal.sqlite"
    first = open_writer(path)
    first.append(events("a"))
    first.close()
    head_path(path).unlink()
    second = open_writer(path)
    assert second.append(events("b")) == 2
    second.close()


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from supervisor.journal import JournalWriter
writer = JournalWriter(Path(sys.argv[1]), epoch=1, clock=lambda: 0, fence=lambda: None)
while True:
    print(writer.append([("noted", "x", b"1"), ("noted", "x", b"2")]), flush=True)
"""


def test_a_killed_writer_loses_nothing_it_acknowledged_and_halves_no_batch(tmp_path):
    path = tmp_path / "journal.sqlite"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(path)]
    for _ in range(3):
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        last = int(rest[-1]) if rest else acknowledged[-1]
        kept = JournalReader(path).verify()
        assert kept >= last
        assert kept % 2 == 0
