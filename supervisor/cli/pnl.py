"""`holdfast pnl`: what the session made, by account, strategy and structure, since the session's baseline.

Folded from the journal and marked as the breakers on losses mark it (`actors.domain.portfolio.result`); a result that
rests on something without a mark is UNKNOWN, never left out.

Exit 0: told; 3: there is no journal.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.orders.breaker_event import Scope
from actors.domain.portfolio.day_result import day_result, structure_value
from actors.domain.portfolio.result import Result, results
from actors.domain.value import ZERO
from actors.places import places
from supervisor.cli.options import json_option, state_option
from supervisor.cli.screen import columns, money, show, text
from supervisor.cli.sighting import Sighting, sight

SCHEMA: Final = "holdfast.pnl/1"
HEAD: Final = ("", "Result", "Of baseline", "Last sessions")
STRUCTURES: Final = ("Structure", "Strategy", "Today", "Fees", "")


@click.command(help="Say what the session made, by account, strategy and structure, since its baseline.")
@state_option
@json_option
def pnl(state: Path, as_json: bool) -> None:
    """Fold, mark, tell."""
    seen = sight(places(state))
    told = as_object(seen)
    if as_json:
        click.echo(json.dumps(told))
    else:
        show([*lines(told), seen.words()])


def as_object(seen: Sighting) -> dict[str, Any]:
    """Return the results as plain JSON; dollars are strings."""
    book = seen.book
    day, made = day_result(book, seen.quotes), results(book, seen.quotes, {}, before_open=False)
    return {
        "schema": SCHEMA,
        **seen.head(),
        "result": text(day.pnl),
        "baseline": str(sum(book.baseline.values(), ZERO)),
        "without": list(day.without),
        "accounts": [_made(each) for each in made if each.scope is Scope.ACCOUNT],
        "strategies": [_made(each) for each in made if each.scope is Scope.STRATEGY],
        "structures": list(_structures(seen)),
    }


def _made(each: Result) -> dict[str, Any]:
    return {
        "name": each.subject,
        "result": text(each.pnl),
        "baseline": str(each.base),
        "sessions_result": text(each.sessions_pnl),
        "losses_in_a_row": len(each.losses),
    }


def _structures(seen: Sighting) -> Iterator[dict[str, Any]]:
    """Yield what is held and what ended in the session, with what each made since the baseline."""
    book = seen.book
    ended = {name for name, _ in book.tally.ended_today()}
    for name, held in book.structures.items():
        if held.is_flat and name not in ended:
            continue
        is_known = held.is_flat or name not in book.tally.unmarked
        value = structure_value(book, held, seen.quotes) if is_known else None
        yield {
            "structure_id": name,
            "strategy": held.strategy,
            "result": None if value is None else str(value - book.tally.bases.get(name, ZERO)),
            "fees": str(held.fees),
            "is_over": held.is_flat,
        }


def lines(told: dict[str, Any]) -> list[str]:
    """Return the results in a trader's words."""
    session = told["session"] or "no session yet"
    whole = _number(told["result"])
    found = [f"P&L      {money(whole)} of {session}{_share(whole, told['baseline'])}, marked where one could close"]
    if told["without"]:
        found.append(f"         without {', '.join(told['without'])}: not ours, and nobody quotes them")
    rows = [_row(f"{kind} {each['name']}", each) for kind, key in _SCOPES for each in told[key]]
    found += columns(HEAD, rows, right=(1, 2, 3)) if rows else []
    singly = [
        (
            each["structure_id"],
            each["strategy"],
            money(_number(each["result"])),
            f"{Decimal(each['fees']):,.2f}",
            "ended" if each["is_over"] else "held",
        )
        for each in told["structures"]
    ]
    return [*found, *(columns(STRUCTURES, singly, right=(2, 3)) if singly else [])]


_SCOPES: Final = (("account", "accounts"), ("strategy", "strategies"))


def _row(name: str, each: dict[str, Any]) -> tuple[str, ...]:
    made = _number(each["result"])
    share = _share(made, each["baseline"]).strip(" ()")
    return name, money(made), share, money(_number(each["sessions_result"]))


def _share(made: Decimal | None, baseline: str) -> str:
    return f" ({made / Decimal(baseline):+.2%})" if made is not None and Decimal(baseline) else ""


def _number(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)
