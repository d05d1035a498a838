import pytest

from supervisor.app.doctor.finding import Verdict
from supervisor.app.doctor.modes import examine


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / "journal").touch(0o600)
    return folder


def verdicts(*arguments):
    return [found.verdict for found in examine(*arguments)]


def test_a_private_folder_is_fine_even_with_a_readable_file_inside(state):
    (state / "plan.json").touch()
    (state / "plan.json").chmod(0o644)
    assert verdicts([state], []) == [Verdict.OK]


def test_a_folder_that_others_may_enter_forbids_trading(state):
    state.chmod(0o755)
    (found,) = examine([state], [])
    assert found.verdict is Verdict.FAIL
    assert "0755" in found.text


def test_a_file_that_others_may_write_forbids_trading(state):
    (state / "journal").chmod(0o622)
    assert verdicts([state], []) == [Verdict.FAIL]


def test_a_secret_that_others_may_read_forbids_trading(tmp_path):
    tmp_path.chmod(0o755)
    secret = tmp_path / "login"
    secret.touch(0o600)
    assert verdicts([], [secret]) == [Verdict.OK]
    secret.chmod(0o640)
    assert verdicts([], [secret]) == [Verdict.FAIL]
    secret.unlink()
    assert verdicts([], [secret]) == [Verdict.FAIL]


def test_a_folder_that_is_not_there_yet_is_no_fault(tmp_path):
    assert verdicts([tmp_path / "later"], []) == [Verdict.UNKNOWN]
