"""Universe and quotes come on two links: what came early is not lost, what is of another universe not applied."""

from types import SimpleNamespace

import numpy as np

from actors.domain.market.flaw import Flaw, Survey
from actors.domain.market.interest import Held, Interest
from actors.domain.market.quote import QuoteFrame
from actors.quote_sight import EARLY_FRAMES_MAX, QuoteSight
from tests import builders

FIRST = builders.universe().contracts[0].symbol


def frame(universe: int, bid: float) -> QuoteFrame:
    prices = {name: np.array([bid], np.float64) for name in ("bid", "ask", "bid_size", "ask_size")}
    return QuoteFrame(
        universe=universe,
        sequence=1,
        rows=np.array([0], np.int32),
        exchange_ns=np.array([1], np.int64),
        received_ns=5,
        codes=np.array([0], np.uint16),
        **prices,
    )


def sight() -> tuple[QuoteSight, SimpleNamespace]:
    desk = SimpleNamespace(quotes=None, contracts={})
    return QuoteSight(desk), desk


def test_frames_that_came_before_their_universe_are_applied_with_it_in_their_order():
    seen, desk = sight()
    assert not seen.take(frame(1, bid=2.0))
    assert not seen.take(frame(1, bid=3.0))
    seen.take_universe(builders.universe(1))
    assert desk.quotes.quote(FIRST).bid == 3
    assert FIRST in desk.contracts


def test_frames_of_another_universe_are_never_applied():
    seen, desk = sight()
    seen.take(frame(2, bid=2.0))
    seen.take_universe(builders.universe(1))
    assert desk.quotes.quote(FIRST) is None
    assert not seen.take(frame(2, bid=2.0))
    assert seen.take(frame(1, bid=4.0))
    assert desk.quotes.quote(FIRST).bid == 4


def test_the_same_universe_again_keeps_its_quotes_and_a_new_one_starts_without():
    seen, desk = sight()
    assert seen.known == 0
    seen.take_universe(builders.universe(1))
    seen.take(frame(1, bid=4.0))
    seen.take_universe(builders.universe(1))
    assert desk.quotes.quote(FIRST).bid == 4
    seen.take_universe(builders.universe(2))
    assert seen.known == 2
    assert desk.quotes.quote(FIRST) is None


def test_what_is_kept_is_bounded_and_the_newest_is_worth_the_most():
    seen, desk = sight()
    for number in range(EARLY_FRAMES_MAX + 1):
        seen.take(frame(1, bid=float(number + 1)))
    assert len(seen._early) == EARLY_FRAMES_MAX
    seen.take_universe(builders.universe(1))
    assert desk.quotes.quote(FIRST).bid == EARLY_FRAMES_MAX + 1


def test_what_the_feed_says_of_contracts_waits_for_its_universe_and_is_of_no_other():
    seen, desk = sight()
    flaws = {"rows": (0,), "flaws": (int(Flaw.STUCK),), "values": (2.0,), "limits": (1.0,)}
    seen.hear(Survey(universe=2, at_ns=1, **flaws))
    seen.hear(Interest(universe=2, held={0: Held(5, None)}))
    seen.take_universe(builders.universe(1))
    assert (desk.quotes.survey, desk.quotes.flaw(FIRST), desk.quotes.held(FIRST)) == (None, None, None)
    seen.take_universe(builders.universe(2))
    assert desk.quotes.flaw(FIRST).flaws is Flaw.STUCK
    assert desk.quotes.held(FIRST) == Held(5, None)
    seen.hear(Survey(universe=2, at_ns=2))
    assert (desk.quotes.survey.at_ns, desk.quotes.flaw(FIRST)) == (2, None)
