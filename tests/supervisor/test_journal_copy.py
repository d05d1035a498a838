"""A copy takes events as they were written: the same rows, the same chain, or nothing."""

from pathlib import Path

import pytest

from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalReader, JournalWriter
from supervisor.journal_copy import Forked, JournalCopy, as_row
from supervisor.journal_file import EventSchema
from supervisor.journal_head import JournalBusyError
from supervisor.replication import Row

OLD, NEW = (EventSchema(version, lambda _kind, _version, body: body) for version in (1, 2))


def write(path: Path, *bodies: str, epoch: int = 1, schema: EventSchema = NEW) -> None:
    writer = JournalWriter(path, epoch=epoch, clock=lambda: 7, fence=lambda: None, schema=schema)
    for body in bodies:
        writer.append([("noted", f"order-{body}", body.encode())])
    writer.close()


def rows(path: Path, after: int = 0) -> tuple[Row, ...]:
    reader = JournalReader(path)
    found = tuple(map(as_row, reader.entries(after, 1000)))
    reader.close()
    return found


@pytest.fixture
def there(tmp_path: Path) -> Path:
    path = tmp_path / "leader.sqlite"
    write(path, "a", "b", "c")
    return path


def test_a_copy_is_the_same_event_for_event_and_a_writer_goes_on_with_it(tmp_path, there):
    copy = JournalCopy(tmp_path / "copy.sqlite")
    copy.append(rows(there)[:2])
    copy.append(rows(there))  # what is there already is not written again
    assert copy.end.sequence == 3
    copy.close()
    assert rows(tmp_path / "copy.sqlite") == rows(there)
    write(tmp_path / "copy.sqlite", "d", epoch=2)
    assert JournalReader(tmp_path / "copy.sqlite").verify() == 4


def test_events_of_two_versions_are_copied_as_they_are(tmp_path):
    there = tmp_path / "leader.sqlite"
    write(there, "a", "b", schema=OLD)
    write(there, "c", schema=NEW)
    copy = JournalCopy(tmp_path / "copy.sqlite")
    copy.append(rows(there))
    copy.close()
    assert [row[-1] for row in rows(tmp_path / "copy.sqlite")] == [1, 1, 2]
    assert JournalReader(tmp_path / "copy.sqlite").verify() == 3


def test_another_past_is_refused_by_name_and_nothing_of_it_is_kept(tmp_path, there):
    other = tmp_path / "other.sqlite"
    write(other, "a", "B", "c", "d")
    copy = JournalCopy(tmp_path / "copy.sqlite")
    copy.append(rows(there))
    copy.know_committed(2)
    with pytest.raises(Forked, match="event 2 is another one here"):
        copy.append(rows(other))
    with pytest.raises(JournalDamagedError, match="event 4"):
        copy.append(rows(other, after=3))
    assert copy.end.sequence == 3
    copy.close()
    assert rows(tmp_path / "copy.sqlite") == rows(there)


def test_a_gap_is_refused(tmp_path, there):
    copy = JournalCopy(tmp_path / "copy.sqlite")
    with pytest.raises(JournalDamagedError, match="event 1 is missing"):
        copy.append(rows(there, after=1))
    copy.close()


def test_what_the_fence_refuses_is_not_kept_and_what_comes_after_is(tmp_path, there):
    copy = JournalCopy(tmp_path / "copy.sqlite")

    def fence() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        copy.append(rows(there), fence=fence)
    assert (copy.end.sequence, copy.rows(0, 10)) == (0, ())
    copy.append(rows(there))
    assert copy.rows(1, 1) == rows(there)[1:2]
    copy.close()


def test_a_copy_has_one_writer(tmp_path):
    copy = JournalCopy(tmp_path / "copy.sqlite")
    with pytest.raises(JournalBusyError):
        JournalCopy(tmp_path / "copy.sqlite")
    copy.close()


def test_what_nobody_acted_upon_is_set_aside_for_what_was_written_in_its_place(tmp_path, there):
    other, copied = tmp_path / "other.sqlite", tmp_path / "copy.sqlite"
    write(other, "a", "b", "C", "D")
    copy = JournalCopy(copied)
    copy.append(rows(there))
    copy.know_committed(2)
    copy.append(rows(other))
    copy.close()
    assert rows(copied) == rows(other)
    (aside,) = tmp_path.glob("copy.sqlite.aside-3-*")
    assert aside.read_text().count("\n") == 1
    again = JournalCopy(copied)
    with pytest.raises(Forked, match="event 3"):
        again.append(rows(there))  # what a copy has at its opening counts as committed
    again.close()


def test_a_copy_whose_fence_holds_keeps_what_it_has_and_is_sound(tmp_path, there):
    other, copied = tmp_path / "other.sqlite", tmp_path / "copy.sqlite"
    write(other, "a", "b", "C", "D")
    copy = JournalCopy(copied)
    copy.append(rows(there))
    copy.know_committed(2)
    with pytest.raises(Fenced):
        copy.append(rows(other), fence=fenced)
    copy.close()
    assert rows(copied) == rows(there)
    JournalCopy(copied).close()


class Fenced(Exception):
    pass


def fenced() -> None:
    raise Fenced
