"""The door to the alerts, over a real outbox and a notifier that runs, or does not."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.alert_requests import WAITING_MAX
from actors.domain.alerts.alert import Level, handle
from actors.domain.alerts.record import Raised
from actors.domain.alerts.silence import Silence
from actors.outbox import Outbox
from actors.places import Places, places
from supervisor import alert_door
from tests.notifier_rig import WAIT_S, alert, running, service, serving

NAKED = ("A040", "naked-1")


@pytest.fixture
def where(tmp_path):
    found = places(tmp_path / "state")
    yield found
    found.run.rmdir()


def left(where: Places, *subjects: str) -> None:
    outbox = Outbox(where.outbox, {})
    now = datetime.now(UTC)
    outbox.append([Raised(alert=alert(f"id-{each}", code="A040", subject=each), at=now) for each in subjects])
    outbox.close()


def silence(minutes: float = 30, code: str = "A040", reason: str = "known") -> Silence:
    now = datetime.now(UTC)
    return Silence(code=code, begins=now, ends=now + timedelta(minutes=minutes), by="ann", reason=reason)


def standing(where: Places) -> list[str]:
    return [each.alert.subject for each in alert_door.read_alerts(where).unacknowledged]


@pytest.mark.parametrize("name", [handle(NAKED), handle(NAKED).upper(), "id-naked-1", "naked-1"])
def test_what_stands_is_acknowledged_by_any_of_its_names_with_nothing_running(where, name):
    left(where, "naked-1", "naked-2")
    asked = alert_door.acknowledge(where, name, by="ann", reason="seen")
    assert (asked.why, asked.names) == (None, ("A040 naked-1",))
    assert standing(where) == ["naked-2"], "what was asked counts at once"
    assert not asked.taken(0)


@pytest.mark.parametrize("name", ["A040", "all"])
def test_a_code_or_all_picks_everything_of_it(where, name):
    left(where, "naked-1", "naked-2")
    assert alert_door.acknowledge(where, name, by="ann").why is None
    assert standing(where) == []


def test_what_does_not_stand_cannot_be_acknowledged(where):
    left(where, "naked-1")
    assert "is called naked-9" in alert_door.acknowledge(where, "naked-9", by="ann").why
    alert_door.acknowledge(where, "all", by="ann")
    with running(where.state, ()) as each:
        each.passes.wait(3)
    assert "is called all" in alert_door.acknowledge(where, "all", by="ann").why


def test_a_running_notifier_takes_an_answer_and_keeps_it_over_its_death(where):
    left(where, "naked-1")
    with running(where.state, ()):
        asked = alert_door.acknowledge(where, "naked-1", by="ann", reason="seen")
        assert asked.taken(WAIT_S)
    (seen,) = alert_door.read_alerts(where).standing
    assert (seen.acknowledged.by, seen.acknowledged.reason) == ("ann", "seen")
    assert list(where.alert_requests.iterdir()) == []


def test_a_silence_is_told_to_everybody_and_ended_by_its_name(where):
    with serving() as receiver, running(where.state, (service(receiver.url, Level.P2),)):
        asked = alert_door.silence(where, silence())
        assert asked.taken(WAIT_S)
        message = receiver.messages.get(timeout=WAIT_S)["message"]
        assert message.startswith("ann wants quiet about A040 until ")
        assert f"holdfast silence --end {asked.names[0]}" in message
        (known,) = alert_door.read_alerts(where).silences
        assert known.pages_until - known.silence.begins == timedelta(minutes=15)
        assert alert_door.end_silence(where, asked.names[0], by="ann").taken(WAIT_S)
    assert alert_door.read_alerts(where).silences == ()
    assert "no silence in force" in alert_door.end_silence(where, asked.names[0], by="ann").why


@pytest.mark.parametrize("wanted", [silence(minutes=60 * 25), silence(reason=""), silence(code="")])
def test_a_silence_beyond_its_limits_is_refused_and_leaves_nothing(where, wanted):
    assert alert_door.silence(where, wanted).why
    assert not where.alert_requests.exists()


def test_a_silence_that_is_left_against_the_limits_is_not_carried_out(where):
    from actors import alert_requests
    from actors.domain.alerts.request import Hush

    alert_requests.leave(where.alert_requests, Hush(silence=silence(minutes=60 * 30), at=datetime.now(UTC)))
    with running(where.state, ()) as each:
        each.passes.wait(3)
    assert alert_door.read_alerts(where).silences == ()


def test_a_test_goes_the_way_of_its_level_and_is_found_in_the_outbox(where):
    with serving() as receiver, running(where.state, (service(receiver.url, Level.P0),)) as each:
        asked, alert_id = alert_door.send_test(where, Level.P0, by="ann")
        assert asked.taken(WAIT_S)
        told = receiver.messages.get(timeout=WAIT_S)
        while None in (taken := alert_door.taken_by(where, alert_id)).values():
            each.passes.wait(1)
    ((way, target),) = taken.items()
    assert way == (target,)
    assert told["title"] == "PAPER P0 test of P0"
    assert "a test that ann asked for" in told["message"]


def test_a_request_that_cannot_be_understood_is_set_aside_and_stops_nothing(where):
    left(where, "naked-1")
    where.alert_requests.mkdir()
    (where.alert_requests / "0000.json").write_text("{}")
    with running(where.state, ()):
        assert alert_door.acknowledge(where, "all", by="ann").taken(WAIT_S)
    assert [path.name for path in where.alert_requests.iterdir()] == ["0000.unread"]


def test_so_many_requests_that_something_is_wrong_are_refused(where):
    left(where, "naked-1")
    where.alert_requests.mkdir()
    for number in range(WAITING_MAX):
        (where.alert_requests / f"{number}.json").touch()
    assert "requests wait" in alert_door.acknowledge(where, "all", by="ann").why


def test_a_line_says_what_became_of_an_answer_and_of_a_silence(where):
    left(where, "naked-1")
    kept = "kept, the notifier takes it when it runs"
    assert alert_door.ack_in_words(where, "naked-1", by="ann") == f"acknowledged: A040 naked-1; {kept}"
    assert "is called naked-1" in alert_door.ack_in_words(where, "naked-1", by="ann")
    said = alert_door.silence_in_words(where, "A050:route-*", 1800, by="ann", reason="known")
    assert (": A050 route-* until " in said, said.endswith(kept)) == (True, True)
    assert "a person and a reason" in alert_door.silence_in_words(where, "A050", 1800, by="ann", reason="")
