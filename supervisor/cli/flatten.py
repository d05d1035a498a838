"""`holdfast flatten`: halt, close everything held as whole structures, and say what the brokers say afterwards.

The halt is latched before anybody is asked; after a yes the flatten is, and from then on risk asks the executor's door
for the closes, for as long as anything is held (`actors.flattener`): this verb only watches, and may be killed. Flat is
what the brokers say: each account is read anew over its own protocol. What is not ours is named, and never traded.

Exit 0: flat, by every broker's word; 3: latched, in a folder where nothing was ever traded, or a follower's; 5: the
person did not confirm, the halt stays; 8: not confirmed: do not assume flat.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from actors.latch import Latch, StopLevel
from actors.places import Places, places
from actors.ports import BrokerRefused, BrokerUnavailable
from supervisor.cli import boards
from supervisor.cli.boards import Board
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option, stop_reason_option
from supervisor.cli.stops import astray, in_force
from supervisor.stop import latch_or_make_room

if TYPE_CHECKING:
    from actors.domain.orders.report import AccountState, ExecutionReport

WAIT_S: Final = 120.0
Accounts = Callable[[Places], Iterable["AccountState"]]
"""Reads each account at its broker. Raises `BrokerUnavailable`, `BrokerRefused`."""


@click.command(help="Halt, close everything held as whole structures, and say what the brokers say then.")
@stop_reason_option
@by_option
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@click.option("--wait", default=WAIT_S, show_default=True, help="Seconds to wait until all is closed.")
@state_option
@json_option
def flatten(reason: str, by: str, yes: bool, wait: float, state: Path, as_json: bool) -> None:
    """Halt, ask, latch, watch, ask the brokers, tell."""
    where = places(state)
    stop = Latch(level=StopLevel.FLATTEN, reason=reason, by=by, at=datetime.now(UTC), by_person=True)
    if not yes:
        held = _latched(stop.model_copy(update={"level": StopLevel.HALT}), where)
        click.echo("\n".join([*in_force(held), *_open_now(where)]), err=True)
        _confirm()
    held = _latched(stop, where)
    click.echo("\n".join(in_force(held)), err=as_json)
    if (why := astray(where)) is not None:
        click.echo(why, err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    board = boards.follow(where, wait, lambda seen: seen["open"]["stop"] == held.words and is_flat(seen))
    told, lines = verdict(board, where, read_accounts)
    head = {"schema": "holdfast.flatten/1", "in_force": held.model_dump(mode="json")}
    click.echo(json.dumps(head | told) if as_json else "\n".join(lines))
    sys.exit(ExitCode.DONE if told["flat"] else ExitCode.NOT_CONFIRMED)


def is_flat(board: Board) -> bool:
    """Whether the executor holds nothing, and nothing of it works."""
    return not board["open"]["structures"] and not board["open"]["orders"]


def verdict(board: Board | None, where: Places, read: Accounts) -> tuple[dict[str, Any], list[str]]:
    """Return what executor and brokers say, as JSON and as lines. Flat is what all of them call so."""
    left, lines = _of_executor(board), []
    try:
        told = [_of_broker(account, left["foreign"]) for account in read(where)]
    except (BrokerUnavailable, BrokerRefused, OSError) as error:
        told, lines = [], [f"Broker   NOT READ: {error}"]
    is_known = bool(told) and board is not None and is_flat(board)
    flat = is_known and not any(each["positions"] or each["orders"] for each in told)
    lines += [
        f"Broker   {each['account']}: {len(each['positions'])} positions, {len(each['orders'])} working orders"
        f"{_named(each['positions'], each['orders'])}, read {each['read_at']}"
        for each in told
    ]
    lines += [f"Not ours {account}: {_named(held)[2:]}" for account, held in left["foreign"].items()]
    end = "FLAT" if flat else "NOT CONFIRMED: do not assume flat; what is held is asked for again, until you resume"
    return {"flat": flat, "executor": left["open"], "accounts": told}, [*left["lines"], *lines, end]


def read_accounts(where: Places) -> Iterable["AccountState"]:
    """Read each account at its broker, over a login of its own."""
    from actors.credentials import CredentialMissing
    from supervisor.app.statement import accounts
    from supervisor.app.workplace import VenueAbsent, Workplace

    try:
        return accounts(Workplace.visitor(where))
    except (VenueAbsent, CredentialMissing) as absent:
        raise BrokerUnavailable(str(absent)) from absent


def _of_executor(board: Board | None) -> dict[str, Any]:
    if board is None:
        text = "Executor not heard: nothing is closed while it is away; once it is back, all is"
        return {"open": None, "foreign": {}, "lines": [text]}
    lines = ["Executor holds nothing, and nothing works"] if is_flat(board) else boards.open_lines(board)
    return {"open": board["open"], "foreign": board["open"]["foreign"], "lines": lines}


def _of_broker(account: "AccountState", foreign: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Return what one account still has beside what is not ours."""
    apart = foreign.get(account.account_domain, {})
    held = {each.symbol: each.quantity - apart.get(each.symbol, 0) for each in account.positions}
    return {
        "account": account.account_domain,
        "positions": {symbol: count for symbol, count in held.items() if count},
        "orders": [each.broker_order_id for each in account.orders if _may_trade(each)],
        "read_at": account.read_at.isoformat(),
    }


def _may_trade(order: "ExecutionReport") -> bool:
    """Whether it may still fill: a cancel that is not confirmed and a status nobody knows are no end."""
    return order.status is None or not order.status.is_terminal


def _named(positions: Mapping[str, int], orders: Iterable[str] = ()) -> str:
    names = [*(f"{count:+d} {symbol}" for symbol, count in positions.items()), *(f"order {each}" for each in orders)]
    return f": {', '.join(names)}" if names else ""


def _latched(stop: Latch, where: Places) -> Latch:
    """Latch; ends the verb where the disk does not take it."""
    try:
        return latch_or_make_room(where, stop)
    except OSError as error:
        click.echo(f"NOT LATCHED: {where.latch}: {error.strerror}. Nothing is stopped, nothing is closed.", err=True)
        sys.exit(ExitCode.NOT_CONFIRMED)


def _open_now(where: Places) -> list[str]:
    board = boards.follow(where, boards.HEARD_S) if astray(where) is None else None
    return ["Executor not heard: what is open is not known"] if board is None else boards.open_lines(board)


def _confirm() -> None:
    try:
        is_sure = click.confirm("Close all of it, at what the market pays?", default=False, err=True)
    except click.Abort:
        is_sure = False
    if not is_sure:
        click.echo("the halt stays; nothing is closed", err=True)
        sys.exit(ExitCode.HALTED)
