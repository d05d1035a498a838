"""Links, cookies, forms' tokens: what they open, once and for how long, and what they do not."""

import os
import stat
import time
from pathlib import Path

import pytest

from supervisor.panel.entry import Entry


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "panel"


def entry(folder: Path, link_s: float = 60, session_s: float = 60) -> Entry:
    return Entry(folder, link_s=link_s, session_s=session_s)


def test_a_link_is_good_once_whichever_server_is_asked(folder):
    secret = entry(folder).link()
    assert entry(folder).use(secret)
    assert not entry(folder).use(secret)


def test_a_link_that_waited_too_long_is_not_good_and_is_gone(folder):
    mine = entry(folder)
    secret = mine.link()
    (path,) = (folder / "links").iterdir()
    os.utime(path, (time.time() - 61,) * 2)
    assert not mine.use(secret)
    assert not list((folder / "links").iterdir())


def test_the_disk_holds_no_link_that_could_be_used(folder):
    secret = entry(folder).link()
    assert not any(secret in path.name or secret in path.read_text() for path in (folder / "links").iterdir())


@pytest.mark.parametrize("link", ["", "x", "../key", "\0", "é"])
def test_what_is_no_link_opens_nothing(folder, link):
    assert not entry(folder).use(link)


def test_a_session_outlives_the_server_and_not_its_key(folder):
    cookie = entry(folder).admit()
    session = entry(folder).session(cookie)
    assert session is not None
    (folder / "key").unlink()
    assert entry(folder).session(cookie) is None


@pytest.mark.parametrize("cookie", [None, "", "a", "a.b.c", "é.b.c"])
def test_a_cookie_that_nobody_signed_is_none(folder, cookie):
    assert entry(folder).session(cookie) is None


def test_a_changed_cookie_is_none(folder):
    mine = entry(folder)
    assert mine.session("x" + mine.admit()) is None


def test_a_session_ends(folder):
    assert entry(folder, session_s=-1).session(entry(folder).admit()) is None


def test_a_forms_token_is_of_its_session_alone(folder):
    mine = entry(folder)
    assert mine.is_form_of("one", mine.form_token("one"))
    assert not mine.is_form_of("another", mine.form_token("one"))
    assert not mine.is_form_of("one", "")


def test_what_is_kept_is_its_owners_alone(folder):
    entry(folder).link()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_a_program_reads_with_the_folders_own_token(folder):
    mine = entry(folder)
    assert mine.may_read((folder / "token").read_text())
    assert not mine.may_read("")
    assert not mine.may_read((folder / "key").read_text())
