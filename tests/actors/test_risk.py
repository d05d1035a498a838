"""The risk shell: permits on time and at once, and breakers that outlive it. The latch is a real file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event

import pytest

from actors.breaker_watch import BreakerPorts
from actors.domain.orders.breaker_event import BreakerReset, ResetBy, Scope
from actors.domain.orders.refusal import Code
from actors.domain.portfolio.breakers import Breakers
from actors.domain.portfolio.result import Result
from actors.domain.portfolio.view import BookView
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits
from actors.domain.risk.issue import IssueLimits
from actors.domain.risk.permit import Limits, Permit, TradingState
from actors.domain.value import Value
from actors.exposure_watch import ExposurePorts, ExposureSettings, ExposureWatch
from actors.latch import Latch, StopLevel, read_latch, resume, tighten
from actors.messages import AlertRaised, AskBook, BookChanged, FeedState, IssuePermit, ReportBreaker
from actors.ports import Envelope, PeerLost, PeerUnavailable, Resync
from actors.quote_board import QuoteBoard, write_quotes
from actors.risk import RiskActor, RiskPorts, RiskSettings
from tests.builders import PRODUCTS, sessions, spxw
from tests.expiries import EXPIRY_PORTS
from tests.fakes import START, MemoryCheckpoints
from tests.surfaces import table, view

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
LIMITS = Limits(
    structure_loss_max=Decimal(2500),
    account_loss_max=Decimal(10_000),
    structures_max=4,
    order_qty_max=1,
    contracts_max=16,
    quote_age_max_s=10,
    leg_skew_max_s=5,
    spread_max=0.5,
    spread_floor=0.1,
)


class Line:
    """A stream: what the test put in comes out; what was told is kept, or refused while `cut`."""

    def __init__(self) -> None:
        self.arrivals: list = []
        self.told: list[Value] = []
        self.cut = False

    def stay_awake(self, seconds: float) -> None:
        """Sleep as ever."""

    def receive(self, timeout_s: float) -> Sequence:
        taken, self.arrivals = self.arrivals, []
        return taken

    def tell(self, peer: str, message: Value) -> None:
        if self.cut:
            raise PeerUnavailable(peer)
        self.told.append(message)

    def publish(self, message: Value) -> None: ...

    def publish_quotes(self, frame) -> None: ...

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


class Hands:
    """A clock the test turns, and a watermark that ends the loop after one pass."""

    def __init__(self) -> None:
        self.ns = 10**12
        self.stop = Event()

    def market_now(self) -> datetime:
        return AT

    def boot_ns(self) -> int:
        return self.ns

    def advance(self) -> None:
        self.stop.set()


class Bench:
    def __init__(self, folder) -> None:
        self.path = folder / "latch.json"
        self.line, self.hands, self.kept = Line(), Hands(), MemoryCheckpoints()
        self.exposure: ExposureWatch | None = None
        self.start(1)

    def start(self, incarnation: int) -> None:
        ports = RiskPorts(
            self.line,
            self.hands,
            self.hands,
            read_latch=lambda: read_latch(self.path),
            breakers=BreakerPorts(checkpoints=self.kept, tighten=lambda latch: tighten(self.path, latch)),
            exposure=self.exposure,
            expiry=EXPIRY_PORTS,
        )
        settings = RiskSettings(limits=LIMITS, issue=IssueLimits(), permit_ttl_s=3, permit_interval_s=0.5)
        self.actor = RiskActor("risk", incarnation, ports, settings)

    def turn(self, *messages, after_s: float = 0.0) -> list[Permit]:
        """Let one pass of the loop run; return the permits it told."""
        self.hands.ns += int(after_s * 1e9)
        before = len(self.line.told)
        self.line.arrivals += messages
        self.hands.stop.clear()
        self.actor.run(self.hands.stop)
        return [message.permit for message in self.line.told[before:] if isinstance(message, IssuePermit)]

    def told(self, kind) -> list:
        return [message for message in self.line.told if isinstance(message, kind)]

    def feed(self, connected: bool = True) -> Envelope:
        state = FeedState(
            incarnation=1,
            connected=connected,
            received=1,
            accepted=1,
            rejected={},
            last_frame_ns=self.hands.ns,
            at_ns=self.hands.ns,
        )
        return Envelope("data_feed", 1, 1, state)


def result(pnl: int = 0, **changes: object) -> Result:
    money = Decimal(pnl)
    plain = {
        "scope": Scope.ACCOUNT,
        "subject": "d",
        "day": AT.date(),
        "base": Decimal(100_000),
        "pnl": money,
        "sessions_base": Decimal(100_000),
        "sessions_pnl": money,
        "equity": Decimal(100_000),
        "equity_age_s": 1.0,
        "opens": True,
    }
    return Result(**(plain | changes))


def book(pnl: int = 0, ready: bool = True, breakers: Breakers | None = None, **changes: object) -> Envelope:
    view = BookView(
        journal_sequence=9,
        executor_epoch=1,
        ready=ready,
        structures=(),
        orders=(),
        baseline={"d": Decimal(100_000)},
        pnl_day=Decimal(pnl),
        results=(result(**({"pnl": pnl} | changes)),),
        breakers=breakers or Breakers(),
    )
    return Envelope("executor", 1, 1, BookChanged(book=view))


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)


def test_before_it_knows_anything_it_halts_and_asks_for_the_book(bench):
    (permit,) = bench.turn()
    assert permit.state is TradingState.HALTED
    assert bench.line.told[0] == AskBook(reply_to="risk")


def test_with_book_and_feed_it_gives_leave_with_the_limits_and_the_book_it_saw(bench):
    bench.turn()
    (permit,) = bench.turn(book(), bench.feed())
    assert permit == Permit(
        risk_epoch=1,
        sequence=2,
        state=TradingState.ACTIVE,
        limits=LIMITS,
        reasons=(),
        ttl_s=3,
        journal_sequence=9,
    )


def test_an_unchanged_permit_is_told_at_its_interval_and_not_before(bench):
    bench.turn(book(), bench.feed())
    assert bench.turn(book(), after_s=0.4) == []
    (again,) = bench.turn(bench.feed(), after_s=0.1)
    assert again.sequence == 2


def test_what_changes_is_told_at_once(bench):
    bench.turn(book(), bench.feed())
    (permit,) = bench.turn(bench.feed(connected=False))
    assert permit.state is TradingState.REDUCING
    (permit,) = bench.turn(bench.feed())
    assert permit.state is TradingState.ACTIVE
    tighten(bench.path, Latch(level=StopLevel.HALT, reason="lunch", by="me", at=AT))
    (permit,) = bench.turn()
    assert (permit.state, permit.reasons) == (TradingState.HALTED, ("latched halt: lunch",))


def test_a_silent_feed_withholds_leave(bench):
    bench.turn(book(), bench.feed())
    (permit,) = bench.turn(after_s=5.5)
    assert permit.state is TradingState.REDUCING
    assert "silent for 5.5 s" in permit.reasons[0]


@pytest.mark.parametrize("news", [PeerLost(peer="executor"), Resync(peer="executor", incarnation=2)])
def test_a_replaced_executor_gets_a_halt_until_its_book_is_heard(bench, news):
    bench.turn(book(), bench.feed())
    (permit,) = bench.turn(news)
    assert permit.state is TradingState.HALTED
    assert AskBook(reply_to="risk") in bench.line.told
    (permit,) = bench.turn(book())
    assert permit.state is TradingState.ACTIVE


def test_a_dead_feed_withholds_leave_at_once(bench):
    bench.turn(book(), bench.feed())
    (permit,) = bench.turn(PeerLost(peer="data_feed"))
    assert permit.state is TradingState.REDUCING


def test_a_loss_stops_openings_at_once_and_for_good_until_the_reset_is_journaled(bench):
    bench.turn(book(), bench.feed())
    (permit,) = bench.turn(book(pnl=-5000))
    assert (permit.state, permit.stops[""].code) == (TradingState.REDUCING, Code.R018_BREAKER)
    assert "loss of the day 5,000.00, limit 5,000.00 (5 % of 100,000.00)" in permit.stops[""].value
    latch = read_latch(bench.path)
    assert (latch.level, latch.by) == (StopLevel.REDUCE, "breaker")
    (report,) = {each.event.name: each for each in bench.told(ReportBreaker) if "loss_day" in each.event.name}.values()
    assert report.event.name == "account.d.loss_day.reduce"

    bench.start(2)
    (permit,) = bench.turn(book(pnl=100), bench.feed())
    assert (permit.risk_epoch, permit.state) == (2, TradingState.REDUCING), "it was kept, and prices take nothing back"
    known = Breakers().after(report.event, 10)
    (permit,) = bench.turn(book(pnl=100, breakers=known), after_s=1)
    assert permit.state is TradingState.REDUCING

    resume(bench.path, "me", "looked at it", AT)
    event = BreakerReset(name=report.event.name, how=ResetBy.PERSON, by="me", reason="looked at it", at=AT)
    (permit,) = bench.turn(book(pnl=100, breakers=known.after(event, 11)))
    assert (permit.state, permit.stops) == (TradingState.ACTIVE, {})


def test_a_breaker_does_not_replace_a_tighter_stop(bench):
    tighten(bench.path, Latch(level=StopLevel.FLATTEN, reason="all out", by="me", at=AT))
    bench.turn(book(pnl=-9000), bench.feed())
    assert read_latch(bench.path).reason == "all out"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"equity": None, "equity_age_s": None}, "has not said"),
        ({"equity_age_s": 61.0}, "61 s ago, limit 60 s"),
        ({"equity_age_s": float("nan")}, "nan s ago"),
        ({"equity": Decimal(0)}, "worth 0"),
        ({"equity": Decimal(-1)}, "worth -1"),
        ({"broker_pnl": Decimal(50_001)}, "beside what the journal says"),
        ({"broker_pnl": Decimal(-99_999)}, "beside what the journal says"),
        ({"base": Decimal(0)}, "baseline is 0"),
        ({"base": Decimal(1_000), "pnl": Decimal(99_000)}, "beyond belief: 99,000.00 of a baseline of 1,000.00"),
    ],
)
def test_an_equity_nobody_can_believe_stops_openings_while_it_lasts_and_is_told_once(bench, changes, says):
    bench.turn(book(), bench.feed())
    (permit,) = bench.turn(book(**changes))
    assert permit.stops[""].code is Code.R019_RESULT_UNKNOWN
    assert says in permit.stops[""].value
    bench.turn(book(**changes), bench.feed(), after_s=1)
    (alert,) = (message.alert for message in bench.told(AlertRaised))
    assert (alert.code, says in alert.text, bool(alert.done and alert.todo)) == ("A093", True, True)
    (permit,) = bench.turn(book(), after_s=1)
    assert permit.stops == {}


def test_before_any_result_was_told_nothing_opens_and_a_book_without_them_leaves_the_last_ones(bench):
    silent = Envelope("executor", 1, 1, BookChanged(book=book().message.book.model_copy(update={"results": None})))
    (permit,) = bench.turn(silent, bench.feed())
    assert permit.stops[""].code is Code.R019_RESULT_UNKNOWN
    (permit,) = bench.turn(book(equity_age_s=61.0), after_s=1)
    assert "61 s ago" in permit.stops[""].value
    (permit,) = bench.turn(silent, bench.feed(), after_s=1)
    assert "61 s ago" in permit.stops[""].value


def test_an_account_where_nothing_can_be_opened_may_be_silent(bench):
    bench.turn(book(), bench.feed())
    (permit,) = bench.turn(book(equity_age_s=3600.0, opens=False), after_s=1)
    assert (permit.state, permit.stops) == (TradingState.ACTIVE, {})


def test_an_executor_that_cannot_be_told_does_not_stop_the_loop(bench):
    bench.line.cut = True
    assert bench.turn(book(), bench.feed()) == []
    bench.line.cut = False
    assert len(bench.turn(after_s=0.5)) == 1


def loosened(bench: Bench) -> list[str]:
    return [each.alert.alert_id for each in bench.told(AlertRaised) if each.alert.code == "A094"]


def test_a_stop_that_a_person_loosened_is_told_once_with_who_and_why(bench):
    bench.turn()
    assert loosened(bench) == [], "a fresh folder has no stop that anybody loosened"
    tighten(bench.path, Latch(level=StopLevel.HALT, reason="lunch", by="ann", at=AT))
    bench.turn()
    resume(bench.path, "ann", "lunch is over", AT)
    for _ in range(3):
        bench.turn(after_s=1)
    (alert,) = (each.alert for each in bench.told(AlertRaised) if each.alert.code == "A094")
    assert (alert.level, "ann: lunch is over" in alert.text) == ("P1", True)


@pytest.mark.parametrize(("level", "does"), [(StopLevel.HALT, "exits go on"), (StopLevel.FLATTEN, "is closed")])
def test_a_stop_that_a_person_latched_is_told_once_with_who_and_why(bench, level, does):
    tighten(bench.path, Latch(level=level, reason="odd quotes", by="ann", at=AT, by_person=True))
    for _ in range(3):
        bench.turn(after_s=1)
    (alert,) = (each.alert for each in bench.told(AlertRaised))
    assert (alert.code, alert.level, "ann: odd quotes" in alert.text, does in alert.done) == ("A150", "P1", True, True)


def test_a_stop_that_a_process_latched_is_told_by_that_process(bench):
    tighten(bench.path, Latch(level=StopLevel.HALT, reason="a breaker", by="breaker", at=AT))
    bench.turn()
    assert bench.told(AlertRaised) == []


def test_the_end_of_live_tradings_arming_is_told(bench):
    tighten(bench.path, Latch(level=StopLevel.REDUCE, reason="armed until noon", by="arm", at=AT))
    for _ in range(3):
        bench.turn(after_s=1)
    (alert,) = (each.alert for each in bench.told(AlertRaised))
    assert (alert.code, alert.text, "exits go on" in alert.done) == ("A153", "Armed until noon", True)


def test_a_loosening_that_nobody_could_be_told_of_is_told_later(bench):
    resume(bench.path, "ann", "looked", AT)
    bench.line.cut = True
    bench.turn()
    bench.line.cut = False
    bench.turn()
    assert len(loosened(bench)) == 1


def test_a_successor_tells_of_a_loosening_under_the_same_name(bench):
    resume(bench.path, "ann", "looked", AT)
    bench.turn()
    bench.start(2)
    bench.turn()
    first, second = loosened(bench)
    assert first == second, "so the notifier knows it"


def test_a_permit_carries_what_the_book_stands_at_and_what_it_is_held_to(bench, tmp_path):
    bench.hands.market_now = lambda: START
    quotes = table()
    write_quotes(tmp_path / "quotes", bench.hands, quotes)
    ports = ExposurePorts(QuoteBoard(tmp_path / "quotes", lambda: quotes.universe).read, PRODUCTS, sessions())
    bench.exposure = ExposureWatch(ExposureSettings(), ports)
    bench.start(1)
    (first,) = bench.turn()
    assert (first.exposure_limits, first.exposure) == (ExposureSettings().limits, None)
    (second,) = bench.turn(book(), after_s=2)
    assert second.exposure.age_s == 2
    assert second.exposure.counted == {}
    bench.exposure = ExposureWatch(ExposureSettings(enabled=False), ports)
    bench.start(2)
    (off,) = bench.turn(book())
    assert (off.exposure_limits, off.exposure) == (None, None)


def test_what_is_beyond_a_limit_is_told_to_the_notifier(bench, tmp_path):
    bench.hands.market_now = lambda: START
    quotes = table()
    write_quotes(tmp_path / "quotes", bench.hands, quotes)
    ports = ExposurePorts(QuoteBoard(tmp_path / "quotes", lambda: quotes.universe).read, PRODUCTS, sessions())
    limits = ExposureLimits(whole=GreekLimits(vega_max=Decimal("0.01")))
    bench.exposure = ExposureWatch(ExposureSettings(limits=limits), ports)
    bench.start(1)
    bench.turn(Envelope("executor", 1, 1, BookChanged(book=view({spxw(5900, "P"): -1}))))
    assert [told.alert.code for told in bench.told(AlertRaised) if told.alert.code.startswith("A14")] == ["A141"]
