"""The alerts' door as the phone goes through it: each answer is a line, nothing is raised."""

from actors.places import Places
from supervisor import alert_door
from supervisor.phone.command import Silence


class OpenDoor:
    """Acknowledges and silences through `alert_door`, whether a notifier runs or not."""

    def __init__(self, where: Places) -> None:
        self._where = where

    def ack(self, alert: str, by: str) -> str:
        """Acknowledge what stands under this name."""
        return alert_door.ack_in_words(self._where, alert, by=by)

    def silence(self, silence: Silence, by: str) -> str:
        """Silence a code, a subject, or CODE:SUBJECT."""
        length_s = silence.minutes * 60
        return alert_door.silence_in_words(self._where, silence.what, length_s, by=by, reason=silence.reason)
