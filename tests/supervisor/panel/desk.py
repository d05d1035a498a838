"""A state folder as a trading day leaves it, made in this process: the executor's journal and board, and risk's."""

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.calendars import load_sessions
from actors.config import load
from actors.domain.alerts.alert import Alert, Level
from actors.domain.alerts.record import Counted, Raised, Sent
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.report import Status
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits
from actors.domain.value import Value
from actors.expiry_watch import ExpiryPorts, ExpiryWatch
from actors.exposure_watch import ExposurePorts, ExposureSettings, ExposureWatch
from actors.outbox import Outbox
from actors.places import Places
from actors.quote_board import QuoteBoard, write_quotes
from actors.route_board import write_board
from supervisor import directory as directories
from supervisor.app import warmth
from supervisor.app.drills.card import DrillCard
from supervisor.app.drills.record import DrillLog
from supervisor.app.drills.spec import DrillLimits
from supervisor.directory import Directory, Entry
from supervisor.ownership import Ownership
from supervisor.process import identify
from supervisor.tree import ChildState
from tests import expiries
from tests.actors.test_size_desk import permitted, trade
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, open_signal, sessions, spxw
from tests.cost_builders import terms
from tests.fakes import START, FakeClock, MemoryCheckpoints
from tests.filed_rig import FiledRig
from tests.rig import report
from tests.surfaces import table, view

CONFIG = Path(__file__).resolve().parents[3] / "config" / "holdfast.toml"
LIMITS = ExposureLimits(underlying=GreekLimits(delta_max=1_000), whole=GreekLimits(vega_max=1), stress_loss_max=10_000)
CHILDREN = ("notifier", "data_feed", "connection.tastytrade", "connection.alpaca", "executor", "risk", "condor")
HELD = {spxw(5900, "P"): -1, spxw(5850, "P"): 1}


