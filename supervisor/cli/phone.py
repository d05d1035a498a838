"""`holdfast phone`: control from a phone by a Telegram bot of your own, outbound connections alone.

A process that nobody of the tree supervises: it answers, and latches a stop, when the tree hangs or is dead. `up`
starts it where `[phone] token` names a secret. Rules: `supervisor/phone/admission.py`, `confirmation.py`, `record.py`.

Exit 0: the runtime was ended as planned; 2: no token is named; 3: nothing was ever started in this folder; 6: another
one runs here; 9: the token cannot be had.
"""

import sys
import time
from pathlib import Path
from threading import Thread
from typing import Final

import click
from loguru import logger

from actors.config_model import RuntimeConfig
from actors.credentials import CredentialMissing, credential
from actors.logs import LogSettings, set_up
from actors.places import Places, places
from actors.redaction import Redactor
from supervisor import beside
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import state_option
from supervisor.ownership import AlreadyOwned
from supervisor.phone.confirmation import Confirmations
from supervisor.phone.control import Control
from supervisor.phone.open_door import OpenDoor
from supervisor.phone.polling import NAME, Polling
from supervisor.phone.record import Record
from supervisor.phone.telegram import BotApi

LOOK_S: Final = 0.5
ANSWER_S: Final = 10.0


@click.command(help="Answer and obey listed persons by Telegram: status, positions, why, ack, silence, reduce, halt.")
@state_option
def phone(state: Path) -> None:
    """Answer until the runtime ends."""
    where = places(state)
    if not where.config.exists():
        click.echo(f"nothing was ever started in {where.state}: is that the folder you meant (--state)?", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    config = RuntimeConfig.model_validate_json(where.config.read_bytes())
    if config.phone.token is None:
        click.echo("through which bot? name the secret that holds its token: [phone] token", err=True)
        sys.exit(ExitCode.USAGE)
    try:
        beside.hold(where, NAME)
    except AlreadyOwned as error:
        click.echo(f"{error}: another one answers here", err=True)
        sys.exit(ExitCode.REFUSED)
    sys.exit(beside.keep(NAME, lambda: _work(where, config)))


def _work(where: Places, config: RuntimeConfig) -> ExitCode:
    redactor, runtime = Redactor(), config.runtime
    settings = LogSettings(level=runtime.log_level, file_mb=runtime.log_file_mb, files_max=runtime.log_files_max)
    set_up(NAME, where.logs, settings, redactor)
    try:
        assert config.phone.token is not None
        token = credential(config.phone.token)
    except CredentialMissing as error:
        click.echo(str(error), err=True)
        return ExitCode.CONFIG_INVALID
    redactor.learn(token.get_secret_value())
    confirmations = Confirmations()
    record = Record(where, confirmations)
    control = Control(where, config, OpenDoor(where), record, confirmations)
    polling = Polling(where, config, BotApi(config.phone.api_url, token, ANSWER_S), control, record)
    worker = Thread(target=_poll, args=(polling,), daemon=True)
    worker.start()
    end = beside.End(where)
    while not end.has_come():
        worker.join(LOOK_S)
        if not worker.is_alive():
            return ExitCode.BUG
    return ExitCode.DONE


def _poll(polling: Polling) -> None:
    """Turn for ever; what ends it is in the log, cleaned of secrets."""
    with logger.catch(Exception):
        while True:
            time.sleep(polling.turn())
