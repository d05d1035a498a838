"""One seed of the order machine: a few seconds of trading under faults and deaths, then quiet, then the verdict.

The trader opens, closes and cancels at drawn moments, and says again what was not answered. Deaths fall between drawn
steps of the executor, at drawn moments, and inside sends (`luck`). In some seeds nobody bids for the wings for a while.
At the end all is calm, a halt is latched, what still works is cancelled or trades, and when nothing is open any more
the journal's fold, the executor's own book and the brokers' truth are held against each other by the same `audit` that
judges the whole tree.

What the audit does not know is told as `wrong`: an exception, an answer taken back, a yes that the journal does not
hold, an underlying still in quarantine, orders that do not come to an end.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from actors.domain.orders.signal import Cancel, Close, Open, Signal
from actors.domain.value import Value
from actors.messages import SignalAnswered
from supervisor.app.audit import Audit
from supervisor.app.fault_tally import left_alone
from supervisor.app.order_machine.broker import Kind
from supervisor.app.order_machine.luck import SeededLuck
from supervisor.app.order_machine.market import SHAPES, UNDERLYING, WINGS
from supervisor.app.order_machine.verdict import verdict
from supervisor.app.order_machine.world import DESK, World

TRADING_S: Final = 6.0
SIGNALS: Final = (3, 7)
STRIKES_MAX: Final = 4
STEPS_MAX: Final = 14
AGAIN_S: Final = 0.5
QUIET_BY_S: Final = 40.0
LOOK_S: Final = 0.8
READINGS_S: Final = 5.0
"""After the last order ended: every account is read again meanwhile, and more than once."""
POWER_SHARE: Final = 0.04
STOP_SHARE: Final = 0.08
UNWANTED_SHARE: Final = 0.4
PRICELESS_SHARE: Final = 0.3
"""Of the closes: those that leave the price to us."""
KINDS: Final = tuple(Kind)
_TICK: Final = Decimal("0.01")


class Played(Value):
    """What became of one seed."""

    seed: int
    orders: int = 0
    fills: int = 0
    kills: int = 0
    faults: int = 0
    naked_short_s: float | None = None
    """By the brokers' own trades, known to us or not, and what the books netted."""
    unattended_short_s: float | None = None
    audit: Audit = Audit()
    wrong: tuple[str, ...] = ()
    state: None = None
    """A seed leaves nothing behind: played again, it is the same."""

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is wrong, as sentences."""
        return (*self.audit.faults, *self.wrong)


def play(seed: int) -> Played:
    """Play one seed and judge it. What goes wrong is told, not raised."""
    game = _Game(seed)
    try:
        return game.play()
    except Exception as bug:  # noqa: BLE001 - whatever the order logic raises is this seed's verdict
        return Played(seed=seed, wrong=(f"{type(bug).__name__}: {bug}",))


class _Game:
    """One seed."""

    def __init__(self, seed: int) -> None:
        self._seed, self._luck = seed, SeededLuck(seed)
        self._market = np.random.default_rng((seed, 1))  # of its own: the luck of the orders stays what it was
        primary = KINDS[int(self._luck.draw() * len(KINDS))]
        backup = KINDS[int(self._luck.draw() * len(KINDS))]
        self._world = World({"primary": primary, "backup": backup}, self._luck)
        self._asked: dict[str, Signal] = {}
        self._count = 0

    def play(self) -> Played:
        """Disturb, quieten, judge."""
        luck, world = self._luck, self._world
        for _ in range(int(luck.between(*SIGNALS))):
            world.at(luck.between(0.3, TRADING_S), self._trade)
        for _ in range(int(luck.draw() * (STRIKES_MAX + 1))):
            world.at(luck.between(0.3, TRADING_S), self._strike)
        if luck.draw() < POWER_SHARE:
            world.at(luck.between(1.0, TRADING_S), world.lose_power)
        if luck.draw() < STOP_SHARE:
            world.at(luck.between(1.0, TRADING_S), lambda: setattr(world, "stop", "reduce by the machine"))
        if self._market.random() < UNWANTED_SHARE:
            lost_s, found_s = sorted(self._market.uniform(0.3, 2 * TRADING_S, 2))
            world.at(lost_s, lambda: world.unwant(WINGS))
            world.at(found_s, lambda: world.unwant(()))
        self._chase()
        world.run(TRADING_S)
        luck.calm, world.blow.left = True, None
        world.stop = "the run is over"
        return self._judge(is_quiet=self._quieten())

    # -- acts ---------------------------------------------------------------------------------------------------------

    def _trade(self) -> None:
        """Ask for something; an opening where nothing else is there to ask for.

        Each order has a price of its own: a broker that keeps no ids knows it by what it is.
        """
        luck, book = self._luck.draw(), self._world.book
        live, held = book.live_orders(), [name for name, each in book.structures.items() if not each.is_flat]
        if luck < 0.2 and live:
            self._ask(Cancel(cl_ord_id=live[int(self._luck.draw() * len(live))].order.cl_ord_id))
        elif luck < 0.5 and held:
            name = held[int(self._luck.draw() * len(held))]
            is_priced = self._market.random() >= PRICELESS_SHARE
            self._ask(Close(structure_id=name, net_price=Decimal("-2.50") - _TICK * self._count if is_priced else None))
        else:
            self._ask(self._opening())

    def _opening(self) -> Open:
        shape = SHAPES[int(self._luck.draw() * len(SHAPES))]
        price = (Decimal("1.90") if len(shape) > 2 else Decimal("0.90")) - _TICK * self._count
        return Open(underlying=UNDERLYING, legs=shape, order_qty=1 + int(self._luck.draw() * 3), net_price=price)

    def _ask(self, request: Open | Close | Cancel) -> None:
        self._count += 1
        now = self._world.clock.market_now()
        signal = Signal(
            signal_id=f"machine-20260105-{self._count}",
            strategy="machine",
            request=request,
            reason="the order machine",
            created_at=now,
            expires_at=now + timedelta(minutes=10),
        )
        self._asked[signal.signal_id] = signal
        self._world.submit(signal)

    def _chase(self) -> None:
        """Say again what was not answered, as anybody would."""
        answered = {answer.signal_id for answer in self._world.answers}
        for name, signal in self._asked.items():
            if name not in answered:
                self._world.submit(signal)
        self._world.at(AGAIN_S, self._chase)

    def _strike(self) -> None:
        luck = self._luck.draw()
        if luck < 0.5:
            self._world.blow.left = 1 + int(self._luck.draw() * STEPS_MAX)
        elif luck < 0.65:
            self._world.kill_executor()
        else:
            self._world.kill_link("primary" if luck < 0.9 else "backup")

    # -- the end ------------------------------------------------------------------------------------------------------

    def _quieten(self) -> bool:
        """Wait until nothing may trade any more and nothing is naked; cancel what rests."""
        world, waited_s = self._world, 0.0
        while waited_s < QUIET_BY_S:
            world.run(LOOK_S)
            waited_s += LOOK_S
            live = world.book.live_orders()
            naked = {name for name, each in world.book.structures.items() if each.naked}
            answered = {answer.signal_id for answer in world.answers}
            if not live and not naked and len(answered) == len(self._asked):
                world.run(READINGS_S)
                return not world.book.live_orders()
            if waited_s > QUIET_BY_S / 2:
                for life in live:
                    # What mends a naked leg is left to those who watch it.
                    mends = life.order.signal_id not in self._asked and life.order.structure_id in naked
                    if not life.cancel_asked and not mends:
                        self._ask(Cancel(cl_ord_id=life.order.cl_ord_id))
        return False

    def _judge(self, *, is_quiet: bool) -> Played:
        world = self._world
        fold, naked = world.retold()
        wrong = [] if is_quiet else [f"not quiet after {QUIET_BY_S:g} s"]
        wrong += [f"{name} is in quarantine: {text}" for name, text in fold.quarantined.items()]
        wrong += self._broken_words(fold.signals)
        wrong += left_alone(naked.unattended_s, DESK.imbalance_deadline_s)
        return Played(
            seed=self._seed,
            orders=len(fold.orders),
            fills=world.fills,
            kills=world.deaths,
            faults=sum(link.faults for link in world.links.values()),
            naked_short_s=world.naked_by_trades().total_seconds(),
            unattended_short_s=naked.unattended_s,
            audit=verdict(world, fold),
            wrong=tuple(wrong),
        )

    def _broken_words(self, signals: dict[str, tuple[bool, str | None]]) -> list[str]:
        first: dict[str, SignalAnswered] = {}
        wrong = []
        for answer in self._world.answers:
            said = first.setdefault(answer.signal_id, answer)
            if (said.admitted, said.cl_ord_id) != (answer.admitted, answer.cl_ord_id):
                wrong.append(f"{answer.signal_id}: answered {said.admitted}, then {answer.admitted}")
            if answer.admitted and answer.signal_id not in signals:
                wrong.append(f"{answer.signal_id} was admitted, and the journal does not hold it")
        return wrong