class Desk:
    """The folder, and the executor that goes on in it. `close` at the end."""

    def __init__(self, where: Places, results: tuple[int, ...] = (1, 1, -1, 1)) -> None:
        self.where = where
        self.configure()
        self.keeper = Ownership.take(where.state / "keeper.lock", datetime.now(UTC))
        self.rig = FiledRig(where.journal, costs=terms())
        self.rig.ready()
        permitted(self.rig)
        self.trades = 0
        for result in results:
            self.trade(result)
        self.held = self.rig.opened(open_signal(90))
        self.working = self.rig.ask(open_signal(91)).cl_ord_id
        self.rig.outcome(f"{self.working}-r1", Accepted(broker_order_id="primary-w"))
        self.rig.push(report("primary-w", Status.NEW, attempt=f"{self.working}-r1"))
        self.refused = "condor-20260105-92"
        self.rig.ask(open_signal(92, now=START - timedelta(days=1)))
        self.tree()
        self.boards()

    def configure(self, *, is_live: bool = False) -> None:
        """Leave behind what the runtime was started with."""
        config = load(CONFIG)
        if is_live:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "live.toml"
                path.write_text(_live((CONFIG.parent / "live.example.toml").read_text()))
                config = load(path)
        self.where.config.write_text(config.model_dump_json())

    def trade(self, result: int) -> None:
        trade(self.rig, 1 + 2 * self.trades, result)
        self.trades += 1

    def tree(self) -> None:
        """Let the folder look like a running tree: each child is this process."""
        now, me = datetime.now(UTC), identify(os.getpid())
        entries = {
            name: Entry(state=ChildState.RUNNING, since=now - timedelta(minutes=150), process=me, host=1, incarnation=1)
            for name in CHILDREN
        }
        entries["data_feed"] = entries["data_feed"].model_copy(
            update={"restarts": 1, "last_reason": "the kernel says it ended: killed by signal 9"}
        )
        seen = Directory(supervisor=me, since=now - timedelta(hours=3), written_at=now, children=entries)
        directories.write(self.where.directory, seen)

    def boards(self) -> None:
        """Write every board, as of now."""
        self.routes()
        quotes, clock = table(), FakeClock()
        write_quotes(self.where.quotes, clock, quotes)
        exposure = ExposurePorts(
            QuoteBoard(self.where.quotes, lambda: quotes.universe).read,
            PRODUCTS,
            sessions(),
            partial(_fresh, self.where.exposure),
        )
        ExposureWatch(ExposureSettings(limits=LIMITS), exposure).look(view(HELD), clock.ns, clock.now)
        breakers = BreakerPorts(MemoryCheckpoints(), lambda latch: latch, partial(_fresh, self.where.breakers))
        BreakerWatch("risk", BreakerLimits(), breakers).on_book(self.rig.executor._picture().book, 0, START)
        expiry = ExpiryPorts(
            expiries.PRODUCTS, expiries.SESSIONS, expiries.TABLE, {}, partial(_fresh, self.where.expiring)
        )
        bids = dict.fromkeys(CONDOR_SYMBOLS, "0.50") | {"SPX": "5950.00"}
        counts = dict(zip(CONDOR_SYMBOLS, (1, -1, -1, 1), strict=True))
        book = expiries.book(expiries.held(counts, structure_id=self.held), sights=expiries.seen(bids))
        ExpiryWatch(ExpiryPolicy(), expiry).on_book(book, 0, START)

    def tables(self) -> None:
        """Leave behind what repricing needs besides the boards: the contracts, and the calendar."""
        load_sessions(CONFIG.parent / "sessions.toml", self.where.state / "exchange-days.json")
        warmth.keep_universe(self.where.universe, table().universe)

    def routes(self, age_s: float = 0.0) -> None:
        """Write the executor's board, as of so long ago."""
        _fresh(self.where.routes, self.rig.executor._board.view(), age_s)

    def alerts(self) -> None:
        outbox = Outbox(self.where.state / "outbox.jsonl", {})
        now = datetime.now(UTC)
        told = [
            ("A013", Level.P1, "route tastytrade", "tastytrade cannot send: connection refused.", "", ""),
            ("S001", Level.P2, "data_feed", "data_feed was killed by signal 9.", "Started again in 0.4 s.", ""),
            (
                "A020",
                Level.P0,
                "condor-20260105-91",
                "An order is in doubt for 21 s (limit 20).",
                "Openings of SPX are refused.",
                "Look into the account.",
            ),
        ]
        for number, (code, level, subject, text, done, todo) in enumerate(told):
            alert = Alert(
                alert_id=f"{code}-{number}",
                code=code,
                level=level,
                subject=subject,
                text=text,
                done=done,
                todo=todo,
                at=now,
            )
            outbox.append([Raised(alert=alert, at=now), Sent(alert_id=alert.alert_id, target="file", at=now)])
        outbox.append([Counted(alert=alert, at=now)])
        outbox.close()

    def drills(self) -> None:
        log = DrillLog(self.where.state)
        limits = DrillLimits(detected_s=5, recovered_s=20, naked_short_s=1)
        for name, misses in (("kill-executor", ()), ("primary-down", ("recovered after 31.0 s, limit 20 s",))):
            log.ended(
                DrillCard(
                    drill=name,
                    proves="law 3: one intent, one lease",
                    detected_s=0.02,
                    recovered_s=0.98,
                    lost=0,
                    doubled=0,
                    naked_short_s=0.0,
                    alerts=("A013",),
                    limits=limits,
                    misses=misses,
                ),
                self.where.state,
            )
        log.close()

    def close(self) -> None:
        self.rig.writer.close()
        self.keeper.release()


def _live(example: str) -> str:
    """Return the example with the live values that it names beside its own."""
    for sandbox, live in (('"sandbox"', '"live"'), ("cert.tastyworks", "tastyworks"), ("paper-api.", "api.")):
        example = example.replace(sandbox, live)
    return example


def _fresh(path: Path, board: Value, age_s: float = 0.0) -> None:
    """Write a board as one that was written now, or so long ago, on this machine's own clock."""
    at_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(age_s * 1e9)
    write_board(path, board.model_copy(update={"at_ns": at_ns}))
