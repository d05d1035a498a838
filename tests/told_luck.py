"""What happens to the orders of the order machine, told by a test: all goes well but for what it says."""

from collections import deque

from supervisor.app.order_machine.luck import Fate, Send, Trade

WELL = Send(booked_s=0.001, answered_s=0.002)


class ToldLuck:
    """All goes well but for what was told to go otherwise, each once. Orders trade when a rule says so."""

    def __init__(self) -> None:
        self.sends: deque[Send] = deque()
        self.cancels: deque[Fate] = deque()
        self.hops: deque[float | None] = deque()
        self.pushes: deque[tuple[float, ...]] = deque()
        self.reads: deque[float | None] = deque()
        self.is_marketable = False

    def send(self) -> Send:
        return self.sends.popleft() if self.sends else WELL

    def cancel(self) -> Fate:
        return self.cancels.popleft() if self.cancels else Fate.TAKEN

    def hop_s(self) -> float | None:
        return self.hops.popleft() if self.hops else 0.0005

    def pushes_s(self) -> tuple[float, ...]:
        return self.pushes.popleft() if self.pushes else (0.001,)

    def read_s(self) -> float | None:
        return self.reads.popleft() if self.reads else 0.01

    def trades(self, order: object) -> tuple[Trade, ...]:
        return (Trade(after_s=0.05, combos=order.order_qty),) if self.is_marketable else ()

    def absence_s(self) -> float:
        return 0.05

    def heal(self) -> None:
        for troubles in (self.sends, self.cancels, self.hops, self.pushes, self.reads):
            troubles.clear()
