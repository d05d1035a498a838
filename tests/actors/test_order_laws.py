"""Laws 1 to 6, held against every order of deaths, losses and answers that hypothesis can think of.

The world is the order machine's (`supervisor/app/order_machine`): a real executor among modelled connections and
brokers, each of which deduplicates, echoes or merely lists. Here nothing is drawn from a seed: hypothesis says what
becomes of each send, push, read and message, whom death takes and when, what trades and what is taken back, so what it
finds it can also make short. At the end all is healed and delivered, and then the book must equal what the brokers
hold, by the audit that judges the whole tree.
"""

from collections.abc import Set as AbstractSet
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.order import cl_ord_id_of
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Cancel, Close, Open, Signal
from actors.domain.portfolio.book import Book
from supervisor.app.audit import Audit
from supervisor.app.order_machine.broker import Kind
from supervisor.app.order_machine.luck import ANSWER_TIMEOUT_S, IN_FLIGHT_MAX_S, Fate, Send, Trade
from supervisor.app.order_machine.market import PRODUCTS, SHAPES, UNDERLYING
from supervisor.app.order_machine.verdict import verdict
from supervisor.app.order_machine.world import World
from tests import switches
from tests.told_luck import ToldLuck

ROUTES = ("primary", "backup")
MAY_EXIST = {AttemptState.SENDING, AttemptState.IN_DOUBT, AttemptState.ACCEPTED}
QUIET_TURNS = 60
routes = st.sampled_from(ROUTES)
sends = st.builds(
    Send,
    fate=st.sampled_from(Fate),
    booked_s=st.sampled_from([0.001, 0.1, ANSWER_TIMEOUT_S + 0.1, IN_FLIGHT_MAX_S]),
    answered_s=st.sampled_from([None, 0.002, 0.3, IN_FLIGHT_MAX_S + 0.05]),
)


