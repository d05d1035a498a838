"""`holdfast positions`: what is held, by structure: entry, mark, result; what is not ours; what takes no new risk.

Folded from the journal, marked where one could close (`actors.domain.portfolio.mark`) by the feed's last quotes. Needs
no Ray and nothing that runs; a figure nobody can know is UNKNOWN.

Exit 0: told; 3: there is no journal.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.portfolio.book import Book
from actors.domain.portfolio.day_result import contracts_of
from actors.domain.portfolio.mark import closing_price, worth
from actors.domain.portfolio.picture import picture
from actors.domain.portfolio.view import StructureView
from actors.places import places
from supervisor.cli.options import json_option, state_option
from supervisor.cli.quote_sheet import QuoteSheet
from supervisor.cli.screen import columns, money, new_york, show, text
from supervisor.cli.shape_words import shape_word
from supervisor.cli.sighting import Sighting, sight

SCHEMA: Final = "holdfast.positions/1"
HEAD: Final = ("Structure", "Strategy", "What", "Qty", "Entry", "Mark", "Result", "Fees", "Account", "")


@click.command(help="Say what is held: each structure's entry, mark and result, and what in the accounts is not ours.")
@state_option
@json_option
def positions(state: Path, as_json: bool) -> None:
    """Fold, mark, tell."""
    seen = sight(places(state))
    told = as_object(seen)
    if as_json:
        click.echo(json.dumps(told))
    else:
        show([*lines(told), seen.words()])


def as_object(seen: Sighting) -> dict[str, Any]:
    """Return what is held as plain JSON; money and prices are strings."""
    view = picture(seen.book, seen.quotes, ready=False)
    held = [each for each in view.structures if any(each.holdings.values())]
    return {
        "schema": SCHEMA,
        **seen.head(),
        "structures": [_structure(each, seen.book, seen.quotes) for each in held],
        "foreign": {domain: dict(symbols) for domain, symbols in view.foreign.items()},
        "quarantined": dict(seen.book.quarantined),
        "cash": {domain: str(cash) for domain, cash in view.cash.items()},
    }


def _structure(held: StructureView, book: Book, quotes: QuoteSheet | None) -> dict[str, Any]:
    symbols = {symbol: n for symbol, n in held.holdings.items() if n}
    value = None
    if quotes is not None:
        value = worth(symbols, quotes, contracts_of(book, symbols))
    return {
        "structure_id": held.structure_id,
        "strategy": held.strategy,
        "underlying": held.underlying,
        "account_domain": held.account_domain,
        "what": shape_word(symbols.items()) or "custom",
        "phase": held.phase.value,
        "quantity": held.quantity,
        "holdings": symbols,
        "entry_price": text(held.entry_price),
        "mark": text(_mark(held, quotes)),
        "worth": text(value),
        "cash": str(held.cash),
        "fees": str(held.fees),
        "result": None if value is None else str(held.cash + value),
        "opened_at": None if held.opened_at is None else held.opened_at.isoformat(),
        "in_doubt": held.in_doubt,
        "is_whole": _is_whole(held),
        "hedges": held.hedges,
    }


def _mark(held: StructureView, quotes: QuoteSheet | None) -> Decimal | None:
    """Return the net price per combo at which it could be closed, as its entry counts: what a credit would cost now."""
    total = Decimal(0)
    for leg in held.legs:
        price = closing_price(quotes.quote(leg.symbol) if quotes else None, leg.action.sign)
        if price is None:
            return None
        total -= leg.action.sign * leg.ratio * price
    return total


def _is_whole(held: StructureView) -> bool:
    """Whether what is held is whole combos and nothing besides."""
    combos = {leg.symbol: held.quantity * leg.ratio * leg.action.sign for leg in held.legs}
    return {symbol: n for symbol, n in held.holdings.items() if n} == {k: n for k, n in combos.items() if n}


def lines(told: dict[str, Any]) -> list[str]:
    """Return what is held, a line a structure, its legs below."""
    rows = [_row(each) for each in told["structures"]]
    table = columns(HEAD, rows, right=(3, 4, 5, 6, 7)) if rows else ["nothing is held"]
    found = table[:1]
    for each, line in zip(told["structures"], table[1:], strict=True) if rows else ():
        found += [line, *_legs(each)]
    found += [
        f"Foreign  {domain}: {', '.join(f'{n:+d} {symbol}' for symbol, n in symbols.items())}; not ours, never traded"
        for domain, symbols in told["foreign"].items()
    ]
    return found + [f"Reduces  {underlying}: {why}" for underlying, why in told["quarantined"].items()]


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    remarks = [each["phase"].lower()] if each["phase"] != "OPEN" else []
    remarks += ["IN DOUBT"] if each["in_doubt"] else []
    remarks += [] if each["is_whole"] else ["OUT OF RATIO"]
    remarks += [f"hedges {each['hedges']}"] if each["hedges"] else []
    return (
        each["structure_id"],
        each["strategy"],
        each["what"],
        str(each["quantity"]),
        _price(each["entry_price"]),
        _price(each["mark"]),
        money(_number(each["result"])),
        f"{Decimal(each['fees']):,.2f}",
        each["account_domain"] or "-",
        ", ".join(remarks),
    )


def _legs(each: dict[str, Any]) -> Iterator[str]:
    named = ", ".join(f"{n:+d} {symbol}" for symbol, n in each["holdings"].items())
    yield f"  {named}; opened {new_york(each['opened_at'])}"


def _price(told: str | None) -> str:
    return "UNKNOWN" if told is None else f"{Decimal(told):+,.2f}"


def _number(told: str | None) -> Decimal | None:
    return None if told is None else Decimal(told)
