"""What others wrote down, as a drill sees it: real files, a real journal."""

import time
from datetime import UTC, datetime

import pytest

from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.outbox import Raised, Sent
from actors.outbox import Outbox
from actors.places import Places
from supervisor.app.drills.card import arrived
from supervisor.app.drills.spec import Sign, Source
from supervisor.app.drills.witness import Witness
from supervisor.event_log import EventLog
from supervisor.journal import JournalWriter
from tests.builders import open_signal
from tests.rig import Rig


@pytest.fixture
def where(tmp_path) -> Places:
    return Places(state=tmp_path, run=tmp_path)


@pytest.fixture
def witness(where):
    seen = Witness(where)
    yield seen
    seen.close()


def a_days_events() -> list[tuple[str, str, bytes]]:
    rig = Rig().ready()
    rig.opened(open_signal(1))
    return [(kind, about, body) for (kind, about), body in zip(rig.journal.kinds, rig.journal.bodies, strict=True)]


def kinds(witness: Witness, source: Source) -> list[str]:
    return [seen.kind for seen in witness.sightings if seen.source is source]


def test_only_what_was_written_after_the_beginning_is_told_and_each_once(where, witness):
    events = a_days_events()
    journal = JournalWriter(where.journal, epoch=1, clock=time.time_ns, fence=lambda: None)
    journal.append(events[:3])
    witness.begin()
    journal.append(events[3:])
    witness.look()
    witness.look()
    assert kinds(witness, Source.JOURNAL) == [kind for kind, _, _ in events[3:]]
    assert witness.sequence == len(events)
    journal.close()


def test_an_event_of_an_order_is_told_with_what_the_order_is(where, witness):
    witness.begin()
    journal = JournalWriter(where.journal, epoch=1, clock=time.time_ns, fence=lambda: None)
    journal.append(a_days_events())
    witness.look()
    known = {"intent": "OPEN", "strategy": "condor", "route": "primary"}
    told = Sign(
        source=Source.JOURNAL, kind="attempt_ended", where={"outcome.kind": "accepted", "home": "primary"} | known
    )
    assert any(map(told.fits, witness.sightings))
    journal.close()


def test_the_supervisors_lines_are_told_with_their_own_times(where, witness):
    log = EventLog(where.state / "supervisor.log.jsonl")
    log.note("running", "executor")
    log.flush()
    witness.begin()
    log.note("died", "executor", reason="killed")
    log.flush()
    witness.look()
    (seen,) = [each for each in witness.sightings if each.source is Source.SUPERVISOR]
    assert (seen.kind, seen.mark, seen.body["reason"]) == ("died", "2", "killed")
    assert 0 <= seen.at_s <= witness.now_s
    log.close()


def test_an_alert_has_arrived_once_a_target_took_it(where, witness):
    now = datetime.now(UTC)
    alert = Alert(alert_id="S001-executor-1", code="S001", level=Level.P1, subject="executor", text="dead", at=now)
    outbox = Outbox(where.state / "outbox.jsonl", {Level.P1: (("log",),)})
    witness.begin()
    outbox.append([Raised(alert=alert, at=datetime.now(UTC))])
    witness.look()
    assert arrived(witness.sightings) == ()
    outbox.append([Sent(alert_id=alert.alert_id, target="log", at=datetime.now(UTC))])
    witness.look()
    witness.look()
    assert arrived(witness.sightings) == ("S001",)
    assert kinds(witness, Source.ALERTS) == ["arrived"]


def test_a_witness_at_rest_forgets_and_tells_nothing(where, witness):
    log = EventLog(where.state / "supervisor.log.jsonl")
    witness.begin()
    log.note("died", "executor")
    log.flush()
    witness.look()
    assert kinds(witness, Source.SUPERVISOR) == ["died"]
    witness.rest()
    log.note("running", "executor")
    log.flush()
    witness.look()
    assert witness.sightings == []
    log.close()
