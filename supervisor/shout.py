"""An alert from a process beside the tree: told to the notifier where one lives, and else not heard by it."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from actors.domain.alerts.alert import Alert, Level
from actors.messages import AlertRaised
from actors.places import Places
from actors.ports import PeerUnavailable
from actors.streams import LocalStream

NOTIFIER: Final = "notifier"
TELL_S: Final = 0.5


def shout(where: Places, who: str, code: str, level: Level, text: str, *, subject: str = "", todo: str = "") -> None:
    """Tell the notifier; takes up to `TELL_S`. Whoever calls has it in a log of its own."""
    now = datetime.now(UTC)
    identifier = f"{code}-{now.timestamp():.6f}"
    alert = Alert(alert_id=identifier, code=code, level=level, subject=subject or who, text=text, todo=todo, at=now)
    with suppress(PeerUnavailable, OSError):
        stream = LocalStream(where, who, incarnation=time.time_ns(), peers=(NOTIFIER,))
        try:
            stream.tell(NOTIFIER, AlertRaised(alert=alert))
            stream.receive(TELL_S)
        finally:
            stream.close()
