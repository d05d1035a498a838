"""Builds the children that trade: connections, executor, risk, strategies."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from actors.armed import read_armed
from actors.breaker_watch import BreakerPorts
from actors.broker_connection import BrokerConnection
from actors.brokers.connection_settings import ConnectionSettings
from actors.brokers.gates import Gates, Remembered
from actors.brokers.inquiries import InquiryLimits
from actors.brokers.route_watch import WatchLimits
from actors.brokers.send_desk import SendLimits
from actors.brokers.send_ledger import SendLedger, boot_id
from actors.domain.connection.absence import SettleLimits
from actors.domain.connection.backoff import BackoffLimits
from actors.domain.connection.route_health import HealthLimits
from actors.domain.orders.backup import covers
from actors.domain.orders.event import ExecutorStarted
from actors.epoch import read_epoch, take_epoch
from actors.executor import Executor
from actors.expiry_watch import ExpiryPorts
from actors.exposure_watch import ExposurePorts, ExposureWatch
from actors.latch import Latch, StopLevel, read_latch, tighten
from actors.messages import AskState
from actors.ports import PeerUnavailable, Shell, Stream
from actors.quote_board import QuoteBoard, Snapshot
from actors.risk import RiskActor, RiskPorts
from actors.route_board import write_board
from actors.strategies.base import load
from actors.strategy import StrategyActor, StrategyPorts
from supervisor.app import arming, replication, warmth
from supervisor.app.adapters import account_number, broker
from supervisor.app.event_schema import EVENTS
from supervisor.app.plan import connection_name
from supervisor.app.readiness import signing
from supervisor.app.risk_terms import adapters, exposure_settings, risk_settings
from supervisor.app.terms import executor_settings
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext
from supervisor.journal import Following, JournalReader, JournalWriter
from supervisor.killswitch import record
from supervisor.state_disk import MB, DiskLimits, StateDisk, must_write


class Fenced(Exception):
    """Another executor took the epoch: this one may not write any more."""


def executor(context: ChildContext, workplace: type[Workplace] = Workplace) -> Shell:
    """Build the executor: see to the disk, take the epoch, meet the follower, open the journal, recover."""
    place = workplace.child(context)
    where, disk, config = place.places, _disk(place), place.config
    must_write(where.state)
    disk.look()
    known = _last_epoch(where.journal)
    epoch = take_epoch(where.epoch, above=known)
    replica = replication.replica(place, epoch)

    config = place.config
    built = Executor(
        name=place.name,
        started=ExecutorStarted(
            epoch=epoch,
            incarnation=place.incarnation,
            boot_id=boot_id(),
            at=place.clock.market_now(),
            took_over=replication.took_over(where, known),
        ),
        stream=_greeting(place),
        journal=_journal(place, epoch, disk, replica),
        checkpoints=place.checkpoints(),
        clock=place.clock,
        watermark=place.watermark(),
        products=place.products,
        sessions=place.sessions,
        latch=_latch(place),
        routes=tuple(route.name for route in config.routes),
        feed="data_feed",
        notifier="notifier",
        settings=executor_settings(config, place.margins, place.expiry),
        board=partial(write_board, where.routes),
        disk=disk.look,
        reduce=lambda reason: _reduce(place, reason),
    )
    if (universe := warmth.universe(where.universe)) is not None:
        built.know(universe)
    return built


def _greeting(place: Workplace) -> Stream:
    """Return the executor's stream; every connection was asked for its state, and answers while ours is restored."""
    connections = tuple(connection_name(route.name) for route in place.config.routes)
    strategies = tuple(strategy.name for strategy in place.config.strategies)
    stream = place.stream(
        (*connections, "data_feed", "notifier", "risk", *strategies), ("data_feed", *connections), "data_feed"
    )
    for connection in connections:
        with suppress(PeerUnavailable):  # it says its state when it starts
            stream.tell(connection, AskState())
    return stream


def _journal(place: Workplace, epoch: int, disk: StateDisk, replica: Following | None) -> JournalWriter:
    """Open the journal, and take in what the kill switch did meanwhile, before anything is recovered from it."""
    where, held_epoch = place.places, Remembered(place.places.epoch, read_epoch)

    def fence() -> None:
        if (held := held_epoch()) != epoch:
            raise Fenced(f"epoch {held} is in force, this executor holds {epoch}")

    journal = JournalWriter(
        where.journal,
        epoch=epoch,
        clock=time.time_ns,
        fence=fence,
        make_room=disk.release,
        note=disk.note_append,
        schema=EVENTS,
        follower=replica,
    )
    killed = record.untaken(where, journal.knows, place.clock.market_now())
    if inherited := (*killed, *signing.untaken(where, journal.knows)):
        journal.append((each.kind, each.correlation, each.model_dump_json().encode()) for each in inherited)
    return journal


