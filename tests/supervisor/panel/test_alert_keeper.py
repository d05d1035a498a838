"""Alerts through the one door: acknowledged and silenced from the page, with or without a notifier that lives."""


def test_what_stands_is_acknowledged_by_a_click_and_shown_so(served, inside):
    assert inside.get("/alerts").text.count("Acknowledge</button>") >= 1
    answer = served.post("/alerts/acknowledge", {"token": served.token(), "alert": "A020-2"})
    assert "A020 condor-20260105-91: acknowledged" in answer.text
    assert "acknowledged by" in inside.get("/alerts").text


def test_what_does_not_stand_is_said_not_to(served, inside):
    answer = served.post("/alerts/acknowledge", {"token": served.token(), "alert": "nobody"})
    assert "nothing that stands unacknowledged is called nobody" in answer.text


def test_a_silence_goes_through_the_door_with_its_limit(served, inside):
    form = {"token": served.token(), "code": "A013", "minutes": "5", "reason": "known"}
    assert ": silenced" in served.post("/alerts/silence", form).text
