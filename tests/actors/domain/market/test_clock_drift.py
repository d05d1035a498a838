"""The machine's clock against the exchange's stamps."""

import numpy as np
import pytest

from actors.domain.market.clock_drift import LOOKS_MIN, ClockDrift
from actors.domain.market.quote import QuoteTable
from tests.builders import universe

S = 10**9
NOW = 1_767_625_200 * S


class Machine:
    """A table whose quotes are stamped `behind_s` before they arrive, looked at once a second."""

    def __init__(self, pace: float = 1.0) -> None:
        self.table, self.drift, self.pace, self.boot_ns = QuoteTable(universe()), ClockDrift(), pace, 10**12

    @property
    def now_ns(self) -> int:
        return NOW + int((self.boot_ns - 10**12) * self.pace)

    def second(self, *behind_s: float) -> float | None:
        self.boot_ns += S
        rows = np.arange(len(behind_s))
        waited_ns = int(0.4 * S)
        self.table.received_ns[rows] = self.boot_ns - waited_ns
        stamps = self.now_ns - waited_ns * self.pace - np.array(behind_s) * self.pace * S
        self.table.exchange_ns[rows] = stamps.astype(np.int64)
        self.drift.look(self.table, self.now_ns, self.boot_ns)
        return self.drift.drift_s


@pytest.mark.parametrize("pace", [1.0, 30.0])
@pytest.mark.parametrize("behind_s", [-4.0, 0.0, 0.25, 7.5])
def test_the_drift_is_what_the_stamps_lie_behind_at_any_pace_of_the_market(behind_s, pace):
    machine = Machine(pace)
    for _ in range(10):
        found = machine.second(behind_s, behind_s, behind_s)
    assert found == pytest.approx(behind_s, abs=0.01)


def test_nothing_is_said_before_enough_looks():
    machine = Machine()
    said = [machine.second(1.0) for _ in range(LOOKS_MIN + 1)]  # the first look only begins
    assert said[:LOOKS_MIN] == [None] * LOOKS_MIN
    assert said[-1] == pytest.approx(1.0, abs=0.01)


def test_neither_a_late_quote_nor_the_backlog_of_a_new_connection_is_a_drift():
    machine = Machine()
    for turn in range(12):
        found = machine.second(*((600.0,) * 4 if turn == 3 else (0.1, 0.1, 300.0)))
    assert found == pytest.approx(0.1, abs=0.01)


def test_a_second_without_quotes_and_quotes_without_stamps_say_nothing():
    machine = Machine()
    for _ in range(10):
        machine.second()
    assert machine.drift.drift_s is None
    machine.table.exchange_ns[:] = 0
    machine.table.received_ns[:] = machine.boot_ns + S // 2
    machine.second()
    assert machine.drift.drift_s is None


def test_a_clock_that_was_set_right_is_believed_after_the_looks_that_count():
    machine = Machine()
    for _ in range(40):
        machine.second(9.0)
    for _ in range(20):
        found = machine.second(0.0)
    assert found == pytest.approx(0.0, abs=0.01)
