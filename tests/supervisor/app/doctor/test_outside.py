from datetime import UTC, datetime, timedelta

import pytest

from actors.config import load
from actors.config_heartbeat import HeartbeatSection
from actors.config_phone import PhoneSection
from actors.config_sections import Mode
from actors.places import Places
from supervisor import beside, keeper
from supervisor.app.doctor.finding import Verdict
from supervisor.app.doctor.outside import examine
from supervisor.heartbeat.beating import Beaten, record
from supervisor.ownership import Ownership
from supervisor.phone.polling import Reach, reach

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
SHIPPED = load(None)
ASKED = SHIPPED.model_copy(
    update={
        "heartbeat": HeartbeatSection(url="HEARTBEAT_URL"),
        "phone": PhoneSection(token="PHONE_TOKEN", users={"ann": 1}, chats=(1,)),
    }
)


@pytest.fixture
def where(tmp_path) -> Places:
    return Places(state=tmp_path, run=tmp_path)


def verdicts(config, where) -> dict[str, tuple[Verdict, str]]:
    return {each.subject: (each.verdict, each.text) for each in examine(config, where, NOW)}


def test_a_live_machine_that_nobody_watches_is_told_and_a_paper_one_may_be(where):
    live = SHIPPED.model_copy(update={"runtime": SHIPPED.runtime.model_copy(update={"mode": Mode.LIVE})})
    assert verdicts(live, where)["heartbeat"][0] is Verdict.WARN
    assert {verdict for verdict, _ in verdicts(SHIPPED, where).values()} == {Verdict.OK}


def test_a_secret_that_is_not_there_is_named(where):
    told = verdicts(ASKED, where)
    assert told["heartbeat"][0] is told["phone"][0] is Verdict.WARN
    assert ("HEARTBEAT_URL" in told["heartbeat"][1], "PHONE_TOKEN" in told["phone"][1]) == (True, True)


def test_a_process_that_is_gone_while_the_tree_runs_is_told(where, monkeypatch):
    for name in ("HEARTBEAT_URL", "PHONE_TOKEN"):
        monkeypatch.setenv(name, "https://hidden.example.com/x")
    assert {verdict for verdict, _ in verdicts(ASKED, where).values()} == {Verdict.UNKNOWN}
    held = Ownership.take(keeper.lock(where.state), NOW)
    assert {text for _, text in verdicts(ASKED, where).values()} == {"its process is gone"}
    held.release()


@pytest.mark.parametrize(
    ("changes", "verdict", "text"),
    [
        ({"taken_at": NOW - timedelta(seconds=50)}, Verdict.OK, "50 s ago"),
        ({"taken_at": NOW - timedelta(seconds=500)}, Verdict.WARN, "500 s ago"),
        ({"silent": ("risk: down",)}, Verdict.WARN, "silent on purpose: risk: down"),
        ({"refused": "answered 404", "taken_at": NOW}, Verdict.WARN, "not taken: answered 404"),
    ],
)
def test_the_heartbeat_stands_as_it_wrote_it_down(where, changes, verdict, text):
    held = Ownership.take(beside.lock(where.state, "heartbeat"), NOW)
    record(where).write_text(Beaten(at=NOW, **changes).model_dump_json())
    found = verdicts(ASKED, where)["heartbeat"]
    assert (found[0], text in found[1]) == (verdict, True)
    held.release()


@pytest.mark.parametrize(
    ("fault", "verdict", "text"),
    [
        ("", Verdict.OK, "heard: ann"),
        ("refused: the token is not valid", Verdict.WARN, "since Mon 10:00 ET: the bot is refused: the token is not"),
    ],
)
def test_a_phone_that_is_heard_names_who_is_and_one_that_is_not_says_why(where, fault, verdict, text):
    held = Ownership.take(beside.lock(where.state, "phone"), NOW)
    assert verdicts(ASKED, where)["phone"][0] is Verdict.UNKNOWN
    reach(where).write_text(Reach(at=NOW, fault=fault).model_dump_json())
    found = verdicts(ASKED, where)["phone"]
    assert (found[0], text in found[1]) == (verdict, True)
    held.release()
