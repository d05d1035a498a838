import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.event_log import LINES_KEPT_MAX, EventLog, read_events


def test_what_was_flushed_is_read_back_in_order(tmp_path):
    log = EventLog(tmp_path / "log")
    log.note("starting", "feed", incarnation=1)
    log.flush()
    log.note("running", "feed", incarnation=1, start_ms=12.5)
    log.close()
    lines = list(read_events(tmp_path / "log"))
    assert [(line["event"], line["name"]) for line in lines] == [("starting", "feed"), ("running", "feed")]
    assert lines[1]["start_ms"] == 12.5


def test_a_line_cut_by_a_crash_spoils_neither_the_one_before_nor_the_one_after(tmp_path):
    path = tmp_path / "log"
    log = EventLog(path)
    log.note("first")
    log.close()
    with path.open("a") as file:
        file.write('{"event": "cu')
    log = EventLog(path)
    log.note("second")
    log.close()
    assert [line["event"] for line in read_events(path)] == ["first", "second"]


def test_a_log_never_written_is_empty(tmp_path):
    assert list(read_events(tmp_path / "none")) == []


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system without a free byte but for what `filler` takes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system here")
    (folder / "log").touch()
    with (folder / "filler").open("ab", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_what_a_full_disk_did_not_take_is_written_whole_once_there_is_room(full):
    log = EventLog(full / "log")
    for number in range(3):
        log.note("died", "feed", incarnation=number)
        with pytest.raises(OSError, match="No space"):
            log.flush()
    (full / "filler").unlink()
    log.flush()
    assert [line["incarnation"] for line in read_events(full / "log")] == [0, 1, 2]


def test_of_too_many_lines_the_oldest_go_and_how_many_is_said(full):
    log = EventLog(full / "log")
    for number in range(LINES_KEPT_MAX + 2):
        log.note("died", incarnation=number)
    (full / "filler").unlink()
    log.flush()
    first, second, *_ = read_events(full / "log")
    assert (first["event"], first["count"], second["incarnation"]) == ("lines_lost", 2, 2)
