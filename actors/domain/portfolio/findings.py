"""What has been found so far, folded from the findings in the journal: nothing is told, counted or timed twice."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from pydantic import Field

from actors.domain.market.contract import names_future
from actors.domain.orders import event as happened
from actors.domain.orders import finding
from actors.domain.orders.fill_check import Fault
from actors.domain.orders.leg_event import LegsEnded, LegsStarted
from actors.domain.portfolio.structure import Structure
from actors.domain.value import ZERO, Instant, Money, Value

SEEN: Final = "seen-"
"""How the ids of movements begin that no broker has said."""


class SessionStart(Value):
    """When an account's baseline was taken, and whether a structure of ours held anything then."""

    session: date
    at: Instant
    held: bool


class Findings(Value):
    """The findings that are still of use."""

    faults: frozenset[tuple[str, str, str]] = frozenset()
    """Order, code and execution of every fault that was told."""
    uncovered_ns: Mapping[str, int] = Field(default_factory=dict)
    """Since when a structure has held uncovered shorts, boot clock."""
    uncovered_at: Mapping[str, Instant] = Field(default_factory=dict)
    """The same on the market's clock, which a reboot does not set back."""
    uncovered_s: Mapping[str, float] = Field(default_factory=dict)
    """The longest that a structure was uncovered, once it is covered again."""
    legging: Mapping[str, tuple[str, int]] = Field(default_factory=dict)
    """Combos that go leg by leg: the account domain, and since when, boot clock."""
    apart: Mapping[str, Mapping[str, int]] = Field(default_factory=dict)
    """Foreign contracts by account domain and symbol that came after the session's baseline: no result of the day."""
    started: Mapping[str, SessionStart] = Field(default_factory=dict)
    """By account domain: its session's start."""
    cash_gaps: Mapping[str, Money] = Field(default_factory=dict)
    """By account domain: the gap that was last told."""
    contested: frozenset[tuple[str, str]] = frozenset()
    """Account domain and broker's id of every order of another runtime that was told."""
    variation: Mapping[str, Mapping[str, Money]] = Field(default_factory=dict)
    """By account domain and future: what it was taken and given at, in dollars (bought < 0), less what is settled."""

    seen: Mapping[str, Money] = Field(default_factory=dict)
    """Movements of an account that its positions alone showed: domain, symbol and quantity, with the cash booked."""

    def is_told(self, order_id: str, fault: Fault) -> bool:
        """Whether a fault of an order is in the journal."""
        return (order_id, fault.code.value, fault.exec_id) in self.faults

    def variation_of(self, domain: str, symbol: str | None = None) -> Money:
        """Return the variation of one future of an account, or of all."""
        found = self.variation.get(domain, {})
        return sum(found.values(), ZERO) if symbol is None else found.get(symbol, ZERO)

    def took(self, event: finding.HoldingsNetted | finding.OptionSettled) -> "Findings":
        """Return the findings with the variation of what an option delivered: it begins at the strike."""
        if not isinstance(event, finding.OptionSettled) or not names_future(event.shares_of):
            return self
        taken = sum(part.shares for part in event.parts) * event.strike * event.point
        return self._varied(event.account_domain, event.shares_of, -taken)

    def varied(self, domain: str, symbol: str, change: Money) -> "Findings":
        """Return the findings with the variation of a future moved by `change`; what is not known stays so."""
        known = self.variation.get(domain, {})
        return self._varied(domain, symbol, change) if symbol in known else self

    def _varied(self, domain: str, symbol: str, change: Money) -> "Findings":
        known = self.variation.get(domain, {})
        after = {**known, symbol: known.get(symbol, ZERO) + change}
        left = {each: owed for each, owed in after.items() if owed}
        return self.model_copy(update={"variation": {**self.variation, domain: left}})

    def without(self, names: set[str]) -> "Findings":
        """Return the findings but those on orders and structures of these names."""
        update = {
            "faults": frozenset(fault for fault in self.faults if fault[0] not in names),
            "uncovered_ns": {name: ns for name, ns in self.uncovered_ns.items() if name not in names},
            "uncovered_at": {name: at for name, at in self.uncovered_at.items() if name not in names},
            "uncovered_s": {name: seconds for name, seconds in self.uncovered_s.items() if name not in names},
        }
        return self.model_copy(update=update)

    def after(self, event: happened.Event, structures: Mapping[str, Structure]) -> "Findings":  # noqa: C901 - a table of events
        """Return the findings after one more event, given the structures as they are before it."""
        match event:
            case finding.FillFaulted(cl_ord_id=order_id, faults=faults):
                told = {(order_id, fault.code.value, fault.exec_id) for fault in faults}
                return self.model_copy(update={"faults": self.faults | told})
            case happened.CashBooked(event=moved) if moved.event_id.startswith(SEEN):
                key = f"{moved.account_domain}/{moved.symbol}/{moved.quantity:+d}"
                return self.model_copy(update={"seen": {**self.seen, key: moved.amount}})
            case finding.LegUncovered(structure_id=name, since_ns=since_ns, at=at):
                update = {
                    "uncovered_ns": {**self.uncovered_ns, name: since_ns},
                    "uncovered_at": {**self.uncovered_at, name: at},
                }
                return self.model_copy(update=update)
            case finding.LegCovered(structure_id=name, seconds=seconds):
                update = {
                    "uncovered_ns": {each: ns for each, ns in self.uncovered_ns.items() if each != name},
                    "uncovered_at": {each: at for each, at in self.uncovered_at.items() if each != name},
                    "uncovered_s": {**self.uncovered_s, name: max(seconds, self.uncovered_s.get(name, 0.0))},
                }
                return self.model_copy(update=update)
            case finding.ForeignAdopted(account_domain=domain, positions=positions):
                held = dict(self.apart.get(domain, {}))
                for symbol, quantity in positions.items():
                    held[symbol] = held.get(symbol, 0) + quantity
                return self.model_copy(update={"apart": {**self.apart, domain: held}})
            case finding.AccountContested(account_domain=domain, orders=orders):
                return self.model_copy(update={"contested": self.contested | {(domain, order) for order in orders}})
            case finding.CashDiffers(account_domain=domain, gap=gap):
                return self.model_copy(update={"cash_gaps": {**self.cash_gaps, domain: gap}})
            case LegsStarted(cl_ord_id=name, account_domain=domain, since_ns=since_ns):
                return self.model_copy(update={"legging": {**self.legging, name: (domain, since_ns)}})
            case LegsEnded(cl_ord_id=name):
                left = {each: how for each, how in self.legging.items() if each != name}
                return self.model_copy(update={"legging": left})
            case happened.SessionOpened(baseline=baseline):
                kept = {domain: held for domain, held in self.apart.items() if domain not in baseline}
                started = {domain: self._start(domain, event, structures) for domain in baseline}
                return self.model_copy(update={"apart": kept, "started": started})
        return self

    def _start(self, domain: str, event: happened.SessionOpened, structures: Mapping[str, Structure]) -> SessionStart:
        known = self.started.get(domain)
        if known is not None and known.session == event.session:
            return known
        held = any(each.account_domain == domain and not each.is_flat for each in structures.values())
        return SessionStart(session=event.session, at=event.at, held=held)
