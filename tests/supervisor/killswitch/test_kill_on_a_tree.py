"""The kill switch on a real tree: all of it stopped, condors and resting orders at both brokers."""

import json
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby

import pytest

from actors.domain.market.contract import Contract, Products, Right
from actors.domain.orders.kill_event import KillSwitchFired
from actors.domain.orders.order import Fill
from actors.domain.orders.report import AccountState
from actors.domain.orders.signal import Open
from actors.domain.portfolio.mark import natural_price
from actors.domain.risk.kill_plan import KILL, may_trade
from actors.latch import StopLevel, read_latch
from actors.places import Places, places
from actors.streams import LocalStream
from actors.venue.faults import Fault, FaultKind, Route
from supervisor import directory as directories
from supervisor import ending
from supervisor.app.drill import JournalTail, heal, inject
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, STEP, Draw, FaultTrader, structure
from supervisor.app.statement import accounts
from supervisor.app.workplace import Workplace
from supervisor.process import Process, alive, send
from supervisor.runtime import read_mark
from tests.supervisor.app.trees import down, events, holdfast, rest_an_order, until, up

pytestmark = [pytest.mark.tree, pytest.mark.timeout(400)]
SETTINGS = {
    "market.cash": 1_000_000,
    "risk.structure_loss_max": 50_000,
    "risk.account_loss_max": 500_000,
    "risk.structures_max": 20,
    "risk.spread_max": 2.0,
    "risk.spread_floor": 5.0,
    "risk.contracts_max": 100,
}
MIDDLE = dict.fromkeys(("kind", "edge", "quantity", "target", "way", "shape", "reach"), 0.0)


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


def condor(trader: FaultTrader, expiry: float, beyond: Decimal = Decimal(0)) -> Open | None:
    """A condor at what it trades at, or so many points beyond it."""
    spot = trader._spot()
    legs = structure(trader.quotes.universe.contracts, spot, Draw(**MIDDLE, expiry=expiry, width=0.9)) if spot else ()
    natural = natural_price(legs, trader.quotes) if legs else None
    if natural is None:
        return None
    price = ((natural + beyond) / STEP).to_integral_value(ROUND_FLOOR) * STEP
    return Open(underlying="SPX", legs=legs, order_qty=1, net_price=price)


def opened(trader: FaultTrader, prefix: str, expiry: float, domain: str, beyond: Decimal = Decimal(0)) -> str:
    """Ask until one works, or is held where nothing was asked beyond the market, in that account; return its name."""
    book = trader.tail.book

    def there() -> str | None:
        trader.turn(0.05)
        for name in [each for each in trader.answers if each.startswith(prefix)]:
            life = book.orders.get(name)
            if life is not None and life.last is not None and life.last.account_domain == domain:
                held = book.structures.get(name)
                if life.last.broker_order_id and (beyond or (held is not None and held.quantity)):
                    return name
        lives = any(life.order.cl_ord_id.startswith(prefix) for life in book.live_orders())
        if trader.has_quotes and not trader.waits and not lives and (request := condor(trader, expiry, beyond)):
            trader.ask(f"{prefix}-{len(trader.answers)}", request)
        return None

    until(there, 60)
    return there() or ""


def everybody_but_the_market(where: Places) -> list[Process]:
    directory = directories.read(where.directory)
    venue = directory.children["venue"].process
    masters = [held.process for held in ending.masters(where)]
    return [*masters, *(each for each in ending.named(where) if each != venue)]


def who_sends(where: Places) -> list[Process]:
    names = ("executor", "connection.tastytrade", "connection.alpaca")
    children = directories.read(where.directory).children
    return [*(held.process for held in ending.masters(where)), *(children[name].process for name in names)]


def fills_in_order(state: AccountState) -> list[Fill]:
    return sorted((fill for order in state.orders for fill in order.fills), key=lambda fill: fill.at)


