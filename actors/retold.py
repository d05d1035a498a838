"""Alerts that were told to the notifier lately: told again to its successor, for what it had read may not be on disk.

The notifier drops what it knows by id, so an alert is told twice at most where it was written down, and never lost
where it was not. Nothing else is told again: an order that may have arrived must not arrive twice.
"""

import time
from collections import deque
from typing import Final

from actors.domain.value import Value

NOTIFIER: Final = "notifier"
RETELL_S: Final = 60.0
"""Longer than it takes to see that the notifier is gone or hangs, and to start the next one; shorter than the outbox
remembers what it heard (`HEARD_S`)."""
RETOLD_MAX: Final = 1_000


class Retold:
    """The last messages to one peer, with the time each was told."""

    def __init__(self) -> None:
        self._told: deque[tuple[float, Value]] = deque(maxlen=RETOLD_MAX)

    def keep(self, message: Value) -> None:
        """Remember a message that was told now."""
        self._told.append((time.monotonic(), message))

    def again(self) -> list[Value]:
        """Return what is to be told to a successor, oldest first."""
        oldest = time.monotonic() - RETELL_S
        while self._told and self._told[0][0] < oldest:
            self._told.popleft()
        return [message for _, message in self._told]
