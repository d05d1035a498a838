import queue
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from actors.analyst import Analyst, AnalystSettings
from actors.domain.alerts.alert import Alert, Level
from actors.domain.performance.pnl_points import PnlHistory
from actors.domain.portfolio.view import BookView
from actors.domain.value import Value
from actors.latch import StopLevel
from actors.messages import AlertRaised, AskBook, BookChanged
from actors.ports import Arrival, Envelope, PeerLost, PeerUnavailable, Resync

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
WAIT_S = 20


def book(sequence: int) -> BookView:
    return BookView(
        journal_sequence=sequence, executor_epoch=1, ready=True, structures=(), orders=(), pnl_day=Decimal(sequence)
    )


class Line:
    """A stream that a test fills, and that remembers what was told. It drains before `stop` is looked at."""

    def __init__(self, *, peers_up: bool = True) -> None:
        self.arrivals: queue.Queue[Arrival] = queue.Queue()
        self.told: queue.Queue[tuple[str, Value]] = queue.Queue()
        self._peers_up = peers_up

    def hear(self, message: Value, sequence: int = 1) -> None:
        self.arrivals.put(Envelope("executor", 1, sequence, message))

    def stay_awake(self, seconds: float) -> None:
        """Sleep as ever."""

    def receive(self, timeout_s: float) -> list[Arrival]:
        try:
            return [self.arrivals.get(timeout=min(timeout_s, 0.02))]
        except queue.Empty:
            return []

    def tell(self, peer: str, message: Value) -> None:
        if not self._peers_up:
            raise PeerUnavailable(peer)
        self.told.put((peer, message))


class Kept:
    def __init__(self, state: tuple[Any, int] | None = None) -> None:
        self.state = state
        self.saves: queue.Queue[tuple[PnlHistory, int]] = queue.Queue()

    def save(self, state: Value, journal_sequence: int) -> None:
        self.state = (state, journal_sequence)
        self.saves.put(self.state)

    def load(self, kind: type[Value]) -> tuple[Any, int] | None:
        return self.state


class OneClock:
    def market_now(self) -> datetime:
        return AT

    def boot_ns(self) -> int:
        return time.monotonic_ns()


class NoMark:
    def advance(self) -> None:
        pass


def analyst(line: Line, kept: Kept, checkpoint_interval_s: float = 0, **more: Any) -> Analyst:
    return Analyst(
        name="analyst",
        stream=line,
        clock=OneClock(),
        watermark=NoMark(),
        checkpoints=kept,
        settings=AnalystSettings(checkpoint_interval_s=checkpoint_interval_s),
        **more,
    )


def run(each: Analyst, until) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=each.run, args=(stop,))
    thread.start()
    try:
        until()
    finally:
        stop.set()
        thread.join(WAIT_S)
    assert not thread.is_alive()


class Reporting:
    """Has one report to tell of, once."""

    def __init__(self) -> None:
        self.alerts = [Alert(alert_id="A180-x", code="A180", level=Level.P3, subject="report", text="made", at=AT)]
        self.is_closed = False

    def look(self) -> list[Alert]:
        alerts, self.alerts = self.alerts, []
        return alerts

    def close(self) -> None:
        self.is_closed = True


def test_a_report_that_was_made_is_told_and_what_is_under_way_ends_with_the_analyst():
    line, reporting = Line(), Reporting()
    heard: list[tuple[str, Value]] = []

    def until() -> None:
        while not heard or not isinstance(heard[-1][1], AlertRaised):
            heard.append(line.told.get(timeout=WAIT_S))

    run(analyst(line, Kept(), reporter=reporting), until)
    assert heard[-1][0] == "notifier"
    assert heard[-1][1].alert.alert_id == "A180-x"
    assert reporting.is_closed


def test_it_asks_for_the_book_at_the_start_and_whenever_the_executor_is_replaced():
    line = Line()
    line.arrivals.put(Resync("executor", 2))
    line.arrivals.put(PeerLost("executor"))
    line.arrivals.put(PeerLost("risk"))
    line.hear(BookChanged(book=book(1)))
    kept = Kept()
    run(analyst(line, kept), lambda: kept.saves.get(timeout=WAIT_S))
    assert [line.told.get_nowait() for _ in range(3)] == [("executor", AskBook(reply_to="analyst"))] * 3
    assert line.told.empty()


def test_what_it_learned_is_kept_with_the_journals_sequence():
    line, kept = Line(), Kept()
    for sequence in (3, 4):
        line.hear(BookChanged(book=book(sequence)))

    def until() -> None:
        while kept.saves.get(timeout=WAIT_S)[1] < 4:
            pass

    run(analyst(line, kept), until)
    history, sequence = kept.state
    assert [point.pnl_day for point in history.points] == [3, 4]
    assert sequence == 4


def test_a_restart_goes_on_where_the_last_one_stopped():
    line, kept = Line(), Kept()
    line.hear(BookChanged(book=book(3)))
    run(analyst(line, kept), lambda: kept.saves.get(timeout=WAIT_S))
    again = Line()
    again.hear(BookChanged(book=book(9)))
    run(analyst(again, kept), lambda: kept.saves.get(timeout=WAIT_S))
    assert [point.journal_sequence for point in kept.state[0].points] == [3, 9]


def test_an_executor_that_is_away_stops_nothing():
    line, kept = Line(peers_up=False), Kept()
    line.hear(BookChanged(book=book(3)))
    run(analyst(line, kept), lambda: kept.saves.get(timeout=WAIT_S))
    assert kept.state[1] == 3


def test_what_was_not_yet_saved_is_saved_at_an_orderly_stop():
    line, kept = Line(), Kept()
    line.hear(BookChanged(book=book(1)))

    def until() -> None:
        kept.saves.get(timeout=WAIT_S)
        line.hear(BookChanged(book=book(2)))
        deadline = time.monotonic() + WAIT_S
        while not line.arrivals.empty():
            assert time.monotonic() < deadline

    run(analyst(line, kept, checkpoint_interval_s=1000), until)
    assert kept.state[1] == 2


def test_a_broken_chain_stops_openings_and_pages_as_soon_as_the_notifier_is_there():
    line, found, latched = Line(), ["event 7 does not match its hash"], []
    refused = iter((True, False))
    tell = line.tell

    def tell_late(peer: str, message: Value) -> None:
        if peer == "notifier" and next(refused):
            raise PeerUnavailable(peer)
        tell(peer, message)

    line.tell = tell_late
    each = analyst(line, Kept(), verify=lambda: found.pop() if found else None, tighten=latched.append)

    def until() -> None:
        while not isinstance(told := line.told.get(timeout=WAIT_S)[1], AlertRaised):
            pass
        assert (told.alert.code, told.alert.level) == ("A080", Level.P0)
        assert "event 7" in told.alert.text

    run(each, until)
    assert [(latch.level, latch.by) for latch in latched] == [(StopLevel.REDUCE, "analyst")]


def test_a_sound_chain_is_nobodys_news():
    line, kept, latched = Line(), Kept(), []
    line.hear(BookChanged(book=book(1)))
    run(analyst(line, kept, verify=lambda: None, tighten=latched.append), lambda: kept.saves.get(timeout=WAIT_S))
    assert [message for _, message in line.told.queue if isinstance(message, AlertRaised)] == []
    assert latched == []
