"""Stops from the panel: latched by the verbs' own core, for the right account alone, whatever cannot be drawn."""

import pytest

from actors.latch import StopLevel, history, read_latch, resume
from supervisor.panel import levers
from supervisor.panel.identity import NOBODY
from tests.fakes import START


@pytest.fixture(autouse=True)
def loosened(where):
    yield
    resume(where.latch, "test", "over", START)


def ask(served, **form: str) -> int:
    return served.post("/stop", {"token": served.token(), "level": "halt", "typed": "tastytrade"} | form).status_code


@pytest.mark.parametrize("level", ["reduce", "halt"])
def test_a_stop_is_latched_with_who_and_why(where, served, inside, level):
    assert ask(served, level=level, reason="the quotes look wrong") == 303
    latch = read_latch(where.latch)
    assert (latch.level, latch.reason, latch.by_person) == (StopLevel(level), "the quotes look wrong", True)
    assert latch.by.endswith(", panel")
    assert history(where.latch)[-1] == latch


@pytest.mark.parametrize("typed", ["", "alpaca", "TASTYTRADE", "tastytrade2"])
def test_another_account_stops_nothing_and_says_so_loudly(where, served, inside, typed):
    form = {"token": served.token(), "level": "halt", "typed": typed}
    answer = served.post("/stop", form)
    assert (answer.status_code, "NOTHING WAS STOPPED" in answer.text) == (422, True)
    assert read_latch(where.latch).words is None


@pytest.mark.parametrize("level", ["flatten", "none", "resume", "", "HALT"])
def test_there_are_two_levers_and_neither_loosens_or_closes(where, served, inside, level):
    assert ask(served, level=level) == 422
    assert read_latch(where.latch).words is None


def test_a_tighter_stop_stays(where, served, inside):
    ask(served, level="halt", reason="first")
    assert ask(served, level="reduce", reason="second") == 303
    assert (read_latch(where.latch).level, read_latch(where.latch).reason) == (StopLevel.HALT, "first")


def test_a_page_that_cannot_be_drawn_stops_nobody_from_stopping(where, desk, served, inside):
    where.routes.write_text("{")
    where.exposure.write_text("[]")
    try:
        page = inside.get("/now").text
        assert "Now cannot be drawn" in page
        assert 'href="/stop"' in page
        assert ask(served) == 303
        assert read_latch(where.latch).level is StopLevel.HALT
    finally:
        desk.boards()


def test_the_page_says_what_is_obeyed_of_it(where, desk, served, inside):
    desk.boards()
    ask(served)
    assert "does not say yet that it obeys" in inside.get("/now").text
    desk.rig.stop = read_latch(where.latch).words
    desk.rig.after(1)
    desk.routes()
    page = inside.get("/now").text
    assert "may still trade" in page
    assert f'<a href="/orders/{desk.working}">' in page


def test_an_executor_that_is_not_heard_is_never_taken_for_one_that_obeys(where, desk, served, inside):
    ask(served)
    desk.routes(age_s=60)
    assert "The executor is not heard." in inside.get("/now").text
    assert "not known here" in inside.get("/now").text


def test_without_an_account_the_word_is_the_stops_own(bare):
    form = {"level": "halt", "typed": "halt"}
    assert levers.stop(bare, NOBODY, form | {"typed": ""}).is_done is False
    assert levers.stop(bare, NOBODY, form).is_done is True
    assert read_latch(bare.latch).level is StopLevel.HALT


def test_a_disk_that_takes_nothing_is_told_as_nothing_stopped(where, served, inside, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(levers, "latch", refuse)
    form = {"token": served.token(), "level": "halt", "typed": "tastytrade"}
    answer = served.post("/stop", form)
    assert (answer.status_code, "NOT LATCHED: No space left on device. Nothing is stopped." in answer.text) == (
        422,
        True,
    )


@pytest.mark.parametrize(
    ("minutes", "reason"), [("0", "x"), ("241", "x"), ("-5", "x"), ("a", "x"), ("", "x"), ("5", " ")]
)
def test_a_silence_without_a_limit_or_a_reason_is_none(served, inside, minutes, reason):
    form = {"token": served.token(), "code": "A020", "minutes": minutes, "reason": reason}
    assert served.post("/alerts/silence", form).status_code == 422


def test_who_keeps_alerts_is_asked_and_its_words_are_shown(served, inside, monkeypatch):
    heard = []

    class Keeper:
        can_act = True

        def standing(self) -> list[dict]:
            return []

        def acknowledge(self, alert_id: str, by: str) -> str:
            heard.append(("ack", alert_id, by))
            return "A020 is <acknowledged>"

        def silence(self, code: str, minutes: int, by: str, reason: str) -> str:
            heard.append(("silence", code, minutes, reason))
            return "A020 is quiet for 5 min"

    monkeypatch.setattr(served.serving._panel.sources, "alerts", Keeper())
    token = served.token()
    said = served.post("/alerts/acknowledge", {"token": token, "alert": "A020-2"})
    assert "A020 is &lt;acknowledged&gt;" in said.text
    quiet = served.post("/alerts/silence", {"token": token, "code": "A020", "minutes": "5", "reason": "known"})
    assert "A020 is quiet for 5 min" in quiet.text
    assert heard == [("ack", "A020-2", levers.who()), ("silence", "A020", 5, "known")]
