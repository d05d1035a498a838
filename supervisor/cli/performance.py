"""`holdfast performance`: how each strategy does, by the journal, and what size it may trade.

The figures are the executor's own fold, from its newest checkpoint on, so they are known with nothing running; what is
expected of each strategy is what the runtime was last started with. `performance restore` goes through the executor and
is durable before it is confirmed.

Exit 0: told, or restored; 2: that strategy's size is not cut; 3: nothing runs, or nothing ever did; 8: not confirmed.
"""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from actors.config_model import RuntimeConfig
from actors.domain.performance.degradation import DegradationLimits, of_degradation, of_recovery
from actors.domain.performance.measures import Measures, measures
from actors.domain.portfolio.tally import Tally
from actors.places import Places, places
from actors.size_messages import RestoreSize, SizeRestored
from supervisor.app.event_schema import EVENTS
from supervisor.app.terms import sizes
from supervisor.cli import door
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option
from supervisor.cli.sighting import book_now
from supervisor.journal import JournalReader

SCHEMA = "holdfast.performance/1"


@click.group(invoke_without_command=True, help="Say how each strategy does against what is expected of it.")
@state_option
@json_option
@click.pass_context
def performance(context: click.Context, state: Path, as_json: bool) -> None:
    """Read, fold, tell; or hand on to the verb below."""
    if context.invoked_subcommand is not None:
        return
    where = places(state)
    try:
        tally = fold(where)
    except FileNotFoundError as error:
        click.echo(f"nothing was ever traded in {state}: {error}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    found = as_object(tally, limits(where))
    if as_json:
        click.echo(json.dumps(found))
    else:
        rows = [line for each in found["strategies"] for line in _lines(each)]
        click.echo("\n".join(rows) or "no structure has ended yet")


def as_object(tally: Tally, expected: DegradationLimits) -> dict[str, Any]:
    """Return how every strategy does as plain JSON."""
    return {
        "schema": SCHEMA,
        "strategies": [_told(tally, strategy, expected) for strategy in sorted(tally.strategies)],
    }


@performance.command(help="Let the strategy NAME trade its full size again; the evidence starts anew.")
@click.argument("name")
@click.option("--reason", required=True, help="Why; kept in the journal.")
@by_option
@state_option
@json_option
def restore(name: str, reason: str, by: str, state: Path, as_json: bool) -> None:
    """Ask, tell."""
    if not reason.strip() or not by.strip():
        click.echo("a restoration needs a person and a reason", err=True)
        sys.exit(ExitCode.USAGE)
    where = places(state)
    done = door.ask(lambda me: RestoreSize(strategy=name, by=by, reason=reason, reply_to=me), SizeRestored, name, where)
    if as_json:
        click.echo(json.dumps({"schema": "holdfast.performance-restore/1", **done.model_dump(mode="json")}))
    elif done.share is not None:
        click.echo(f"{name}: restored from {done.share:.0%} of its size")
    if done.share is None:
        click.echo(f"the size of {name} is not cut", err=True)
    sys.exit(ExitCode.USAGE if done.share is None else ExitCode.DONE)


def fold(where: Places) -> Tally:
    """Return the journal's fold, from the newest checkpoint on. Raises `FileNotFoundError` without a journal."""
    with closing(JournalReader(where.journal, EVENTS)) as reader:
        return book_now(where, reader).tally


def limits(where: Places) -> DegradationLimits:
    """Return what the runtime was last told to expect; nothing where it never started."""
    try:
        return sizes(RuntimeConfig.model_validate_json(where.config.read_bytes()))
    except FileNotFoundError:
        return DegradationLimits()


def _told(tally: Tally, strategy: str, limits: DegradationLimits) -> dict[str, Any]:
    form, cut, expected = tally.form(strategy), tally.sizes.get(strategy), limits.strategies.get(strategy)
    told: dict[str, Any] = {"strategy": strategy, **measures(form).model_dump(mode="json")}
    told["size"] = cut.model_dump(mode="json", exclude={"kind", "strategy"}) if cut is not None else None
    told["expected_win_rate"] = expected.win_rate if expected is not None else None
    told["evidence"] = None
    if expected is not None:
        told["evidence"] = {
            "structures": len(form.outcomes),
            "degraded": round(of_degradation(form.outcomes, expected, limits.shortfall), 3),
            "at": limits.false_alarm_every,
            "recovered": round(of_recovery(form.outcomes, expected, limits.shortfall), 3) if cut else None,
        }
    return told


def _lines(told: dict[str, Any]) -> list[str]:
    figures = Measures.model_validate({name: told[name] for name in Measures.model_fields})
    rate = "-" if figures.win_rate is None else f"{figures.win_rate:.0%}"
    expected = told["expected_win_rate"]
    against = f", expected {expected:.0%}" if expected is not None else ", nothing expected of it"
    factor = "-" if figures.profit_factor is None else f"{figures.profit_factor:.2f}"
    sharpe = "-" if figures.sharpe is None else f"{figures.sharpe:.2f}"
    expectancy = "-" if figures.expectancy is None else f"{figures.expectancy:+,.2f}"
    slipped = f"{figures.slippage_cost:,.2f} in {figures.fills} orders, {figures.slippage_expected_cost:,.2f} expected"
    charged = f"{figures.fees:,.2f} booked, {figures.expected_fees:,.2f} expected"
    evidence, cut = told["evidence"], told["size"]
    rows = [
        told["strategy"],
        f"  won         {figures.wins} of {figures.structures} ({rate}){against}",
        f"  result      {figures.total:+,.2f}, {expectancy} a structure, profit factor {factor}, Sharpe {sharpe}",
        f"  drawdown    {figures.drawdown:,.2f} now, {figures.drawdown_max:,.2f} at most",
        f"  slippage    {slipped}",
        f"  fees        {charged}",
    ]
    if evidence is not None:
        words = f"{evidence['degraded']:,.1f} to 1 that it is worse, acts at {evidence['at']}"
        rows.append(f"  evidence    {words}; {evidence['structures']} structures since its size moved")
    if cut is None:
        return [*rows, "  size        full"]
    return [*rows, f"  size        at most {cut['quantity_max']} of {cut['full_quantity']} combos: {cut['text']}"]
