"""Each check of prices has a switch, as the laws have (`test_laws`): off, and what it guards against gets through.

A check is a short story of a feed that looks over a priced chain and an executor that is asked to open on it; it passes
as the code stands. What is switched off is the rule itself: strict on openings, permissive on exits, flaw by flaw.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from actors import chain_watch
from actors.chain_watch import ChainWatch
from actors.domain.market import flaw as flaws
from actors.domain.market.chain_check import ChainCheck
from actors.domain.market.clock_drift import ClockDrift
from actors.domain.market.flaw import Flaw, FlawLimits, Survey
from actors.domain.market.quote import QuoteTable
from actors.domain.risk import gate, market_sound
from tests.builders import CONDOR_SYMBOLS, close_signal, open_signal, universe
from tests.fakes import FakeClock
from tests.priced_chain import PricedChain, listed
from tests.rig import Rig

ROW = universe().rows()[CONDOR_SYMBOLS[1]]
LATER = FakeClock().now.date().replace(month=2)


def told(rig: Rig, **changes: object) -> Rig:
    """Let the executor hear a survey that is not clean."""
    rig.hear("data_feed", Survey(universe=1, at_ns=rig.clock.ns).model_copy(update=changes))
    return rig


def flawed(flaw: Flaw) -> dict[str, object]:
    return {"rows": (ROW,), "flaws": (int(flaw),), "values": (3.0,), "limits": (1.0,)}


def opens(rig: Rig) -> bool:
    return rig.ask(open_signal(1)).admitted


# What the gate asks of an opening.


def a_flawed_leg_is_not_opened_on() -> None:
    assert not opens(told(Rig().ready(), **flawed(Flaw.STUCK)))


def no_leg_is_looked_up(off: pytest.MonkeyPatch) -> None:
    off.setattr(QuoteTable, "flaw", lambda self, symbol: None)


def a_halted_underlying_is_not_opened_on() -> None:
    assert not opens(told(Rig().ready(), halted=("SPX",)))


def the_gate_asks_nothing_of_the_market(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "market_sound", lambda *_: iter(()))


def a_clock_that_drifts_opens_nothing() -> None:
    assert not opens(told(Rig().ready(), drift_s=-8.0))


def any_drift_will_do(off: pytest.MonkeyPatch) -> None:
    passing = market_sound._clock_right
    off.setattr(market_sound, "_clock_right", lambda *seen: passing(*seen)._replace(passed=True))


def an_underlying_that_is_silent_opens_nothing() -> None:
    rig = Rig().ready()
    rig.executor._desk.quotes.exchange_ns[0] -= int(61e9)
    assert not opens(rig)


def only_the_legs_must_tick(off: pytest.MonkeyPatch) -> None:
    passing = market_sound._heartbeat
    off.setattr(market_sound, "_heartbeat", lambda *seen: passing(*seen)._replace(passed=True))


def what_broke_off_is_not_opened_on() -> None:
    rig = Rig().ready()
    assert not opens(told(rig, since_ns=rig.clock.ns + 1))


def no_quote_is_cut(off: pytest.MonkeyPatch) -> None:
    off.setattr(QuoteTable, "is_cut", lambda self, symbol: False)


def without_a_look_over_the_chain_nothing_is_opened() -> None:
    rig = Rig().ready()
    rig.executor._desk.quotes.survey = None
    assert not opens(rig)


def an_exit_is_asked_none_of_it() -> None:
    rig = Rig().ready()
    held = rig.opened(open_signal(1))
    told(rig, **flawed(Flaw.PARITY), halted=("SPX",), drift_s=60.0, since_ns=rig.clock.ns + 1)
    rig.executor._desk.quotes.exchange_ns[:] -= int(3600e9)
    assert rig.ask(close_signal(2, held)).admitted


def a_close_is_asked_what_openings_are(off: pytest.MonkeyPatch) -> None:
    review = gate._review_close

    def strict(request: Any, seen: Any) -> Any:
        yield market_sound._clock_right(seen.quotes.survey, seen.permit.limits, 0.0)
        yield from review(request, seen)

    off.setattr(gate, "_review_close", strict)


# What the feed sees.


def seen(chain: PricedChain) -> Flaw:
    """Return every flaw that a survey of the feed tells."""
    survey = ChainWatch(chain.table, FakeClock(), FlawLimits(), 3.0)
    survey._check, survey._on = chain.check, FakeClock().now.date()
    found = Flaw(0)
    for each in survey.look().flaws:
        found |= Flaw(each)
    return found


def an_offer_under_its_worth_is_seen() -> None:
    chain = PricedChain()
    chain.spoil(chain.symbol(4920), 70.0, 78.5)
    assert Flaw.UNDER_WORTH in seen(chain)


def parity_that_does_not_hold_is_seen() -> None:
    chain = PricedChain()
    chain.shift(chain.symbol(5010), 1.0)
    assert Flaw.PARITY in seen(chain)


def a_vertical_for_nothing_is_seen() -> None:
    chain = PricedChain()
    chain.shift(chain.symbol(5000), 12.0)
    assert Flaw.VERTICAL in seen(chain)


def a_butterfly_for_nothing_is_seen() -> None:
    chain = PricedChain()
    chain.shift(chain.symbol(5060), 0.8)
    assert Flaw.BUTTERFLY in seen(chain)


def a_price_off_its_neighbours_smile_is_seen() -> None:
    chain = PricedChain(listed(expiries=(LATER,)))
    chain.shift(chain.symbol(5050, expires_on=LATER), -2.5)
    assert Flaw.OFF_MODEL in seen(chain)


def a_stuck_price_is_seen() -> None:
    chain = PricedChain()
    chain.look()
    chain.quote(5002.0, without=[chain.symbol(5000)])
    assert Flaw.STUCK in seen(chain)


def off_is(flaw: Flaw) -> Callable[[pytest.MonkeyPatch], None]:
    """Return the switch that makes the look blind to one flaw."""

    def switch(off: pytest.MonkeyPatch) -> None:
        over = ChainCheck._over

        def blind(self: ChainCheck, found: Flaw, *figures: Any) -> None:
            if found is not flaw:
                over(self, found, *figures)

        off.setattr(ChainCheck, "_over", blind)

    return switch


def nothing_is_remembered(off: pytest.MonkeyPatch) -> None:
    find = ChainCheck._find_stuck

    def forgetful(self: ChainCheck, spot: Any) -> None:
        self._stood_bid[:] = -1.0
        find(self, spot)

    off.setattr(ChainCheck, "_find_stuck", forgetful)


def a_drift_is_measured() -> None:
    chain, clock = PricedChain(), FakeClock()
    watch = ChainWatch(chain.table, clock, FlawLimits(), 3.0)
    for _ in range(10):
        clock.advance(1)
        chain.table.received_ns[:] = clock.ns
        chain.table.exchange_ns[:] = int((clock.now.timestamp() - 9) * 1e9)
        survey = watch.look()
    assert survey.drift_s == pytest.approx(9.0, abs=0.01)


def stamps_are_not_held_against_the_clock(off: pytest.MonkeyPatch) -> None:
    off.setattr(ClockDrift, "look", lambda self, table, now_ns, boot_ns: None)


def a_halt_is_kept() -> None:
    watch = ChainWatch(PricedChain().table, FakeClock(), FlawLimits(), 3.0)
    watch.halt([(0, True)])
    watch.look()
    assert watch.look().halted == ("SPX",)


def a_halt_ends_with_the_look_that_told_it(off: pytest.MonkeyPatch) -> None:
    look = ChainWatch.look

    def once(self: ChainWatch) -> Survey:
        survey = look(self)
        self._halted.clear()
        return survey

    off.setattr(chain_watch.ChainWatch, "look", once)


def a_survey_of_another_numbering_accuses_nobody() -> None:
    table = QuoteTable(universe())
    table.take_survey(Survey(universe=2, at_ns=1).model_copy(update=flawed(Flaw.STUCK)))
    assert table.flaw(CONDOR_SYMBOLS[1]) is None


def rows_are_rows(off: pytest.MonkeyPatch) -> None:
    def take(self: QuoteTable, survey: Survey) -> None:
        self.survey, self._flaws = survey, survey.found()

    off.setattr(QuoteTable, "take_survey", take)


@dataclass(frozen=True)
class Switch:
    """A rule's check, and what switches the rule off."""

    check: Callable[[], None]
    off: Callable[[pytest.MonkeyPatch], None]


