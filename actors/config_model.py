"""The configuration as a whole, and the rules that span its sections.

A configuration that contradicts itself is never built: paper reaches no real broker, sandbox no real money, one route
is primary, windows outlast the deadlines they guard. Each rule is a function that yields the key to point at and what
is wrong; all of them run, so that one reading shows every fault.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from actors import config_heartbeat, config_phone
from actors.config_calendar import CalendarSection
from actors.config_disk import DiskSection
from actors.config_expiry import ExpirySection
from actors.config_gate import GateSection
from actors.config_greeks import GreeksSection
from actors.config_journal import JournalSection
from actors.config_killswitch import KillSwitchSection
from actors.config_nodes import NodesSection
from actors.config_notifier import NotifierSection
from actors.config_panel import PanelSection
from actors.config_reports import ReportsSection
from actors.config_sections import (
    PAPER_URL,
    ClockSection,
    ExecutorSection,
    FeedSection,
    MarketSection,
    Mode,
    RiskSection,
    RouteSection,
    RuntimeSection,
)
from actors.config_strategy import StrategySection
from actors.config_supervision import SupervisorSection
from actors.config_validation import ValidationSection
from actors.domain.costs.cost_limits import CostLimits
from actors.domain.performance.degradation import CommonDegradation
from actors.domain.risk.breaker_limits import CommonLimits
from actors.domain.value import Value

LIVE_HOSTS = {"api.tastyworks.com", "streamer.tastyworks.com", "api.alpaca.markets"}
_SANDBOX_HOSTS = {"api.cert.tastyworks.com", "streamer.cert.tastyworks.com", "paper-api.alpaca.markets"}
_TAKEN = {"venue", "supervisor", "keeper", "notifier", "data_feed", "executor", "risk", "analyst", "panel", "hedge"} | {
    *("gate", "follower", "killswitch", "heartbeat", "phone"),
}
_PURPOSES = {
    "tastytrade": ("client_secret", "refresh_token"),
    "alpaca": ("key_id", "secret_key"),
    "quantconnect": ("user_id", "api_token", "ack_secret"),
}


class RuntimeConfig(Value):
    """Everything the runtime is told. Reading it has no effect; a contradiction is an error before anything starts."""

    runtime: RuntimeSection = Field(default_factory=RuntimeSection)
    market: MarketSection = MarketSection()
    feed: FeedSection = FeedSection()
    routes: tuple[RouteSection, ...] = Field(min_length=1, max_length=8)
    risk: RiskSection = RiskSection()
    breakers: CommonLimits = CommonLimits()
    greeks: GreeksSection = GreeksSection()
    costs: CostLimits = CostLimits()
    performance: CommonDegradation = CommonDegradation()
    executor: ExecutorSection = ExecutorSection()
    supervisor: SupervisorSection = SupervisorSection()
    notifier: NotifierSection = NotifierSection()
    strategies: tuple[StrategySection, ...] = Field(default=(), max_length=32)
    clock: ClockSection = ClockSection()
    calendar: CalendarSection = CalendarSection()
    validation: ValidationSection = ValidationSection()
    expiry: ExpirySection = ExpirySection()
    disk: DiskSection = DiskSection()
    journal: JournalSection = JournalSection()
    nodes: NodesSection = NodesSection()
    killswitch: KillSwitchSection = KillSwitchSection()
    heartbeat: config_heartbeat.HeartbeatSection = config_heartbeat.HeartbeatSection()
    phone: config_phone.PhoneSection = config_phone.PhoneSection()
    reports: ReportsSection = ReportsSection()
    gate: GateSection = Field(default_factory=GateSection)
    panel: PanelSection = PanelSection()

    @model_validator(mode="after")
    def _has_no_contradiction(self) -> "RuntimeConfig":
        found = tuple(contradictions(self))
        if found:
            raise PydanticCustomError("contradiction", "{count} contradictions", {"count": len(found), "found": found})
        return self

    @property
    def underlyings(self) -> tuple[str, ...]:
        """What the feed watches: as named, else what the strategies trade, each once."""
        return self.feed.underlyings or tuple(dict.fromkeys(strategy.underlying for strategy in self.strategies))

    @property
    def primary(self) -> RouteSection:
        """The route that new orders take first."""
        return next(route for route in self.routes if route.role == "primary")

    @property
    def feed_route(self) -> RouteSection:
        """The route whose login opens the quote stream."""
        return next(r for r in self.routes if r.adapter == "tastytrade" and self.feed.route in {None, r.name})


Contradiction = tuple[tuple[str | int, ...], str]
"""Path of the key to point at, and what is wrong with it."""


def contradictions(config: RuntimeConfig) -> Iterator[Contradiction]:
    """Yield every rule that the sections break together."""
    yield from _names(config)
    yield from _roles(config)
    yield from _urls(config)
    yield from _deployments(config)
    yield from _secrets(config)
    yield from _windows(config)
    yield from _market(config)
    yield from _replication(config)
    yield from _nodes(config)
    yield from _holding(config)
    yield from (*config_heartbeat.gaps(config.heartbeat), *config_phone.gaps(config.phone))


def _names(config: RuntimeConfig) -> Iterator[Contradiction]:
    for key, members in (("routes", config.routes), ("strategies", config.strategies)):
        names = [member.name for member in members]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield (key, number, "name"), f'"{name}" is already the name of {key} number {names.index(name) + 1}'
    for number, strategy in enumerate(config.strategies):
        if strategy.name in _TAKEN:
            yield ("strategies", number, "name"), f'"{strategy.name}" is the name of another actor'


def _roles(config: RuntimeConfig) -> Iterator[Contradiction]:
    primaries = [number for number, route in enumerate(config.routes) if route.role == "primary"]
    if not primaries:
        yield ("routes", 0, "role"), "no route is primary; exactly one must be"
    for number in primaries[1:]:
        yield ("routes", number, "role"), f'"{config.routes[primaries[0]].name}" is primary already; exactly one may be'
    fed = [route.name for route in config.routes if route.adapter == "tastytrade"]
    if not fed:
        yield ("routes", 0, "adapter"), "quotes need one tastytrade route: its login opens the stream"
    elif config.feed.route is not None and config.feed.route not in fed:
        yield ("feed", "route"), f"must be a tastytrade route: {', '.join(fed)}"


def _urls(config: RuntimeConfig) -> Iterator[Contradiction]:
    mode = config.runtime.mode
    for number, route in enumerate(config.routes):
        for key in ("url", "stream_url"):
            url = getattr(route, key)
            if url is not None and (text := _refusal(mode, url)):
                yield ("routes", number, key), text
        if mode is not Mode.PAPER and route.stream_url is None and route.adapter != "quantconnect":
            yield ("routes", number, "stream_url"), f"mode {mode} needs the address of the account's events"
        if mode is not Mode.PAPER and route.adapter == "tastytrade" and not route.account:
            yield (
                ("routes", number, "account"),
                f"mode {mode} needs the account number: whose money it is, is never guessed",
            )


def _refusal(mode: Mode, url: str) -> str:
    """Say why `url` may not be used in `mode`; empty where it may."""
    parts = urlsplit(url)
    if mode is Mode.PAPER:
        return "" if url == PAPER_URL else f'must be "{PAPER_URL}" in mode paper'
    if url == PAPER_URL:
        return f'mode {mode} needs an address, not "{PAPER_URL}"'
    if mode is Mode.SANDBOX and parts.hostname in LIVE_HOSTS:
        return f"{parts.hostname} trades real money; mode sandbox refuses it"
    if mode is Mode.LIVE and parts.hostname in _SANDBOX_HOSTS:
        return f"{parts.hostname} is a test system; mode live refuses it"
    if mode is Mode.LIVE and parts.scheme not in {"https", "wss"}:
        return "mode live needs https or wss"
    return ""


def _deployments(config: RuntimeConfig) -> Iterator[Contradiction]:
    for number, route in enumerate(config.routes):
        at: tuple[str | int, ...] = ("routes", number)
        if route.adapter != "quantconnect":
            if route.covers is not None or route.project is not None:
                yield (*at, "covers" if route.covers else "project"), f"{route.adapter} has none; quantconnect does"
            continue
        if route.covers is None:
            yield at, 'quantconnect needs covers = "pipe" (the account of another route) or "broker" (its own)'
        if route.project is None and config.runtime.mode is not Mode.PAPER:
            yield at, f"mode {config.runtime.mode} needs the number of the project"
        if route.ack_port == 0 and config.runtime.mode is not Mode.PAPER:
            yield (*at, "ack_port"), "must be named: the algorithm has to find it"
        others = [other for other in config.routes if other.account_domain == route.account_domain and other != route]
        if route.covers == "pipe" and not any(other.adapter == "tastytrade" for other in others):
            yield (*at, "account_domain"), "a pipe trades the account of a tastytrade route: name that domain"
        if route.covers == "broker" and others:
            yield (*at, "account_domain"), f'is that of "{others[0].name}": a broker of its own has its own domain'
        if route.settle_window_s <= route.place_within_s:
            yield (*at, "settle_window_s"), f"must outlast place_within_s = {route.place_within_s:g} s"


def _secrets(config: RuntimeConfig) -> Iterator[Contradiction]:
    for number, route in enumerate(config.routes):
        needed = _PURPOSES[route.adapter]
        for purpose in set(route.secrets) - set(needed):
            yield ("routes", number, "secrets", purpose), f"{route.adapter} uses {_listed(needed)} only"
        missing = [purpose for purpose in needed if purpose not in route.secrets]
        if missing and config.runtime.mode is not Mode.PAPER:
            yield ("routes", number, "secrets"), f"mode {config.runtime.mode} needs {_listed(missing)}"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _windows(config: RuntimeConfig) -> Iterator[Contradiction]:
    for number, route in enumerate(config.routes):
        flight_s = route.answer_timeout_s + route.user_timeout_s
        if route.settle_window_s <= flight_s:
            yield (
                ("routes", number, "settle_window_s"),
                f"{route.settle_window_s:g} s must outlast answer_timeout_s + user_timeout_s = {flight_s:g} s",
            )
        if route.stall_s >= route.answer_timeout_s:
            text = f"{route.stall_s:g} s must be less than answer_timeout_s = {route.answer_timeout_s:g} s"
            yield ("routes", number, "stall_s"), text
    executor = config.executor
    first_s = executor.imbalance_grace_s + executor.unwind_pace_s
    if executor.imbalance_deadline_s <= first_s:
        text = (
            f"must outlast imbalance_grace_s + unwind_pace_s = {first_s:g} s, or one unwinding is all there is time for"
        )
        yield ("executor", "imbalance_deadline_s"), text
    risk = config.risk
    if risk.permit_interval_s * 2 > risk.permit_ttl_s:
        yield ("risk", "permit_interval_s"), f"must be at most half of permit_ttl_s = {risk.permit_ttl_s:g} s"
    if risk.structure_loss_max > risk.account_loss_max:
        yield ("risk", "structure_loss_max"), f"exceeds account_loss_max = {risk.account_loss_max}"
    if executor.account_interval_s * 2 > risk.caps.power_age_max_s:
        text = f"must be at most half of risk.caps.power_age_max_s = {risk.caps.power_age_max_s:g} s"
        yield ("executor", "account_interval_s"), text


def _market(config: RuntimeConfig) -> Iterator[Contradiction]:
    market = config.market
    if market.source == "replay":
        for key in ("folder", "date"):
            if getattr(market, key) is None:
                yield ("market", key), 'missing: source = "replay" needs it'
    if market.start is not None and market.start.tzinfo is None:
        yield ("market", "start"), "needs its offset from UTC, as in 2026-11-23T09:30:00-05:00"
    if not config.underlyings:
        yield ("feed", "underlyings"), "nothing to watch: name underlyings here, or a strategy"


def _replication(config: RuntimeConfig) -> Iterator[Contradiction]:
    journal, hang_s = config.journal, config.supervisor.critical_hang_after_s
    if journal.durability == "replicated":
        for key in ("follower", "token"):
            if getattr(journal, key) is None:
                yield ("journal", key), 'missing: durability = "replicated" needs it'
        if journal.ack_timeout_s * 2 > hang_s:
            text = f"must be at most half of supervisor.critical_hang_after_s = {hang_s:g} s: a wait is no hang"
            yield ("journal", "ack_timeout_s"), text


def _holding(config: RuntimeConfig) -> Iterator[Contradiction]:
    names = {strategy.name for strategy in config.strategies}
    for number, name in enumerate(config.expiry.hold):
        if name not in names:
            yield ("expiry", "hold", number), f'no strategy is called "{name}": what it holds would be closed'


def _nodes(config: RuntimeConfig) -> Iterator[Contradiction]:
    nodes = config.nodes
    if nodes.executor is None:
        return
    if nodes.executor not in {node.name for node in nodes.away}:
        yield ("nodes", "executor"), f'no [[nodes.away]] is called "{nodes.executor}"'
    for key in ("gate", "token"):
        if getattr(nodes, key) is None:
            yield ("nodes", key), "missing: an executor on another node needs it"
    if config.runtime.ray_address == "private":
        yield ("runtime", "ray_address"), "a private Ray has one node: join the one that both nodes belong to"
    if config.journal.durability != "replicated":
        text = "must be \"replicated\": the executor's standby on this node goes on with the journal's copy"
        yield ("journal", "durability"), text
