"""`holdfast reconcile`: what differs between the journal and what each broker says now; it changes nothing.

Each account is read over a login of its own, then the journal is folded, and both are held against each other by the
executor's own rules (`actors.domain.portfolio.reconcile`). What differs is looked at again until it agrees or --wait
has passed: a fill may lie between the two looks. The executor does this itself at each start, reconnect and on a timer.

Exit 0: all agree; 3: nothing ever ran here; 4: something differs; 7: a broker could not be read.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.orders.report import AccountState
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.reconcile import breaks, foreign, news
from actors.places import Places, places
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.cli.screen import money, new_york, show
from supervisor.cli.sighting import sight

SCHEMA: Final = "holdfast.reconcile/1"
AGAIN_S: Final = 0.5


@click.command(help="Compare the journal with what each broker says now; changes nothing.")
@click.option("--wait", default=5.0, show_default=True, help="Seconds to look again at what differs.")
@state_option
@json_option
def reconcile(wait: float, state: Path, as_json: bool) -> None:
    """Read, fold, compare, tell."""
    where = places(state)
    if not where.config.exists() or not where.journal.exists():
        click.echo(f"nothing was ever traded in {where.state}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    accounts, deadline = looked(where), time.monotonic() + wait
    while any(each["read"] and not each["agrees"] for each in accounts) and time.monotonic() < deadline:
        time.sleep(AGAIN_S)
        accounts = looked(where)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "agrees": _code(accounts) is ExitCode.DONE, "accounts": accounts}))
    else:
        show([line for each in accounts for line in _lines(each)])
    sys.exit(_code(accounts))


def looked(where: Places) -> list[dict[str, Any]]:
    """Read every account, fold the journal, and return how they compare, by account."""
    from actors.ports import BrokerRefused, BrokerUnavailable
    from supervisor.app.statement import account, readers
    from supervisor.app.workplace import VenueAbsent, Workplace

    place = Workplace.visitor(where)
    states: list[tuple[str, AccountState | str]] = []
    for route in readers(place.config.routes):
        try:
            states.append((route.account_domain, account(place, route)))
        except (BrokerUnavailable, BrokerRefused, VenueAbsent) as error:
            states.append((route.account_domain, str(error)))
    book = sight(where).book  # after the accounts: it holds at least what they had
    return [compared(book, domain, state) for domain, state in states]


def compared(book: Book, domain: str, state: AccountState | str) -> dict[str, Any]:
    """Return how one account and the book compare; a text says why the account could not be read."""
    if isinstance(state, str):
        return {"account_domain": domain, "read": False, "agrees": False, "failure": state}
    reports, cash = news(book, state)
    found: dict[str, Any] = {
        "breaks": dict(breaks(book, state)),
        "foreign": {name: dict(symbols) for name, symbols in foreign(book, state).items()},
        "orders_unknown": [f"{each.broker_order_id} {each.status or each.text}" for each in reports],
        "cash_unknown": [f"{each.event_id} {each.type.value} {money(each.amount)}" for each in cash],
    }
    in_doubt = [life.order.cl_ord_id for life in book.live_orders() if life.in_doubt]
    return {
        "account_domain": domain,
        "read": True,
        "agrees": not any(found.values()),
        "route": state.route,
        "read_at": state.read_at.isoformat(),
        "cash": str(state.cash),
        "cash_journal": str(book.cash[domain]) if domain in book.cash else None,
        "positions": len(state.positions),
        "in_doubt": in_doubt,
        **found,
    }


def _code(accounts: list[dict[str, Any]]) -> ExitCode:
    if any(not each["read"] for each in accounts):
        return ExitCode.BROKER_UNREACHABLE
    return ExitCode.DONE if all(each["agrees"] for each in accounts) else ExitCode.DEGRADED


def _lines(each: dict[str, Any]) -> Iterator[str]:
    name = each["account_domain"]
    if not each["read"]:
        yield f"UNKNOWN  {name}: cannot be read: {each['failure']}"
        return
    verdict = "AGREES " if each["agrees"] else "DIFFERS"
    yield f"{verdict}  {name}: {each['positions']} positions, cash {each['cash']}, read {new_york(each['read_at'])}"
    if each["cash"] != each["cash_journal"]:
        yield f"         the journal has cash {each['cash_journal']}: marks, fees and interest may be told later"
    yield from (f"  break    {underlying}: {text}" for underlying, text in each["breaks"].items())
    for underlying, symbols in each["foreign"].items():
        yield f"  foreign  {underlying}: " + ", ".join(f"{n:+d} {symbol}" for symbol, n in symbols.items())
    yield from (f"  order    {text}: not in the journal as it is there" for text in each["orders_unknown"])
    yield from (f"  cash     {text}: not in the journal" for text in each["cash_unknown"])
    if each["in_doubt"]:
        yield f"  in doubt {', '.join(each['in_doubt'])}: their own routes are looking; holdfast order ID tells more"
