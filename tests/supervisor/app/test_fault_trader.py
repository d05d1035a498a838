"""The trader of a fault run, against an executor played by hand on a real stream."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.orders.order import Action
from actors.domain.orders.signal import Cancel
from actors.messages import SignalAnswered, SubmitSignal
from actors.places import places
from actors.ports import Envelope
from actors.streams import LocalStream
from supervisor.app.drill import JournalTail
from supervisor.app.fault_trader import EXECUTOR, NAME, REACH, WIDTH, Draw, FaultTrader, structure
from tests.builders import EXPIRY, PRODUCTS, spxw
from tests.fakes import FakeClock

STRIKES = range(5700, 6305, 5)
CONTRACTS = tuple(
    PRODUCTS.contract(spxw(strike, right, EXPIRY + timedelta(days=days)))
    for days in range(3)
    for strike in STRIKES
    for right in "CP"
)
luck = st.floats(0, 1, exclude_max=True, allow_subnormal=False)
draws = st.builds(Draw, **dict.fromkeys(Draw.model_fields, luck))


@settings(deadline=None)
@given(draws, st.integers(5850, 6150))
def test_every_structure_is_out_of_the_money_and_covers_its_shorts(draw, spot):
    legs = structure(CONTRACTS, Decimal(spot), draw)
    contracts = {leg.symbol: PRODUCTS.contract(leg.symbol) for leg in legs}
    assert legs
    assert len(contracts) == len(legs)
    assert len({contract.expires_on for contract in contracts.values()}) == 1
    for leg in legs:
        away = (contracts[leg.symbol].strike - spot) * (1 if contracts[leg.symbol].right == "C" else -1)
        assert 0 < away <= 5 * (REACH + 2 * WIDTH)
    assert sum(leg.action is Action.SELL_TO_OPEN for leg in legs) <= len(legs) / 2


@settings(deadline=None)
@given(st.lists(st.tuples(draws, st.integers(5850, 6150)), min_size=2, max_size=20))
def test_no_two_structures_meet_in_a_contract_with_opposite_signs(drawn):
    legs = [leg for draw, spot in drawn for leg in structure(CONTRACTS, Decimal(spot), draw)]
    bought = {leg.symbol for leg in legs if leg.action.is_buy}
    sold = {leg.symbol for leg in legs if not leg.action.is_buy}
    assert not bought & sold


def test_where_the_chain_ends_there_is_no_structure():
    far = Draw(**dict.fromkeys(Draw.model_fields, 0.99))
    assert structure(CONTRACTS, Decimal(STRIKES[-1]), far) == ()
    assert structure((), Decimal(6000), far) == ()


class Played:
    """A trader, and the executor it talks to."""

    def __init__(self, folder) -> None:
        where = places(folder / "state")
        self.executor = LocalStream(where, EXECUTOR, incarnation=1)
        self.stream = LocalStream(where, NAME, incarnation=1, peers=(EXECUTOR,))
        self.trader = FaultTrader(self.stream, FakeClock(), JournalTail(where, PRODUCTS), seed=1, underlying="SPX")

    def heard(self, count: int) -> list[SubmitSignal]:
        """The next `count` signals the executor hears."""
        found: list[SubmitSignal] = []
        deadline = time.monotonic() + 10
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} signals came"
            self.trader.turn(0.01)
            arrivals = self.executor.receive(0.01)
            found += [
                each.message
                for each in arrivals
                if isinstance(each, Envelope) and isinstance(each.message, SubmitSignal)
            ]
        return found

    def answer(self, signal_id: str, *, admitted: bool) -> None:
        answered = SignalAnswered(signal_id=signal_id, admitted=admitted, cl_ord_id=None, checks=())
        before = len(self.trader.contradicted), len(self.trader.waits)
        self.executor.tell(NAME, answered)
        deadline = time.monotonic() + 10
        while (len(self.trader.contradicted), len(self.trader.waits)) == before:
            assert time.monotonic() < deadline, "the answer was not heard"
            self.trader.turn(0.01)


@pytest.fixture
def played(tmp_path):
    played = Played(tmp_path)
    yield played
    played.stream.close()
    played.executor.close()


def test_a_signal_without_an_answer_is_sent_again_as_it_was(played):
    played.trader.ask("s1", Cancel(cl_ord_id="o1"))
    first, second = played.heard(2)
    assert first == second
    assert played.trader.waits == ("s1",)


def test_an_answer_ends_the_asking_and_the_same_id_is_not_sent_anew(played):
    played.trader.ask("s1", Cancel(cl_ord_id="o1"))
    played.heard(1)
    played.answer("s1", admitted=True)
    played.trader.ask("s1", Cancel(cl_ord_id="o1"))
    assert played.trader.waits == ()
    assert played.trader.answers["s1"].admitted


def test_two_answers_that_differ_are_told(played):
    played.trader.ask("s1", Cancel(cl_ord_id="o1"))
    played.heard(1)
    played.answer("s1", admitted=True)
    played.answer("s1", admitted=False)
    assert played.trader.contradicted == ["s1: answered True, then False"]
