"""An alert: what happened, why with its numbers, what was done already, what the trader can do."""

from enum import StrEnum

from actors.domain.value import Instant, Value


class Level(StrEnum):
    """P0 pages until acknowledged; P1 sounds; P2 informs; P3 waits for the report."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


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
