"""Power cuts: nothing that was acknowledged is lost, whatever of the rest the disk kept.

A recording layer below the process notes each write and each sync; from the record every state that a cut may leave is
rebuilt, and opened. `HOLDFAST_POWER_CUTS` sets how many; the counts are printed (`pytest -rP`).
"""

import os
from collections import Counter
from pathlib import Path

import diskcache
import numpy as np
import pytest

from actors.epoch import read_epoch
from actors.latch import StopLevel, read_latch
from supervisor.checkpoints import CheckpointStore
from supervisor.journal import JournalWriter
from tests.power_cut import cuts, record
from tests.supervisor.power_cut_states import State

CUTS = int(os.environ.get("HOLDFAST_POWER_CUTS", "150"))
pytestmark = pytest.mark.timeout(120 if CUTS <= 150 else 36_000)

START = """
import os, sys
from pathlib import Path
folder = Path(sys.argv[1])
acks = os.open(folder / "acks", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
def acknowledge(number):
    os.write(acks, b"%d" % number)
"""
JOURNAL = (
    START
    + """
from supervisor.journal import JournalWriter
sizes = [40, 300, 900, 5000]
for life in range(3):
    writer = JournalWriter(folder / "journal.sqlite", epoch=life + 1, clock=lambda: 0, fence=lambda: None)
    for batch in range(220):
        told = [("noted", f"order-{batch}", b"x" * sizes[(batch + place) % 4]) for place in range(1 + batch % 3)]
        acknowledge(writer.append(told))
    if life != 1:
        writer.close()
    else:
        writer._head.release()  # as one that is killed leaves it: the log is not in the file yet
"""
)
CHECKPOINTS = (
    START
    + """
from supervisor.checkpoints import CheckpointStore
from tests.supervisor.power_cut_states import State
store = CheckpointStore(folder / "executor", durable={durable})
for number in range(1, 250):
    store.save(State.of(number), number)
    acknowledge(number)
"""
)
EPOCHS = (
    START
    + """
from actors.epoch import take_epoch
from actors.latch import Latch, StopLevel, tighten
for number in range(1, 80):
    acknowledge(take_epoch(folder / "epoch"))
tighten(folder / "latch.json", Latch(level=StopLevel.HALT, reason="test", by="test"))
acknowledge(1000)
"""
)
DEFAULTS = (
    START
    + """
import diskcache
cache = diskcache.Cache(str(folder / "cache"))
for number in range(1, 250):
    cache.set(number, "x" * 400)
    acknowledge(number)
"""
)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20261124)


def test_the_journal_loses_no_acknowledged_event_and_halves_no_step(tmp_path, random):
    acts, counted = record(JOURNAL, tmp_path), Counter()
    for acknowledged, left in cuts(acts, CUTS, random, tmp_path):
        writer = JournalWriter(left / "journal.sqlite", epoch=9, clock=lambda: 0, fence=lambda: None)
        kept = sum(1 for _ in writer.read())
        counted += Counter(cuts=1, acknowledged=acknowledged, lost=max(0, acknowledged - kept))
        assert writer.sequence == kept
        assert writer.append([("noted", "after", b"y")]) == kept + 1
        writer.close()
    print({name: counted[name] for name in ("cuts", "acknowledged", "lost")})
    assert counted["cuts"] == CUTS
    assert counted["lost"] == 0


def test_durable_checkpoints_lose_no_acknowledged_generation(tmp_path, random):
    counted = checkpoints_left(tmp_path, random, durable=True)
    assert counted["lost"] == 0
    assert counted["set aside"] == 0


def test_checkpoints_that_do_not_wait_for_the_disk_may_lose_the_newest_and_never_tell_of_what_was_not(tmp_path, random):
    counted = checkpoints_left(tmp_path, random, durable=False)
    assert counted["lost"] > 0, "nothing was pending at any cut: it proves nothing"
    assert counted["set aside"] == 0


def checkpoints_left(tmp_path: Path, random: np.random.Generator, *, durable: bool) -> Counter[str]:
    acts, counted = record(CHECKPOINTS.replace("{durable}", str(durable)), tmp_path), Counter()
    for acknowledged, left in cuts(acts, CUTS, random, tmp_path):
        said: list[str] = []
        store = CheckpointStore(left / "executor", durable=durable, tell=said.append)
        found = store.load(State)
        kept = 0 if found is None else found[1]
        assert found is None or found[0] == State.of(kept)
        counted += Counter(cuts=1, acknowledged=acknowledged, lost=max(0, acknowledged - kept))
        counted["set aside"] += len(said)
        store.save(State.of(kept + 1), kept + 1)
        assert store.load(State) == (State.of(kept + 1), kept + 1)
        store.close()
    print({name: counted[name] for name in ("cuts", "acknowledged", "lost")})
    return counted


def test_an_epoch_is_never_given_out_twice_and_a_latched_stop_stays(tmp_path, random):
    acts = record(EPOCHS, tmp_path)
    for acknowledged, left in cuts(acts, CUTS, random, tmp_path):
        if acknowledged == 1000:
            assert read_latch(left / "latch.json").level is StopLevel.HALT
        assert read_epoch(left / "epoch") >= min(acknowledged, 79)


def test_the_same_cuts_find_what_the_defaults_of_diskcache_lose(tmp_path, random):
    """Without this the others might prove only that nothing is ever cut."""
    acts, lost = record(DEFAULTS, tmp_path), 0
    for acknowledged, left in cuts(acts, CUTS, random, tmp_path):
        cache = diskcache.Cache(str(left / "cache"))
        lost += sum(number not in cache for number in range(1, acknowledged + 1))
        cache.close()
    print({"cuts": CUTS, "lost": lost})
    assert lost > 0
