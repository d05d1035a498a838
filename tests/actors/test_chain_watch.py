"""The feed's look over everything: one survey of chains, halts and the clock, and who is told of changes."""

import numpy as np
import pytest

from actors.chain_watch import ChainWatch
from actors.domain.alerts.alert import Level
from actors.domain.market.flaw import Flaw, FlawLimits
from actors.domain.market.interest import Held
from tests.fakes import FakeClock
from tests.priced_chain import PricedChain


class Watched(PricedChain):
    """A priced chain that a feed watches."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.watch = ChainWatch(self.table, self.clock, FlawLimits(), drift_max_s=3.0)

    def second(self, behind_s: float) -> None:
        """Let a second pass at whose end every quote comes, stamped so long before it."""
        self.clock.advance(1)
        self.table.received_ns[:] = self.clock.ns
        self.table.exchange_ns[:] = int((self.clock.now.timestamp() - behind_s) * 1e9)
        self.watch.look()

    def told(self) -> list[tuple[str, Level, str]]:
        return [(alert.code, alert.level, alert.subject) for alert in self.watch.untold()]


def test_a_survey_names_the_rows_that_are_flawed_with_their_figures():
    chain = Watched()
    strange = chain.symbol(5060)
    chain.shift(strange, 0.8)
    survey = chain.watch.look()
    assert (survey.universe, survey.at_ns) == (1, chain.clock.ns)
    chain.table.take_survey(survey)
    found = chain.table.flaw(strange)
    assert Flaw.BUTTERFLY in found.flaws
    assert found.value > found.limit
    assert chain.table.flaw(chain.symbol(4900)) is None


def test_a_halt_stands_until_the_exchange_says_otherwise_and_each_change_is_told_once():
    chain = Watched()
    assert chain.watch.halt([(0, True)])
    assert not chain.watch.halt([(0, True)])
    assert chain.watch.look().halted == ("SPX",)
    assert chain.told() == [("A101", Level.P1, "SPX")]
    assert chain.watch.halt([(0, False)])
    assert chain.watch.look().halted == ()
    assert chain.told() == [("A101", Level.P2, "SPX")]


@pytest.mark.parametrize("behind_s", [-3.5, 3.5])
def test_a_clock_that_drifts_is_told_once_and_so_is_its_mending(behind_s):
    chain = Watched()
    for _ in range(10):
        chain.second(behind_s)
    assert chain.watch.survey.drift_s == pytest.approx(behind_s, abs=0.01)
    assert chain.told() == [("A100", Level.P1, "clock")]
    for _ in range(40):
        chain.second(0.1)
    assert chain.told() == [("A100", Level.P2, "clock")]


def test_a_clock_that_is_right_is_not_spoken_of():
    chain = Watched()
    for _ in range(10):
        chain.second(0.5)
    assert chain.told() == []


def test_interest_is_told_once_after_it_changed_and_to_whoever_comes_late():
    chain = Watched()
    assert chain.watch.look_again() == chain.watch.news()
    chain.watch.know([(1, Held(40, 3)), (2, Held(7, None))])
    survey, interest = chain.watch.look_again()
    assert chain.watch.look_again() == [chain.watch.survey]
    assert chain.watch.news() == [chain.watch.survey, interest]
    chain.watch.know([(2, Held(8, None))])
    interest = chain.watch.look_again()[1]
    assert interest.held == {1: Held(40, 3), 2: Held(8, None)}
    chain.table.take_interest(interest.model_validate_json(interest.model_dump_json()))
    assert chain.table.held(chain.contracts[2].symbol) == Held(8, None)
    assert chain.table.held("SPX") is None
    assert survey.universe == 1


def test_another_day_is_laid_out_anew_and_what_stood_still_is_forgotten():
    chain = Watched()
    chain.watch.look()
    chain.clock.advance(86_400)
    chain.quote(5003.0, without=[chain.symbol(5000)])
    survey = chain.watch.look()
    assert not np.bitwise_and(np.array(survey.flaws, np.int64), int(Flaw.STUCK)).any()
