"""`holdfast data`: what the validation of live quotes says of recorded days. Needs no state folder and no Ray.

Exit 0: counted; 9: no such folder or date, or a file that will not open: what was looked for, and what there is.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import click

from supervisor.app.data_day import ContractCounts, Counts, DayCounts, check_days
from supervisor.app.plan import TABLES
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option

CONTRACTS_SHOWN = 20


@click.group(
    help="Run recorded days (LEAN's format) through the validation that live quotes go through; needs no --state."
)
def data() -> None:
    """Group the verbs of recorded data."""


@data.command(
    help="Count, for each contract, the rows of FOLDER on one date that are accepted and rejected, by reason."
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--date", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The New York date.")
@click.option("--underlying", help="A ticker (GOOG), option root (SPXW) or future (/ESH20); default: all there are.")
@json_option
def check(folder: Path, day: datetime, underlying: str | None, as_json: bool) -> None:
    """Read, judge, tell."""
    from actors.venue.lean import DamagedData, NoSuchData

    try:
        days = list(_days(folder, day.date(), underlying))
    except (NoSuchData, DamagedData) as error:
        click.echo(str(error), err=True)
        sys.exit(ExitCode.CONFIG_INVALID)
    if as_json:
        click.echo(
            json.dumps({"schema": "holdfast.data-check/1", "days": [each.model_dump(mode="json") for each in days]})
        )
        return
    for each in days:
        click.echo("\n".join(lines(each)))


def _days(folder: Path, on: date, underlying: str | None) -> Iterator[DayCounts]:
    from actors.calendars import load_sessions
    from actors.products import load_products

    with tempfile.TemporaryDirectory(prefix="holdfast-data-") as kept:
        sessions = load_sessions(TABLES / "sessions.toml", Path(kept) / "exchange-days.json")
        yield from check_days(folder, on, underlying, load_products(TABLES / "products.toml"), sessions)


def lines(day: DayCounts) -> Iterator[str]:
    """Say one day's counts, the worst contracts below."""
    total = day.total
    said = f"{day.underlying} {day.session}: {total.rows:,} rows"
    yield f"{said} = {total.accepted:,} accepted + rejected: {_named(total.rejected)}"
    yield f"  flagged   {_named(total.flagged)}"
    yield f"  flaws     {_named(total.flaws)}, in {day.looks:,} looks at {len(day.contracts):,} contracts"
    yield f"  beside    {day.prints:,} prints without a quote, {len(day.skipped)} rows that do not read"
    worst = sorted(day.contracts.items(), key=lambda each: (-_weight(each[1]), each[0]))
    shown = [each for each in worst[:CONTRACTS_SHOWN] if _weight(each[1])]
    for symbol, counts in shown:
        found = counts.rejected | counts.flagged | counts.flaws
        yield f"  {symbol:<32}{counts.rows:>7,} rows, {counts.accepted:>7,} accepted: {_named(found)}"
    left = sum(_weight(counts) > 0 for counts in day.contracts.values()) - len(shown)
    if left:
        yield f"  and {left:,} more contracts; --json names all"


def _weight(counts: ContractCounts) -> int:
    return sum(sum(each.values()) for each in (counts.rejected, counts.flagged, counts.flaws))


def _named(counts: Counts) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items(), key=lambda each: -each[1])) or "none"
