"""Reports are made by processes of their own: told once made, told once failed, tried again, and never waited for."""

from collections.abc import Iterator
from datetime import date

import pytest

from actors.domain.alerts.alert import Alert, Level
from actors.domain.performance.due import Due, Kind
from actors.reporter import AGAIN_S, LOOK_S, TRIES_MAX, Made, Reporter
from tests.fakes import FakeClock

EVENING, MORNING = Due(Kind.EVENING, date(2026, 1, 5)), Due(Kind.MORNING, date(2026, 1, 5))


class Press:
    """Makes reports as a test says."""

    def __init__(self, *asked: Due) -> None:
        self.asked, self.clock, self.started = asked, FakeClock(), list[Due]()
        self.ending: str | None = None
        self.files: dict[Due, Made] = {}
        self.killed = 0
        self.fault: OSError | None = None
        self.reporter = self.anew()

    def anew(self) -> Reporter:
        return Reporter(clock=self.clock, due=lambda: self.asked, start=self.start, made=self.files.get, timeout_s=60)

    def start(self, due: Due) -> "Press":
        if self.fault is not None:
            raise self.fault
        self.started.append(due)
        return self

    def poll(self) -> str | None:
        return self.ending

    def end(self) -> None:
        self.killed += 1

    def after(self, seconds: float) -> list[Alert]:
        self.clock.advance(seconds)
        return self.reporter.look()

    def codes(self, seconds: float) -> list[str]:
        return [alert.code for alert in self.after(seconds)]


@pytest.fixture
def press() -> Iterator[Press]:
    return Press(EVENING)


def test_a_report_that_is_made_is_told_once_with_its_files(press):
    assert press.codes(0) == []
    assert press.started == [EVENING]
    assert press.codes(LOOK_S) == []
    press.files[EVENING], press.ending = Made(text="PAPER Evening", attach=("a.html", "a.png")), ""
    (alert,) = press.after(LOOK_S)
    assert (alert.code, alert.level, alert.attach) == ("A180", Level.P3, ("a.html", "a.png"))
    assert (alert.alert_id, alert.text) == ("A180-evening-2026-01-05", "PAPER Evening")
    assert press.codes(LOOK_S) == []
    assert len(press.started) == 1


def test_one_that_a_predecessor_had_made_is_told_again_under_the_same_id(press):
    press.files[EVENING] = Made(text="made before")
    assert [alert.alert_id for alert in press.after(0)] == ["A180-evening-2026-01-05"]
    assert press.started == []


def test_one_that_fails_is_an_alert_and_tried_again_at_a_pace(press):
    press.ending = "its process ended with 1"
    found = [code for _ in range(4 * TRIES_MAX) for code in press.codes(AGAIN_S / 2)]
    assert found == ["A181"] * TRIES_MAX
    assert len(press.started) == TRIES_MAX


def test_one_that_left_no_file_is_no_report(press):
    press.ending = ""
    press.after(0)
    (alert,) = press.after(1)
    assert (alert.code, "left no file" in alert.text, "tried again" in alert.done) == ("A181", True, True)


def test_one_that_takes_too_long_is_ended(press):
    press.after(0)
    assert press.codes(59) == []
    assert press.killed == 0
    (alert,) = press.after(2)
    assert (alert.code, "not made within 60 s" in alert.text, press.killed) == ("A181", True, 1)


def test_a_process_that_cannot_be_started_is_an_alert_and_no_crash(press):
    press.fault = OSError(11, "no more processes")
    (alert,) = press.after(0)
    assert (alert.code, "could not be started" in alert.text) == ("A181", True)


def test_a_no_go_is_louder_than_its_report():
    press = Press(MORNING)
    press.files[MORNING] = Made(text="NO-GO", is_go=False)
    assert [(alert.code, alert.level) for alert in press.after(0)] == [("A180", Level.P3), ("A182", Level.P1)]


def test_what_is_under_way_ends_with_its_process(press):
    press.after(0)
    press.reporter.close()
    assert press.killed == 1
