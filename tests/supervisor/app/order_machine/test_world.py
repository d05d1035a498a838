"""Histories that no handful of seeds shows, told to the order machine's world step by step."""

from datetime import timedelta
from decimal import Decimal

from actors.domain.orders.signal import Close, Open, Signal
from supervisor.app.order_machine.broker import Kind
from supervisor.app.order_machine.luck import Fate, Send, Trade
from supervisor.app.order_machine.market import SPREAD, UNDERLYING, WINGS
from supervisor.app.order_machine.world import World
from tests.switches import unwindings_may_look_alike
from tests.told_luck import ToldLuck

LOST = Send(fate=Fate.LOST, answered_s=None)


def ask(world: World, number: int, request: Open | Close) -> None:
    now = world.clock.market_now()
    signal = Signal(
        signal_id=f"told-20260105-{number}",
        strategy="told",
        request=request,
        reason="test",
        created_at=now,
        expires_at=now + timedelta(minutes=10),
    )
    world.submit(signal)


def two_that_lost_their_unwinding() -> World:
    """Two spreads at a broker that keeps no ids, of each the short alone traded; nobody knows of either unwinding."""
    luck = ToldLuck()
    world = World({"primary": Kind.LISTS, "backup": Kind.ECHOES}, luck)
    world.run(0.5)
    for number in (1, 2):
        price = Decimal("0.90") - Decimal("0.01") * number
        ask(world, number, Open(underlying=UNDERLYING, legs=SPREAD, order_qty=1, net_price=price))
    world.run(0.1)
    primary = world.links["primary"]
    for held in list(primary.broker.orders.values()):
        world.trade(primary, held, Trade(after_s=0, combos=1, places=(0,)))
        primary.broker.cancel(held)
        primary.push(held)
    # What would complete them is lost, too: it is tried once.
    luck.sends.extend([LOST] * 4)
    world.run(20)
    luck.is_marketable = True
    world.run(30)
    return world


def naked(world: World) -> list[str]:
    return [name for name, each in world.book.structures.items() if each.naked]


def test_two_unwindings_lost_at_a_broker_without_ids_are_proved_absent_and_made_anew():
    world = two_that_lost_their_unwinding()
    assert (naked(world), world.book.live_orders()) == ([], [])


def test_were_they_alike_neither_doubt_would_ever_end(monkeypatch):
    unwindings_may_look_alike(monkeypatch)
    world = two_that_lost_their_unwinding()
    assert [life.in_doubt for life in world.book.live_orders()] == [True, True]
    assert len(naked(world)) == 2


def test_a_long_alone_that_nobody_bids_for_has_no_closing_order_and_no_executor_dies_of_it():
    world = World({"primary": Kind.LISTS, "backup": Kind.ECHOES}, ToldLuck())
    world.run(0.5)
    ask(world, 1, Open(underlying=UNDERLYING, legs=SPREAD, order_qty=1, net_price=Decimal("0.90")))
    world.run(0.1)
    primary = world.links["primary"]
    (held,) = primary.broker.orders.values()
    world.unwant(WINGS)
    world.trade(primary, held, Trade(after_s=0, combos=1, places=(1,)))
    primary.broker.cancel(held)
    primary.push(held)
    world.run(1)
    (structure,) = world.book.structures.values()
    assert structure.holdings == {WINGS[1]: 1}
    ask(world, 2, Close(structure_id=structure.structure_id))
    world.run(1)
    assert [answer.admitted for answer in world.answers] == [True, False]
    assert world.deaths == 0
