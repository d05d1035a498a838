"""Reads what a preflight judges, and has it judged (`judged`): settings, files, boards, the journal. Asks nobody."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from actors.armed import read_armed
from actors.armed import refusal as armed_refusal
from actors.clock import ClockNotStarted, SharedMarketClock
from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.credentials import CredentialMissing, credential
from actors.domain.alerts.alert import Level
from actors.domain.market.session import NEW_YORK, Session, Sessions
from actors.domain.portfolio.book import Book
from actors.latch import read_latch
from actors.places import Places
from supervisor import keeper
from supervisor.app import arming, warmth
from supervisor.app.doctor.finding import Finding
from supervisor.app.plan import TABLES
from supervisor.app.preflight import backings, undescribed
from supervisor.app.readiness import judged, proof, signing
from supervisor.app.readiness.check import Check, Preflight, of_findings
from supervisor.app.readiness.noted import last_backup
from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalReader
from supervisor.ownership import owner

TAIL_EVENTS: Final = 20_000
"""How much of the journal's end is walked; the analyst walks all of it in the background."""


def preflight(
    config: RuntimeConfig, where: Places, findings: Iterable[Finding], board: dict[str, Any] | None, book: Book | None
) -> Preflight:
    """Return the preflight of a runtime for the session of today.

    `findings`: the doctor's. `board`: the executor's, with its age. `book`: the journal's fold; None: what needs it is
    left out.
    """
    now = market_now(config, where)
    today, sessions = now.astimezone(NEW_YORK).date(), known_sessions(config, where)
    found, runs = sessions.find("equity_option", today), owner(keeper.lock(where.state)) is not None
    checks = [
        judged.session(found, today),
        *judged.blackouts(config.calendar.blackouts, today),
        judged.armed(_unarmed(config, where, now), config.runtime.mode),
        _gate(config, where),
        judged.stop(read_latch(where.latch)),
        *(_of_book(book) if book is not None else ()),
        _journal(where),
        judged.backup(last_backup(where), datetime.now(UTC), config.reports.backup_age_max_h),
        *_of_settings(config),
        *judged.routes(board, runs=runs),
        _data(config, board, is_open=isinstance(found, Session) and found.holds(now), runs=runs),
        *of_findings(findings),
    ]
    session = today if isinstance(found, Session) else None
    return Preflight(mode=config.runtime.mode.value, session=session, made_at=datetime.now(UTC), checks=tuple(checks))


def market_now(config: RuntimeConfig, where: Places) -> datetime:
    """Return the market's time: a paper market's where one runs, else the machine's."""
    if config.runtime.mode is Mode.PAPER:
        try:
            return SharedMarketClock.open(where.clock).market_now()
        except (FileNotFoundError, ClockNotStarted):
            pass
    return datetime.now(UTC)


def known_sessions(config: RuntimeConfig, where: Places) -> Sessions:
    """Return the trading days; a synthetic market's day is declared open."""
    found = warmth.sessions(TABLES / "sessions.toml", where.state / "exchange-days.json")
    found, market = found.without(config.calendar.closures), config.market
    if config.runtime.mode is Mode.PAPER and market.source == "synthetic" and market.start is not None:
        ends_at = market.start + timedelta(seconds=market.length_s)
        return found.declare(market.start.astimezone(NEW_YORK).date(), market.start, ends_at)
    return found


def _of_book(book: Book) -> Iterator[Check]:
    yield judged.positions(book)
    yield judged.doubts(book)
    yield judged.breakers(book)
    yield from judged.sizes(book)


def _of_settings(config: RuntimeConfig) -> Iterator[Check]:
    missing = _missing(config)
    yield judged.secrets(config, missing)
    yield judged.paged(_targets(config).get(Level.P0, ()), missing, config.runtime.mode)
    yield from map(judged.backing, backings(config))
    yield from map(judged.undescribed, undescribed(config))


def _gate(config: RuntimeConfig, where: Places) -> Check:
    found = proof.proved(config, where)
    signature = signing.signed(where)
    covers = signature is not None and signature.covers(found)
    return judged.gate(found.lacks, signature.words if signature and covers else "", config.runtime.mode)


def _unarmed(config: RuntimeConfig, where: Places, now: datetime) -> str:
    return armed_refusal(read_armed(where.armed), arming.tails(config), now)


def _missing(config: RuntimeConfig) -> dict[str, str]:
    """Return the named secrets that cannot be had here, each with where it was looked for."""
    routes = config.routes if config.runtime.mode is not Mode.PAPER else ()
    names = [name for route in routes for name in route.secrets.values()]
    names += [name for named in _targets(config).values() for name in named if "://" not in name]
    found = {}
    for name in dict.fromkeys(names):
        try:
            credential(name)
        except CredentialMissing as missing:
            found[name] = str(missing)
    return found


def _targets(config: RuntimeConfig) -> Mapping[Level, tuple[str, ...]]:
    """Return whom alerts of each level are sent to, those of every chain."""
    return {
        level: tuple(name for chain in chains for name in chain) for level, chains in config.notifier.targets.items()
    }


def _journal(where: Places) -> Check:
    try:
        reader = JournalReader(where.journal)
    except FileNotFoundError:
        return judged.journal("", 0)
    with closing(reader):
        last = reader.last()
        end = last.sequence if last is not None else 0
        after = max(end - TAIL_EVENTS, 0)
        try:
            reader.verify(after)
        except JournalDamagedError as error:
            return judged.journal(str(error), end - after)
    return judged.journal("", end - after)


def _data(config: RuntimeConfig, board: dict[str, Any] | None, *, is_open: bool, runs: bool) -> Check:
    boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return judged.data(board, config.risk.feed_frame_max_s, boot_ns, is_open=is_open, runs=runs)