class OrderLaws(RuleBasedStateMachine):
    """The world, and what may happen in it."""

    world: World

    @initialize(primary=st.sampled_from(Kind), backup=st.sampled_from(Kind))
    def begin(self, primary: Kind, backup: Kind) -> None:
        self.luck = ToldLuck()
        self.world = World({"primary": primary, "backup": backup}, self.luck)
        self.asked: dict[str, Signal] = {}
        self.folded = (0, Book(PRODUCTS))
        self.world.run(0.5)

    @property
    def journaled(self) -> Book:
        """The journal's book, folded from its JSON whenever the journal has grown."""
        length = len(self.world.journal.written_ns)
        if self.folded[0] != length:
            self.folded = (length, self.world.fold())
        return self.folded[1]

    @property
    def book(self) -> Book:
        return self.journaled if self.world.executor is None else self.world.book

    @property
    def held(self):
        return [(link, held) for link in self.world.links.values() for held in link.broker.orders.values()]

    @property
    def cancelled(self):
        return [(link, held) for link, held in self.held if held.status is Status.CANCELED]

    def ask(self, request: Open | Close | Cancel) -> None:
        now = self.world.clock.market_now()
        name = f"laws-20260105-{len(self.asked) + 1}"
        signal = Signal(
            signal_id=name,
            strategy="laws",
            request=request,
            reason="test",
            created_at=now,
            expires_at=now + timedelta(minutes=30),
        )
        self.asked[name] = signal
        self.world.submit(signal)

    # What may happen.

    @rule(shape=st.sampled_from(SHAPES), quantity=st.integers(1, 3), send=sends, seconds=st.sampled_from([0.0, 0.2]))
    def open_a_structure(self, shape, quantity: int, send: Send, seconds: float) -> None:
        self.luck.sends.append(send)
        # Each at a price of its own: a broker that keeps no ids knows an order by what it is.
        price = (Decimal("1.90") if len(shape) > 2 else Decimal("0.90")) - Decimal("0.01") * len(self.asked)
        self.ask(Open(underlying=UNDERLYING, legs=shape, order_qty=quantity, net_price=price))
        self.world.run(seconds)

    @precondition(lambda self: self.book.structures)
    @rule(data=st.data(), send=sends, is_priced=st.booleans())
    def close_a_structure(self, data: st.DataObject, send: Send, is_priced: bool) -> None:
        self.luck.sends.append(send)
        name = data.draw(st.sampled_from(sorted(self.book.structures)))
        price = Decimal("-2.50") - Decimal("0.01") * len(self.asked) if is_priced else None
        self.ask(Close(structure_id=name, net_price=price))
        self.world.run(0.01)

    @precondition(lambda self: self.book.live_orders())
    @rule(data=st.data(), fate=st.sampled_from([Fate.TAKEN, Fate.LOST, Fate.REJECTED]))
    def cancel_an_order(self, data: st.DataObject, fate: Fate) -> None:
        self.luck.cancels.append(fate)
        self.ask(
            Cancel(cl_ord_id=data.draw(st.sampled_from([each.order.cl_ord_id for each in self.book.live_orders()])))
        )
        self.world.run(0.01)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def a_signal_is_said_again(self, data: st.DataObject) -> None:
        self.world.submit(self.asked[data.draw(st.sampled_from(sorted(self.asked)))])
        self.world.run(0.01)

    @rule(delay=st.sampled_from([None, 0.3]), count=st.integers(1, 3))
    def the_next_messages_are_lost_or_late(self, delay: float | None, count: int) -> None:
        self.luck.hops.extend([delay] * count)

    @rule(pushes=st.sampled_from([(), (0.5,), (0.001, 0.4), (0.3, 0.002)]))
    def the_next_push_is_lost_late_or_double(self, pushes: tuple[float, ...]) -> None:
        self.luck.pushes.append(pushes)

    @rule(read=st.sampled_from([None, 0.3]), count=st.integers(1, 3))
    def the_next_readings_fail_or_lag(self, read: float | None, count: int) -> None:
        self.luck.reads.extend([read] * count)

    @rule(steps=st.integers(1, 8))
    def the_executor_dies_in_so_many_steps(self, steps: int) -> None:
        self.world.blow.left = steps

    @rule(steps=st.integers(1, 8), shape=st.sampled_from(SHAPES), send=sends)
    def the_executor_dies_over_an_opening(self, steps: int, shape, send: Send) -> None:
        self.world.blow.left = steps
        self.open_a_structure(shape=shape, quantity=1, send=send, seconds=0.2)

    @rule()
    def the_executor_dies(self) -> None:
        self.world.kill_executor()

    @rule(route=routes)
    def a_connection_dies(self, route: str) -> None:
        self.world.kill_link(route)

    @rule(route=routes, is_sick=st.booleans())
    def a_write_path_turns(self, route: str, is_sick: bool) -> None:
        self.world.links[route].is_sick = is_sick
        self.world.run(0.1)

    @rule()
    def the_machine_loses_power(self) -> None:
        self.world.lose_power()

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(), combos=st.integers(1, 2), places=st.sampled_from([None, (0,), (1,), (0, 1)]), late=st.booleans()
    )
    def a_broker_trades(self, data: st.DataObject, combos: int, places: tuple[int, ...] | None, late: bool) -> None:
        link, held = data.draw(st.sampled_from(self.held))
        self.world.trade(link, held, Trade(after_s=0, combos=combos, places=places, is_late=late))

    @precondition(lambda self: self.cancelled)
    @rule(data=st.data(), combos=st.integers(1, 2))
    def a_cancelled_order_has_traded_all_the_same(self, data: st.DataObject, combos: int) -> None:
        link, held = data.draw(st.sampled_from(self.cancelled))
        self.world.run(0.1)
        self.world.trade(link, held, Trade(after_s=0, combos=combos, is_late=True))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_broker_takes_executions_back(self, data: st.DataObject) -> None:
        link, held = data.draw(st.sampled_from(self.held))
        self.world.bust(link, held)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_broker_repeats_itself(self, data: st.DataObject) -> None:
        link, held = data.draw(st.sampled_from(self.held))
        link.push(held)

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 4.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(stop=st.sampled_from([None, "reduce by hand"]))
    def a_stop_is_latched_or_resumed(self, stop: str | None) -> None:
        self.world.stop = stop

    # What must never be.

    @invariant()
    def no_attempt_is_at_a_broker_twice(self) -> None:
        if hasattr(self, "world"):
            attempts = [held.attempt_id for _, held in self.held]
            assert len(attempts) == len(set(attempts))

    @invariant()
    def no_intent_stands_at_two_places(self) -> None:
        if hasattr(self, "world"):
            orders = [cl_ord_id_of(held.attempt_id) for _, held in self.held]
            assert len(orders) == len(set(orders)), "nothing is sent anew that may exist somewhere"

    @invariant()
    def an_order_holds_one_lease_at_most(self) -> None:
        if hasattr(self, "world"):
            for life in self.book.orders.values():
                assert sum(attempt.state in MAY_EXIST for attempt in life.attempts) <= 1

    @invariant()
    def a_doubt_is_followed_by_no_other_attempt(self) -> None:
        if hasattr(self, "world"):
            for life in self.book.orders.values():
                assert all(attempt.lets_lease_move for attempt in life.attempts[:-1])

    @invariant()
    def an_order_that_waits_is_at_no_broker(self) -> None:
        if hasattr(self, "world"):
            waiting = {name for name, life in self.book.orders.items() if life.waits}
            assert waiting.isdisjoint(held.order.cl_ord_id for _, held in self.held)

    @invariant()
    def nothing_is_at_a_broker_that_was_not_journaled_first(self) -> None:
        if hasattr(self, "world"):
            for _, held in self.held:
                assert self.journaled.orders[held.order.cl_ord_id].attempt(held.attempt_id) is not None

    @invariant()
    def a_close_stays_in_the_domain_that_holds_the_position(self) -> None:
        if hasattr(self, "world"):
            for link, held in self.held:
                assert held.order.account_domain in {None, link.broker.account_domain}

    @invariant()
    def an_execution_stands_once(self) -> None:
        if hasattr(self, "world"):
            fills = [fill.exec_id for life in self.book.orders.values() for fill in life.fills]
            assert len(fills) == len(set(fills))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.luck.heal()
        for link in self.world.links.values():
            link.is_sick = False
        self.luck.is_marketable, self.world.blow.left, self.world.stop = True, None, "the end"
        for _ in range(QUIET_TURNS):
            self.world.run(0.5)
            live = self.book.live_orders()
            for life in live:
                if life.order.signal_id in self.asked and not life.cancel_asked:
                    self.ask(Cancel(cl_ord_id=life.order.cl_ord_id))
            if not live and not any(each.naked for each in self.book.structures.values()):
                break
        self.world.run(5)
        fold = self.world.fold()
        assert verdict(self.world, fold) == Audit()
        assert not self.book.quarantined
        self.world.kill_executor()
        self.world.run(0.3)
        assert (fold.orders, fold.structures, fold.positions) == (
            self.book.orders,
            self.book.structures,
            self.book.positions,
        )


