"""`holdfast kill`: the independent kill switch. It asks nobody of the tree for anything, and works while all hangs.

The stop is latched, the epoch taken, whatever could send is killed and confirmed dead; then each broker is read over a
login of its own, all that is ours cancelled, everything held closed as whole structures, and read anew
(`supervisor.killswitch`). Run again, it goes on where it was ended. The next `up` takes what it did into the journal.

Exit 0: each broker, read anew, shows nothing of ours; 3: latched, in a folder where nothing was ever traded, or a
follower's; 5: the person did not confirm, a halt stays; 6: another use is at work; 8: not confirmed, what remains told.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from actors.latch import Latch, StopLevel
from actors.places import Places, places
from supervisor.app.copy_folder import is_copy
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option, stop_reason_option
from supervisor.killswitch.account import Outcome
from supervisor.killswitch.killing import Verdict, fire, latch_soon
from supervisor.ownership import AlreadyOwned
from supervisor.stop import latch_or_make_room

WAIT_S = 180.0


@click.command(
    help="Kill what can send, cancel and close everything over a login of its own, and say what brokers say."
)
@stop_reason_option
@by_option
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@click.option("--wait", default=WAIT_S, show_default=True, help="Seconds to go on trying.")
@state_option
@json_option
def kill(reason: str, by: str, yes: bool, wait: float, state: Path, as_json: bool) -> None:
    """Ask, fire, tell."""
    where = places(state)
    began = time.monotonic()
    halt = Latch(level=StopLevel.HALT, reason=reason, by=by, at=datetime.now(UTC), by_person=True)
    _check(where, halt)
    if not yes:
        _confirm(where, halt)
    try:
        verdict = fire(where, by, reason, wait, lambda text: click.echo(text, err=as_json))
    except AlreadyOwned as error:
        click.echo(f"{error}: another kill switch is at work", err=True)
        sys.exit(ExitCode.REFUSED)
    took_s = time.monotonic() - began
    click.echo(json.dumps(as_object(verdict, took_s)) if as_json else "\n".join(lines(verdict, took_s)))
    sys.exit(ExitCode.DONE if verdict.is_flat else ExitCode.NOT_CONFIRMED)


def _check(where: Places, stop: Latch) -> None:
    """End, latched, where there is nothing to kill."""
    if is_copy(where.state) or not where.config.exists():
        latch_or_make_room(where, stop.model_copy(update={"level": StopLevel.FLATTEN}))
        text = "follows another node's journal" if is_copy(where.state) else "was never traded in"
        click.echo(f"{where.state} {text}: nothing to kill here; is that the folder you meant (--state)?", err=True)
        sys.exit(ExitCode.NOT_RUNNING)


def _confirm(where: Places, stop: Latch) -> None:
    held, why = latch_soon(where, stop)
    click.echo(f"LATCHED  {held.words}" if held else f"NOT LATCHED: {why}", err=True)
    try:
        is_sure = click.confirm("Kill the tree, cancel and close all of it, at what the market pays?", err=True)
    except click.Abort:
        is_sure = False
    if not is_sure:
        click.echo("what is latched stays; nothing is killed", err=True)
        sys.exit(ExitCode.HALTED)


def as_object(verdict: Verdict, took_s: float) -> dict[str, Any]:
    """Return a verdict as JSON."""
    return {
        "schema": "holdfast.kill/1",
        "flat": verdict.is_flat,
        "took_s": round(took_s, 2),
        "epoch": verdict.fired.epoch if verdict.fired else None,
        "ended": verdict.ended,
        "may_live": verdict.unconfirmed,
        "fault": verdict.fault,
        "accounts": [_account(each) for each in verdict.accounts],
    }


def _account(found: Outcome) -> dict[str, Any]:
    left = found.left
    return {
        "account": found.account_domain,
        "flat": found.is_flat,
        "unreadable": found.unreadable,
        "read_at": None if found.read_at is None else found.read_at.isoformat(),
        "cancelled": found.cancelled,
        "closed_by": found.closed,
        "positions": dict(left.positions) if left else None,
        "orders": left.orders if left else None,
        "in_doubt": left.in_doubt if left else None,
        "foreign": dict(left.foreign) if left else None,
        "foreign_orders": left.foreign_orders if left else None,
    }


def lines(verdict: Verdict, took_s: float) -> list[str]:
    """Return a verdict as lines: each account as its broker tells it, and the end."""
    told = [line for each in verdict.accounts for line in _account_lines(each)]
    if verdict.fault:
        told.append(f"Fault    {verdict.fault}")
    end = "FLAT" if verdict.is_flat else "NOT CONFIRMED: do not assume flat; run it again, or look at the broker"
    return [*told, f"{end}  after {took_s:.1f} s"]


def _account_lines(found: Outcome) -> list[str]:
    left = found.left
    if left is None or found.unreadable:
        return [f"Broker   {found.account_domain}: NOT READ: {found.unreadable}"]
    ours = [f"{count:+d} {symbol}" for symbol, count in left.positions.items()]
    ours += [f"order {each}" for each in left.orders] + [f"IN DOUBT {each}" for each in left.in_doubt]
    others = [f"{count:+d} {symbol}" for symbol, count in left.foreign.items()]
    others += [f"order {each}" for each in left.foreign_orders]
    told = [
        f"Broker   {found.account_domain}: {', '.join(ours) or 'nothing of ours'}, read {found.read_at:%H:%M:%S} UTC"
    ]
    return [*told, f"Not ours {found.account_domain}: {', '.join(others)}"] if others else told
