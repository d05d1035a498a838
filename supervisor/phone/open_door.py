"""The alerts' door as the phone goes through it: each answer is a sentence, nothing is raised."""

from datetime import UTC, datetime
from typing import Final

from actors.places import Places
from supervisor import alert_door
from supervisor.alert_door import Asked
from supervisor.cli.silence import silence_of
from supervisor.phone.command import Silence

WAIT_S: Final = 5.0


class OpenDoor:
    """Acknowledges and silences through `alert_door`."""

    def __init__(self, where: Places) -> None:
        self._where = where

    def ack(self, alert: str, by: str) -> str:
        """Acknowledge what stands under this name."""
        return self._told(alert_door.acknowledge(self._where, alert, by=by), "acknowledged")

    def silence(self, silence: Silence, by: str) -> str:
        """Silence a code, a subject or both."""
        wanted = silence_of(silence.what, f"{silence.minutes}m", by, silence.reason, datetime.now(UTC))
        if wanted is None:
            return f"{silence.what} is no code and no subject"
        return self._told(alert_door.silence(self._where, wanted), f"{wanted.words} is silent for {silence.minutes} min")

    def _told(self, asked: Asked, done: str) -> str:
        if asked.why is not None:
            return asked.why
        taken = asked.taken(WAIT_S if alert_door.notifier_runs(self._where) else 0)
        how = done if taken else f"kept, not taken yet; then {done}"
        return "\n".join(f"{name}: {how}" for name in asked.names)
