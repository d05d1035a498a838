"""A person's signature over what the go-live gate lacks: a durable file of the live state folder, with a history.

It covers no more than what lacked when it was given: another control that lost its proof, or fewer clean sessions, ask
anew. Each signature is a line of the history, which the executor takes into the journal at its next start.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.domain.orders.gate_event import GateSigned
from actors.domain.performance.graduation import Graduation
from actors.domain.value import Value
from actors.durable import locked, replace
from actors.places import Places

FILE: Final = "gate.json"
HISTORY: Final = "gate.history.jsonl"


class Signature(Value):
    """What was signed over, and by whom."""

    event: GateSigned
    missing: tuple[str, ...]
    clean: int

    def covers(self, found: Graduation) -> bool:
        """Return whether nothing lacks now that did not lack then."""
        return set(found.missing) <= set(self.missing) and found.clean >= self.clean

    @property
    def words(self) -> str:
        """Who signed, and why."""
        return f"{self.event.by}: {self.event.reason}"


def sign(where: Places, event: GateSigned, found: Graduation) -> Signature:
    """Sign; noted before it is in force, durable on return. Raises `OSError`: then nothing changed."""
    signature = Signature(event=event, missing=found.missing, clean=found.clean)
    path = where.state / FILE
    with locked(path):
        _note(where.state / HISTORY, event)
        replace(path, signature.model_dump_json().encode())
    return signature


def signed(where: Places) -> Signature | None:
    """Return the last signature; None where there is none that can be understood."""
    try:
        return Signature.model_validate_json((where.state / FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def untaken(where: Places, knows: Callable[[str], bool]) -> tuple[GateSigned, ...]:
    """Return the signatures that the journal does not have, oldest first."""
    try:
        lines = (where.state / HISTORY).read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    found = []
    for line in lines:
        try:
            event = GateSigned.model_validate_json(line)
        except ValidationError:  # cut short by a crash: it never was in force
            continue
        if not knows(event.correlation):
            found.append(event)
    return tuple(found)


def _note(path: Path, event: GateSigned) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, event.model_dump_json().encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
