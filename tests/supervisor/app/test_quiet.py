"""Quiet is read from the journal: an attempt is open until its answer, or the end of its doubt, stands there."""

from datetime import UTC, datetime

import pytest

from actors.domain.orders.attempt import Absent, Attempt, InDoubt, NotSent
from actors.domain.orders.event import AttemptEnded, AttemptStarted, DoubtEnded
from actors.domain.orders.order import attempt_id
from supervisor.app.quiet import is_quiet
from supervisor.journal import JournalWriter

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
NAME = attempt_id("o-1", 1)
STARTED = AttemptStarted(
    cl_ord_id="o-1",
    attempt=Attempt(
        number=1, route="r", account_domain="a", connection_incarnation=1, executor_epoch=1, started_at=NOW
    ),
)
NOT_SENT = AttemptEnded(attempt_id=NAME, outcome=NotSent(cause="late"), at=NOW)
DOUBT = AttemptEnded(attempt_id=NAME, outcome=InDoubt(evidence="cut", cause="cut"), at=NOW)
ABSENT = DoubtEnded(attempt_id=NAME, resolution=Absent(proof="two readings"), at=NOW)


@pytest.mark.parametrize(
    ("events", "quiet"),
    [
        ((), True),
        ((STARTED,), False),
        ((STARTED, NOT_SENT), True),
        ((STARTED, DOUBT), False),
        ((STARTED, DOUBT, ABSENT), True),
    ],
)
def test_trading_is_quiet_when_every_attempt_has_a_definite_answer(tmp_path, events, quiet):
    writer = JournalWriter(tmp_path / "journal.sqlite", epoch=1, clock=lambda: 0, fence=lambda: None)
    if events:
        writer.append((event.kind, event.correlation, event.model_dump_json().encode()) for event in events)
    assert is_quiet(tmp_path / "journal.sqlite") is quiet
    writer.close()


def test_without_a_journal_there_is_nothing_to_wait_for(tmp_path):
    assert is_quiet(tmp_path / "journal.sqlite")
