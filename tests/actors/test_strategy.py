"""The strategy's shell, in one process, over a stream and a disk that live as long as the test."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.contract import Kind, Product, Products
from actors.domain.market.quote import QuoteFrame, Universe
from actors.domain.market.session import ExchangeDay, ExchangeTable, OfficialTable, SessionRule, Sessions
from actors.domain.orders.signal import Cancel
from actors.domain.portfolio.view import BookView
from actors.domain.value import Value
from actors.messages import (
    AlertRaised,
    AskBook,
    AskUniverse,
    BookChanged,
    SignalAnswered,
    SubmitSignal,
    UniverseChanged,
)
from actors.ports import Envelope, PeerLost, PeerUnavailable, Resync
from actors.strategies.base import Ask, Decision, MarketView
from actors.strategy import StrategyActor, StrategyPorts, StrategyRecord, StrategySettings

DAY = date(2026, 11, 23)
OPENS_AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
CLOSES_AT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
SPXW = Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION)
UNIVERSE = Universe(version=5, contracts=(Products((SPXW,)).contract("SPXW  261123C06000000"),))
EXCHANGE = ExchangeTable(
    source="x",
    first_on=DAY,
    last_on=DAY,
    days={DAY: ExchangeDay(opens_at=OPENS_AT, closes_at=CLOSES_AT)},
)
OFFICIAL = OfficialTable(
    source="y", checked_on=DAY, first_on=DAY, last_on=DAY, holidays=frozenset(), half_days=frozenset()
)
SESSIONS = Sessions(exchange=EXCHANGE, official=OFFICIAL, rules={"equity_option": SessionRule()})


class Count(Value):
    """The state of `Asker`."""

    asked: int = 0
    answered: tuple[int, ...] = ()


class Asker:
    """Asks for `want` cancels in all, one a look, and remembers which were answered."""

    Parameters = Value

    def __init__(self, want: int) -> None:
        self.want = want
        self.views: list[MarketView] = []

    def begin(self) -> Count:
        return Count()

    def decide(self, view: MarketView, state: Count) -> Decision:
        self.views.append(view)
        asks = (Ask(request=Cancel(cl_ord_id="x"), reason="r", expires_s=10),) if state.asked < self.want else ()
        answered = (*state.answered, *view.answers)
        return Decision(Count(asked=state.asked + len(asks), answered=answered), view.now + timedelta(seconds=1), asks)


class Line:
    """A stream: what the test put in comes out; what was told is kept, or refused while `cut`."""

    def __init__(self) -> None:
        self.arrivals: list = []
        self.told: list[tuple[str, Value]] = []
        self.cut: set[str] = set()
        self.rounds = 0

    def stay_awake(self, seconds: float) -> None:
        """Sleep as ever."""

    def receive(self, timeout_s: float) -> Sequence:
        taken, self.arrivals = self.arrivals, []
        return taken

    def tell(self, peer: str, message: Value) -> None:
        if peer in self.cut:
            raise PeerUnavailable(peer)
        self.told.append((peer, message))

    def of(self, kind: type[Value]) -> list:
        return [message for _, message in self.told if isinstance(message, kind)]

    def publish(self, message: Value) -> None: ...

    def publish_quotes(self, frame: QuoteFrame) -> None: ...

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


class Hands:
    """A clock the test turns, a watermark it counts, and a stop it sets after `passes`."""

    def __init__(self) -> None:
        self.now = OPENS_AT + timedelta(minutes=1)
        self.ns = 10**12
        self.advanced = 0
        self.passes = 1
        self.stop = Event()

    def market_now(self) -> datetime:
        return self.now

    def boot_ns(self) -> int:
        return self.ns

    def advance(self) -> None:
        self.advanced += 1
        self.passes -= 1
        if not self.passes:
            self.stop.set()


class Disk:
    """Checkpoints as JSON, as on disk; `notes` and `saves` tell what had been told when each was written."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.body: str | None = None
        self.noted: str | None = None
        self.notes: list[int] = []
        self.saves: list[int] = []

    def note(self, state: Value, journal_sequence: int) -> None:
        self.noted = state.model_dump_json()
        self.notes.append(len(self.line.of(SubmitSignal)))

    def save(self, state: Value, journal_sequence: int) -> None:
        self.body = state.model_dump_json()
        self.saves.append(len(self.line.of(SubmitSignal)))

    def load(self, kind):
        return None if self.body is None else (kind.model_validate_json(self.body), 0)


