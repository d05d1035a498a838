"""Each rule of the phone switched off, and the test that keeps it fails."""

from collections.abc import Callable

import pytest

from actors.latch import Latch, StopLevel, tighten
from supervisor.phone import command, control
from supervisor.phone.admission import Admission, Door
from supervisor.phone.confirmation import Confirmations
from supervisor.phone.record import Record
from tests.supervisor.phone import test_polling as kept
from tests.supervisor.phone.conftest import Phone


def whoever_writes_is_heard(off: pytest.MonkeyPatch) -> None:
    off.setattr(Door, "admit", lambda *_: Admission.ADMITTED)
    off.setattr(Door, "name", lambda *_: "ann")


def a_stop_needs_no_code(off: pytest.MonkeyPatch) -> None:
    ask = control.Control._ask

    def latch(self, command, said, at) -> control.Answer:
        answer = ask(self, command, said, at)
        tighten(self._where.latch, Latch(level=StopLevel.HALT, at=at))
        return answer

    off.setattr(control.Control, "_ask", latch)


def a_code_is_anybodys(off: pytest.MonkeyPatch) -> None:
    off.setattr(Confirmations, "confirm", lambda self, *_: next(iter(self._asked.values()), "Nothing of yours"))


def a_code_is_never_spent(off: pytest.MonkeyPatch) -> None:
    off.setattr(Confirmations, "spend", lambda *_: None)


def what_is_done_is_forgotten(off: pytest.MonkeyPatch) -> None:
    off.setattr(Record, "is_done", lambda *_: False)


def nothing_is_written_ahead(off: pytest.MonkeyPatch) -> None:
    off.setattr(Record, "hear", lambda self, said, verdict, name, now: (1, now))


def a_code_dies_with_its_process(off: pytest.MonkeyPatch) -> None:
    off.setattr(Record, "ask", lambda *_: None)


def a_poison_is_tried_for_ever(off: pytest.MonkeyPatch) -> None:
    off.setattr("supervisor.phone.polling.TRIES_MAX", 1_000)


def a_bad_token_is_asked_with_in_a_loop(off: pytest.MonkeyPatch) -> None:
    off.setattr("supervisor.phone.polling.REFUSED", kept.polling.UNREACHED)


def answers_come_first(off: pytest.MonkeyPatch) -> None:
    def settle(self) -> None:
        while self._owed:
            self._api.say(*self._owed.popleft())

    off.setattr(kept.polling.Polling, "_settle", settle)


def resume_is_a_command(off: pytest.MonkeyPatch) -> None:
    off.setattr(command, "NEVER", frozenset())


@pytest.mark.parametrize(
    ("story", "off"),
    [
        (kept.test_a_stranger_gets_no_answer_and_the_owner_is_told, whoever_writes_is_heard),
        (kept.test_a_member_of_the_group_who_is_not_listed_is_refused_and_the_owner_is_told, whoever_writes_is_heard),
        (kept.test_what_a_listed_person_forwards_is_not_their_command, whoever_writes_is_heard),
        (kept.test_what_was_written_long_ago_is_not_done_and_its_age_is_told, whoever_writes_is_heard),
        (kept.test_a_stop_is_asked_back_and_latched_with_the_code_alone, a_stop_needs_no_code),
        (kept.test_a_code_is_used_once_by_its_user_in_its_chat_and_in_time, a_code_is_anybodys),
        (kept.test_a_code_is_used_once_by_its_user_in_its_chat_and_in_time, a_code_is_never_spent),
        (kept.test_each_update_is_confirmed_to_the_server_and_done_once, what_is_done_is_forgotten),
        (kept.test_a_stop_that_a_death_cut_short_is_latched_by_the_next_process, nothing_is_written_ahead),
        (kept.test_a_stop_that_a_death_cut_short_is_latched_by_the_next_process, a_code_dies_with_its_process),
        (kept.test_a_command_that_ends_the_program_each_time_is_given_up, a_poison_is_tried_for_ever),
        (kept.test_answers_that_are_not_taken_keep_no_stop_from_being_heard, answers_come_first),
    ],
)
def test_without_its_rule_the_test_of_it_fails(phone: Phone, monkeypatch, story: Callable[..., None], off):
    off(monkeypatch)
    given = {"monkeypatch": monkeypatch, "refusal": (502, {"ok": False})}
    wanted = story.__code__.co_varnames[: story.__code__.co_argcount]
    with pytest.raises((AssertionError, ValueError, kept.Died, IndexError)):
        story(phone, **{name: given[name] for name in wanted if name in given})


def test_the_rules_of_a_bad_token_and_of_what_loosens_fail_without_them(where, server, phone, monkeypatch):
    with monkeypatch.context() as off:
        a_bad_token_is_asked_with_in_a_loop(off)
        with pytest.raises(AssertionError):
            kept.test_a_bad_token_is_asked_with_at_a_slow_pace_and_told_once(where, server)
    resume_is_a_command(monkeypatch)
    with pytest.raises(AssertionError):
        kept.test_nothing_is_ever_loosened_armed_or_closed(phone, "resume")
