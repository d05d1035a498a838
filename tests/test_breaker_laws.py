"""Each rule of the breakers on losses has a switch, as the laws have (`test_laws`): off, and its check fails.

A check is a short story told by an executor, a watch of risk's over a real checkpoint and a real latch, and their
messages; it passes as the code stands. What is switched off is the rule itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors import breaker_desk, chase
from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.orders.breaker_event import BreakerTripped
from actors.domain.orders.event import CancelAsked, SessionOpened
from actors.domain.portfolio import mark, result
from actors.domain.portfolio.breakers import Breakers
from actors.domain.risk import breaker, gate, withheld
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.gauge import Gauge
from actors.latch import tighten
from actors.messages import IssuePermit
from supervisor.checkpoints import CheckpointStore
from tests.actors.test_breaker_desk import MONDAY, days
from tests.builders import close_signal, open_signal, permit
from tests.fakes import START
from tests.rig import Rig

DOMAIN = "primary-account"


class Guarded(Rig):
    """An executor whose permits say what risk's breakers say."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.numbers = folder, iter(range(2, 10_000))
        super().__init__()
        self.ready()
        self.guard()

    def guard(self) -> None:
        """Start risk's watch, the first or a successor."""
        self.kept = CheckpointStore(self.folder / "risk")
        ports = BreakerPorts(self.kept, lambda latch: tighten(self.folder / "latch.json", latch))
        self.watch = BreakerWatch("risk", BreakerLimits(), ports)

    def look(self, *, is_heard: bool = True) -> None:
        """Let risk see the book; what it says is heard, unless it dies before."""
        told = self.watch.on_book(self.executor._picture().book, self.clock.ns, self.clock.now)
        if is_heard:
            self.hear("risk", *told)
            stops = dict(self.watch.stops)
            self.hear("risk", IssuePermit(permit=permit(next(self.numbers)).model_copy(update={"stops": stops})))

    def lose(self, dollars: int) -> None:
        self.book.cash[DOMAIN] -= dollars

    def opens(self) -> bool:
        return self.ask(open_signal(next(self.numbers))).admitted


def a_loss_at_its_limit_opens_nothing(folder: Path) -> None:
    rig = Guarded(folder)
    rig.lose(5_000)
    rig.look()
    assert not rig.opens()


def no_limit_is_ever_reached(off: pytest.MonkeyPatch) -> None:
    off.setattr(Gauge, "reaches", lambda self, share: False)


def the_gate_does_not_ask(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "_unbroken", lambda strategy, seen: gate._UNBROKEN)


def an_open_loss_counts_at_the_price_one_could_close_at(folder: Path) -> None:
    rig = Guarded(folder)
    rig.opened(open_signal(1))
    rig.lose(4_790)  # and 210 more, at the bids and asks of what is held
    rig.look()
    assert not rig.opens()


def a_position_is_worth_its_middle(off: pytest.MonkeyPatch) -> None:
    off.setattr(mark, "closing_price", lambda quote, quantity: quote.mid)


def an_open_loss_is_no_loss(off: pytest.MonkeyPatch) -> None:
    realised = result.account_result
    off.setattr(result, "account_result", lambda book, domain, quotes: realised(_flat(book), domain, quotes))


def _flat(book: Any) -> Any:
    found = type("Flat", (), {"found": book.found, "cash": book.cash, "baseline": book.baseline, "positions": {}})
    found.structures = {}
    return found


def prices_take_nothing_back(folder: Path) -> None:
    rig = Guarded(folder)
    rig.lose(5_000)
    rig.look()
    rig.lose(-9_000)
    rig.look()
    assert not rig.opens()


def a_trip_lasts_as_long_as_its_loss(off: pytest.MonkeyPatch) -> None:
    after = Breakers.after
    off.setattr(
        Breakers, "after", lambda self, event, at: self if isinstance(event, BreakerTripped) else after(self, event, at)
    )
    off.setattr(breaker, "_is_due", lambda due, known: False)


def what_tripped_and_was_not_told_is_told_by_the_successor(folder: Path) -> None:
    rig = Guarded(folder)
    rig.lose(5_000)
    rig.look(is_heard=False)
    rig.kept.close()
    rig.guard()
    rig.lose(-5_000)
    rig.look()
    assert not rig.opens()


def nothing_is_written_before_it_is_told(off: pytest.MonkeyPatch) -> None:
    off.setattr(CheckpointStore, "save", lambda self, state, sequence: None)


def an_equity_nobody_has_told_of_opens_nothing(folder: Path) -> None:
    rig = Guarded(folder)
    rig.after(61)
    rig.look()
    assert not rig.opens()