SWITCHES = (
    Switch(a_flawed_leg_is_not_opened_on, no_leg_is_looked_up),
    Switch(a_flawed_leg_is_not_opened_on, the_gate_asks_nothing_of_the_market),
    Switch(a_halted_underlying_is_not_opened_on, the_gate_asks_nothing_of_the_market),
    Switch(what_broke_off_is_not_opened_on, no_quote_is_cut),
    Switch(what_broke_off_is_not_opened_on, the_gate_asks_nothing_of_the_market),
    Switch(a_clock_that_drifts_opens_nothing, any_drift_will_do),
    Switch(an_underlying_that_is_silent_opens_nothing, only_the_legs_must_tick),
    Switch(without_a_look_over_the_chain_nothing_is_opened, the_gate_asks_nothing_of_the_market),
    Switch(an_exit_is_asked_none_of_it, a_close_is_asked_what_openings_are),
    Switch(an_offer_under_its_worth_is_seen, off_is(Flaw.UNDER_WORTH)),
    Switch(parity_that_does_not_hold_is_seen, off_is(Flaw.PARITY)),
    Switch(a_vertical_for_nothing_is_seen, off_is(Flaw.VERTICAL)),
    Switch(a_butterfly_for_nothing_is_seen, off_is(Flaw.BUTTERFLY)),
    Switch(a_price_off_its_neighbours_smile_is_seen, off_is(Flaw.OFF_MODEL)),
    Switch(a_stuck_price_is_seen, off_is(Flaw.STUCK)),
    Switch(a_stuck_price_is_seen, nothing_is_remembered),
    Switch(a_drift_is_measured, stamps_are_not_held_against_the_clock),
    Switch(a_halt_is_kept, a_halt_ends_with_the_look_that_told_it),
    Switch(a_survey_of_another_numbering_accuses_nobody, rows_are_rows),
)


def named(switch: Switch) -> str:
    return f"{switch.check.__name__}, unless {switch.off.__name__}"


@pytest.mark.parametrize("switch", SWITCHES, ids=named)
def test_the_rule_holds(switch):
    switch.check()


@pytest.mark.parametrize("switch", SWITCHES, ids=named)
def test_without_the_rule_its_check_fails(switch, monkeypatch):
    switch.off(monkeypatch)
    with pytest.raises(AssertionError):
        switch.check()


def test_every_flaw_has_a_switch():
    names = {switch.check.__name__ for switch in SWITCHES if switch.off.__name__ == "switch"}
    assert len(names) == len(flaws.Flaw)
