"""`holdfast secrets test`: which secrets the configuration names, and whether each can be read; never a value.

A secret lives in the environment, a systemd credential, the keyring or a file of mode 0600 (`actors.credentials`);
nothing of Holdfast writes one.

Exit 0: each can be read; 6: one cannot; 9: the configuration is invalid.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from actors.config import RuntimeConfig, find
from actors.credentials import CredentialMissing, credential
from supervisor.cli.config import file_option, set_option, settled
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option

SCHEMA: Final = "holdfast.secrets-test/1"


@click.group(help="Say which secrets the configuration names, and whether each can be read; needs no --state.")
def secrets() -> None:
    """Group the verbs of secrets."""


@secrets.command(help="Try to read each secret that the configuration names; none is shown.")
@file_option
@set_option
@json_option
def test(named: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Read each, say whether it was there."""
    path = find(named)
    found = [_tried(use, name) for use, name in uses(settled(path, settings, SCHEMA if as_json else None))]
    missing = [each for each in found if not each["readable"]]
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "source": str(path), "secrets": found}))
    else:
        for each in found:
            word = "ok" if each["readable"] else "MISSING"
            click.echo(f"{word:<8} {each['name']}  ({each['use']})  {each['why']}".rstrip())
        click.echo("no secret is named" if not found else f"{len(found) - len(missing)} of {len(found)} can be read")
    sys.exit(ExitCode.REFUSED if missing else ExitCode.DONE)


def uses(config: RuntimeConfig) -> Iterator[tuple[str, str]]:
    """Yield what each named secret is for, and its name."""
    for route in config.routes:
        for purpose, name in route.secrets.items():
            yield f"routes.{route.name}.{purpose}", name
    for level, chains in config.notifier.targets.items():
        for name in (each for chain in chains for each in chain):
            yield f"notifier.targets.{level}", name
    single = {
        "journal.token": config.journal.token,
        "nodes.token": config.nodes.token,
        "heartbeat.url": config.heartbeat.url,
        "heartbeat.api_key": config.heartbeat.api_key,
        "phone.token": config.phone.token,
    }
    yield from ((use, name) for use, name in single.items() if name is not None)


def _tried(use: str, name: str) -> dict[str, Any]:
    try:
        credential(name)
    except CredentialMissing as missing:
        return {"use": use, "name": name, "readable": False, "why": str(missing)}
    return {"use": use, "name": name, "readable": True, "why": ""}
