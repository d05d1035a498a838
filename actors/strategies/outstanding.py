"""A strategy's signals between asking and the answer: numbered once, told until answered, never renumbered.

    issue     gives each ask the next number of the session, and holds it outstanding
    take      notes the answer, which the next decision sees
    settle    forgets what was answered, once that decision is made and about to be written
    overdue   names what must be told again: whatever was outstanding a round ago, or may not have been heard at all

A number is above every one issued before and above every one the executor has seen, so a lost checkpoint reuses none.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from actors.domain.orders.order import signal_id
from actors.domain.orders.signal import Signal
from actors.messages import SignalAnswered
from actors.strategies.base import Ask

_NOTHING: Mapping[int, SignalAnswered] = {}


class Outstanding:
    """The signals of one strategy that wait for an answer."""

    def __init__(
        self, strategy: str, session: date | None = None, number: int = 0, signals: Iterable[Signal] = ()
    ) -> None:
        self._strategy = strategy
        self.session = session
        self.number = number
        """The last one issued in `session`."""
        self._signals = {signal.signal_id: signal for signal in signals}
        self._answered: dict[str, SignalAnswered] = {}
        self._unheard = frozenset(self._signals)

    @property
    def signals(self) -> tuple[Signal, ...]:
        """What waits, in the order it was asked."""
        return tuple(self._signals.values())

    @property
    def has_answers(self) -> bool:
        """Whether an answer waits for a decision."""
        return bool(self._answered)

    def roll(self, session: date, seen: int) -> None:
        """Follow the market into `session`, of which the executor has `seen` signals up to that number."""
        if session != self.session:
            self.session, self.number = session, 0
        self.number = max(self.number, seen)

    def issue(self, asks: Iterable[Ask], now: datetime, quote_sequence: int) -> tuple[Signal, ...]:
        """Return the asks as signals, outstanding from now on. `roll` comes before."""
        assert self.session is not None
        issued = []
        for ask in asks:
            self.number += 1
            signal = Signal(
                signal_id=signal_id(self._strategy, self.session, self.number),
                strategy=self._strategy,
                request=ask.request,
                reason=ask.reason,
                created_at=now,
                expires_at=now + timedelta(seconds=ask.expires_s),
                quote_sequence=quote_sequence,
            )
            self._signals[signal.signal_id] = signal
            issued.append(signal)
        return tuple(issued)

    def take(self, answer: SignalAnswered) -> bool:
        """Note an answer; return whether it was waited for."""
        waited = answer.signal_id in self._signals
        if waited:
            self._answered[answer.signal_id] = answer
        return waited

    def answers(self) -> Mapping[int, SignalAnswered]:
        """Return the answers no decision has seen, by number, of this session's signals."""
        if not self._answered or self.session is None:
            return _NOTHING
        numbered = ((int(known.rpartition("-")[2]), known) for known in self._answered)
        ours = ((n, known) for n, known in numbered if known == signal_id(self._strategy, self.session, n))
        return {number: self._answered[known] for number, known in ours}

    def settle(self) -> None:
        """Forget what was answered: the decision that saw it is made."""
        for known in self._answered:
            self._signals.pop(known, None)
        self._answered = {}

    def unheard(self) -> None:
        """Hold everything for unheard: the executor was replaced, or lost messages."""
        self._unheard = frozenset(self._signals)

    def overdue(self) -> tuple[Signal, ...]:
        """Return what must be told again now; called once a round."""
        due = tuple(s for known, s in self._signals.items() if known in self._unheard and known not in self._answered)
        self._unheard = frozenset(self._signals)
        return due
