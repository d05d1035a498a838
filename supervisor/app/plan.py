"""What runs: the tree of one configuration, in the order it starts.

The effective configuration is settled once, at `holdfast up`, and written to the state folder: the synthetic market's
beginning, free ports for the venue (they must be the same after its restart). Every process reads that file, so a
restarted child is the child it was.
"""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from actors.calendars import load_sessions
from actors.config import COMMAND_LINE, ConfigInvalid, Fault, FaultCode, RuntimeConfig, with_overrides
from actors.config_sections import Mode, RouteSection
from actors.domain.market.session import NEW_YORK
from actors.places import Places
from actors.products import load_products
from actors.venue.venue_settings import venue_file
from supervisor.app import preflight, standing
from supervisor.app.free_ports import free_ports
from supervisor.app.placement import FOLLOWER, GATE, place
from supervisor.child_spec import ChildSpec, Group, Plan, RaySettings

PORTS = ("tastytrade_port", "streamer_port", "dxlink_port", "alpaca_port", "quantconnect_port", "control_port")
SKIPPED_TOLD_MAX = 20
TABLES = Path(__file__).resolve().parents[2] / "config"
PRELOAD = ("anyio._backends._asyncio", "httpcore2", "httpcore2._backends.anyio", "numpy.random", "truststore")
"""What libraries import at their first use, which would otherwise be within a takeover."""
PRELOAD_PLACED = ("supervisor.app.gate", "supervisor.app.following")
VENUE_START_S = 120.0
"""A large recorded day takes a while to read."""


def settle(config: RuntimeConfig, now: datetime) -> RuntimeConfig:
    """Return the configuration with everything fixed that would otherwise be chosen anew at each start."""
    if config.runtime.mode is not Mode.PAPER:
        return config
    fixed: dict[str, object] = {}
    if config.market.source == "synthetic" and config.market.start is None:
        fixed["market.start"] = beginning(now, timedelta(seconds=config.market.length_s))
    free = free_ports(sum(getattr(config.market, name) == 0 for name in PORTS))
    for name in PORTS:
        if getattr(config.market, name) == 0:
            fixed[f"market.{name}"] = free.pop()
    settled = with_overrides(config, fixed)
    ports = iter(free_ports(len(config.routes)))
    heard = [_heard(route, next(ports)) for route in settled.routes]
    return settled.model_copy(update={"routes": tuple(heard)})


def _heard(route: RouteSection, port: int) -> RouteSection:
    """Return a route whose algorithm, where it has one, finds it: the paper venue must know the port before."""
    if route.adapter != "quantconnect" or route.ack_port:
        return route
    return route.model_copy(update={"ack_port": port})


def trading(config: RuntimeConfig, underlying: str) -> RuntimeConfig:
    """Return the configuration with the strategies that trade `underlying` (a ticker, or an option root of it) alone.

    What is said of the others by name goes with them. Raises `ConfigInvalid` where none is left.
    """
    symbols = {underlying, load_products(TABLES / "products.toml").of_root(underlying).underlying}
    kept = tuple(strategy for strategy in config.strategies if strategy.underlying in symbols)
    if not kept:
        traded = ", ".join(sorted({strategy.underlying for strategy in config.strategies}))
        raise ConfigInvalid(
            (
                Fault(
                    code=FaultCode.C021_IMPOSSIBLE_VALUE,
                    source=COMMAND_LINE,
                    key="market.underlying",
                    text=f"no strategy trades {underlying}; those configured trade {traded}",
                ),
            )
        )
    names = {strategy.name for strategy in kept}
    expiry = config.expiry.model_copy(update={"hold": tuple(name for name in config.expiry.hold if name in names)})
    return config.model_copy(update={"strategies": kept, "expiry": expiry})


def recorded(config: RuntimeConfig, where: Places) -> list[str]:
    """Return what there is to say of the recorded day: its rows, and each that cannot be used; nothing without one.

    Raises `NoSuchData`, which names what was looked for and what there is, and `DamagedData`.
    """
    section = config.market
    if config.runtime.mode is not Mode.PAPER or section.source != "replay":
        return []
    from actors.venue.replay import ReplayMarket

    assert section.folder is not None
    assert section.date is not None
    sessions = load_sessions(TABLES / "sessions.toml", where.state / "exchange-days.json")
    products = load_products(TABLES / "products.toml")
    market = ReplayMarket.of_path(section.folder, section.date, section.underlying, products, sessions)
    told = [f"{section.underlying} {section.date}: {market.option_rows:,} option rows, {len(market.skipped)} skipped"]
    return told + [f"skipped {each.file} row {each.row}: {each.reason}" for each in market.skipped[:SKIPPED_TOLD_MAX]]


