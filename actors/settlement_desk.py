"""What the executor decides about exercises, assignments and expiries: booked as such, and a person is told.

They are no reconciliation break: the broker says what it did, or, where reading after reading shows the same, its
positions do (`portfolio.seen_settlement`). What is left of a structure is its legs and its shares; risk's watch over
expiries (`expiry_watch`) closes it, whole, once the market is open.
"""

from collections.abc import Collection, Iterable

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Alert, Level
from actors.domain.orders.event import CashBooked
from actors.domain.orders.finding import OptionSettled
from actors.domain.orders.report import AccountState, CashEvent
from actors.domain.portfolio.seen_settlement import seen_settlements
from actors.domain.portfolio.settlement import leftovers, option_settled


class SettlementDesk:
    """What became of options."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_cash(self, events: Iterable[CashEvent], step: Step) -> None:
        """Journal what new movements of an account did to our structures, after the movements themselves."""
        now = self._desk.now()
        for event in events:
            found = option_settled(self._desk.book, event, self._desk.sessions, now)
            if found is not None and found.parts:
                step.events.append(found)
                step.alerts.append(self._alert(found))

    def on_differing(self, state: AccountState, differing: Collection[str], step: Step) -> Collection[str]:
        """Book what positions show and no broker has said; return the underlyings whose difference that explains."""
        found = seen_settlements(self._desk.book, state, self._desk.sessions)
        explained = {underlying: events for underlying, events in found.items() if underlying in differing}
        for events in explained.values():
            step.events += [CashBooked(event=event, at=self._desk.now()) for event in events]
            self.on_cash(events, step)
        return explained.keys()

    def _alert(self, event: OptionSettled) -> Alert:
        moves_shares = any(part.shares for part in event.parts)
        code, level = ("A135", Level.P0) if moves_shares else ("A139", Level.P2)
        left = "; ".join(leftovers(self._desk.book, event))
        plain = self._desk.alert(code, level, f"settled-{event.event_id}", f"{event.words}. {left}.")
        done = "Booked. What is left is closed by [expiry] leftover, once the market is open." if moves_shares else ""
        todo = "holdfast expiring; holdfast close ID closes it now." if moves_shares else ""
        return plain.model_copy(update={"done": done, "todo": todo})
