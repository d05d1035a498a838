"""Where things lie: found alike by every process, ours alone, and short enough for a socket."""

import stat

import pytest

from actors.places import Places, places

SOCKET_PATH_MAX = 107


@pytest.fixture
def where(tmp_path):
    found = places(tmp_path / "deep" / "state")
    yield found
    found.run.rmdir()


def test_both_folders_are_made_and_ours_alone(where):
    for folder in (where.state, where.run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_process_finds_the_same_places_however_it_spells_the_folder(where, monkeypatch):
    monkeypatch.chdir(where.state)
    assert places(where.state / ".." / "state") == where
    (where.state / "link").symlink_to(where.state)
    assert places(where.state / "link") == where


def test_two_runtimes_share_no_run_folder(where, tmp_path):
    other = places(tmp_path / "other")
    assert other.run != where.run
    other.run.rmdir()


def test_every_socket_is_short_enough(where):
    longest = "s" * 32
    assert len(f"{where.socket(f'connection.{longest}')}+") <= SOCKET_PATH_MAX


def test_what_outlives_a_boot_is_in_the_state_folder_and_what_does_not_is_in_the_run_folder(where):
    kept = (where.journal, where.config, where.epoch, where.latch, where.logs, where.checkpoints("risk"))
    assert all(path.is_relative_to(where.state) for path in (*kept, where.ledgers("primary")))
    brief = (where.clock, where.directory, where.socket("risk"), where.watermark("risk"))
    assert all(path.is_relative_to(where.run) for path in brief)


def test_no_two_things_lie_in_one_place(tmp_path):
    where = Places(state=tmp_path / "s", run=tmp_path / "r")
    paths = [
        *(where.journal, where.config, where.epoch, where.latch, where.clock, where.directory, where.logs),
        *(where.checkpoints(name) for name in ("risk", "executor")),
        *(where.ledgers(name) for name in ("primary", "backup")),
        *(where.socket(name) for name in ("risk", "executor")),
        *(where.watermark(name) for name in ("risk", "executor")),
    ]
    assert len(set(paths)) == len(paths)
