"""What the brokers say at the end: each account, read whole over its own protocol, and the scorecard with it."""

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from actors.config_sections import RouteSection
from actors.domain.orders.event import parse_event
from actors.domain.orders.report import AccountState, ExecutionReport, Status
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.performance.scorecard import Scorecard, StatedOrder, Statement, score
from actors.ports import Broker
from supervisor.app.adapters import broker
from supervisor.app.event_schema import EVENTS
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader

HISTORY = timedelta(days=7)
CRASHED: Final = ("killed", "hung", "stopped", "restarted with")
"""How the reason of a death begins that is no crash of the actor's own."""


def settled_scorecard(place: Workplace, timeout_s: float) -> Scorecard:
    """Return the scorecard once it is clean, or as it stands after `timeout_s`: brokers tell fees and settlements late.

    Raises `BrokerUnavailable`, `BrokerRefused`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        card = scorecard(place, statements(place))
        if card.is_clean or time.monotonic() > deadline:
            return card


def statements(place: Workplace) -> tuple[Statement, ...]:
    """Read every account now. Raises `BrokerUnavailable`, `BrokerRefused`."""
    return tuple(statement(state) for state in accounts(place))


def accounts(place: Workplace) -> tuple[AccountState, ...]:
    """Read every account now, with every fill. Raises `BrokerUnavailable`, `BrokerRefused`."""
    return asyncio.run(_read(place))


def scorecard(place: Workplace, said: Sequence[Statement]) -> Scorecard:
    """Fold the journal on disk, the supervisor's log and the brokers' statements into one scorecard."""
    reader = JournalReader(place.places.journal, EVENTS)
    try:
        recorded = [Recorded(event=parse_event(entry.body), written_ns=entry.written_ns) for entry in reader.read()]
    finally:
        reader.close()
    return score(recorded, supervisor_log(place), said, place.products)


def supervisor_log(place: Workplace) -> list[dict[str, JsonValue]]:
    """Return the lines of the supervisor's log; none where there is no log yet."""
    path = place.places.state / "supervisor.log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def crashes(place: Workplace) -> list[str]:
    """Return the deaths that nobody ordered and no fault explains: an actor's own exceptions."""
    deaths = [line for line in supervisor_log(place) if line["event"] == "died"]
    odd = [line for line in deaths if not str(line["reason"]).startswith(CRASHED)]
    return list(dict.fromkeys(f"{line['name']} died: {line['reason']}" for line in odd))


async def _read(place: Workplace) -> tuple[AccountState, ...]:
    found = []
    for route in readers(place.config.routes):
        adapter = broker(place, route)
        try:
            found.append(await _account(adapter, place))
        finally:
            await adapter.close()
    return tuple(found)


def readers(routes: Iterable[RouteSection]) -> list[RouteSection]:
    """Return one route to read each account by: two paths to one account would tell every order of it twice.

    A route whose algorithm answers at a port, which its connection holds, comes last: a pipe's account has another.
    """
    found: dict[str, RouteSection] = {}
    for route in sorted(routes, key=lambda route: route.adapter == "quantconnect"):
        found.setdefault(route.account_domain, route)
    return list(found.values())


async def _account(adapter: Broker, place: Workplace) -> AccountState:
    await adapter.connect()
    return await adapter.account(place.clock.market_now() - HISTORY)


def statement(state: AccountState) -> Statement:
    """Return what a reading says, as the scorecard wants it."""
    return Statement(
        account_domain=state.account_domain,
        orders=tuple(_stated(report) for report in state.orders),
        positions={position.symbol: position.quantity for position in state.positions},
        cash=state.cash,
    )


def _stated(report: ExecutionReport) -> StatedOrder:
    filled: dict[str, int] = {}
    for fill in report.fills:
        filled[fill.symbol] = filled.get(fill.symbol, 0) + fill.last_qty
    return StatedOrder(
        broker_order_id=report.broker_order_id,
        attempt_id=report.attempt_id,
        status=report.status or Status.NEW,
        filled=filled,
    )
