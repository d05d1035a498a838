"""What the kill switch did, in the journal's words: it writes them to a file of its own; the executor takes them in."""

from typing import Literal

from actors.domain.value import Instant, Value


class KillSwitchFired(Value):
    """The kill switch took the epoch, and ended what could send. Its orders and cancels follow, as it wrote them."""

    kind: Literal["kill_switch_fired"] = "kill_switch_fired"
    epoch: int
    by: str
    reason: str
    ended: tuple[str, ...]
    """What it killed, each end confirmed."""
    unconfirmed: tuple[str, ...]
    """What may live, so that it closed nothing."""
    at: Instant

    @property
    def correlation(self) -> str:
        """One use of the kill switch."""
        return f"kill-{self.epoch}"
