"""Live trading is armed by a person, for one session and named accounts, in an atomic, fsynced file of its own.

* Not armed is a stop of its own in mode live, beside the one that is latched: no opening is admitted, none leaves,
  those at work are cancelled, exits go on. So what expires at the close, or is disarmed, takes no process to obey.
* An unreadable file is not armed; so is one for other accounts, or one that has expired. It loosens no latch.
* Who armed or disarmed, when and why, is a line of the history beside the file, written down before it is in force.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.domain.value import Instant, Value
from actors.durable import locked, replace
from actors.latch import Latch, StopLevel

ARM: Final = "arm"
"""Who stops live trading that nobody armed."""
TAIL: Final = 4
"""Characters of an account number that are typed, told and kept."""


class Armed(Value):
    """A person's word that these accounts may be traded until then; disarmed where `until` is None."""

    accounts: Mapping[str, str]
    """The tail of each account's number, by account domain."""
    by: str
    reason: str
    at: Instant
    until: Instant | None = None


def set_armed(path: Path, armed: Armed) -> None:
    """Arm, or disarm; noted before it is in force, durable on return. Raises `OSError`: then nothing changed."""
    with locked(path):
        _note(path.with_name(f"{path.stem}.history.jsonl"), armed)
        replace(path, armed.model_dump_json().encode())


def read_armed(path: Path) -> Armed | None:
    """Return what was last said; None where nothing was, or it cannot be understood."""
    try:
        return Armed.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def refusal(armed: Armed | None, accounts: Mapping[str, str], now: Instant) -> str:
    """Return why live trading is not armed for these accounts now; empty where it is."""
    if armed is None or armed.until is None:
        return (
            "live trading is not armed" if armed is None else f"live trading was disarmed by {armed.by}: {armed.reason}"
        )
    if now >= armed.until:
        return f"live trading was armed until {armed.until:%Y-%m-%d %H:%M} UTC, the session's close"
    if dict(armed.accounts) != dict(accounts):
        return f"live trading was armed for {_named(armed.accounts)}, not for {_named(accounts)}"
    return ""


def stop(latched: Latch, armed: Armed | None, accounts: Mapping[str, str], now: Instant) -> Latch:
    """Return the stop in force in mode live: the one that is latched, else the one that stands while not armed."""
    if latched.level is not StopLevel.NONE or not (why := refusal(armed, accounts, now)):
        return latched
    return Latch(level=StopLevel.REDUCE, reason=why, by=ARM, at=None if armed is None else armed.until or armed.at)


def _named(accounts: Mapping[str, str]) -> str:
    return ", ".join(f"{domain} {tail}".strip() for domain, tail in accounts.items())


def _note(path: Path, armed: Armed) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, armed.model_dump_json().encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
