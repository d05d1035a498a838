"""A condor on the evening it expires: a real executor that holds it, its broker, and risk's watches over it."""

from collections.abc import Callable
from datetime import datetime

from actors.breaker_watch import NO_STOP, BreakerPorts, BreakerWatch
from actors.domain.orders.attempt import Accepted, NotSent
from actors.domain.orders.order import Intent, cl_ord_id_of
from actors.domain.orders.report import Status
from actors.domain.portfolio.view import BookView
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.expiry_policy import ExpiryPolicy
from actors.expiry_watch import ExpiryBoard, ExpiryPorts, ExpiryWatch
from actors.latch import Latch
from actors.messages import AskOutcome, CancelOrder, SendOrder, SubmitSignal
from tests.builders import PRODUCTS, open_signal
from tests.expiries import TABLE, at
from tests.fakes import MemoryCheckpoints
from tests.rig import Rig, fills_of, report

CONDOR = "condor-20260105-1"


class Evening:
    """A condor held on the day it expires, the executor that holds it, the broker, and risk's watches."""

    def __init__(self, policy: ExpiryPolicy | None = None) -> None:
        self.policy, self.boards = policy or ExpiryPolicy(), list[ExpiryBoard]()
        self.rig = self.make().ready()
        self.rig.opened(open_signal(1))
        self.held = dict(self.rig.book.structures[CONDOR].holdings)
        self.names = iter(range(100, 10_000))
        self.orders: dict[str, str] = {}
        """Closes that the broker has at work: attempt, its own id."""
        self.filled: list[str] = []
        self.start_risk()

    make: Callable[[], Rig] = Rig

    def start_risk(self) -> None:
        ports = ExpiryPorts(
            products=PRODUCTS, sessions=self.rig.sessions(), table=TABLE, adapters={}, board=self.boards.append
        )
        self.watch = ExpiryWatch(self.policy, ports)
        self.breakers = BreakerWatch("risk", BreakerLimits(), BreakerPorts(MemoryCheckpoints(), lambda latch: latch))

    def start_executor(self) -> None:
        """Start a successor; the connections answer it, and the broker still has what it had."""
        self.rig.start()
        for route in ("primary", "backup"):
            self.rig.connect(route)
        working = [report(theirs, Status.NEW, attempt=name) for name, theirs in self.orders.items()]
        self.rig.read("primary", orders=working, positions=self.held, cash=self.rig.book.cash["primary-account"])
        self.rig.read("backup")
        for _, asked in self.rig.told(AskOutcome):  # what nobody served has not left
            self.rig.outcome(asked.attempt_id, NotSent(cause="its connection never saw it"))

    def look(self, clock: str, stop: Latch = NO_STOP) -> list[SubmitSignal]:
        """Let it be that time, and risk look; the executor hears what it says."""
        self.rig.after(max(0.0, (at(f"2026-01-05T{clock}") - self.rig.clock.now).total_seconds()))
        view = self.rig.executor._picture().book
        now_ns, now = self.rig.clock.ns, self.rig.clock.now
        wishes = self.watch.on_book(view, now_ns, now)
        told = [
            each for each in self.breakers.on_book(view, now_ns, now, stop, wishes) if isinstance(each, SubmitSignal)
        ]
        told += self.more(view, now_ns, now)
        self.rig.hear("risk", *told)
        return told

    def more(self, view: BookView, now_ns: int, now: datetime) -> list[SubmitSignal]:
        """What else risk asks for."""
        return []

    def serve(self, *, fills: bool = False) -> list[SendOrder]:
        """Let the broker take, cancel and fill; return the closes that were sent."""
        sent = [message for _, message in self.rig.told(SendOrder)]
        for message in sent:
            theirs = self.orders[message.attempt_id] = f"primary-{next(self.names)}"
            self.rig.outcome(message.attempt_id, Accepted(broker_order_id=theirs))
            self.rig.push(report(theirs, Status.NEW, attempt=message.attempt_id))
        for message in [message for _, message in self.rig.told(CancelOrder)]:
            name = next((name for name, theirs in self.orders.items() if theirs == message.broker_order_id), None)
            if name is not None:
                self.rig.push(report(self.orders.pop(name), Status.CANCELED, attempt=name))
        for name in [*self.orders] if fills else []:
            order = self.rig.book.orders[cl_ord_id_of(name)].order
            self.filled.append(name)
            done = fills_of(order, order.order_qty, tag=f"close-{name}-")
            self.rig.push(report(self.orders.pop(name), Status.FILLED, *done, attempt=name))
        return sent

    def closes(self) -> list[str]:
        lives = self.rig.book.live_orders(CONDOR)
        return [life.order.cl_ord_id for life in lives if life.order.intent is Intent.CLOSE]