MANY = settings(max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
TestOrderLaws = OrderLaws.TestCase
TestOrderLaws.settings = MANY
pytestmark = pytest.mark.timeout(300)


EVERYTHING = frozenset(name for name, each in vars(OrderLaws).items() if hasattr(each, "hypothesis_stateful_rule"))
ALWAYS = {"open_a_structure", "time_passes"}
STEERED = (
    (switches.absence_by_one_look, {"a_connection_dies"}),
    (switches.a_timeout_means_nothing_was_sent, {"a_connection_dies"}),
    (switches.the_lease_moves_while_in_doubt, {"a_connection_dies"}),
    (switches.an_execution_has_no_identity, {"a_broker_trades", "a_broker_repeats_itself"}),
    (switches.tell_then_write, {"the_executor_dies_over_an_opening", "the_executor_dies_in_so_many_steps"}),
    (switches.a_finished_order_takes_no_fill, {"cancel_an_order", "a_cancelled_order_has_traded_all_the_same"}),
    (switches.nothing_is_ever_taken_back, {"a_broker_trades", "a_broker_takes_executions_back"}),
    (switches.a_successor_knows_nothing_of_its_predecessor, {"a_connection_dies", "the_executor_dies"}),
    (switches.a_cancel_is_asked_once, {"cancel_an_order", "a_broker_trades"}),
)
"""Each rule's switch, and what may happen where it matters: of everything, a search would spend most on the rest."""


def steered(may_happen: AbstractSet[str]) -> type[OrderLaws]:
    """Return the machine in which nothing else happens; each of its histories is one of the whole machine's."""
    assert may_happen <= EVERYTHING
    return type("SteeredLaws", (OrderLaws,), dict.fromkeys(EVERYTHING - may_happen - ALWAYS))


@pytest.mark.parametrize(("off", "may_happen"), STEERED, ids=[off.__name__ for off, _ in STEERED])
def test_without_the_rule_some_history_breaks_the_laws(off, may_happen, monkeypatch):
    off(monkeypatch)
    found_only = settings(MANY, max_examples=2000, derandomize=True, database=None, phases=[Phase.generate])
    with pytest.raises(Exception):  # noqa: B017 - whatever the broken rule leads to
        run_state_machine_as_test(steered(may_happen), settings=found_only)


def test_with_the_rules_no_steered_history_breaks_the_laws():
    few = settings(MANY, max_examples=10, derandomize=True, database=None, phases=[Phase.generate])
    for _, may_happen in STEERED:
        run_state_machine_as_test(steered(may_happen), settings=few)