def an_account_worth_nothing_opens_nothing(folder: Path) -> None:
    rig = Guarded(folder)
    rig.executor._desk.seats.of("primary").worth = Decimal(0)
    rig.look()
    assert not rig.opens()


def what_is_unknown_is_inside_its_limits(off: pytest.MonkeyPatch) -> None:
    off.setattr(withheld, "unknown", lambda result, limits: "")


def an_exit_passes_every_breaker(folder: Path) -> None:
    rig = Guarded(folder)
    name = rig.opened(open_signal(1))
    rig.lose(50_000)
    rig.look()
    assert rig.watch.stops
    assert rig.ask(close_signal(2, name)).admitted


def a_close_is_asked_what_openings_are(off: pytest.MonkeyPatch) -> None:
    review = gate._review_close

    def strict(request: Any, seen: Any) -> Any:
        yield gate._unbroken("condor", seen)
        yield from review(request, seen)

    off.setattr(gate, "_review_close", strict)


def a_loss_before_midnight_and_one_after_it_are_one(folder: Path) -> None:
    rig = Guarded(folder)
    tuesday = date(2026, 1, 6)
    days(rig, tuesday)
    rig.clock.now = datetime(2026, 1, 6, 4, 59, tzinfo=UTC)  # 23:59 in New York
    rig.lose(2_500)
    rig.look()
    rig.clock.now = datetime(2026, 1, 6, 5, 1, tzinfo=UTC)
    baseline = {DOMAIN: Decimal(97_500), "backup-account": Decimal(100_000)}
    rig.book.apply(SessionOpened(session=tuesday, baseline=baseline, cash={}, at=rig.clock.now), rig.book.sequence + 1)
    rig.lose(2_500)
    rig.look()
    assert [trip.day for trip in rig.book.tally.breakers.tripped.values()] == [MONDAY]


def a_day_ends_at_midnight(off: pytest.MonkeyPatch) -> None:
    made = breaker_desk.results
    off.setattr(
        breaker_desk,
        "results",
        lambda book, quotes, equities, *, before_open: made(book, quotes, equities, before_open=False),
    )


def a_tripped_breaker_cancels_what_works(folder: Path) -> None:
    rig = Guarded(folder)
    rig.ask(open_signal(1))
    rig.outcome("condor-20260105-1-r1")
    rig.lose(5_000)
    rig.look()
    rig.after(0.1)
    assert rig.events(CancelAsked)


def openings_at_work_go_on(off: pytest.MonkeyPatch) -> None:
    off.setattr(chase, "stop_of", lambda strategy, told: None)


@dataclass(frozen=True)
class Switch:
    """A check of one rule, and how the rule is switched off."""

    check: Callable[[Path], None]
    off: Callable[[pytest.MonkeyPatch], None]


SWITCHES = (
    Switch(a_loss_at_its_limit_opens_nothing, no_limit_is_ever_reached),
    Switch(a_loss_at_its_limit_opens_nothing, the_gate_does_not_ask),
    Switch(an_open_loss_counts_at_the_price_one_could_close_at, a_position_is_worth_its_middle),
    Switch(an_open_loss_counts_at_the_price_one_could_close_at, an_open_loss_is_no_loss),
    Switch(prices_take_nothing_back, a_trip_lasts_as_long_as_its_loss),
    Switch(what_tripped_and_was_not_told_is_told_by_the_successor, nothing_is_written_before_it_is_told),
    Switch(an_equity_nobody_has_told_of_opens_nothing, what_is_unknown_is_inside_its_limits),
    Switch(an_account_worth_nothing_opens_nothing, what_is_unknown_is_inside_its_limits),
    Switch(an_exit_passes_every_breaker, a_close_is_asked_what_openings_are),
    Switch(a_loss_before_midnight_and_one_after_it_are_one, a_day_ends_at_midnight),
    Switch(a_tripped_breaker_cancels_what_works, openings_at_work_go_on),
)
named = pytest.mark.parametrize(
    "switch", SWITCHES, ids=[f"{each.check.__name__}-{each.off.__name__}" for each in SWITCHES]
)


@named
def test_the_rule_holds(switch, tmp_path):
    switch.check(tmp_path)


@named
def test_without_the_rule_its_check_fails(switch, tmp_path, monkeypatch):
    switch.off(monkeypatch)
    with pytest.raises(AssertionError, match="assert"):
        switch.check(tmp_path)


def test_the_story_begins_with_openings_that_go(tmp_path):
    rig = Guarded(tmp_path)
    rig.look()
    assert rig.opens()
    assert rig.clock.now == START
