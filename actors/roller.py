"""Risk's part on rolls (`risk.roll`): asks for what follows a close, and tells a person what became of it.

It asks again every few seconds until the opening is in the book or was answered: under one id, so it acts once at most.
What was told is forgotten with its process; the notifier counts what is said again.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from actors.domain.alerts.alert import Alert, Level
from actors.domain.orders.signal import Signal
from actors.domain.portfolio.view import BookView
from actors.domain.risk.roll import ROLLING, NotRolled, closed, opening, roll_id
from actors.messages import SignalAnswered, SubmitSignal
from actors.quote_board import Snapshot

ASK_AGAIN_S: Final = 5.0
NEWS_MAX: Final = 100


class Roller:
    """What one actor, named `name`, asks for after what was closed for a roll; `read` gives it new quotes."""

    def __init__(self, name: str, credit_min: Decimal, read: Callable[[], Snapshot | None]) -> None:
        self._name, self._credit_min, self._read = name, credit_min, read
        self._snapshot: Snapshot | None = None
        self._asked_ns: dict[str, int] = {}
        self._over: set[str] = set()
        """Openings that were answered, or not asked for, by id."""
        self.news: deque[Alert] = deque(maxlen=NEWS_MAX)
        """What the notifier is still to be told."""

    def on_book(self, book: BookView, now_ns: int, at: datetime) -> list[SubmitSignal]:
        """Return what is to be asked for now."""
        told = []
        for rolled in closed(book):
            name = roll_id(rolled.structure.structure_id)
            asked_ns = self._asked_ns.get(name)
            is_early = asked_ns is not None and now_ns - asked_ns < ASK_AGAIN_S * 1e9
            if name in self._over or is_early:
                continue
            self._snapshot = self._read() or self._snapshot
            if self._snapshot is None:
                continue
            found = opening(rolled, self._snapshot.table, self._credit_min, at)
            if isinstance(found, NotRolled):
                self._end(name, found.structure_id, found.text, at)
                continue
            if asked_ns is None:
                self.news.append(_asked(found, rolled.structure.structure_id, at))
            self._asked_ns[name] = now_ns
            told.append(SubmitSignal(signal=found, reply_to=self._name))
        return told

    def on_answer(self, answer: SignalAnswered, at: datetime) -> None:
        """Take in what became of one; other answers are passed over."""
        name = answer.signal_id
        if name not in self._asked_ns or name in self._over:
            return
        if answer.admitted:
            self._over.add(name)
            return
        failed = next((f"{each.code} {each.value}".strip() for each in answer.checks if not each.passed), "refused")
        self._end(name, name.removeprefix(ROLLING), f"its opening was refused: {failed}; holdfast why {name}", at)

    def _end(self, name: str, structure_id: str, why: str, at: datetime) -> None:
        self._over.add(name)
        alert = Alert(
            alert_id=f"A201-{name}",
            code="A201",
            level=Level.P1,
            subject=f"roll-{structure_id}",
            text=f"{structure_id} was closed for a roll and is not rolled: {why}",
            done="It is closed; nothing else was opened.",
            todo="Open the next one yourself, or leave it.",
            at=at,
        )
        self.news.append(alert)


def _asked(signal: Signal, structure_id: str, at: datetime) -> Alert:
    return Alert(
        alert_id=f"A200-{signal.signal_id}",
        code="A200",
        level=Level.P2,
        subject=f"roll-{structure_id}",
        text=f"{structure_id} is closed for its expiry, and asked for in the next one as {signal.signal_id}",
        done="The opening passes the whole gate, like any other.",
        todo=f"holdfast order {signal.signal_id}",
        at=at,
    )
