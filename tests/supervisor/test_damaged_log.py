"""The log of a journal, cut anywhere and with bits flipped: the events up to the last whole commit, or damage.

What SQLite makes of a damaged log is known to the byte: a frame that does not verify ends it, and what counts is the
last commit before that. Pages of 512 bytes keep the log small. A sample of its bytes is tried, at another place within
each frame; with `HOLDFAST_DAMAGE_STEP=1` every byte (a minute).
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalWriter
from supervisor.journal_head import head_path

PAGE, HEADER, FRAME = 512, 32, 24
EVENTS = 4
STEP = int(os.environ.get("HOLDFAST_DAMAGE_STEP", "31"))


@dataclass
class Left:
    """What a killed writer left: the file, its log, its head; and how many events each byte of the log leaves."""

    folder: Path
    file: bytes
    log: bytes
    head: bytes

    def commits(self) -> list[int]:
        """Return where each commit's last frame ends."""
        size = FRAME + PAGE
        frames = range(HEADER, len(self.log), size)
        return [at + size for at in frames if struct.unpack(">I", self.log[at + 4 : at + 8])[0]]

    def events(self, sound: int) -> int:
        """Return how many events so many sound bytes of the log hold."""
        whole = sum(end <= sound for end in self.commits())
        return max(0, whole - (len(self.commits()) - EVENTS))

    def start(self, log: bytes, *, head: bool) -> int | str:
        """Return the last event a writer finds; or why it refuses."""
        path = self.folder / "journal.sqlite"
        path.write_bytes(self.file)
        path.with_name("journal.sqlite-wal").write_bytes(log)
        path.with_name("journal.sqlite-shm").unlink(missing_ok=True)
        head_path(path).write_bytes(self.head if head else b"")
        try:
            writer = JournalWriter(path, epoch=2, clock=lambda: 0, fence=lambda: None)
        except JournalDamagedError as refused:
            return str(refused)
        found = list(writer.read())
        assert [sequence for sequence, _ in found] == list(range(1, len(found) + 1))
        writer.close()
        return len(found)


@pytest.fixture(scope="module")
def left(tmp_path_factory) -> Left:
    folder = tmp_path_factory.mktemp("log")
    path = folder / "journal.sqlite"
    small = apsw.Connection(str(path))
    small.execute(f"PRAGMA page_size={PAGE}; VACUUM")
    small.close()
    writer = JournalWriter(path, epoch=1, clock=lambda: 0, fence=lambda: None)
    for number in range(1, EVENTS + 1):
        writer.append([("placed", f"order-{number}", b"{}")])
    kept = [each.read_bytes() for each in (path, path.with_name("journal.sqlite-wal"), head_path(path))]
    writer.close()
    trial = folder / "trial"
    trial.mkdir()
    return Left(trial, *kept)


def test_the_log_is_as_this_file_takes_it_to_be(left):
    assert (len(left.log) - HEADER) % (FRAME + PAGE) == 0
    assert left.commits()[-1] == len(left.log)
    assert left.start(left.log, head=True) == left.events(len(left.log)) == EVENTS


def test_cut_at_any_byte_the_last_whole_commit_counts_and_where_the_head_knows_more_it_is_damage(left):
    missing = f"event {EVENTS}, which was acknowledged, is missing"
    for place in range(0, len(left.log), STEP):
        assert left.start(left.log[:place], head=False) == left.events(place), place
    for place in range(0, len(left.log), 17 * STEP):
        assert missing in str(left.start(left.log[:place], head=True)), place


def test_with_a_bit_flipped_in_any_byte_what_comes_before_its_frame_counts_and_the_head_tells_that_more_is_missing(
    left,
):
    missing = f"event {EVENTS}, which was acknowledged, is missing"
    for place in range(0, len(left.log), STEP):
        flipped = left.log[:place] + bytes([left.log[place] ^ 1 << place % 8]) + left.log[place + 1 :]
        before = 0 if place < HEADER else place - (place - HEADER) % (FRAME + PAGE)
        assert left.start(flipped, head=False) == left.events(before), place
        if place % (17 * STEP) == 0:
            assert missing in str(left.start(flipped, head=True)), place
