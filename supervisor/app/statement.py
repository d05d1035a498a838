"""What the brokers say at the end: each account, read whole over its own protocol, and the scorecard with it.

An account that QuantConnect alone trades is told by an algorithm that answers at one port, and the route's connection
holds that: while it lives it is asked to read the account and hand the reading on. Nobody else is believed here.
"""

import asyncio
import json
import os
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
from actors.messages import AccountRead, AskAccount
from actors.ports import BrokerUnavailable, Envelope, PeerUnavailable
from actors.streams import LocalStream
from supervisor.app.adapters import broker
from supervisor.app.event_schema import EVENTS
from supervisor.app.plan import connection_name
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader

HISTORY = timedelta(days=7)
TOLD_WITHIN_S: Final = 15.0
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
    return tuple(account(place, route) for route in readers(place.config.routes))


def account(place: Workplace, route: RouteSection) -> AccountState:
    """Read one route's account now, with every fill. Raises `BrokerUnavailable`, `BrokerRefused`."""
    return told_by_connection(place, route) or asyncio.run(_read(place, route))


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


async def _read(place: Workplace, route: RouteSection) -> AccountState:
    adapter = broker(place, route)
    try:
        await adapter.connect()
        return await adapter.account(place.clock.market_now() - HISTORY)
    finally:
        await adapter.close()


def told_by_connection(place: Workplace, route: RouteSection) -> AccountState | None:
    """Have a route's connection read its account, where nobody else can; None where others can, or it does not run.

    Raises `BrokerUnavailable` where it runs and does not tell.
    """
    if route.adapter != "quantconnect" or route.covers != "broker":
        return None
    name = f"statement-{os.getpid()}-{time.monotonic_ns()}"
    stream = LocalStream(place.places, name, incarnation=time.time_ns())
    try:
        since = place.clock.market_now() - HISTORY
        stream.tell(connection_name(route.name), AskAccount(request_id=0, since=since, reply_to=name))
        deadline = time.monotonic() + TOLD_WITHIN_S
        while (left := deadline - time.monotonic()) > 0:
            for arrival in stream.receive(left):
                if isinstance(arrival, Envelope) and isinstance(arrival.message, AccountRead):
                    return _whole(arrival.message)
    except PeerUnavailable:
        return None
    finally:
        stream.close()
    raise BrokerUnavailable(f"{route.name}: its connection did not tell the account within {TOLD_WITHIN_S:g} s")


def _whole(read: AccountRead) -> AccountState:
    if read.state is None:
        raise BrokerUnavailable(f"{read.route}: its connection cannot read the account: {read.failure}")
    return read.state


def readers(routes: Iterable[RouteSection]) -> list[RouteSection]:
    """Return one route to read each account by: two paths to one account would tell every order of it twice.

    A route over QuantConnect comes last: a pipe's account has another.
    """
    found: dict[str, RouteSection] = {}
    for route in sorted(routes, key=lambda route: route.adapter == "quantconnect"):
        found.setdefault(route.account_domain, route)
    return list(found.values())


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
