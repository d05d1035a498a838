"""`holdfast scorecard`: judge a running paper day by what is on disk and what the brokers say.

Reads the journal and the supervisor's log, asks both brokers for their statements over their own protocols, and the
venue and the feed for their counts of quotes. Exit 0 if all agree, 8 if not, 7 where a broker cannot be read.
"""

import json
import sys
from pathlib import Path

import click

from actors.places import places
from actors.ports import BrokerRefused, BrokerUnavailable
from supervisor.app.accounting import NoAnswer, QuoteAccounts, quote_accounts
from supervisor.app.statement import settled_scorecard
from supervisor.app.workplace import VenueAbsent, Workplace
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.cli.retelling import table


@click.command(help="Judge a running paper day: journal against brokers, quotes sent against quotes received.")
@state_option
@json_option
@click.option("--wait", default=20.0, show_default=True, help="Seconds to wait for fees and settlements to be told.")
def scorecard(state: Path, as_json: bool, wait: float) -> None:
    """Read, fold, tell."""
    try:
        place = Workplace.visitor(places(state))
        card = settled_scorecard(place, wait)
        quotes = quote_accounts(place) if place.is_paper else None
    except FileNotFoundError as error:
        click.echo(f"nothing ran in {state}: {error}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    except (BrokerUnavailable, BrokerRefused, NoAnswer, VenueAbsent) as error:
        click.echo(f"cannot be judged now: {error}", err=True)
        sys.exit(ExitCode.BROKER_UNREACHABLE)
    if as_json:
        told = {"schema": "holdfast.scorecard/1", "card": card.model_dump(mode="json")}
        click.echo(json.dumps(told | {"quotes": quotes.model_dump(mode="json") if quotes else None}))
    else:
        click.echo(table(card) + (_quotes(quotes) if quotes else ""))
    agrees = card.is_clean and (quotes is None or (quotes.balance and not quotes.orders_after_close))
    sys.exit(ExitCode.DONE if agrees else ExitCode.NOT_CONFIRMED)


def _quotes(quotes: QuoteAccounts) -> str:
    rejected = ", ".join(f"{count:,} {reason}" for reason, count in sorted(quotes.rejected.items())) or "none"
    rows = [
        (
            "rows played",
            f"{quotes.rows_played:,}, {quotes.rows_before:,} before the open, {quotes.rows_skipped} skipped",
        ),
        ("quotes sent", f"{quotes.sent:,} and {quotes.snapshots} snapshot"),
        ("quotes received", f"{quotes.received:,} = {quotes.accepted:,} accepted + rejected: {rejected}"),
        ("every row accounted for", "yes" if quotes.balance else "NO"),
        ("orders after the close", str(quotes.orders_after_close)),
    ]
    return "\n".join(["", f"QUOTES of {quotes.session}", *(f"  {name:<26}{value}" for name, value in rows)])