def _disk(place: Workplace) -> StateDisk:
    section = place.config.disk
    limits = DiskLimits(
        reserve_bytes=section.reserve_mb * MB,
        free_min_bytes=section.free_min_mb * MB,
        slow_append_s=section.slow_append_s,
        calm_s=section.calm_s,
    )
    return StateDisk(place.places.state, limits)


def _last_epoch(journal: Path) -> int:
    try:
        reader = JournalReader(journal)
    except FileNotFoundError:
        return 0
    try:
        last = reader.last()
        return last.epoch if last else 0
    finally:
        reader.close()


def _latch(place: Workplace) -> Callable[[], str | None]:
    held = _stop(place)
    return lambda: held().words


def _stop(place: Workplace) -> Callable[[], Latch]:
    """Return what reads the stop in force: the latch, and in mode live whether a person armed it."""
    where = place.places
    latch, armed = Remembered(where.latch, read_latch), Remembered(where.armed, read_armed)
    return arming.stop_reader(place.config, latch, armed, place.clock.market_now)


def _reduce(place: Workplace, reason: str) -> None:
    latch = Latch(level=StopLevel.REDUCE, reason=reason, by=place.name, at=place.clock.market_now())
    tighten(place.places.latch, latch)


def connection(context: ChildContext) -> Shell:
    """Build the connection of one route."""
    place = Workplace.child(context)
    route = next(each for each in place.config.routes if each.name == place.argument("route"))
    where = place.places
    return BrokerConnection(
        broker(place, route),
        place.stream(("executor",)),
        place.clock,
        SendLedger(where.ledgers(route.name), place.incarnation, boot_id()),
        Gates.of(where, _stop(place)),
        place.watermark(),
        ConnectionSettings(
            mode=place.config.runtime.mode.value,
            account_tail=account_number(place, route)[-4:],
            combo_legs_max=route.combo_legs_max,
            covers=covers(place.config.routes, route),
            orphan_after_s=route.orphan_after_s,
            watch=WatchLimits(
                probe_every_s=route.probe_every_s,
                probe_again_s=route.probe_again_s,
                health=HealthLimits(
                    failures_to_trip=route.failures_to_trip, quiet_s=route.quiet_s, stall_s=route.stall_s
                ),
            ),
            sends=SendLimits(
                sends_max=route.sends_max,
                answer_timeout_s=route.answer_timeout_s,
                cancel_timeout_s=route.cancel_timeout_s,
            ),
            inquiries=InquiryLimits(
                settle=SettleLimits(window_s=route.settle_window_s, looks_min=route.settle_looks_min)
            ),
            backoff=BackoffLimits(longest_s=route.reconnect_delay_max_s),
        ),
    )


def risk(context: ChildContext) -> Shell:
    """Build the risk actor."""
    place = Workplace.child(context)
    ports = RiskPorts(
        stream=place.stream(("executor", "notifier"), ("executor", "data_feed")),
        clock=place.clock,
        watermark=place.watermark(),
        read_latch=arming.read_stop(place.config, place.places, place.clock.market_now),
        breakers=BreakerPorts(
            checkpoints=place.checkpoints(),
            tighten=lambda latch: tighten(place.places.latch, latch),
            board=partial(write_board, place.places.breakers),
        ),
        exposure=_exposure(place),
        expiry=ExpiryPorts(
            products=place.products,
            sessions=place.sessions,
            table=place.expiry,
            adapters=adapters(place.config),
            board=partial(write_board, place.places.expiring),
            quotes=_quotes(place),
        ),
    )
    return RiskActor(place.name, place.incarnation, ports, risk_settings(place.config))


def _exposure(place: Workplace) -> ExposureWatch:
    where = place.places
    ports = ExposurePorts(
        read=_quotes(place),
        products=place.products,
        sessions=place.sessions,
        board=partial(write_board, where.exposure),
    )
    return ExposureWatch(exposure_settings(place.config), ports)


def _quotes(place: Workplace) -> Callable[[], Snapshot | None]:
    where = place.places
    return QuoteBoard(where.quotes, lambda: warmth.universe(where.universe)).read


def strategy(context: ChildContext) -> Shell:
    """Build one strategy."""
    place = Workplace.child(context)
    section = next(each for each in place.config.strategies if each.name == place.argument("strategy"))
    kind = load(section.strategy)
    ports = StrategyPorts(
        stream=place.stream(
            ("executor", "data_feed", "notifier"), ("executor", "data_feed"), "data_feed", decides_on_quotes=True
        ),
        clock=place.clock,
        watermark=place.watermark(),
        # On the path of every order, and no law rests on it: after the loss of the machine the executor's journal still
        # knows the last signal's number, and the book, not the strategy's state, is the truth about what it holds.
        checkpoints=place.checkpoints(durable=False),
        sessions=place.sessions,
    )
    parameters = kind.Parameters.model_validate(section.parameters)
    return StrategyActor(section.name, section.underlying, kind(section.underlying, parameters), ports)
