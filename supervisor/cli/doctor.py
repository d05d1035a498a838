"""`holdfast doctor`: look at machine, installation and runtime. Exit 0: nothing forbids trading; 6: something does."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from actors.calendars import load_sessions
from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.credentials import FILE_PREFIX
from actors.domain.market.session import NEW_YORK
from actors.expiry_tables import load_expiry
from actors.places import Places, places
from supervisor import alert_door, keeper
from supervisor import directory as directories
from supervisor.app.doctor import alerts, calendars, copies, installation, machine, modes, outside, ray_checkup, reach
from supervisor.app.doctor.finding import Finding, Verdict
from supervisor.app.plan import TABLES
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.cli.snapshot import routes
from supervisor.listeners import listening
from supervisor.ownership import owner
from supervisor.private_ray import ROOT
from supervisor.process import Process
from supervisor.runtime import lock_path

SCHEMA = "holdfast.doctor/1"
DAMAGED_TODO = "holdfast down ends what still obeys; what it cannot end must be ended by hand, then remove the file"


@click.command(
    help="Say what of this machine, installation and runtime stands in the way of trading, and what it costs."
)
@state_option
@json_option
def doctor(state: Path, as_json: bool) -> None:
    """Examine and tell."""
    where = places(state)
    findings = list(examine(where))
    forbids = sum(each.verdict is Verdict.FAIL for each in findings)
    if as_json:
        told = [each.model_dump(mode="json") for each in findings]
        click.echo(json.dumps({"schema": SCHEMA, "trading_forbidden": bool(forbids), "findings": told}))
    else:
        for each in findings:
            click.echo(f" {each.verdict:<8}{each.code}  {each.subject}: {each.text}")
            if each.todo:
                click.echo(f"{'':>15}{each.todo}")
        click.echo(f"{forbids} findings forbid trading." if forbids else "Nothing forbids trading.")
    sys.exit(ExitCode.REFUSED if forbids else ExitCode.DONE)


def examine(where: Places) -> Iterator[Finding]:
    """Yield every finding of one runtime."""
    try:
        directory = directories.read(where.directory)
    except directories.DirectoryDamaged as error:
        directory = None
        yield Finding(code="D012", subject="processes", verdict=Verdict.FAIL, text=str(error), todo=DAMAGED_TODO)
    members, has_nodes = reach.members(directory, _masters(where)), bool(directory and directory.nodes)
    yield from reach.examine(listening(), members, has_nodes=has_nodes)
    yield from ray_checkup.examine(directory.ray if directory else None)
    config = _config(where)
    yield from copies.examine(config.journal if config else None, routes(where), directory)
    yield from outside.examine(config, where, datetime.now(UTC))
    is_paper = config is None or config.runtime.mode is Mode.PAPER
    yield from alerts.examine(config.notifier if config else None, alert_door.read_alerts(where), is_paper=is_paper)
    yield from modes.examine((where.state, where.run), _secret_files(config))
    yield from installation.examine(ROOT)
    yield from machine.examine(where.state)
    sessions = load_sessions(TABLES / "sessions.toml", where.state / "exchange-days.json")
    today = datetime.now(UTC).astimezone(NEW_YORK).date()
    yield from calendars.examine(sessions.exchange, sessions.official, today)
    yield calendars.examine_expiries(load_expiry(TABLES / "expiry.toml"), today)


def _masters(where: Places) -> Iterator[tuple[str, Process]]:
    for name, path in (("keeper", keeper.lock(where.state)), ("supervisor", lock_path(where.state))):
        if (held := owner(path)) is not None:
            yield name, held.process


def _config(where: Places) -> RuntimeConfig | None:
    """Return the settled configuration; None where nothing was ever started."""
    return RuntimeConfig.model_validate_json(where.config.read_bytes()) if where.config.exists() else None


def _secret_files(config: RuntimeConfig | None) -> list[Path]:
    """Return the files that the settled configuration names as secrets."""
    if config is None:
        return []
    names = [name for route in config.routes for name in route.secrets.values()]
    names += [name for chains in config.notifier.targets.values() for chain in chains for name in chain]
    names += [each for each in (config.heartbeat.url, config.heartbeat.api_key, config.phone.token) if each is not None]
    return [Path(name.removeprefix(FILE_PREFIX)).expanduser() for name in names if name.startswith(FILE_PREFIX)]
