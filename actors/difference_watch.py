"""Differences between journal and account that last: foreign positions are taken in, cash that disagrees is told.

Rules of this file:
* What an account holds beyond the journal breaks its underlying first (`account_desk`). Where it is foreign by
  `portfolio.reconcile`, and every reading of a stated time shows the very same, it is adopted: it stands in the book as
  the account has it, in no structure, the trader is paged, and the break ends. From then on openings are checked
  against it like against any position, and nothing here ever trades it.
* Cash that differs while positions agree is a fee under way for a while; the same gap for longer is journaled and told,
  once, and so is its end. It stops nothing: no order depends on it but through the limits, which count from marks too.

Times are on the boot clock, and start again with the executor.
"""

from collections.abc import Mapping

from actors.desk import Desk, Step
from actors.domain.alerts.alert import Level
from actors.domain.orders import event as happened
from actors.domain.orders.finding import CashDiffers, ForeignAdopted
from actors.domain.orders.report import AccountState
from actors.domain.portfolio.reconcile import foreign
from actors.domain.value import ZERO, Money


class DifferenceWatch:
    """The differences under watch, of every account."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._foreign: dict[tuple[str, str], tuple[Mapping[str, int], int]] = {}
        self._gaps: dict[str, tuple[Money, int]] = {}

    def on_compared(self, state: AccountState, step: Step) -> None:
        """Look at the positions of a complete reading whose news are in the book."""
        domain, now_ns = state.account_domain, self._desk.now_ns()
        found = foreign(self._desk.book, state)
        before = self._foreign
        self._foreign = {key: seen for key, seen in before.items() if key[0] != domain}
        for underlying, moved in found.items():
            known, since_ns = before.get((domain, underlying), (moved, now_ns))
            if known != moved:
                since_ns = now_ns
            self._foreign[domain, underlying] = moved, since_ns
            if now_ns - since_ns >= self._desk.settings.foreign_after_s * 1e9:
                self._adopt(domain, underlying, moved, step)

    def on_agreed(self, state: AccountState, step: Step) -> None:
        """Look at the cash of a reading whose positions agree."""
        domain, now_ns = state.account_domain, self._desk.now_ns()
        gap = state.cash - self._desk.book.cash[domain]
        known, since_ns = self._gaps.get(domain, (gap, now_ns))
        if known != gap:
            since_ns = now_ns
        self._gaps[domain] = gap, since_ns
        told = self._desk.book.found.cash_gaps.get(domain, ZERO)
        if gap == told or now_ns - since_ns < self._desk.settings.cash_gap_after_s * 1e9:
            return
        step.events.append(CashDiffers(account_domain=domain, gap=gap, at=self._desk.now()))
        words = f"has {gap:+,.2f} of cash that the journal cannot explain" if gap else "and journal agree on cash again"
        level = Level.P1 if gap else Level.P2
        step.alerts.append(self._desk.alert("A031", level, f"cash-{domain}", f"{domain} {words}"))

    def _adopt(self, domain: str, underlying: str, moved: Mapping[str, int], step: Step) -> None:
        del self._foreign[domain, underlying]
        now, book = self._desk.now(), self._desk.book
        step.events.append(ForeignAdopted(account_domain=domain, underlying=underlying, positions=moved, at=now))
        text = f"{domain}: {dict(moved)} came from elsewhere, is adopted as foreign, and is nobody's to trade here"
        step.alerts.append(self._desk.alert("A032", Level.P0, f"foreign-{underlying}", text))
        if book.quarantined_in.get(underlying) == domain and underlying in book.quarantined:
            step.events.append(happened.QuarantineLifted(underlying=underlying, text=text, at=now))
