"""What happens to an order, drawn: the interface the world asks, and the seeded luck of the fault machine.

Every draw comes from one stream of numbers that the seed gives, in the order the world asks for them, and the world is
one thread on a virtual clock: a seed is one history. Times are seconds of that clock. No request is booked later than
`IN_FLIGHT_MAX_S` after it was sent, which lies below the settle window: later than that breaks the one assumption that
proofs of absence rest on (law 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

import numpy as np

from actors.domain.orders.order import Intent, Order

ANSWER_TIMEOUT_S: Final = 0.5
IN_FLIGHT_MAX_S: Final = 1.4
SETTLE_WINDOW_S: Final = 1.5
MARKETABLE_S: Final = 0.15
"""Within so long what is priced through the market begins to trade, and within as long again it is done."""


class Fate(Enum):
    """What becomes of one send."""

    TAKEN = auto()
    REFUSED = auto()
    """No connection: no byte leaves."""
    REJECTED = auto()
    REJECTED_FOR_NOW = auto()
    LOST = auto()
    """The request never arrives, nor does an answer."""
    DIES_BEFORE_ENTRY = auto()
    DIES_AFTER_ENTRY = auto()
    DIES_SENDING = auto()
    """The connection's process ends with the bytes on their way."""
    DIES_ANSWERED = auto()
    """It ends between the answer and its ledger."""


_FATES: Final = (
    (0.55, Fate.TAKEN),
    (0.62, Fate.REFUSED),
    (0.66, Fate.REJECTED),
    (0.70, Fate.REJECTED_FOR_NOW),
    (0.80, Fate.LOST),
    (0.83, Fate.DIES_BEFORE_ENTRY),
    (0.87, Fate.DIES_AFTER_ENTRY),
    (0.95, Fate.DIES_SENDING),
    (1.00, Fate.DIES_ANSWERED),
)
"""Each up to its edge of a draw in [0, 1)."""


@dataclass(frozen=True, slots=True)
class Send:
    """One send: when the broker books it, when the answer comes. None: no answer."""

    fate: Fate = Fate.TAKEN
    booked_s: float = 0.0
    answered_s: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade of an order: when, how many combos, in which legs (None: in all).

    `is_busted`: taken back later. `is_late`: it happens though the order was cancelled meanwhile.
    """

    after_s: float
    combos: int
    places: tuple[int, ...] | None = None
    is_busted: bool = False
    is_late: bool = False


class Luck(Protocol):
    """What the world asks when something may go one way or another."""

    def send(self) -> Send:
        """Return what becomes of the next send."""
        ...

    def cancel(self) -> Fate:
        """Return what becomes of the next cancel: TAKEN, LOST, or REJECTED by the exchange."""
        ...

    def hop_s(self) -> float | None:
        """Return how long the next message between two actors takes; None: it is lost."""
        ...

    def pushes_s(self) -> Sequence[float]:
        """Return after how long the next push arrives, each time it does."""
        ...

    def read_s(self) -> float | None:
        """Return how long the next read takes; None: it fails."""
        ...

    def trades(self, order: Order) -> Sequence[Trade]:
        """Return how an order that a broker just booked will trade."""
        ...

    def absence_s(self) -> float:
        """Return how long a dead process is away."""
        ...


class SeededLuck:
    """Luck from a seed. `calm` ends all faults; the market goes on."""

    def __init__(self, seed: int) -> None:
        self._dice = np.random.default_rng(seed)
        self._drawn: list[float] = []
        self.calm = False

    def draw(self) -> float:
        """Return the next number in [0, 1)."""
        if not self._drawn:
            self._drawn = self._dice.random(512).tolist()
        return self._drawn.pop()

    def between(self, low: float, high: float) -> float:
        """Return the next number in [low, high)."""
        return low + (high - low) * self.draw()

    def send(self) -> Send:
        """Return what becomes of the next send."""
        if self.calm:
            return Send(booked_s=0.01, answered_s=0.02)
        luck = self.draw()
        booked_s = self.between(0.001, 0.02) if self.draw() < 0.6 else self.between(0.02, IN_FLIGHT_MAX_S)
        answered_s = booked_s + self.between(0.001, 0.3) if self.draw() < 0.8 else None
        fate = next(fate for edge, fate in _FATES if luck < edge)
        return Send(fate, booked_s, answered_s)

    def cancel(self) -> Fate:
        """Return what becomes of the next cancel."""
        luck = 0.0 if self.calm else self.draw()
        return Fate.TAKEN if luck < 0.7 else Fate.LOST if luck < 0.85 else Fate.REJECTED

    def hop_s(self) -> float | None:
        """Return how long the next message between two actors takes."""
        luck = self.draw()
        if luck < 0.03 and not self.calm:
            return None
        return 0.0005 if luck < 0.8 or self.calm else luck * 0.1

    def pushes_s(self) -> Sequence[float]:
        """Return after how long the next push arrives, each time it does."""
        if self.calm:
            return (0.002,)
        luck = self.draw()
        if luck < 0.15:
            return ()
        first = self.between(0.001, 0.01) if luck < 0.7 else self.between(0.01, 0.8)
        return (first, first + self.between(0.0, 0.5)) if luck > 0.85 else (first,)

    def read_s(self) -> float | None:
        """Return how long the next read takes."""
        if self.calm:
            return 0.01
        luck = self.draw()
        return None if luck < 0.15 else 0.01 if luck < 0.7 else luck * 0.4

    def trades(self, order: Order) -> Sequence[Trade]:
        """Return how an order trades: not at all, at once, in parts, or a leg before the others.

        One that follows the quotes is priced through them: it trades at once, if not always in one piece.
        """
        if order.follows_quotes:
            return self._at_once(order)
        luck, whole = self.draw(), order.order_qty
        first_s = self.between(0.005, 1.5)
        if self.calm or order.intent is Intent.CLOSE:
            luck = 0.3 + luck * 0.6
        is_busted, is_late = luck > 0.87 and not self.calm, self.draw() < 0.5
        if luck < 0.25:
            return ()
        if luck < 0.60 or is_busted:
            return (Trade(first_s, whole, is_busted=is_busted, is_late=is_late),)
        part = max(1, whole // 2)
        if luck < 0.75:
            return (Trade(first_s, part), Trade(first_s + self.between(0.0, 1.0), whole))
        some = tuple(place for place in range(len(order.legs)) if self.draw() < 0.5)
        alone = Trade(first_s, part, some)
        return (alone, Trade(first_s + self.between(0.0, 3.0), whole)) if self.draw() < 0.7 else (alone,)

    def _at_once(self, order: Order) -> Sequence[Trade]:
        first_s, is_late = self.between(0.005, MARKETABLE_S), self.draw() < 0.5
        whole = Trade(first_s, order.order_qty, is_late=is_late)
        if self.calm or self.draw() < 0.6:
            return (whole,)
        place = int(self.draw() * len(order.legs))
        return (Trade(first_s, 1, (place,)), Trade(first_s + self.between(0.0, MARKETABLE_S), order.order_qty))

    def absence_s(self) -> float:
        """Return how long a dead process is away."""
        return 0.02 if self.calm else self.between(0.01, 0.8)
