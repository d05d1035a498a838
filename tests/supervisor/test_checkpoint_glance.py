"""Checkpoints as somebody else sees them, beside their writer: the newest sound one, and nothing touched."""

import sqlite3

from diskcache.core import DBNAME

from actors.domain.value import Value
from supervisor.checkpoint_glance import glance
from supervisor.checkpoints import CheckpointStore


class State(Value):
    number: int


def test_the_newest_is_seen_while_its_writer_goes_on(tmp_path):
    assert glance(tmp_path, State) is None
    store = CheckpointStore(tmp_path)
    assert glance(tmp_path, State) is None
    for number in range(1, 6):
        store.save(State(number=number), 10 * number)
        assert glance(tmp_path, State) == (State(number=number), 10 * number)
    store.close()
    assert glance(tmp_path, State) == (State(number=5), 50)


def test_what_does_not_verify_is_passed_over_and_left_where_it_is(tmp_path):
    store = CheckpointStore(tmp_path)
    for number in (1, 2):
        store.save(State(number=number), number)
    store.close()
    with sqlite3.connect(tmp_path / DBNAME) as file:
        file.execute("UPDATE Cache SET value = replace(value, 'number', 'numbed') WHERE key = 'slot-2'")
    before = (tmp_path / DBNAME).read_bytes()
    assert glance(tmp_path, State) == (State(number=1), 1)
    assert (tmp_path / DBNAME).read_bytes() == before


def test_a_file_that_is_none_is_no_checkpoint(tmp_path):
    CheckpointStore(tmp_path).close()
    (tmp_path / DBNAME).write_bytes(b"no database" * 100)
    assert glance(tmp_path, State) is None
