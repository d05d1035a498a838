"""The small files, cut at every byte and with each bit of every byte flipped: what was written, or damage by name.

A latch cannot be refused: where it cannot be understood it is a halt, and no damage makes it looser.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.brokers.send_ledger import SendLedger
from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.record import Raised
from actors.domain.orders.attempt import Accepted, InDoubt, NotSent
from actors.epoch import read_epoch, take_epoch
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.outbox import Outbox, read_records
from actors.places import Places, places
from actors.ports import DamagedState
from supervisor.cli.main import main
from supervisor.directory import Directory, DirectoryDamaged, Entry, read, write
from supervisor.journal_head import acknowledged, head_path
from supervisor.ownership import Incarnations
from supervisor.process import Process
from supervisor.tree import ChildState
from tests.state_rig import StateRig

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)


def cut(content: bytes) -> Iterator[bytes]:
    return (content[:place] for place in range(len(content)))


def flipped(content: bytes) -> Iterator[bytes]:
    for place, octet in enumerate(content):
        for bit in range(8):
            yield content[:place] + bytes([octet ^ 1 << bit]) + content[place + 1 :]


def ledger_of(folder: Path) -> Path:
    """Return the ledger of a dead incarnation: `a` accepted, `b` begun as an opening, `c` never begun."""
    ledger = SendLedger(folder, 1, "boot")
    ledger.entry("a")
    ledger.outcome("a", Accepted(broker_order_id="7"))
    ledger.entry("b", opens=True)
    ledger.close()
    return next(folder.iterdir())


def outcomes(path: Path, content: bytes) -> tuple[object, ...] | None:
    """Return what the next incarnation says of each attempt; None where it refuses to start."""
    path.write_bytes(content)
    try:
        after = SendLedger(path.parent, 2, "boot")
    except DamagedState:
        return None
    found = tuple(after.outcome_of(name, 1) for name in ("a", "b", "c"))
    after.close()
    next(each for each in path.parent.iterdir() if each != path).unlink()
    return found


def test_a_flipped_bit_in_a_send_ledger_never_makes_an_attempt_another_one(tmp_path):
    path = ledger_of(tmp_path)
    content = path.read_bytes()
    sound = outcomes(path, content)
    assert [type(each) for each in sound] == [Accepted, InDoubt, NotSent]
    one_of_eight = (content for place, content in enumerate(flipped(content)) if place % 9 == 0)
    assert {outcomes(path, each) for each in one_of_eight} == {None}


def test_a_send_ledger_cut_anywhere_says_what_its_whole_lines_say(tmp_path):
    path = ledger_of(tmp_path)
    content = path.read_bytes()
    head, entry, outcome, opening = (len(line) + 1 for line in content.splitlines())
    for place, each in enumerate(cut(content)):
        whole = [  # a line that lacks its end alone counts: it may have been acted upon
            place >= head + entry - 1,
            place >= head + entry + outcome - 1,
            place >= head + entry + outcome + opening - 1,
        ]
        first = Accepted if whole[1] else InDoubt if whole[0] else NotSent
        expected = (first, InDoubt if whole[2] else NotSent, NotSent)
        if place < head - 1:  # it never said that it was there: of it nothing is proved
            expected = (InDoubt,) * 3
        assert tuple(map(type, outcomes(path, each))) == expected, place


def test_a_ledger_of_the_version_without_checksums_is_read(tmp_path):
    path = ledger_of(tmp_path)
    content = path.read_bytes()
    old = b"".join(line.rpartition(b" ")[0] + b"\n" for line in content.splitlines())
    assert outcomes(path, old) == outcomes(path, content)


@pytest.mark.parametrize("damage", [cut, flipped])
def test_a_damaged_epoch_is_refused_and_an_absent_or_empty_one_is_none_or_refused(tmp_path, damage):
    path = tmp_path / "epoch"
    take_epoch(path, above=41)
    for each in damage(path.read_bytes()):
        path.write_bytes(each)
        with pytest.raises(DamagedState, match="not an epoch"):
            read_epoch(path)
        with pytest.raises(DamagedState, match="not an epoch"):
            take_epoch(path)


@pytest.mark.parametrize("level", [StopLevel.REDUCE, StopLevel.HALT, StopLevel.FLATTEN])
def test_no_damage_makes_a_latch_looser(tmp_path, level):
    path = tmp_path / "latch.json"
    tighten(path, Latch(level=level, reason="lost", by="ann", at=NOW, by_person=True))
    content = path.read_bytes()
    for each in cut(content):
        path.write_bytes(each)
        assert read_latch(path).level is StopLevel.HALT
    for each in flipped(content):
        path.write_bytes(each)
        found = read_latch(path)
        assert found.level is level or (found.level, found.by) == (StopLevel.HALT, "latch"), each


@pytest.mark.parametrize("damage", [cut, flipped])
def test_a_damaged_head_of_the_journal_is_refused(tmp_path, damage):
    rig = StateRig(places(tmp_path / "state")).ready()
    rig.close()
    journal = tmp_path / "state" / "journal.sqlite"
    content = head_path(journal).read_bytes()
    for each in damage(content):
        head_path(journal).write_bytes(each)
        if each:
            with pytest.raises(Exception, match="not a journal's head"):
                acknowledged(journal)
        else:
            assert acknowledged(journal) is None  # as before the first event: the journal's own end is believed


def test_a_counter_of_incarnations_that_is_no_number_is_refused_and_gives_none_that_is_taken(tmp_path):
    path = tmp_path / "incarnations"
    Incarnations(path).reach(5000)
    for each in list(cut(path.read_bytes()))[1:]:
        path.write_bytes(each)
        with pytest.raises(ValueError, match="not a counter"):
            Incarnations(path)


def test_an_outbox_cut_anywhere_keeps_every_whole_record_and_counts_the_other(tmp_path):
    path = tmp_path / "outbox.jsonl"
    outbox = Outbox(path, {})
    outbox.append(
        Raised(alert=Alert(alert_id=name, code="A010", level=Level.P1, subject=name, text="x", at=NOW), at=NOW)
        for name in ("one", "two")
    )
    outbox.close()
    content = path.read_bytes()
    for place, each in enumerate(cut(content)):
        path.write_bytes(each)
        records, damaged = read_records(path)
        whole = content[:place].count(b"\n") + (content[place : place + 1] == b"\n")
        assert (len(records), damaged) == (whole, len(each.splitlines()) - whole), place


@pytest.fixture
def named(tmp_path) -> Places:
    """Return the places of a tree whose directory names one process, which is dead."""
    where = places(tmp_path / "state")
    dead = Process(2**22 + 1, 1)
    entry = Entry(state=ChildState.RUNNING, since=NOW, process=dead, incarnation=1)
    write(where.directory, Directory(supervisor=dead, since=NOW, written_at=NOW, children={"feed": entry}))
    return where


@pytest.mark.parametrize("damage", [cut, flipped])
def test_a_damaged_directory_of_processes_is_damage_by_name(named, damage):
    content = named.directory.read_bytes()
    assert read(named.directory).children.keys() == {"feed"}
    for each in damage(content):
        if each == content.partition(b"\n")[0]:
            continue  # whole, as an older version wrote it
        named.directory.write_bytes(each)
        with pytest.raises(DirectoryDamaged):
            read(named.directory)


def test_a_directory_of_an_older_version_is_read_for_its_tree_may_still_run(named):
    told = read(named.directory)
    named.directory.write_bytes(named.directory.read_bytes().partition(b"\n")[0])
    assert read(named.directory) == told


def test_over_a_damaged_directory_nothing_is_started_and_what_shows_and_ends_says_that_what_runs_is_not_known(named):
    named.directory.write_bytes(named.directory.read_bytes()[:-20])

    def holdfast(*words: str) -> tuple[int, str]:
        done = CliRunner(catch_exceptions=False).invoke(main, [*words, "--state", str(named.state)])
        return done.exit_code, done.output

    code, said = holdfast("status", "--check")
    assert (code, "Fault    what runs is NOT KNOWN" in said) == (4, True), said
    code, said = holdfast("up", "--detach")
    assert (code, "does not verify" in said, "Nothing was started." in said) == (6, True, True)
    code, said = holdfast("tree")
    assert "NOT KNOWN" in said
    code, said = holdfast("down")
    assert (code, "What it named may live, and cannot be ended by it. Do not assume it is down." in said) == (8, True)
    assert named.directory.exists()