def naked(state: AccountState, products: Products) -> list[str]:
    """What stood short beyond its longs of the same expiry and right, after any instant at which something filled."""
    held: dict[str, int] = defaultdict(int)
    found = []
    for at, fills in groupby(fills_in_order(state), key=lambda fill: fill.at):
        for fill in fills:
            held[fill.symbol] += fill.action.sign * fill.last_qty
        sides: dict[tuple[object, Right | None], int] = defaultdict(int)
        for symbol, quantity in held.items():
            contract: Contract = products.contract(symbol)
            sides[contract.expires_on, contract.right] += quantity
        found += [f"{at}: {side}" for side, quantity in sides.items() if quantity < 0]
    return found


def orders_at(states: tuple[AccountState, ...]) -> dict[str, set[str]]:
    return {state.account_domain: {order.broker_order_id for order in state.orders} for state in states}


def test_the_whole_tree_is_stopped_and_the_kill_switch_cancels_and_closes_at_both_brokers(where, trader, capsys):
    opened(trader, "first", 0.1, "tastytrade")
    opened(trader, "rests", 0.4, "tastytrade", Decimal(3))
    inject(where, Fault(route=Route.TASTYTRADE, kind=FaultKind.REFUSE))
    opened(trader, "second", 0.1, "alpaca")
    opened(trader, "waits", 0.4, "alpaca", Decimal(3))
    heal(where)
    place = Workplace.visitor(where)
    before = accounts(place)
    assert all(any(map(may_trade, state.orders)) and len(state.positions) == 4 for state in before)

    frozen, senders = everybody_but_the_market(where), who_sends(where)
    for process in frozen:
        send(process, signal.SIGSTOP)
    began = time.monotonic()
    done = holdfast("kill", "--yes", "--reason", "the test", "--by", "ann", "--state", where.state, "--json")
    with capsys.disabled():
        print(f"\nkill switch: {time.monotonic() - began:.1f} s\n{done.stderr}{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["flat"], told["may_live"]) == (True, [])
    assert read_latch(where.latch).level is StopLevel.FLATTEN
    after = accounts(place)
    for state in after:
        assert state.positions == ()
        assert not any(map(may_trade, state.orders))
        assert naked(state, place.products) == []
        assert sum(str(order.attempt_id).startswith(KILL) for order in state.orders) >= 1

    assert not any(map(alive, senders))
    for process in frozen:
        send(process, signal.SIGCONT)
    mark = read_mark(where, "risk")
    until(lambda: read_mark(where, "risk").passes > mark.passes + 20, 60)
    assert orders_at(accounts(place)) == orders_at(after)

    done = holdfast("up", "--state", where.state, "--plan", where.state / "a-plan.json", "--detach")
    assert done.returncode == 0, done.stderr
    done = holdfast("scorecard", "--wait", "40", "--state", where.state, "--json")
    card = json.loads(done.stdout)["card"]
    assert (card["lost"], card["doubled"], card["in_doubt"], card["naked"]) == ([], [], [], []), card
    assert len(events(where, KillSwitchFired)) == 1
    assert orders_at(accounts(place)) == orders_at(after)


def test_the_dead_man_timer_fires_on_a_tree_that_is_stopped_whole_and_ends_with_one_that_is_ended(tmp_path):
    where = places(tmp_path / "state")
    said = where.logs / "killswitch.log"
    try:
        up(where, settings={**SETTINGS, "killswitch.dead_man_s": 10})
        rest_an_order(where)
        until(lambda: "LOGIN" in said.read_text(), 60)
        frozen = everybody_but_the_market(where)
        for process in frozen:
            send(process, signal.SIGSTOP)
        until(lambda: "FLAT" in said.read_text().splitlines()[-1], 90)
        told = said.read_text()
        assert "FIRES" in told
        assert "CANCEL" in told
        assert not any(
            map(may_trade, (order for state in accounts(Workplace.visitor(where)) for order in state.orders))
        )
        for process in frozen:
            send(process, signal.SIGCONT)
        assert holdfast("up", "--state", where.state, "--plan", where.state / "a-plan.json", "--detach").returncode == 0
        until(lambda: "LOGIN" in said.read_text().splitlines()[-1], 60)
    finally:
        down(where)
    until(lambda: "ENDED    the runtime was ended as planned" in said.read_text().splitlines()[-1], 20)
