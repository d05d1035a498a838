"""Journals of older versions are read as if written today; a later version is refused by name.

`stored/journal-v1.jsonl` is a journal of version 1, as such a one was written: an executor's day with an opening that
filled, a close, a refusal, a cancel and a stop. It is never written anew: whoever changes an event's shape so that this
test fails owes the table in `actors.domain.orders.upcast` a row.
"""

import json
from pathlib import Path

import apsw
import pytest

from actors.domain.orders.event import AccountAdopted, parse_event
from actors.domain.orders.report import Status
from actors.domain.orders.upcast import VERSION, upcast
from actors.domain.portfolio.book import Book
from actors.places import places
from supervisor.app.event_schema import EVENTS
from supervisor.chain import JournalDamagedError
from supervisor.cli.journal import verified
from supervisor.journal import JournalReader, JournalWriter
from supervisor.journal_file import EventSchema, JournalNewerError
from tests.builders import PRODUCTS
from tests.state_rig import StateRig

STORED = Path(__file__).with_name("stored") / "journal-v1.jsonl"
FIRST = EventSchema(1, lambda _kind, _version, body: body)


def writer(path: Path, schema: EventSchema = EVENTS) -> JournalWriter:
    return JournalWriter(path, epoch=1, clock=lambda: 0, fence=lambda: None, schema=schema)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A journal file as version 1 wrote it: it knows no table of versions."""
    path = places(tmp_path / "state").journal
    told = [json.loads(line) for line in STORED.read_text().splitlines()]
    first = writer(path, FIRST)
    first.append((each["kind"], each["correlation"], json.dumps(each["body"]).encode()) for each in told)
    first.close()
    db = apsw.Connection(str(path))
    db.execute("DROP TABLE version")
    db.close()
    return path


def folded(path: Path) -> Book:
    book, second = Book(PRODUCTS), writer(path)
    for sequence, body in second.read():
        book.apply(parse_event(body), sequence)
    second.close()
    return book


def test_a_stored_journal_of_version_1_folds_to_the_book_it_stood_for(old):
    book = folded(old)
    assert {name: life.status for name, life in book.orders.items()} == {
        "condor-20260105-1": Status.FILLED,
        "condor-20260105-2": Status.PENDING_NEW,
        "condor-20260105-4": Status.PENDING_NEW,
    }
    assert book.orders["condor-20260105-4"].cancel_asked
    assert book.signals["condor-20260105-3"] == (False, None)
    assert book.structures["condor-20260105-1"].quantity == 1
    assert set(book.cash) == {"primary-account", "backup-account"}


def test_an_executor_of_today_goes_on_with_a_journal_of_version_1(old):
    where = places(old.parent)
    rig = StateRig(where)
    assert rig.book.structures["condor-20260105-1"].quantity == 1
    rig.ready()
    rig.close()
    assert not verified(old).fault
    reader = JournalReader(old, EVENTS)
    entries = list(reader.read())
    assert {entry.version for entry in entries} == {1, VERSION}
    assert [parse_event(entry.body).kind for entry in entries] == [entry.kind for entry in entries]


def test_without_its_upcast_an_old_event_is_not_read_at_all(old):
    second = writer(old, EventSchema(VERSION, lambda _kind, _version, body: body))
    with pytest.raises(ValueError, match="account_adopted"):
        [parse_event(body) for _, body in second.read()]
    second.close()


def test_what_lies_on_the_disk_stays_as_it_was_written(old):
    before = [entry.body for entry in JournalReader(old).read()]
    folded(old)
    assert [entry.body for entry in JournalReader(old).read()] == before


def test_each_event_is_brought_forward_one_version_at_a_time_by_kind():
    table = {
        ("noted", 1): lambda body: body | {"told": [*body.get("told", ()), 1]},
        ("other", 1): lambda body: body | {"told": "other"},
    }
    assert json.loads(upcast("noted", 1, b"{}", table)) == {"told": [1]}
    assert upcast("noted", VERSION, b"{}", table) == b"{}"
    assert upcast("unknown", 1, b"{}", table) == b"{}"


def test_a_field_an_old_event_had_is_never_overwritten():
    body = json.dumps({"kind": "account_adopted", "orders": ["theirs-1"]}).encode()
    assert json.loads(upcast("account_adopted", 1, body)) == {
        "kind": "account_adopted",
        "orders": ["theirs-1"],
        "since": None,
    }
    assert {"orders", "since"} <= set(AccountAdopted.model_json_schema()["required"])


@pytest.mark.parametrize("opens", [writer, lambda path: JournalReader(path, EVENTS)])
def test_a_journal_of_a_later_version_is_refused_by_name_and_left_as_it_is(old, opens):
    later = writer(old, EventSchema(VERSION + 1, upcast))
    later.append([("noted", "x", b"{}")])
    later.close()
    with pytest.raises(JournalNewerError, match=f"version {VERSION + 1}, of a newer Holdfast.*up to version {VERSION}"):
        opens(old)


def test_a_version_changed_in_the_table_is_found(old):
    second = writer(old)
    second.append([("noted", "x", b"{}")])
    second.close()
    db = apsw.Connection(str(old))
    db.execute("UPDATE version SET version = 1")
    db.close()
    with pytest.raises(JournalDamagedError, match="does not match its hash"):
        JournalReader(old).verify()


def test_a_checkpoint_and_an_old_journal_need_not_be_of_one_version(old):
    where = places(old.parent)
    rig = StateRig(where, checkpoint_events=1)
    rig.ready()
    book = rig.book.structures
    rig.close()
    again = StateRig(where)
    assert again.book.structures == book
    again.close()
