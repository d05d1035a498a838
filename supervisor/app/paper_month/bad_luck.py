"""The luck of a paper month's wires: mostly none at all. What an order trades is the venue's business."""

from collections.abc import Sequence
from typing import Final

from actors.domain.orders.order import Order
from supervisor.app.order_machine.luck import Fate, SeededLuck, Send, Trade

_FATES: Final = (
    (0.90, Fate.TAKEN),
    (0.92, Fate.REFUSED),
    (0.94, Fate.REJECTED_FOR_NOW),
    (0.97, Fate.LOST),
    (0.99, Fate.DIES_SENDING),
    (1.00, Fate.DIES_ANSWERED),
)
"""Each up to its edge of a draw in [0, 1)."""
_ANSWERED: Final = 0.97


class BadLuck(SeededLuck):
    """Luck from a seed. While `is_sound`, wires do what they should."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.is_sound = False

    def send(self) -> Send:
        """Return what becomes of the next send."""
        luck, answered = self.draw(), self.draw() < _ANSWERED
        if self.is_sound:
            return Send(booked_s=0.01, answered_s=0.02)
        fate = next(fate for edge, fate in _FATES if luck < edge)
        return Send(fate, booked_s=0.01, answered_s=0.03 if answered else None)

    def cancel(self) -> Fate:
        """Return what becomes of the next cancel."""
        return Fate.TAKEN if self.is_sound or self.draw() < _ANSWERED else Fate.LOST

    def pushes_s(self) -> Sequence[float]:
        """Return after how long the next push arrives, each time it does."""
        return (0.002,) if self.is_sound or self.draw() < _ANSWERED else ()

    def read_s(self) -> float | None:
        """Return how long the next read takes."""
        return 0.01 if self.is_sound or self.draw() < _ANSWERED else None

    def trades(self, order: Order) -> Sequence[Trade]:  # noqa: ARG002 - the exchange trades it
        """Return nothing."""
        return ()
