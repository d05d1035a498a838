"""An alert: what happened, why with its numbers, what was done already, what the trader can do."""

import hashlib
from enum import StrEnum

from actors.domain.value import Instant, Value

Key = tuple[str, str]
"""Code and subject: what makes two alerts the same thing."""


class Level(StrEnum):
    """P0 pages until acknowledged; P1 sounds; P2 informs; P3 waits for the report."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


ASKS_FOR_ANSWER = frozenset({Level.P0, Level.P1})
"""Levels that are said again until somebody acknowledges them."""


class Alert(Value):
    """One thing worth telling. The same (code, subject) within the window is counted, not sent again."""

    alert_id: str
    code: str
    level: Level
    subject: str
    text: str
    done: str = ""
    todo: str = ""
    attach: tuple[str, ...] = ()
    """Files that go with it, where a target takes any."""
    at: Instant

    @property
    def key(self) -> Key:
        """What makes another alert the same thing."""
        return self.code, self.subject


def handle(key: Key) -> str:
    """Return the short name of a (code, subject): what a person types on a phone, the same after every restart."""
    return hashlib.blake2b("\0".join(key).encode(), digest_size=3).hexdigest()
