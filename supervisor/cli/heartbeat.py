"""`holdfast heartbeat`: tells a watchman elsewhere that supervisor, journal, risk, feed and notifier all work.

A process that nobody of the tree supervises: what hangs the tree makes it silent, and the watchman pages. `up` starts
it where `[heartbeat] url` names a secret. Rules: `supervisor/heartbeat/liveness.py`, `beat.py`.

Exit 0: the runtime was ended as planned; 2: no address is named; 3: nothing was ever started in this folder; 6: another
one runs here; 9: the address cannot be had, or would show itself on the way.
"""

import sys
from pathlib import Path

import click
from pydantic import SecretStr

from actors.config_model import RuntimeConfig
from actors.credentials import CredentialMissing, credential
from actors.logs import LogSettings, set_up
from actors.places import Places, places
from actors.redaction import Redactor
from supervisor import beside
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import state_option
from supervisor.heartbeat.beating import NAME, Beating
from supervisor.heartbeat.service import AddressUnsafe, Service
from supervisor.ownership import AlreadyOwned


@click.command(help="Tell a watchman elsewhere that all works; silent on purpose where it does not.")
@state_option
def heartbeat(state: Path) -> None:
    """Beat until the runtime ends."""
    where = places(state)
    if not where.config.exists():
        click.echo(f"nothing was ever started in {where.state}: is that the folder you meant (--state)?", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    config = RuntimeConfig.model_validate_json(where.config.read_bytes())
    if config.heartbeat.url is None:
        click.echo("to whom? name the secret that holds the address: [heartbeat] url", err=True)
        sys.exit(ExitCode.USAGE)
    try:
        beside.hold(where, NAME)
    except AlreadyOwned as error:
        click.echo(f"{error}: another one beats here", err=True)
        sys.exit(ExitCode.REFUSED)
    sys.exit(beside.keep(NAME, lambda: _work(where, config)))


def _work(where: Places, config: RuntimeConfig) -> ExitCode:
    redactor, runtime = Redactor(), config.runtime
    settings = LogSettings(level=runtime.log_level, file_mb=runtime.log_file_mb, files_max=runtime.log_files_max)
    set_up(NAME, where.logs, settings, redactor)
    try:
        service = _service(config, redactor)
    except (CredentialMissing, AddressUnsafe) as error:
        click.echo(str(error), err=True)
        return ExitCode.CONFIG_INVALID
    Beating(where, config, service).run(beside.End(where).has_come)
    return ExitCode.DONE


def _service(config: RuntimeConfig, redactor: Redactor) -> Service:
    section = config.heartbeat

    def read(name: str) -> SecretStr:
        secret = credential(name)
        redactor.learn(secret.get_secret_value())
        return secret

    assert section.url is not None
    pause = (read(section.pause_url), read(section.api_key)) if section.pause_url and section.api_key else None
    return Service(read(section.url), is_plain=section.service == "plain", timeout_s=section.timeout_s, pause=pause)
