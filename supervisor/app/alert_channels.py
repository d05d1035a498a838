"""The ways out for alerts that a configuration names, and whose alerts they are; of the notifier and `notify test`."""

import socket

from pydantic import SecretStr

from actors.channels import Channel, channels
from actors.config import RuntimeConfig
from actors.credentials import CredentialMissing, credential
from actors.domain.alerts.message import Advice, Origin
from actors.domain.alerts.outbox import Ways
from actors.places import Places
from actors.redaction import Redactor

TAIL = 4
"""Digits of an account number that a message shows."""


def alert_channels(config: RuntimeConfig, where: Places, redactor: Redactor) -> tuple[tuple[Channel, ...], Ways]:
    """Return a channel for the log and for each target, and each level's ways; `redactor` learns what is secret."""
    section = config.notifier
    chains = {
        level: [[_url(target, redactor) for target in chain] for chain in named]
        for level, named in section.targets.items()
    }
    log = where.state / section.log_file
    return channels(log, chains, retries=section.send_retries, wait_s=section.retry_wait_s)


def origin(config: RuntimeConfig) -> Origin:
    """Return where messages come from: mode, host, and the tail of the account that is traded first."""
    tail = config.primary.account[-TAIL:] if config.primary.account else ""
    return Origin(mode=config.runtime.mode.value, host=socket.gethostname(), account_tail=tail)


def advice() -> dict[str, Advice]:
    """Return the words of each code, as a phone shows them."""
    from supervisor.words import WORDS  # read by those that send alone

    return {code: Advice(done=words.done, todo=words.todo.replace("`", "")) for code, words in WORDS.items()}


def _url(target: str, redactor: Redactor) -> SecretStr | CredentialMissing:
    """Return an Apprise URL: the target itself, or the secret it names; a missing one is the notifier's to report."""
    try:
        secret = SecretStr(target) if "://" in target else credential(target)
    except CredentialMissing as missing:
        return missing
    redactor.learn(secret.get_secret_value())
    return secret
