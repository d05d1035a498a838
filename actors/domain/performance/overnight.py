"""What changed since a session's close: what filled, what was booked, what went wrong, while nobody looked.

A fold of its own, for what matters lies between two instants of the market, not between two baselines.
"""

from datetime import datetime
from decimal import Decimal

from actors.domain.orders import event as happened
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.report import CashEvent
from actors.domain.performance.incident import Incident, incident
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.value import ZERO, Instant, Money, Value


class Overnight(Value):
    """The changes since `since`."""

    since: Instant
    fills: int = 0
    cash_moved: Money = ZERO
    """Booked by brokers: fees, settlements, deposits."""
    settled: tuple[str, ...] = ()
    """Options that were assigned, exercised, paid or expired, in words."""
    starts: int = 0
    """Of the executor."""
    incidents: tuple[Incident, ...] = ()


class OvernightFold:
    """The fold; what was before `since` is passed over."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._fills: set[tuple[str, str]] = set()
        self._cash: Decimal = ZERO
        self._settled: list[str] = []
        self._starts = 0
        self._incidents: list[Incident] = []

    def hear(self, recorded: Recorded, sequence: int) -> None:
        """Take in one event."""
        event = recorded.event
        at = getattr(event, "at", None)
        if at is None or at < self._since:
            return
        match event:
            case happened.ReportTaken(report=report):
                fresh = [fill for fill in report.fills if fill.at >= self._since]
                self._fills |= {(report.account_domain, fill.exec_id) for fill in fresh}
            case happened.CashBooked(event=CashEvent(amount=amount)):
                self._cash += amount
            case OptionSettled():
                self._settled.append(f"{event.correlation}: {event.words}")
            case happened.ExecutorStarted():
                self._starts += 1
        if (found := incident(event, sequence)) is not None:
            self._incidents.append(found)

    def told(self) -> Overnight:
        """Return what changed."""
        return Overnight(
            since=self._since,
            fills=len(self._fills),
            cash_moved=self._cash,
            settled=tuple(self._settled),
            starts=self._starts,
            incidents=tuple(self._incidents),
        )
