"""`holdfast whatif`: today's book repriced for a move: which rules would fire, which orders would go out.

Pure, on what risk and the feed last showed (`actors.whatif` says how); nothing is sent, nobody is asked.

Exit 0: told; 2: the move cannot be read; 3: nothing was measured since this machine's boot.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from actors.places import Places, places
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option

if TYPE_CHECKING:
    from actors.domain.risk.shock import Shock
    from actors.whatif import Seen, Wanted, WhatIf

SCHEMA: Final = "holdfast.whatif/1"
_GREEKS: Final = ("delta", "gamma", "vega", "theta")


def _share(_: click.Context, option: click.Parameter, text: str) -> float:
    """Read `-3%`, or `-3` for the same."""
    try:
        return float(text.removesuffix("%")) / 100
    except ValueError:
        raise click.BadParameter(f"{text!r} is no percentage: as in -3%", param=option) from None


@click.command(
    help="Reprice today's book for a move: which rules would fire, which orders would go out. Sends nothing."
)
@click.option("--spot", default="0%", callback=_share, help="Move of every underlying, as in -3%.")
@click.option("--iv", default="0", callback=_share, help="Points added to every volatility, as in +6.")
@click.option("--days", default=0.0, type=click.FloatRange(0, 3650), help="Calendar days that pass.")
@state_option
@json_option
def whatif(spot: float, iv: float, days: float, state: Path, as_json: bool) -> None:
    """Read, reprice, tell."""
    from pydantic import ValidationError

    from actors.domain.risk.shock import Shock

    try:
        shock = Shock(spot=spot, volatility=iv, days=days)
    except ValidationError as wrong:
        click.echo(f"no market moves so: {wrong.errors()[0]['loc'][0]} {wrong.errors()[0]['msg']}", err=True)
        sys.exit(ExitCode.USAGE)
    repriced = reprice(places(state), shock)
    if repriced is None:
        click.echo(f"nothing was measured in {state} since this machine's boot", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    seen, found, age_s = repriced
    if as_json:
        told = found.model_dump(mode="json", exclude={"exposure": {"curves", "counted", "spots"}})
        click.echo(json.dumps({"schema": SCHEMA, "quotes_age_s": age_s, "sent": 0, **told}))
    else:
        click.echo("\n".join(_lines(seen, found, age_s)))


def reprice(where: Places, shock: "Shock") -> "tuple[Seen, WhatIf, float] | None":
    """Return what was seen, the book after the move, and the quotes' age in seconds; None: nothing was measured."""
    from actors.whatif import what_if

    seen = _seen(where)
    return None if seen is None else (seen, what_if(seen, shock), _age_s(seen))


def _seen(where: Places) -> "Seen | None":
    """Return what risk and the feed last showed; None where one of them has shown nothing."""
    from actors.breaker_watch import BreakerBoard
    from actors.exposure_watch import ExposureBoard
    from actors.quote_board import QuoteBoard
    from actors.strategies.base import build
    from actors.whatif import Seen
    from supervisor.app import warmth
    from supervisor.app.workplace import Workplace

    try:
        board = ExposureBoard.model_validate_json(where.exposure.read_bytes())
    except FileNotFoundError:
        return None
    quotes = QuoteBoard(where.quotes, lambda: warmth.universe(where.universe)).read()
    if quotes is None:
        return None
    place = Workplace.visitor(where)
    return Seen(
        board=board,
        quotes=quotes,
        breakers=(BreakerBoard.model_validate_json(where.breakers.read_bytes()) if where.breakers.exists() else None),
        strategies={
            each.name: (each.underlying, build(each.strategy, each.underlying, each.parameters))
            for each in place.config.strategies
        },
        products=place.products,
        sessions=place.sessions,
    )


def _age_s(seen: "Seen") -> float:
    return round(max(time.clock_gettime_ns(time.CLOCK_BOOTTIME) - seen.quotes.boot_ns, 0) / 1e9, 1)


def _lines(seen: "Seen", found: "WhatIf", age_s: float) -> Iterator[str]:
    from actors.domain.market.session import NEW_YORK

    at: datetime = seen.quotes.at.astimezone(NEW_YORK)
    change = "UNKNOWN" if found.change is None else f"{found.change:+,.0f} dollars"
    yield f"Book     {change} at {found.shock.words}; from quotes of {at:%H:%M:%S} ET, {age_s:.1f} s old"
    for each in found.structures:
        made = "no price there" if each.change is None else f"{each.change:+,.0f}"
        left = "" if each.value is None else f"  closing it then brings {each.value:+,.0f}"
        yield f"         {each.structure_id} ({each.strategy}, {each.underlying})  {made}{left}"
    if found.structures:
        greeks = ", ".join(f"{name} {getattr(found.whole, name):+,.0f}" for name in _GREEKS)
        yield f"Greeks   there, dollars: {greeks}"
    if found.whole.unknown:
        yield f"UNKNOWN  no volatility of {', '.join(found.whole.unknown)}"
    if found.whole.cells:
        yield f"Stress   from there, worst cell {min(found.whole.cells):+,.0f} at {found.worst}"
    yield from (f"FIRES    {rule.rule}: {rule.text} -> {rule.does}" for rule in found.fired)
    if not found.fired:
        yield "Rules    none would fire"
    yield from map(_order, found.wanted)
    if not found.wanted:
        yield "Orders   no strategy would ask for one"
    yield from (f"Note     {note}" for note in found.notes)
    yield "Nothing was sent."


def _order(wanted: "Wanted") -> str:
    what = f"{wanted.kind} {wanted.structure_id}".rstrip()
    price = "" if wanted.net_price is None else f" at {wanted.net_price:+.2f}"
    return f"ORDER    {wanted.strategy} asks to {what}{price}: {wanted.reason}"
