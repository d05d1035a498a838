"""The actors of a paper month, built from a configuration as the tree builds them, over ports in memory.

What outlives a process outlives it here: journal and checkpoints as their JSON, the latch as its real file. A blow is
counted down over what an actor writes and says, so that a death can fall between any two of its lines.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from actors.breaker_watch import BreakerPorts
from actors.calendars import load_sessions
from actors.config import RuntimeConfig
from actors.domain.market.contract import Products
from actors.domain.market.expiry_table import ExpiryTable
from actors.domain.market.session import Sessions
from actors.domain.orders.event import ExecutorStarted
from actors.domain.risk.margin_table import MarginTable
from actors.domain.value import Value
from actors.executor import Executor
from actors.expiry_tables import load_expiry
from actors.expiry_watch import ExpiryPorts
from actors.exposure_watch import ExposurePorts, ExposureWatch
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.margins import load_margins
from actors.ports import Clock
from actors.products import load_products
from actors.quote_board import Snapshot
from actors.risk import RiskActor, RiskPorts
from actors.strategies.base import load
from actors.strategy import StrategyActor, StrategyPorts
from supervisor.app.order_machine.host import Blow, HostStream, MemoryCheckpoints, MemoryJournal, Passes
from supervisor.app.plan import TABLES
from supervisor.app.risk_terms import adapters, exposure_settings, risk_settings
from supervisor.app.terms import executor_settings

RISK, EXECUTOR, NOTIFIER = "risk", "executor", "notifier"
MEASURED_EVERY_S: Final = 4.0
"""Of the machine's seconds: greeks and stress are the costliest of what is looked at."""
Send = Callable[[str, str, Value], None]
"""Carries a message from one to another. Raises `PeerUnavailable`."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the trading rests on, as it is shipped."""

    products: Products
    sessions: Sessions
    expiry: ExpiryTable
    margins: MarginTable

    @classmethod
    def shipped(cls, cache: Path) -> "Tables":
        """Read them; `cache` is where the exchange's days are kept."""
        return cls(
            products=load_products(TABLES / "products.toml"),
            sessions=load_sessions(TABLES / "sessions.toml", cache),
            expiry=load_expiry(TABLES / "expiry.toml"),
            margins=load_margins(TABLES / "margin.toml"),
        )


class Noted(MemoryCheckpoints):
    """Implements `ports.NotingCheckpoints`: what is noted is as good as saved."""

    def note(self, state: Value, journal_sequence: int) -> None:
        """Keep one generation."""
        self.save(state, journal_sequence)


class Line(HostStream):
    """One actor's stream; what it publishes is told to the world too."""

    def __init__(self, name: str, send: Send, blow: Blow) -> None:
        super().__init__(lambda peer, message: send(name, peer, message), blow)
        self._name, self._carry = name, send

    def publish(self, message: Value) -> None:
        """Publish to whoever hears."""
        self._carry(self._name, "", message)


class Shells:
    """Builds each actor anew over what its predecessors left behind."""

    def __init__(self, config: RuntimeConfig, tables: Tables, clock: Clock, folder: Path, send: Send) -> None:
        self.config, self.tables, self._clock, self._send = config, tables, clock, send
        self.latch = folder / "latch.json"
        self.blows: defaultdict[str, Blow] = defaultdict(Blow)
        self.journal = MemoryJournal(self.blows[EXECUTOR], clock.boot_ns)
        self._checkpoints: defaultdict[str, Noted] = defaultdict(Noted)
        self._incarnations: defaultdict[str, int] = defaultdict(int)

    def line(self, name: str) -> Line:
        """Return a new stream of an actor."""
        return Line(name, self._send, self.blows[name])

    def executor(self, line: Line, epoch: int) -> Executor:
        """Return a new executor. Raises `Struck`."""
        config, tables = self.config, self.tables
        return Executor(
            name=EXECUTOR,
            started=ExecutorStarted(epoch=epoch, incarnation=epoch, boot_id="month", at=self._clock.market_now()),
            stream=line,
            journal=self.journal,
            checkpoints=self._checkpoints[EXECUTOR],
            clock=self._clock,
            watermark=Passes(),
            products=tables.products,
            sessions=tables.sessions,
            latch=lambda: read_latch(self.latch).words,
            routes=tuple(route.name for route in config.routes),
            feed="data_feed",
            notifier=NOTIFIER,
            settings=executor_settings(config, tables.margins, tables.expiry),
            reduce=self._reduce,
        )

    def risk(self, line: Line, read: Callable[[], Snapshot | None]) -> RiskActor:
        """Return a new risk actor; `read` gives it the quotes."""
        config, tables = self.config, self.tables
        measured = exposure_settings(config).model_copy(update={"every_s": MEASURED_EVERY_S})
        ports = RiskPorts(
            stream=line,
            clock=self._clock,
            watermark=Passes(),
            read_latch=lambda: read_latch(self.latch),
            breakers=BreakerPorts(checkpoints=self._checkpoints[RISK], tighten=self._tighten),
            exposure=ExposureWatch(measured, ExposurePorts(read, tables.products, tables.sessions)),
            expiry=ExpiryPorts(tables.products, tables.sessions, tables.expiry, adapters(config), quotes=read),
        )
        return RiskActor(RISK, self._incarnation(RISK), ports, risk_settings(config))

    def strategy(self, name: str, line: Line) -> StrategyActor:
        """Return a new strategy, its state restored."""
        section = next(each for each in self.config.strategies if each.name == name)
        kind = load(section.strategy)
        ports = StrategyPorts(
            stream=line,
            clock=self._clock,
            watermark=Passes(),
            checkpoints=self._checkpoints[name],
            sessions=self.tables.sessions,
        )
        parameters = kind.Parameters.model_validate(section.parameters)
        built = StrategyActor(name, section.underlying, kind(section.underlying, parameters), ports)
        built.restore()
        return built

    def _incarnation(self, name: str) -> int:
        self._incarnations[name] += 1
        return self._incarnations[name]

    def _reduce(self, reason: str) -> None:
        self._tighten(Latch(level=StopLevel.REDUCE, reason=reason, by=EXECUTOR, at=self._clock.market_now()))

    def _tighten(self, latch: Latch) -> Latch:
        return tighten(self.latch, latch)
