"""The phone over a Bot API server on loopback: who is heard, what is answered, what a restart repeats and loses."""

import json
import re
from datetime import timedelta

import pytest

from actors.latch import Latch, StopLevel, history, read_latch, tighten
from supervisor.phone import polling
from supervisor.phone.record import BYTES_MAX, Record
from tests.supervisor.phone.conftest import ANN, BOB, GROUP, Phone


def halted(phone: Phone) -> bool:
    return read_latch(phone.where.latch).level is StopLevel.HALT


def test_every_answer_says_whose_money_it_is_and_new_yorks_time(phone):
    (said,) = phone.answers("/help")
    head, _, text = said.partition("\n")
    assert head.startswith("PAPER tastytrade, alpaca · ")
    assert head.endswith(" ET")
    assert "/ack ID" in text


def test_a_stop_is_asked_back_and_latched_with_the_code_alone(phone):
    question = phone.answer("/halt the quotes look wrong")
    assert question.splitlines()[:2] == [
        "HALT?",
        "What is open is NOT KNOWN: no executor is heard. The stop holds all the same.",
    ]
    assert "/confirm 0001 until " in question
    assert not halted(phone)
    latched, end = phone.answers("/confirm 0001")
    assert "LATCHED HALT since " in latched
    assert "by ann by phone: the quotes look wrong" in latched
    assert "is that the folder you meant" in end
    held = read_latch(phone.where.latch)
    assert (held.level, held.by, held.by_person) == (StopLevel.HALT, "ann by phone", True)


def test_a_code_is_used_once_by_its_user_in_its_chat_and_in_time(phone):
    phone.answer("/reduce enough")
    assert "Nothing of yours" in phone.answer("/confirm 0001", BOB)
    assert "Nothing of yours" in phone.answer("/confirm 0001", ANN, GROUP)
    phone.later_s = 61
    assert "Too late" in phone.answer("/confirm 0001")
    assert read_latch(phone.where.latch).level is StopLevel.NONE
    phone.later_s = 0
    phone.answer("/reduce enough")
    assert len(phone.answers("/confirm 0002")) == 2
    assert "Nothing of yours" in phone.answer("/confirm 0002")


def test_a_stop_that_is_in_force_is_told_and_not_asked_for(phone):
    tighten(phone.where.latch, Latch(level=StopLevel.HALT, reason="daily loss", by="risk", at=phone.now()))
    for verb in ("reduce", "halt"):
        assert "by risk: daily loss" in phone.answer(f"/{verb}")
    assert "Nothing of yours" in phone.answer("/confirm 0001")


@pytest.mark.parametrize("name", ["resume", "arm", "flatten"])
def test_nothing_is_ever_loosened_armed_or_closed(phone, name):
    tighten(phone.where.latch, Latch(level=StopLevel.HALT, reason="x", by="risk", at=phone.now()))
    assert phone.answer(f"/{name} now") == f"Never from a phone: {name}. On the machine: holdfast {name}"
    assert halted(phone)
    assert not phone.where.armed.exists()


def test_a_member_of_the_group_who_is_not_listed_is_refused_and_the_owner_is_told(phone):
    said = phone.answers("/halt now", user=99, chat=GROUP)
    assert "Refused: you are not listed here." in said[0]
    assert "User 99 in chat -77 is not listed and was refused: '/halt now'" in said[1]
    assert [chat for chat, _ in phone.server.said] == [GROUP, ANN]
    assert [code for code, _ in phone.alerts] == ["A171"]
    assert phone.answers("/halt now", user=99, chat=GROUP) == []
    phone.later_s = 3_601
    assert len(phone.answers("/halt now", user=99, chat=GROUP)) == 2


@pytest.mark.parametrize("user", [ANN, 99])
@pytest.mark.parametrize("text", ["see you at the open", "", "/status@another_bot"])
def test_what_people_say_to_each_other_in_a_group_is_not_for_the_bot(phone, user, text):
    assert phone.answers(text, user=user, chat=GROUP) == []
    assert phone.alerts == []


def test_a_stranger_gets_no_answer_and_the_owner_is_told(phone):
    phone.answers("/status", user=99)
    assert [chat for chat, _ in phone.server.said] == [ANN]
    assert [code for code, _ in phone.alerts] == ["A171"]


def test_what_a_listed_person_forwards_is_not_their_command(phone):
    assert "Refused" in phone.answers("/halt", forward_origin={"type": "user"})[0]


def test_what_was_written_long_ago_is_not_done_and_its_age_is_told(phone):
    assert re.search(r"that was written 50\d s before", phone.answer("/halt", age_s=500))
    assert "Nothing of yours" in phone.answer("/confirm 0001")


def test_each_update_is_confirmed_to_the_server_and_done_once(phone):
    phone.answer("/status")
    phone.turn()
    assert phone.server.updates == []
    update = phone.server.write("/help")
    phone.turn()
    phone.server.forgets_offsets = True
    said = len(phone.server.said)
    assert phone.turn() == polling.EMPTY_S  # the same news again is no reason to hurry
    phone.restart()
    phone.turn()
    assert (len(phone.server.said), phone.record.is_done(update)) == (said, True)


def test_a_restart_goes_on_where_the_last_one_ended(phone):
    update = phone.server.write("/help")
    phone.turn()
    phone.restart()
    phone.turn()
    assert phone.server.asked[-1][1]["offset"] == update + 1


def test_after_a_week_without_news_the_server_says_where_it_counts_from(phone):
    phone.answer("/help")
    assert phone.record.offset(phone.now()) is not None
    assert phone.record.offset(phone.now() + timedelta(days=7)) is None


