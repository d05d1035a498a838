"""`holdfast recovery`: what the last start found and did, from the journal; `up` prints the same when it is known.

Exit 0: told; 3: no journal, or no start was told yet.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from actors.domain.market.new_york import NEW_YORK
from actors.domain.orders.finding import AccountFound, HoldingsNetted, Recovered
from actors.places import Places, places
from supervisor.app.event_schema import EVENTS
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.journal import JournalReader

POLL_S = 0.1
SHOWN_MAX = 8
"""Of one list; the journal has the rest."""


@click.command(help="Say what the last start found and did: what was live, missed, recovered, quarantined.")
@state_option
@json_option
def recovery(state: Path, as_json: bool) -> None:
    """Read, tell."""
    told = report_of(places(state), after=0)
    if told is None:
        click.echo(f"no start was told in {state}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    netted = netted_since(places(state), told.epoch)
    found = {"schema": "holdfast.recovery/1", **told.model_dump(mode="json"), "netted": netted}
    click.echo(json.dumps(found) if as_json else "\n".join(lines(told, netted)))


def netted_since(where: Places, epoch: int) -> tuple[str, ...]:
    """Return what moved between structures since an epoch began, because the account nets it."""
    reader = JournalReader(where.journal, EVENTS)
    try:
        found = [entry.body for entry in reader.read(kinds=("holdings_netted",)) if entry.epoch >= epoch]
    finally:
        reader.close()
    events = map(HoldingsNetted.model_validate_json, found)
    return tuple(f"{event.structure_id}: {event.words(event.structure_id)}" for event in events)


def report_of(where: Places, after: int) -> Recovered | None:
    """Return the newest report of a start that is younger than the event `after`; None where there is none."""
    try:
        reader = JournalReader(where.journal, EVENTS)
    except FileNotFoundError:
        return None
    try:
        found = [entry.body for entry in reader.read(after, kinds=("recovered",))]
    finally:
        reader.close()
    return Recovered.model_validate_json(found[-1]) if found else None


def journal_end(where: Places) -> int:
    """Return the last event there is now; 0 where there is none."""
    try:
        reader = JournalReader(where.journal, EVENTS)
    except FileNotFoundError:
        return 0
    try:
        last = reader.last()
    finally:
        reader.close()
    return last.sequence if last else 0


def print_when_told(where: Places, after: int, timeout_s: float) -> None:
    """Print the report of the start under way once it is there; say so where it is not in time."""
    deadline = time.monotonic() + timeout_s
    while (told := report_of(where, after)) is None:
        if time.monotonic() >= deadline:
            click.echo(f"no account was heard of for {timeout_s:.0f} s; later: holdfast recovery --state {where.state}")
            return
        time.sleep(POLL_S)
    click.echo("\n".join(lines(told)))


def lines(told: Recovered, netted: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield a report in words, the worst first; `netted` is what moved between structures since."""
    yield f"RECOVERY  {told.at.astimezone(NEW_YORK):%a %d %b %H:%M:%S} New York, executor epoch {told.epoch}"
    for underlying, text in told.quarantined.items():
        yield _line("QUARANTINED", f"{underlying}: {text}")
    if told.uncovered:
        yield _line("UNCOVERED", _some(told.uncovered))
    if netted:
        yield _line("netted since", _some(netted))
    for account in told.accounts:
        yield _line(account.route, _account(account))
    yield _line("was live", _some(told.live_orders) or "no order")
    yield _line("held", _some(told.structures) or "no structure")
    recovered = (*told.recovered_fills, *told.recovered_statuses)
    cash = f"{told.cash_events} cash events" if told.cash_events else ""
    yield _line("recovered", "; ".join(part for part in (_some(recovered), cash) if part) or "nothing was missed")
    if told.doubts_ended:
        yield _line("doubts ended", _some(told.doubts_ended))
    for domain, held in told.foreign.items():
        yield _line("foreign", f"{domain}: " + _some(tuple(f"{count:+d} {symbol}" for symbol, count in held.items())))


def _account(found: AccountFound) -> str:
    if found.cash is None or found.cash_gap is None:
        return "NOT READ: nothing opens while it may hold something"
    gap = f", {found.cash_gap:+,.2f} against the journal" if found.cash_gap else ""
    return f"agrees: {found.orders} orders, {found.positions} positions, cash {found.cash:,.2f}{gap}"


def _some(texts: tuple[str, ...]) -> str:
    more = f"; and {len(texts) - SHOWN_MAX} more" if len(texts) > SHOWN_MAX else ""
    return "; ".join(texts[:SHOWN_MAX]) + more


def _line(word: str, text: str) -> str:
    return f"  {word:<13} {text}"
