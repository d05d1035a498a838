"""Damaged files: a start ends with the book that was, or with a named refusal; never with another book.

Real files, cut and with a bit flipped: at every page's border and every `HOLDFAST_DAMAGE_STEP` bytes between. With a
step of 1 every byte is tried, which takes the better part of an hour; `--basetemp` on memory makes it shorter.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from actors.domain.portfolio.book_state import BookState, ExecutorRecord, dump
from actors.places import Places, places
from actors.ports import Checkpoints, DamagedState
from actors.recovery import recover
from supervisor.chain import JournalDamagedError
from supervisor.checkpoints import CheckpointStore
from supervisor.journal import JournalReader, JournalWriter
from supervisor.journal_file import JournalUnwritableError
from supervisor.journal_head import head_path
from tests.builders import PRODUCTS, close_signal, open_signal
from tests.fakes import MemoryCheckpoints
from tests.state_rig import StateRig

KEPT = 5
PAGE = 4096
STEP = int(os.environ.get("HOLDFAST_DAMAGE_STEP", "1499"))

pytestmark = pytest.mark.timeout(120 if STEP > 1000 else 14_400)
REFUSALS = (JournalDamagedError, JournalUnwritableError, DamagedState)


@dataclass
class Scene:
    """The files as a killed executor left them (the log not yet in the journal), and what they stand for."""

    folder: Path
    journal: Path
    book: BookState
    checkpoints: MemoryCheckpoints

    def copy(self, to: Path, name: str, content: bytes | None = None) -> Path:
        """Copy the files, one of them with another content; return the copied journal."""
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        for path in self.folder.iterdir():
            if path.name.startswith("journal") and not path.name.endswith("-shm"):
                shutil.copyfile(path, to / path.name)
        if content is not None:
            (to / name).write_bytes(content)
        return to / "journal.sqlite"


def scene_at(folder: Path, *, in_log: bool) -> Scene:
    where = places(folder / "state")
    rig = StateRig(where, checkpoint_events=12).ready()
    first = rig.opened(open_signal(1))
    rig.ask(close_signal(2, first))
    rig.opened(open_signal(3))
    left = folder / "left"
    if in_log:
        shutil.copytree(where.state, left)
    book, kept = dump(rig.book), MemoryCheckpoints()
    record = rig.checkpoints.load(ExecutorRecord)
    assert record is not None
    kept.save(*record)
    assert 0 < record[1] < book.sequence
    rig.close()
    if not in_log:
        shutil.copytree(where.state, left)
    shutil.rmtree(where.run, ignore_errors=True)
    return Scene(left, left / "journal.sqlite", book, kept)


@pytest.fixture(scope="module", params=["in the log", "in the file"])
def scene(request, tmp_path_factory) -> Scene:
    return scene_at(tmp_path_factory.mktemp("scene"), in_log=request.param == "in the log")


def started(journal: Path, checkpoints: Checkpoints) -> BookState | str:
    """Return the book that a start comes to, or the refusal in words."""
    try:
        writer = JournalWriter(journal, epoch=9, clock=lambda: 0, fence=lambda: None)
    except REFUSALS as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    try:
        return dump(recover(checkpoints, writer, PRODUCTS, KEPT))
    except REFUSALS as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    finally:
        writer.close()


def places_in(size: int, *, borders: tuple[int, ...] = (-1, 0, 16)) -> Iterator[int]:
    around = {each + off for each in range(0, size, PAGE) for off in borders}
    return iter(sorted({place for place in (*range(0, size, STEP), *around, size - 1) if 0 <= place < size}))


def test_a_start_on_sound_files_comes_to_the_book_that_was(scene, tmp_path):
    assert started(scene.copy(tmp_path / "copy", ""), scene.checkpoints) == scene.book
    assert started(scene.copy(tmp_path / "copy", ""), MemoryCheckpoints()) == scene.book


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock"])
@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_cut_anywhere_the_start_is_right_or_refused(scene, tmp_path, suffix, has_checkpoint):
    name = f"journal.sqlite{suffix}"
    if not (scene.folder / name).exists():
        pytest.skip("closed in order: it has no log")
    content, kept = (scene.folder / name).read_bytes(), scene.checkpoints if has_checkpoint else MemoryCheckpoints()
    verdicts = set()
    for place in places_in(len(content)):
        found = started(scene.copy(tmp_path / "copy", name, content[:place]), kept)
        assert isinstance(found, str) or found == scene.book, f"{name} cut at {place}"
        verdicts.add(type(found))
    assert str in verdicts or suffix == ".lock"


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock"])
@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_with_a_bit_flipped_in_any_page_the_start_is_right_or_refused_and_a_changed_event_is_found(
    scene, tmp_path, suffix, has_checkpoint
):
    name, random = f"journal.sqlite{suffix}", np.random.default_rng(7)
    if not (scene.folder / name).exists():
        pytest.skip("closed in order: it has no log")
    content, kept = (scene.folder / name).read_bytes(), scene.checkpoints if has_checkpoint else MemoryCheckpoints()
    whole = told(scene.copy(tmp_path / "copy", ""))
    for place in places_in(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(random.integers(8))
        journal = scene.copy(tmp_path / "copy", name, bytes(flipped))
        found = started(journal, kept)
        assert isinstance(found, str) or found == scene.book, f"{name} flipped at {place}"
        if not isinstance(found, str):
            assert told(journal) in {whole, None}, f"{name} flipped at {place}: another event, and nobody says so"


def told(journal: Path) -> tuple[bytes, ...] | None:
    """Return every event as a verified walk reads it; None where the walk says that something is wrong."""
    try:
        reader = JournalReader(journal)
        reader.verify()
        events = tuple(entry.body for entry in reader.read())
        reader.close()
    except (JournalDamagedError, JournalUnwritableError, FileNotFoundError):
        return None
    return events


def test_without_the_head_a_cut_log_gives_the_last_good_record_and_never_half_of_a_step(scene, tmp_path):
    """What a power cut may leave of a disk that lied about its syncs: a shorter past, whole in itself."""
    name = "journal.sqlite-wal"
    if not (scene.folder / name).exists():
        pytest.skip("closed in order: it has no log")
    content = (scene.folder / name).read_bytes()
    prefixes = {}
    for place in places_in(len(content)):
        journal = scene.copy(tmp_path / "copy", name, content[:place])
        head_path(journal).unlink()
        found = started(journal, MemoryCheckpoints())
        assert not isinstance(found, str), f"cut at {place}: {found}"
        assert prefixes.setdefault(found.sequence, found) == found
    assert len(prefixes) > 5
    for shorter, longer in pairwise(sorted(prefixes)):
        assert len(prefixes[shorter].orders) <= len(prefixes[longer].orders)


def test_a_journal_shorter_than_its_checkpoint_is_refused_though_the_head_is_lost(scene, tmp_path):
    name = "journal.sqlite-wal"
    if not (scene.folder / name).exists():
        pytest.skip("closed in order: it has no log")
    journal = scene.copy(tmp_path / "copy", name, b"")
    head_path(journal).unlink()
    assert "another journal" in str(started(journal, scene.checkpoints))


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> tuple[Path, Places, BookState]:
    """The files of a state folder whose executor stopped: its last generations stand for different events."""
    where = places(tmp_path_factory.mktemp("kept") / "state")
    rig = StateRig(where, checkpoint_events=4).ready()
    rig.opened(open_signal(1))
    rig.opened(open_signal(2))
    book = dump(rig.book)
    rig.close()
    shutil.rmtree(where.run, ignore_errors=True)
    return where.state, where, book


@pytest.mark.parametrize("how", ["cut", "flipped"])
@pytest.mark.parametrize("name", ["cache.db", "key"])
def test_whatever_happens_to_the_checkpoints_the_book_is_the_journals(kept, tmp_path, name, how):
    state, where, book = kept
    content = (where.checkpoints("executor") / name).read_bytes()
    random = np.random.default_rng(11)
    copied = tmp_path / "copy"
    for place in places_in(len(content), borders=(20,)):
        shutil.rmtree(copied, ignore_errors=True)
        shutil.copytree(state, copied)
        changed = bytearray(content[:place]) if how == "cut" else bytearray(content)
        if how == "flipped":
            changed[place] ^= 1 << int(random.integers(8))
        (copied / "checkpoints" / "executor" / name).write_bytes(changed)
        said: list[str] = []
        store = CheckpointStore(copied / "checkpoints" / "executor", tell=said.append)
        found = started(copied / "journal.sqlite", store)
        assert found == book, f"{name} {how} at {place}: {found if isinstance(found, str) else 'another book'}"
        store.save(book, book.sequence)
        assert store.load(BookState) == (book, book.sequence), f"{name} {how} at {place}: keeps nothing any more"
        store.close()