class Bench:
    """One strategy process after the other, over the same line and disk."""

    def __init__(self, want: int = 1) -> None:
        self.line, self.hands = Line(), Hands()
        self.disk = Disk(self.line)
        self.want = want
        self.start()

    def start(self, strategy=None) -> None:
        """Start a process; what the one before held in memory is gone."""
        ports = StrategyPorts(self.line, self.hands, self.hands, self.disk, SESSIONS)
        self.strategy = strategy or Asker(self.want)
        settings = StrategySettings(ask_interval_s=0.5)
        self.actor = StrategyActor("s", "SPX", self.strategy, ports, settings)
        self.fresh = True

    def turn(self, *arrivals, after_s: float = 0.0) -> None:
        """Let one pass of the loop run, `after_s` later."""
        self.hands.now += timedelta(seconds=after_s)
        self.hands.ns += int(after_s * 1e9)
        self.line.arrivals += arrivals
        if self.fresh:
            self.hands.passes, self.fresh = 1, False
            self.hands.stop.clear()
            self.actor.run(self.hands.stop)
            return
        for arrival in self.line.receive(0):
            self.actor._take(arrival)
        self.actor._work()

    def ids(self) -> list[str]:
        return [message.signal.signal_id for message in self.line.of(SubmitSignal)]


def told(message: Value, sender: str = "executor") -> Envelope:
    return Envelope(sender=sender, incarnation=1, sequence=1, message=message)


def book(ready: bool = True, seen: int = 0) -> Envelope:
    view = BookView(
        journal_sequence=9,
        executor_epoch=1,
        ready=ready,
        structures=(),
        orders=(),
        signals={"s": seen} if seen else {},
        cash={"d": Decimal(1)},
    )
    return told(BookChanged(book=view))


def universe(known: Universe = UNIVERSE) -> Envelope:
    return told(UniverseChanged(universe=known), "data_feed")


def answer(known: str, admitted: bool = True) -> Envelope:
    return told(SignalAnswered(signal_id=known, admitted=admitted, cl_ord_id=known if admitted else None, checks=()))


def frame(version: int = 5, sequence: int = 1) -> QuoteFrame:
    one = np.ones(1, np.float32)
    stamp, code = np.ones(1, np.int64), np.zeros(1, np.uint16)
    return QuoteFrame(version, sequence, np.zeros(1, np.int32), np.ones(1), np.ones(1) * 2, one, one, stamp, 7, code)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_at_its_start_it_asks_for_book_and_universe(bench):
    bench.turn()
    assert bench.line.told == [
        ("executor", AskBook(reply_to="s")),
        ("data_feed", AskUniverse(reply_to="s")),
    ]
    assert bench.hands.advanced == 1


@pytest.mark.parametrize("missing", ["universe", "book", "ready"])
def test_it_decides_nothing_before_it_knows_universe_and_a_ready_book(bench, missing):
    known = {"universe": [book()], "book": [universe()], "ready": [universe(), book(ready=False)]}[missing]
    bench.turn(*known, frame())
    assert bench.strategy.views == []
    bench.turn(universe(), book())
    assert len(bench.strategy.views) == 1


def test_what_openings_wait_for_after_a_start_is_shown_to_the_strategy_with_the_book(bench):
    waiting = book()
    lacking = waiting.message.book.model_copy(update={"openings_wait": "no look yet"})
    bench.turn(universe(), told(BookChanged(book=lacking)))
    bench.turn(waiting)
    assert [view.openings_wait for view in bench.strategy.views] == ["no look yet", ""]


def test_outside_the_session_it_decides_nothing(bench):
    bench.hands.now = datetime(2026, 11, 24, 15, tzinfo=UTC)
    bench.turn(universe(), book())
    assert bench.strategy.views == []


def test_a_signal_is_noted_before_it_is_told_and_saved_after(bench):
    bench.turn(universe(), book(), frame(sequence=44))
    assert bench.disk.notes == [0]
    assert bench.disk.saves == [1]
    assert bench.disk.noted == bench.disk.body
    (submitted,) = bench.line.of(SubmitSignal)
    assert submitted.reply_to == "s"
    assert submitted.signal.signal_id == "s-20261123-1"
    assert submitted.signal.quote_sequence == 44
    assert submitted.signal.expires_at == bench.hands.now + timedelta(seconds=10)
    assert StrategyRecord.model_validate_json(bench.disk.body).outstanding == (submitted.signal,)


def test_a_frame_moves_the_quotes_and_wakes_nothing_before_its_time(bench):
    bench.turn(universe(), book(), frame())
    bench.turn(frame(), after_s=0.4)
    assert len(bench.strategy.views) == 1
    bench.turn(frame(), after_s=0.6)
    assert len(bench.strategy.views) == 2
    assert bench.strategy.views[-1].quotes.bid[0] == 1.0


def test_a_frame_of_an_unknown_universe_is_left_out_and_the_universe_asked_for(bench):
    bench.turn(universe(), book(), frame())
    before = len(bench.line.of(AskUniverse))
    bench.turn(frame(version=6), after_s=1)
    assert len(bench.line.of(AskUniverse)) == before + 1
    bench.turn(universe(Universe(version=6, contracts=UNIVERSE.contracts)), frame(version=6), after_s=1)
    assert bench.strategy.views[-1].quotes.universe.version == 6
    assert bench.strategy.views[-1].quotes.bid[0] == 1.0