class Died(BaseException):
    """Stands for the end of the process, at the line where it is raised."""


def dies(*_: object) -> None:
    raise Died


def test_a_stop_that_a_death_cut_short_is_latched_by_the_next_process(phone, monkeypatch):
    phone.answer("/halt enough")
    phone.server.write("/confirm 0001")
    with monkeypatch.context() as patch:
        patch.setattr(phone.control, "_confirm", dies)
        with pytest.raises(Died):
            phone.turn()
    assert not halted(phone)
    phone.later_s = 90  # the code was heard in time, so the restart costs nobody its time
    phone.restart()
    phone.turn()
    assert halted(phone)


def test_a_death_after_the_latch_latches_nothing_twice(phone, monkeypatch):
    phone.answer("/halt enough")
    phone.server.write("/confirm 0001")
    with monkeypatch.context() as patch:
        patch.setattr(phone.record, "do", dies)
        with pytest.raises(Died):
            phone.turn()
    assert halted(phone)
    phone.restart()
    phone.turn()
    assert len(history(phone.where.latch)) == 1
    assert "the first reason stays" in phone.server.said[-2][1]
    assert "Nothing of yours" in phone.answer("/confirm 0001")


def test_a_command_that_ends_the_program_each_time_is_given_up(phone, monkeypatch):
    phone.server.write("/positions")
    with monkeypatch.context() as patch:
        patch.setattr("supervisor.phone.answers.positions", dies)
        for _ in range(3):
            with pytest.raises(Died):
                phone.turn()
            phone.restart()
    phone.turn()
    assert "Given up: positions ended this program 3 times" in phone.server.said[-1][1]


def test_who_asked_for_what_is_on_disk_before_it_is_done(phone, monkeypatch):
    monkeypatch.setattr(phone.control, "obey", dies)
    phone.server.write("/halt enough")
    with pytest.raises(Died):
        phone.turn()
    (line,) = map(json.loads, (phone.where.state / "phone.log.jsonl").read_text().splitlines())
    assert (line["event"], line["by"], line["user"], line["text"]) == ("heard", "ann", ANN, "/halt enough")


def test_a_disk_that_takes_no_line_keeps_no_stop_from_being_latched(phone, monkeypatch):
    def full() -> None:
        raise OSError(28, "No space left on device")

    phone.answer("/halt enough")
    monkeypatch.setattr(phone.record._log, "flush", full)
    phone.answers("/confirm 0001")
    assert halted(phone)


def test_a_record_that_grew_large_is_begun_anew_and_forgets_nothing_that_was_done(phone):
    update = phone.server.write("/help")
    phone.turn()
    path = phone.where.state / "phone.log.jsonl"
    with path.open("a") as file:
        file.write('{"at": "2026-11-30T00:00:00+00:00", "event": "x", "text": "' + "x" * BYTES_MAX + '"}\n')
    phone.restart()
    assert path.stat().st_size < 10_000
    assert Record(phone.where, phone.control._confirmations).is_done(update)


def test_a_bad_token_is_asked_with_at_a_slow_pace_and_told_once(where, server):
    phone = Phone(where, server, token="wrong")
    assert [phone.turn() >= 30 for _ in range(5)] == [True] * 5
    assert phone.turn() > 400
    assert len(server.asked) == 6
    assert [code for code, _ in phone.alerts] == ["A172"]
    assert "token is not valid" in phone.alerts[0][1]


def test_whether_the_bot_answers_is_left_for_the_doctor(phone):
    def fault() -> str:
        return polling.Reach.model_validate_json(polling.reach(phone.where).read_bytes()).fault

    phone.turn()
    assert fault() == ""
    phone.server.refuse["getUpdates"] = (409, {"ok": False})
    phone.turn()
    assert fault() == "refused: another program asks for this bot's news, or a webhook is set"


def test_a_server_that_is_not_there_is_tried_again_at_a_growing_pace(phone):
    phone.server.close()
    waits = [phone.turn() for _ in range(8)]
    assert (0.5 <= waits[0] <= 1, 30 <= waits[-1] <= 60) == (True, True)


def test_a_service_that_wants_its_rest_gets_it(phone):
    phone.server.refuse["getUpdates"] = (429, {"ok": False, "parameters": {"retry_after": 17}})
    assert phone.turn() == 17
    phone.server.refuse["getUpdates"] = (429, {"ok": False, "parameters": {"retry_after": 10**6}})
    assert phone.turn() == polling.BUSY_MAX_S


@pytest.mark.parametrize("refusal", [(429, {"ok": False}), (502, {"ok": False})])
def test_answers_that_are_not_taken_keep_no_stop_from_being_heard(phone, refusal):
    phone.server.refuse["sendMessage"] = refusal
    for text in ("/status", "/halt enough", "/confirm 0001"):
        assert phone.answers(text) == []
    assert halted(phone)
    phone.server.refuse.clear()
    phone.polling._quiet_until_s = 0
    phone.turn()
    assert [text.partition("\n")[2].split()[0] for _, text in phone.server.said] == [
        "NOT",
        "HALT?",
        "LATCHED",
        "Nothing",
    ]


def test_an_answer_to_a_chat_that_is_gone_is_given_up(phone):
    phone.server.refuse["sendMessage"] = (403, {"ok": False})
    phone.answers("/status")
    phone.server.refuse.clear()
    assert len(phone.answers("/status")) == 1


def test_more_commands_than_allowed_in_a_minute_are_not_answered(phone):
    for _ in range(20):
        phone.server.write("/help")
    phone.turn()
    assert phone.answers("/help") == []
