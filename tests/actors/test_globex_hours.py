"""Options on a future, asked for at the hours that stocks do not trade: the executor's gate over the shipped tables."""

import pytest

from actors.domain.orders.order import Action, Leg
from actors.domain.orders.refusal import Code
from tests import expiries
from tests.actors.test_delivered_futures import FUTURE, LONG, SHORT, Pit
from tests.builders import open_signal
from tests.rig import Rig


def refused(at: str) -> set[Code]:
    """Return why a put spread on the future is not opened at a New York time, by an executor that starts then."""
    pit = Pit.__new__(Pit)
    pit.options = (LONG, SHORT)
    Rig.__init__(pit)
    pit.clock.now = expiries.at(at)
    pit.ready()
    pit.after(1)
    legs = (Leg(symbol=LONG, action=Action.BUY_TO_OPEN), Leg(symbol=SHORT, action=Action.SELL_TO_OPEN))
    answer = pit.ask(open_signal(1, pit.clock.now, underlying=FUTURE, legs=legs, net_price="39"))
    return {check.code for check in answer.checks if not check.passed}


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-05T20:00",
        "2026-01-11T18:01",  # Sunday evening
        "2026-01-19T12:59",  # Martin Luther King
        "2026-01-19T18:01",
        "2026-03-08T18:01",  # the clock was changed that morning
    ],
)
def test_a_spread_opens_while_globex_trades(at):
    assert refused(at) == set()


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-05T17:30",  # the daily halt
        "2026-01-10T12:00",
        "2026-01-11T17:59",
        "2026-01-19T13:01",  # the holiday's halt
    ],
)
def test_and_not_while_it_halts(at):
    assert refused(at) == {Code.R020_SESSION_CLOSED}
