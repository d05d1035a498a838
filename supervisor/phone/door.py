"""What the phone asks of the alerts: that one was seen, that a kind keeps still for a while.

`open_door` does it; a port, because what the phone decides is tested without a notifier.
"""

from typing import Protocol

from supervisor.phone.command import Silence


class AlertDoor(Protocol):
    """Whoever acknowledges and silences alerts. Each answer is told to the person as it is; nothing is raised."""

    def ack(self, alert: str, by: str) -> str:
        """Acknowledge one alert, by its id or code; return what became of it."""
        ...

    def silence(self, silence: Silence, by: str) -> str:
        """Silence a kind for a while; return what became of it."""
        ...