def test_an_answer_reaches_the_next_decision_once(bench):
    bench.turn(universe(), book())
    bench.turn(answer("s-20261123-1"))
    bench.turn(after_s=1)
    seen = [dict(view.answers) for view in bench.strategy.views]
    assert [list(numbers) for numbers in seen] == [[], [1], []]
    assert StrategyRecord.model_validate_json(bench.disk.body).outstanding == ()


def test_an_answer_to_somebody_else_changes_nothing(bench):
    bench.turn(universe(), book())
    bench.turn(answer("t-20261123-1"), answer("s-20261123-77"))
    assert len(bench.strategy.views) == 1


def test_a_signal_without_an_answer_is_told_again_under_its_id(bench):
    bench.turn(universe(), book())
    for _ in range(3):
        bench.turn(after_s=0.6)
    assert len(bench.ids()) > 1
    assert set(bench.ids()) == {"s-20261123-1"}
    bench.turn(answer("s-20261123-1"))
    count = len(bench.ids())
    bench.turn(after_s=5)
    assert len(bench.ids()) == count


def test_after_a_kill_an_unanswered_signal_is_told_again_and_no_new_one_takes_its_place():
    bench = Bench(want=1)
    bench.turn(universe(), book())
    bench.start()
    bench.turn()
    bench.turn(universe(), book(), after_s=1)
    bench.turn(after_s=1)
    assert set(bench.ids()) == {"s-20261123-1"}
    assert len(bench.ids()) >= 2
    bench.turn(answer("s-20261123-1"))
    assert bench.strategy.views[-1].answers.keys() == {1}


def test_a_lost_checkpoint_goes_on_above_what_the_executor_has_seen():
    bench = Bench(want=2)
    bench.turn(universe(), book())
    bench.disk.body = None
    bench.start()
    bench.turn(universe(), book(seen=1))
    assert bench.ids() == ["s-20261123-1", "s-20261123-2"]


def test_a_signal_that_cannot_leave_is_told_when_the_executor_is_back(bench):
    bench.turn(universe())
    bench.line.cut = {"executor"}
    bench.turn(book())
    assert bench.ids() == []
    bench.line.cut = set()
    bench.turn(after_s=1)
    bench.turn(book(), after_s=1)
    bench.turn(after_s=1)
    assert set(bench.ids()) == {"s-20261123-1"}


@pytest.mark.parametrize("news", [PeerLost(peer="executor"), Resync(peer="executor", incarnation=2)])
def test_when_the_executor_is_replaced_nothing_is_decided_until_it_shows_its_book(bench, news):
    bench.turn(universe(), book())
    before = len(bench.line.of(AskBook))
    bench.turn(news)
    bench.turn(after_s=2)
    assert len(bench.line.of(AskBook)) > before
    assert len(bench.strategy.views) == 1
    bench.turn(book())
    assert len(bench.strategy.views) == 2


def test_a_lost_feed_does_not_stop_decisions(bench):
    bench.turn(universe(), book(), frame())
    bench.turn(PeerLost(peer="data_feed"), Resync(peer="data_feed", incarnation=2), after_s=2)
    assert len(bench.strategy.views) == 2


def test_a_checkpoint_of_another_shape_is_told_of_and_the_numbers_go_on():
    bench = Bench(want=1)
    bench.turn(universe(), book())
    bench.disk.body = bench.disk.body.replace('"asked"', '"begged"')
    bench.start()
    bench.turn(universe(), book())
    (alert,) = bench.line.of(AlertRaised)
    assert alert.alert.code == "STRATEGY_STATE_DROPPED"
    assert bench.ids()[-1] == "s-20261123-2"


@given(events=st.lists(st.sampled_from(["kill", "lose", "answer", "wait", "cut", "back", "replace"]), max_size=25))
def test_whatever_happens_an_id_never_means_two_signals(events):
    bench = Bench(want=6)
    executor: dict[str, SubmitSignal] = {}
    bench.turn(universe(), book())
    for event in [*events, "wait"]:
        for message in bench.line.of(SubmitSignal):
            assert executor.setdefault(message.signal.signal_id, message) == message
        seen = max((int(known.rpartition("-")[2]) for known in executor), default=0)
        if event == "lose":
            bench.disk.body = None
        match event:
            case "kill" | "lose":
                bench.start()
                bench.turn(universe(), book(seen=seen))
            case "answer":
                bench.turn(*(answer(known) for known in executor))
            case "cut":
                bench.line.cut = {"executor"}
            case "back":
                bench.line.cut = set()
            case "replace":
                bench.turn(Resync(peer="executor", incarnation=2), book(seen=seen))
        bench.turn(after_s=1)
