"""What the phone asks of the alerts: that one was seen, that a kind keeps still for a while.

`supervisor/cli/phone.py` hands in whoever can do it. Until somebody can, `NoDoor` says where it can be done.
"""

from typing import Protocol

from supervisor.phone.command import Silence


class AlertDoor(Protocol):
    """Whoever acknowledges and silences alerts. Each answer is told to the person as it is; nothing is raised."""

    @property
    def is_open(self) -> bool:
        """Whether it can be done at all."""
        ...

    def ack(self, alert: str, by: str) -> str:
        """Acknowledge one alert, by its id or code; return what became of it."""
        ...

    def silence(self, silence: Silence, by: str) -> str:
        """Silence a kind for a while; return what became of it."""
        ...


class NoDoor:
    """Nobody can."""

    is_open = False

    def ack(self, alert: str, by: str) -> str:
        """Say so."""
        return f"{by}: {alert} cannot be acknowledged from here yet; on the machine: holdfast ack {alert}"

    def silence(self, silence: Silence, by: str) -> str:
        """Say so."""
        return f"{by}: {silence.what} cannot be silenced from here yet; on the machine: holdfast silence"
