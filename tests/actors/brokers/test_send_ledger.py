import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.brokers.send_ledger import FILES_KEPT, SendLedger, boot_id
from actors.domain.orders.attempt import Accepted, InDoubt, NotSent, Rejected
from actors.ports import DamagedState

BOOT = "boot-a"
DONE = Accepted(broker_order_id="7")


def successor(folder, incarnation=2, boot=BOOT):
    return SendLedger(folder, incarnation, boot)


def test_what_an_attempt_came_to_follows_from_the_lines(tmp_path):
    ledger = SendLedger(tmp_path, 1, BOOT)
    for attempt in ("answered", "refused", "unanswered"):
        ledger.entry(attempt)
    ledger.outcome("answered", DONE)
    ledger.outcome("refused", Rejected(code="c", text="t"))
    assert ledger.outcome_of("unanswered", 1) is None
    ledger.close()
    after = successor(tmp_path)
    assert after.outcome_of("answered", 1) == DONE
    assert after.outcome_of("refused", 1) == Rejected(code="c", text="t")
    assert isinstance(after.outcome_of("unanswered", 1), InDoubt)
    assert isinstance(after.outcome_of("never begun", 1), NotSent)
    assert isinstance(after.outcome_of("never begun", 0), NotSent)
    assert [after.knows(each) for each in ("answered", "unanswered", "never begun")] == [True, True, False]


def test_after_another_boot_everything_unanswered_is_in_doubt(tmp_path):
    ledger = SendLedger(tmp_path, 1, BOOT)
    ledger.entry("answered")
    ledger.outcome("answered", DONE)
    ledger.close()
    after = successor(tmp_path, boot="boot-b")
    assert after.outcome_of("answered", 1) == DONE
    assert isinstance(after.outcome_of("perhaps lost with the machine", 1), InDoubt)
    assert isinstance(after.outcome_of("perhaps lost with the machine", 0), InDoubt)
    assert isinstance(after.outcome_of("told to this one, never begun", 2), NotSent)


def test_an_incarnation_that_left_no_file_proves_nothing(tmp_path):
    assert isinstance(successor(tmp_path).outcome_of("a", 1), InDoubt)
    assert isinstance(SendLedger(tmp_path, 3, "").outcome_of("a", 3), InDoubt)


def test_an_incarnation_never_writes_over_its_own_past(tmp_path):
    SendLedger(tmp_path, 1, BOOT).close()
    with pytest.raises(DamagedState, match="incarnation 1"):
        SendLedger(tmp_path, 1, BOOT)


CHILD = """
import os, sys
from pathlib import Path
from actors.brokers.send_ledger import SendLedger
from actors.domain.orders.attempt import Accepted
ledger = SendLedger(Path(sys.argv[1]), 1, "boot-a")
ledger.entry("a-r1")
ledger.outcome("a-r1", Accepted(broker_order_id="7"))
ledger.entry("b-r1")
print("between", flush=True)
sys.stdin.read()
"""


def test_an_entry_survives_kill_9_between_the_entry_and_the_outcome(tmp_path):
    root = Path(__file__).resolve().parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    with child:
        assert child.stdout.readline() == b"between\n"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    after = successor(tmp_path)
    assert after.outcome_of("a-r1", 1) == DONE
    assert isinstance(after.outcome_of("b-r1", 1), InDoubt)
    assert isinstance(after.outcome_of("c-r1", 1), NotSent)


@settings(max_examples=60)
@given(data=st.data())
def test_cut_anywhere_a_file_never_turns_a_begun_send_into_not_sent(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("ledger")
    ledger = SendLedger(folder, 1, BOOT)
    sizes = []
    for attempt in ("a", "b"):
        ledger.entry(attempt)
        sizes.append(next(folder.iterdir()).stat().st_size)
        ledger.outcome(attempt, DONE)
    ledger.close()
    path = next(folder.iterdir())
    cut = data.draw(st.integers(0, path.stat().st_size))
    os.truncate(path, cut)
    after = successor(folder)
    for attempt, entered in zip(("a", "b"), sizes, strict=True):
        outcome = after.outcome_of(attempt, 1)
        # A whole entry line means that bytes may have left; without one none did, or the whole file is in doubt.
        assert not (isinstance(outcome, NotSent) and cut >= entered)


def test_a_line_in_the_middle_that_does_not_verify_is_damage(tmp_path):
    ledger = SendLedger(tmp_path, 1, BOOT)
    ledger.entry("a")
    ledger.close()
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes().replace(b'{"entry"', b'{"ent'))
    with pytest.raises(DamagedState, match="ledger"):
        successor(tmp_path)


def test_old_files_go_when_all_in_them_is_answered_and_others_stay(tmp_path):
    for incarnation in range(1, FILES_KEPT + 5):
        ledger = SendLedger(tmp_path, incarnation, BOOT)
        ledger.entry(f"attempt-{incarnation}")
        ledger.outcome(f"attempt-{incarnation}", DONE)
        if incarnation != 2:
            ledger.forget(f"attempt-{incarnation}")
        ledger.close()
    last = SendLedger(tmp_path, FILES_KEPT + 5, BOOT)
    kept = sorted(int(path.stem) for path in tmp_path.iterdir())
    assert kept == [2, *range(5, FILES_KEPT + 6)]
    last.forget("attempt-2")
    last.close()
    SendLedger(tmp_path, FILES_KEPT + 6, BOOT).close()
    assert not (tmp_path / f"{2:012d}.ledger").exists()


def test_unanswered_are_those_not_yet_forgotten(tmp_path):
    ledger = SendLedger(tmp_path, 1, BOOT)
    for attempt in ("a", "b"):
        ledger.entry(attempt)
        ledger.outcome(attempt, DONE)
    ledger.forget("a")
    assert ledger.unanswered == {"b": DONE}
    assert isinstance(ledger.outcome_of("a", 1), InDoubt)


FULL = """
import resource, signal, sys
from pathlib import Path
from actors.brokers.send_ledger import SendLedger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = SendLedger(Path(sys.argv[1]), 1, "boot-a")
size = next(Path(sys.argv[1]).iterdir()).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, size + 10))
try:
    ledger.entry("a-r1")
except OSError as error:
    resource_error = str(error)
assert not ledger.knows("a-r1")
print(resource_error)
"""


def test_an_entry_that_does_not_fit_raises_and_leaves_no_half_line(tmp_path):
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "bytes written" in run.stdout
    lines = next(tmp_path.iterdir()).read_bytes().splitlines()
    assert [json.loads(line.rpartition(b" ")[0])["incarnation"] for line in lines] == [1]


def test_the_folder_and_its_files_are_for_this_user_alone(tmp_path):
    SendLedger(tmp_path / "ledgers", 1, BOOT).close()
    assert (tmp_path / "ledgers").stat().st_mode & 0o777 == 0o700
    assert next((tmp_path / "ledgers").iterdir()).stat().st_mode & 0o777 == 0o600


def test_the_boot_id_does_not_change_within_a_boot():
    assert boot_id() == boot_id()
