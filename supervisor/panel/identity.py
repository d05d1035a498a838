"""Whose money the page is about: the mode, the account's tail, and what a person types to confirm a stop.

Where the configuration cannot be read nobody is kept from stopping: then the word to type is the stop's own.
"""

from contextlib import suppress
from typing import NamedTuple

from pydantic import ValidationError

from actors.config_model import RuntimeConfig
from actors.places import Places
from supervisor.app import arming


class Identity(NamedTuple):
    """What every page bears. `word` empty: no account is known."""

    mode: str
    account: str
    word: str


NOBODY = Identity("unknown", "", "")


def identity(where: Places) -> Identity:
    """Return whose money it is, as the runtime was last started."""
    config = settings(where)
    if config is None:
        return NOBODY
    primary = config.primary.account_domain
    tail = arming.tails(config)[primary]
    return Identity(config.runtime.mode.value, f"{primary} ...{tail}" if tail else primary, arming.word(config))


def settings(where: Places) -> RuntimeConfig | None:
    """Return what the runtime was last started with; None where that is nothing, or cannot be read."""
    with suppress(OSError, ValidationError):
        return RuntimeConfig.model_validate_json(where.config.read_bytes())
    return None
