"""`holdfast arm`: a person lets live trading start, for the accounts of one configuration, until the session's close.

The configuration must say `mode = "live"`; then the person is shown whose money it is, the limits, and when it ends,
and types the tail of the primary's account number. There is no way around the question. `disarm` ends it before.

Exit 0: armed; 5: the person did not confirm; 6: the configuration is not live, or no session is known; 9: invalid.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from actors.armed import Armed, set_armed
from actors.config import ConfigInvalid, RuntimeConfig, load, with_overrides
from actors.config_sections import Mode
from actors.domain.market.session import NEW_YORK
from actors.places import Places, places
from supervisor.app import arming, warmth
from supervisor.app.plan import TABLES
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option

SCHEMA: Final = "holdfast.armed/1"


@click.command(help="Let live trading start, until the session's close: shows whose money it is, and asks.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The settings that `up` is given.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), envvar="HOLDFAST_STATE", help="As of `up`.")
@click.option("--reason", required=True, help="Why; kept in the history of arming.")
@by_option
@json_option
def arm(config: Path | None, state: Path | None, reason: str, by: str, as_json: bool) -> None:
    """Show, ask, arm."""
    settled = settings(config, state)
    now = datetime.now(UTC)
    if settled.runtime.mode is not Mode.LIVE:
        click.echo(f'mode is {settled.runtime.mode}: there is nothing to arm; live needs mode = "live"', err=True)
        sys.exit(ExitCode.REFUSED)
    where = places(settled.runtime.state)
    try:
        until = _session_end(settled, where, now)
    except arming.NoSession as error:
        click.echo(f"not armed: {error}", err=True)
        sys.exit(ExitCode.REFUSED)
    click.echo("\n".join(lines(settled, until)), err=True)
    _confirm(settled)
    armed = Armed(accounts=arming.tails(settled), by=by, reason=reason, at=now, until=until)
    set_armed(where.armed, armed)
    text = f"ARMED    by {by} until {until.astimezone(NEW_YORK):%a %d %b %H:%M} ET: {reason}"
    click.echo(json.dumps({"schema": SCHEMA, **armed.model_dump(mode="json")}) if as_json else text)


def settings(config: Path | None, state: Path | None) -> RuntimeConfig:
    """Return the settings that `up` would be given; ends the verb where they are invalid."""
    try:
        loaded = load(config)
        return loaded if state is None else with_overrides(loaded, {"runtime.state": state.expanduser().resolve()})
    except ConfigInvalid as error:
        click.echo(str(error), err=True)
        sys.exit(ExitCode.CONFIG_INVALID)


def lines(config: RuntimeConfig, until: datetime) -> list[str]:
    """Return whose money it is, what it may lose, and when it ends."""
    accounts = (f"{domain} ...{tail}" if tail else domain for domain, tail in arming.tails(config).items())
    limits = config.risk
    return [
        "LIVE     this trades real money",
        f"Accounts {', '.join(accounts)}",
        f"Limits   a structure may lose {limits.structure_loss_max:,f}, all of them {limits.account_loss_max:,f}",
        f"Until    {until.astimezone(NEW_YORK):%a %d %b %H:%M} ET, the session's close; then nothing opens any more",
    ]


def _session_end(config: RuntimeConfig, where: Places, now: datetime) -> datetime:
    products = warmth.products(TABLES / "products.toml")
    sessions = warmth.sessions(TABLES / "sessions.toml", where.state / "exchange-days.json")
    return arming.session_end(config, products, sessions.without(config.calendar.closures), now)


def _confirm(config: RuntimeConfig) -> None:
    asked = "the last four characters" if arming.tails(config)[config.primary.account_domain] else "the name"
    try:
        typed = click.prompt(f"Type {asked} of the account that trades first", err=True)
    except click.Abort:
        typed = ""
    if typed.strip() != arming.word(config):
        click.echo("not armed: that is another account", err=True)
        sys.exit(ExitCode.HALTED)
