"""Checkpoints come back whole, or not at all."""

import pickle  # noqa: TID251 - planted here as an enemy would, to be refused
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from supervisor.checkpoints import CheckpointStore, PlantedRowError


class State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    number: int
    text: str = ""


class Other(BaseModel):
    number: int


def rows(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "cache.db", isolation_level=None)


def test_the_newest_generation_comes_back_with_its_place_in_the_journal(tmp_path):
    store = CheckpointStore(tmp_path / "actor")
    assert store.load(State) is None
    for number in range(5):
        store.save(State(number=number), journal_sequence=100 + number)
    store.close()
    again = CheckpointStore(tmp_path / "actor")
    assert again.load(State) == (State(number=4), 104)
    assert sorted(number for number, _ in again._slots()) == [3, 4, 5]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE Cache SET value = replace(value, '\"number\\\":4', '\"number\\\":5') WHERE key = 'slot-2'",
        "UPDATE Cache SET value = substr(value, 1, 60) WHERE key = 'slot-2'",
        "UPDATE Cache SET value = (SELECT value FROM Cache WHERE key = 'slot-1') WHERE key = 'slot-2'",
        "UPDATE Cache SET value = '9' || substr(value, 2) WHERE key = 'slot-2'",
        "UPDATE Cache SET value = 'x' || value WHERE key = 'slot-2'",
    ],
)
def test_a_damaged_generation_is_set_aside_and_the_one_before_it_used(tmp_path, damage):
    told: list[str] = []
    store = CheckpointStore(tmp_path / "actor", tell=told.append)
    for number in range(5):
        store.save(State(number=number), journal_sequence=number)
    before = rows(tmp_path / "actor").execute("SELECT value FROM Cache WHERE key='slot-2'").fetchone()
    rows(tmp_path / "actor").execute(damage)
    after = rows(tmp_path / "actor").execute("SELECT value FROM Cache WHERE key='slot-2'").fetchone()
    assert before != after
    assert store.load(State) == (State(number=3), 3)
    assert "slot-2" in told[0]
    kept = rows(tmp_path / "actor").execute("SELECT count(*) FROM Cache WHERE key = 'damaged-1-slot-2'").fetchone()
    assert kept == (1,)


def test_a_planted_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (open, (str(tmp_path / "exploded"), "w"))

    store = CheckpointStore(tmp_path / "actor")
    store.save(State(number=1), journal_sequence=1)
    rows(tmp_path / "actor").execute(
        "UPDATE Cache SET mode = 4, value = ? WHERE key = 'slot-1'", (pickle.dumps(Bomb()),)
    )
    assert store.load(State) is None
    assert not (tmp_path / "exploded").exists()


def test_the_state_of_another_actor_is_not_taken_for_ours(tmp_path):
    store = CheckpointStore(tmp_path / "actor")
    store.save(Other(number=1), journal_sequence=1)
    assert store.load(State) is None


def test_only_text_is_ever_stored(tmp_path):
    store = CheckpointStore(tmp_path / "actor")
    with pytest.raises(PlantedRowError):
        store._cache.set("key", {"a": 1})


def test_a_large_state_lies_in_the_row_and_not_in_a_file_of_its_own(tmp_path):
    store = CheckpointStore(tmp_path / "actor")
    store.save(State(number=1, text="x" * 500_000), journal_sequence=1)
    assert not list((tmp_path / "actor").rglob("*.val"))
    assert store.load(State) is not None


def test_the_settings_that_keep_the_truth_are_in_force(tmp_path):
    store = CheckpointStore(tmp_path / "actor")
    assert store._cache._sql("PRAGMA synchronous").fetchone() == (2,)
    assert store._cache.eviction_policy == "none"
    assert (tmp_path / "actor").stat().st_mode & 0o777 == 0o700


def test_a_store_that_does_not_wait_for_the_disk_still_survives_the_process(tmp_path):
    dies = """
import os, signal, sys
from pathlib import Path
from tests.supervisor.test_checkpoints import State
from supervisor.checkpoints import CheckpointStore
store = CheckpointStore(Path(sys.argv[1]), durable=False)
for number in range(5):
    store.save(State(number=number), journal_sequence=number)
os.kill(os.getpid(), signal.SIGKILL)
"""
    folder = tmp_path / "actor"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", dies, str(folder)], cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    assert CheckpointStore(folder, durable=False).load(State) == (State(number=4), 4)


def noted(folder: Path, *numbers: int) -> CheckpointStore:
    """Return a store whose last number was noted and not saved, as a death between the two leaves it."""
    store = CheckpointStore(folder, durable=False)
    for number in numbers[:-1]:
        store.save(State(number=number), number)
    store.note(State(number=numbers[-1]), numbers[-1])
    return store


def test_what_was_noted_outlives_a_death_before_it_was_saved(tmp_path):
    folder = tmp_path / "actor"
    noted(folder, 1, 2, 3).close()
    again = CheckpointStore(folder, durable=False)
    assert again.load(State) == (State(number=3), 3)
    again.note(State(number=4), 4)
    (folder / "note").write_bytes(b"half of a")  # and the death within the next note loses that one alone
    again.close()
    assert CheckpointStore(folder, durable=False).load(State) == (State(number=3), 3)


def test_what_was_saved_after_its_note_is_not_taken_for_older(tmp_path):
    store = noted(tmp_path / "actor", 1, 2)
    store.save(State(number=2), 2)
    store.save(State(number=3), 3)
    store.close()
    assert CheckpointStore(tmp_path / "actor").load(State) == (State(number=3), 3)


def test_a_shorter_note_over_a_longer_one_is_whole(tmp_path):
    store = CheckpointStore(tmp_path / "actor")
    store.note(State(number=1, text="long" * 100), 1)
    store.note(State(number=2), 2)
    store.close()
    assert CheckpointStore(tmp_path / "actor").load(State) == (State(number=2), 2)


@pytest.mark.parametrize("keep", [0, 1, 33, 50, -1])
def test_a_torn_note_is_passed_over(tmp_path, keep):
    noted(tmp_path / "actor", 1, 2).close()
    path = tmp_path / "actor" / "note"
    path.write_bytes(path.read_bytes().rstrip(b"\0")[:keep])
    assert CheckpointStore(tmp_path / "actor").load(State) == (State(number=1), 1)


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)])
def test_how_long_a_write_waits_is_what_was_asked_for_however_the_folder_was_opened_before(
    tmp_path, durable, synchronous
):
    CheckpointStore(tmp_path / "actor", durable=not durable).close()
    store = CheckpointStore(tmp_path / "actor", durable=durable)
    assert store._cache._sql("PRAGMA synchronous").fetchone() == (synchronous,)