def store(config: RuntimeConfig, where: Places) -> None:
    """Write the settled configuration where every child reads it. It holds names of secrets, never secrets.

    What an earlier venue left in the run folder goes: nobody may take its doors or its clock for this one's.
    """
    venue_file(where).unlink(missing_ok=True)
    where.clock.unlink(missing_ok=True)
    fresh = where.config.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(config.model_dump_json(indent=1))
    fresh.replace(where.config)
    standing.keep(where, [each.model_dump(mode="json") for each in preflight.backings(config)])


def plan(config: RuntimeConfig) -> Plan:
    """Return the tree."""
    groups = [
        *([Group(name="venue", children=(_venue(config),))] if config.runtime.mode is Mode.PAPER else []),
        Group(name="telling", children=(_bystander(_child(config, "notifier", "telling:notifier")),)),
        Group(name="market", children=(_child(config, "data_feed", "market:data_feed"),)),
        Group(
            name="trading",
            children=(
                *(_connection(config, route) for route in config.routes),
                _critical(config, _child(config, "executor", "trading:executor")),
                _critical(config, _child(config, "risk", "trading:risk")),
                *(
                    _child(config, strategy.name, "trading:strategy", strategy=strategy.name)
                    for strategy in config.strategies
                ),
            ),
        ),
        Group(name="looking", children=(_bystander(_child(config, "analyst", "telling:analyst")),)),
    ]
    here, outposts = place(
        config, groups, _child(config, GATE, "gate:gate"), _child(config, FOLLOWER, "following:follower")
    )
    return Plan(
        groups=here,
        outposts=outposts,
        ray=RaySettings(
            address=config.runtime.ray_address, object_store_bytes=config.supervisor.object_store_mb * 1_000_000
        ),
        spares=config.supervisor.spares,
        supervisor_hang_after_s=config.supervisor.supervisor_hang_after_s,
        preload=(
            *PRELOAD,
            *("supervisor.app.market", "supervisor.app.trading", "supervisor.app.telling"),
            *(PRELOAD_PLACED if outposts else ()),
        ),
        warm="supervisor.app.warmth:warm",
    )


def connection_name(route: str) -> str:
    """Return the name of a route's connection in the tree."""
    return f"connection.{route}"


def _venue(config: RuntimeConfig) -> ChildSpec:
    venue = _child(config, "venue", "market:venue")
    return venue.model_copy(update={"start_timeout_s": VENUE_START_S})


def _connection(config: RuntimeConfig, route: RouteSection) -> ChildSpec:
    child = _child(config, connection_name(route.name), "trading:connection", route=route.name)
    child = child.model_copy(update={"sends": True})
    return _critical(config, child) if route.role == "primary" else child


def _critical(config: RuntimeConfig, child: ChildSpec) -> ChildSpec:
    """Return a child without which nothing is opened, on a short deadline: these never wait long when idle."""
    return child.model_copy(update={"hang_after_s": config.supervisor.critical_hang_after_s})


def _bystander(child: ChildSpec) -> ChildSpec:
    """Return a child whose failing never stops an opening."""
    return child.model_copy(update={"stops_openings": False})


def _child(config: RuntimeConfig, name: str, factory: str, **arguments: str) -> ChildSpec:
    limits = config.supervisor
    return ChildSpec(
        name=name,
        factory=f"supervisor.app.{factory}",
        arguments=dict(arguments),
        restarts_max=limits.restarts_max,
        period_s=limits.period_s,
        start_timeout_s=limits.start_timeout_s,
        hang_after_s=limits.hang_after_s,
        stall_max_s=limits.stall_max_s,
        stop_grace_s=limits.stop_grace_s,
        memory_max_mb=limits.memory_max_mb,
        quiet_wait_s=limits.quiet_wait_s,
    )


def beginning(now: datetime, length: timedelta) -> datetime:
    """Return `now`, or the latest instant before it from which the session ends on its own New York date."""
    local = now.astimezone(NEW_YORK)
    midnight = datetime.combine(local.date(), time(23, 59), NEW_YORK)
    return min(local, midnight - length).astimezone(UTC).replace(microsecond=0)
