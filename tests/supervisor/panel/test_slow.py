"""What takes long to find out, and the go-live gate as the panel shows it."""

from threading import Event

from supervisor.panel.slow import Slow
from tests.supervisor.panel.conftest import until

GATE = {
    "green": False,
    "clean": 9,
    "sessions_min": 10,
    "signed": None,
    "lacks": ["9 of 10 clean sessions", "kill not proved"],
    "sessions": [{"session": "2026-11-27", "orders": 12, "faults": ["a doubt <was> left"], "is_over": True}],
    "proved": [{"control": "halt", "by": "journal", "mark": "1204"}],
    "missing": ["kill"],
}


def test_nobody_waits_for_it_and_it_is_looked_for_once_at_a_time():
    go, looks = Event(), []

    def look() -> dict:
        looks.append(1)
        go.wait()
        return {"n": len(looks)}

    slow = Slow(look)
    assert [slow.read() for _ in range(3)] == [None] * 3
    go.set()
    until(lambda: slow.read() is not None)
    found, age_s = slow.read()
    assert (found, len(looks), age_s >= 0) == ({"n": 1}, 1, True)


def test_what_is_old_is_shown_while_it_is_looked_for_anew():
    looks = iter(range(1_000_000))
    slow = Slow(lambda: {"n": next(looks)}, again_s=0)
    until(lambda: (slow.read() or ({"n": 0}, 0))[0]["n"] > 2)


def test_what_fails_is_an_answer_that_says_so():
    slow = Slow(lambda: {"n": 1 // 0})
    until(slow.read)
    assert slow.read()[0] == {"error": "ZeroDivisionError: integer division or modulo by zero"}


def test_the_gate_says_what_it_lacks_and_what_proves_the_rest(served, inside, monkeypatch):
    assert "a control counts once a drill here has seen it fire" in inside.get("/drills").text
    monkeypatch.setattr(served.serving._panel.sources, "gate", Slow(lambda: GATE))
    until(lambda: "NOT GREEN" in inside.get("/drills").text)
    text = inside.get("/drills").text
    assert "9 of 10 clean sessions; 1 of 2 controls proved" in text
    assert "a doubt &lt;was&gt; left" in text
    assert "cannot be drawn" not in text
