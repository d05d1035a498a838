"""A crash on a real tree: the account's loss of the day trips, openings stop for good, exits go on, a person resets."""

import json
import time
from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal

import pytest

from actors.domain.market.contract import Right
from actors.domain.orders.breaker_event import BreakerTripped, BreakerWarned
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.signal import Close, Open
from actors.domain.portfolio.mark import natural_price
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.streams import LocalStream
from actors.venue.control import Start
from supervisor.app.drill import JournalTail, ask_venue, strike
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.workplace import Workplace
from tests.supervisor.app.trees import STEP, down, events, holdfast, until, up

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]
CRASH_AFTER_S, WIDTH = 75, 150
SETTINGS = {
    "market.gaps": [{"after_s": CRASH_AFTER_S, "move": -0.07}],
    "risk.structure_loss_max": 15_000,
    "risk.account_loss_max": 30_000,
    "risk.spread_max": 2.0,
    "risk.spread_floor": 5.0,
}
TRIPPED = "account.tastytrade.loss_day.reduce"


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    where = places(tmp_path / "state")
    try:
        up(where, settings=SETTINGS)
        yield where
    finally:
        down(where)


@pytest.fixture
def trader(where) -> Iterator[FaultTrader]:
    place = Workplace.visitor(where)
    stream = LocalStream(where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED)
    yield FaultTrader(stream, place.clock, JournalTail(where, place.products), 0, "SPX")
    stream.close()


def turned(trader: FaultTrader, true) -> bool:
    trader.turn(0.05)
    return bool(true())


def put_spread(trader: FaultTrader, width: int = WIDTH) -> Open | None:
    """Sell the put at the money, and buy one far below, at what both trade at now; None where nobody would."""
    puts = [each for each in trader.quotes.universe.contracts if each.right is Right.PUT]
    first = min(each.expires_on for each in puts)
    by_strike = {each.strike: each.symbol for each in puts if each.expires_on == first}
    spot = trader._spot()
    short = min(by_strike, key=lambda strike: abs(strike - spot))
    long = min(by_strike, key=lambda strike: abs(strike - (short - width)))
    legs = (
        Leg(symbol=by_strike[short], action=Action.SELL_TO_OPEN),
        Leg(symbol=by_strike[long], action=Action.BUY_TO_OPEN),
    )
    credit = natural_price(legs, trader.quotes)
    if credit is None or credit <= 0:
        return None
    price = (credit / STEP).to_integral_value(ROUND_FLOOR) * STEP
    return Open(underlying="SPX", legs=legs, order_qty=1, net_price=price)


def asked(trader: FaultTrader, name: str, request: Open | Close) -> bool:
    """Ask once, and return whether the answer is here."""
    if name not in trader.answers and not trader.waits:
        trader.ask(name, request)
    trader.turn(0.05)
    return name in trader.answers


def admitted(trader: FaultTrader, width: int = WIDTH) -> bool:
    """Ask for the spread again and again until it is let in."""
    if trader.has_quotes and not trader.waits and (request := put_spread(trader, width)) is not None:
        trader.ask(f"spread-{len(trader.answers)}", request)
    trader.turn(0.05)
    return any(answer.admitted for answer in trader.answers.values())


def refused_by(trader: FaultTrader, name: str, opening: str) -> set[str]:
    """Ask for what an order opened once more; return the codes of what it fails."""
    order = trader.tail.book.orders[opening].order
    again = Open(underlying=order.underlying, legs=order.legs, order_qty=1, net_price=order.net_price)
    until(lambda: asked(trader, name, again), 60)
    return {check.code.value for check in trader.answers[name].checks if not check.passed}


def hasten(where: Places, speed: float) -> None:
    """Have the market's time run so many times as fast as ours."""
    ask_venue(where, "POST", "clock", Start(speed=speed).model_dump_json().encode())


def test_a_crash_trips_the_daily_loss_and_openings_stop_until_a_person_resets(where, trader):
    until(lambda: admitted(trader))
    name = next(answer.cl_ord_id for answer in trader.answers.values() if answer.admitted)
    held = trader.tail.book.structures
    until(lambda: turned(trader, lambda: name in held and held[name].quantity), 30)
    assert events(where, BreakerTripped) == []

    hasten(where, 10)
    until(lambda: turned(trader, lambda: events(where, BreakerTripped)), CRASH_AFTER_S + 30)
    hasten(where, 1)
    trip = next(each for each in events(where, BreakerTripped) if each.name == TRIPPED)
    assert trip.value >= trip.limit == Decimal("0.05") * trip.base
    assert (read_latch(where.latch).level, read_latch(where.latch).by) == (StopLevel.REDUCE, "breaker")
    assert "R018" in refused_by(trader, "after-the-crash", name)
    until(lambda: "A091" in (where.state / "alerts.log").read_text(), 20)

    strike(where, "risk")
    strike(where, "executor")
    assert "R018" in refused_by(trader, "after-the-kill", name)
    assert len([each for each in events(where, BreakerTripped) if each.name == TRIPPED]) == 1

    until(lambda: asked(trader, "exit", Close(structure_id=name)), 30)
    assert trader.answers["exit"].admitted, [check for check in trader.answers["exit"].checks if not check.passed]

    done = holdfast("breaker", "reset", "all", "--reason", "the test has looked", "--state", where.state, "--json")
    assert done.returncode == 0, done.stderr
    assert TRIPPED in json.loads(done.stdout)["reset"]
    assert read_latch(where.latch).level is StopLevel.NONE
    until(lambda: "R018" not in refused_by(trader, f"after-the-reset-{time.monotonic_ns()}", name), 30)
    assert all(each.text for each in events(where, BreakerWarned))
