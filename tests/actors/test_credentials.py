import sys
from pathlib import Path

import pytest

from actors.credentials import CredentialMissing, credential

SECRET = "pl4nted"


def test_a_name_is_looked_up_in_the_environment_then_among_systemd_credentials(tmp_path: Path, monkeypatch):
    (tmp_path / "TT_TOKEN").write_text("from systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert credential("TT_TOKEN").get_secret_value() == "from systemd"
    monkeypatch.setenv("TT_TOKEN", "from environment")
    assert credential("TT_TOKEN").get_secret_value() == "from environment"


def test_a_file_of_mode_0600_is_read(tmp_path: Path):
    path = tmp_path / "token"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    assert credential(f"file:{path}").get_secret_value() == SECRET


def open_to_others(path: Path) -> None:
    path.write_text(SECRET)
    path.chmod(0o640)


def a_link(path: Path) -> None:
    target = path.with_name("target")
    target.write_text(SECRET)
    target.chmod(0o600)
    path.symlink_to(target)


def empty(path: Path) -> None:
    path.touch(0o600)


@pytest.mark.parametrize("make", [open_to_others, a_link, empty, lambda path: None])
def test_any_other_file_is_refused_without_its_content(tmp_path: Path, make):
    make(tmp_path / "token")
    with pytest.raises(CredentialMissing) as caught:
        credential(f"file:{tmp_path / 'token'}")
    assert SECRET not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_name_known_nowhere_is_named(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(CredentialMissing, match="NO_SUCH_TOKEN is neither"):
        credential("NO_SUCH_TOKEN")


def test_a_secret_is_not_shown_by_accident(monkeypatch):
    monkeypatch.setenv("TT_TOKEN", SECRET)
    assert SECRET not in f"{credential('TT_TOKEN')} {credential('TT_TOKEN')!r}"


KEYRING = """
class Locked(Exception):
    pass

def get_password(service, name):
    if name == "LOCKED":
        raise Locked("pl4nted")
    return {("holdfast", "TT_TOKEN"): "from keyring"}.get((service, name))
"""


@pytest.fixture
def keyring(tmp_path, monkeypatch):
    (tmp_path / "keyring.py").write_text(KEYRING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    yield
    sys.modules.pop("keyring", None)


def test_a_keyring_that_is_installed_is_asked_last(keyring, monkeypatch):
    assert credential("TT_TOKEN").get_secret_value() == "from keyring"
    monkeypatch.setenv("TT_TOKEN", "from environment")
    assert credential("TT_TOKEN").get_secret_value() == "from environment"


@pytest.mark.parametrize(("name", "why"), [("OTHER", 'not in the keyring under "holdfast"'), ("LOCKED", "Locked")])
def test_a_keyring_without_the_secret_is_told_without_its_words(keyring, name, why):
    with pytest.raises(CredentialMissing, match=why) as refused:
        credential(name)
    assert SECRET not in str(refused.value)
