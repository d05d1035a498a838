"""The books stay true whatever is thrown at the exchange: random days of orders, cancels, quotes, faults, restarts."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from actors.domain.orders.order import Action, Leg, TimeInForce
from actors.venue.account import OrderChanged, TransactionType, VenueEvent
from actors.venue.exchange import Behaviour, OrderFinished, OrderRefused
from actors.venue.paper_order import NewOrder, PaperOrder, PaperStatus
from tests.actors.venue.paper_exchange import (
    ACCOUNT,
    C3700,
    C3710,
    CLOSES_AT,
    G740C,
    G740P,
    OTHER,
    P3690,
    SPECS,
    SPX,
    SmallMarket,
    batch,
    later,
    open_exchange,
)

TRADED = (C3700, C3710, P3690, G740C, G740P)
TICK = Decimal("0.05")
STEPS = 300
RICH = tuple(spec.model_copy(update={"cash": spec.cash * 1000}) for spec in SPECS)
"""Rich enough that delivered shares do not stop the day."""


class PaperDay:
    """One seeded day. Every choice comes from `dice`, so a failing seed fails again."""

    def __init__(self, path: Path, seed: int, *, with_broken_combos: bool) -> None:
        self.path = path
        self.dice = np.random.default_rng(seed)
        self.breaks = with_broken_combos
        self.seconds = 0
        self.shown: dict[str, tuple[float | None, float | None]] = {}
        self.told: set[str] = set()
        self.exchange = open_exchange(path, accounts=RICH)
        self.exchange.subscribe(self.hears)

    def pick(self, options):
        return options[int(self.dice.integers(len(options)))]

    @property
    def now(self):
        return later(self.seconds)

    def hears(self, event: VenueEvent) -> None:
        """Hold every fill, at the instant it is told, against the quote that stands."""
        if not isinstance(event, OrderChanged):
            return
        for leg in event.order.legs:
            for fill in leg.fills:
                if fill.fill_id not in self.told:
                    self.told.add(fill.fill_id)
                    bid, ask = self.shown[leg.symbol]
                    assert (ask if leg.action.is_buy else bid) is not None
                    assert bid is None or float(fill.price) >= bid
                    assert ask is None or float(fill.price) <= ask

    def quotes(self) -> None:
        self.seconds += 1
        middle, half = self.pick([0.5, 1.0, 1.5, 2.0]), 0.05 * self.dice.integers(5)
        for place, symbol in enumerate(TRADED):
            mid = middle + 0.3 * place
            self.shown[symbol] = (round(mid - half, 2), round(mid + half, 2))
        sizes = {symbol: int(self.dice.integers(1, 7)) for symbol in TRADED}
        full = {symbol: (*sides, sizes[symbol], sizes[symbol]) for symbol, sides in self.shown.items()}
        self.exchange.advance(batch(full, self.now, {SPX: 3700.0}))

    def quotes_oddly(self) -> None:
        self.seconds += 1
        symbol, size = self.pick(TRADED), int(self.dice.integers(3))
        sides = [self.pick([None, 0.0, round(0.05 * self.dice.integers(60), 2)]) for _ in range(2)]
        self.shown[symbol] = (sides[0], sides[1])
        self.exchange.advance(batch({symbol: (*sides, size, size)}, self.now))

    def places(self) -> None:
        symbols = self.dice.choice(TRADED[:3], size=int(self.dice.integers(1, 4)), replace=False)
        legs = tuple(
            Leg(symbol=str(symbol), action=self.pick(list(Action)), ratio=int(self.dice.integers(1, 3)))
            for symbol in symbols
        )
        new = NewOrder(
            legs=legs,
            order_qty=int(self.dice.integers(1, 5)),
            net_price=int(self.dice.integers(-80, 81)) * TICK,
            time_in_force=self.pick(list(TimeInForce)),
            strict_close=bool(self.dice.integers(2)),
        )
        self.tries_to_place(new)

    def crosses(self) -> None:
        action = self.pick(list(Action))
        price = Decimal("-9.00") if action.is_buy else TICK
        new = NewOrder(
            legs=(Leg(symbol=self.pick(TRADED), action=action),),
            order_qty=int(self.dice.integers(1, 4)),
            net_price=price,
        )
        self.tries_to_place(new)

    def tries_to_place(self, new: NewOrder) -> None:
        account = self.pick([ACCOUNT, OTHER])
        before = self.exchange.orders(account)
        try:
            self.exchange.place(account, new, self.now)
        except OrderRefused:
            assert self.exchange.orders(account) == before

    def replaces(self) -> None:
        account = self.pick([ACCOUNT, OTHER])
        before = self.exchange.orders(account)
        known = [order.order_id for order in before if not order.is_terminal] or [0, 1]
        number = self.pick([*known, *known, int(self.dice.integers(1, 100))])
        try:
            waiting = self.exchange.replace(account, number, int(self.dice.integers(-60, 61)) * TICK, self.now)
        except (OrderRefused, OrderFinished):
            assert self.exchange.orders(account) == before
        else:
            assert self.exchange.order(account, number).replaced_by == waiting.order_id

    def cancels(self) -> None:
        account = self.pick([ACCOUNT, OTHER])
        working = [order for order in self.exchange.orders(account) if not order.is_terminal]
        if working:
            order = self.exchange.cancel(account, self.pick(working).order_id, self.now)
            assert order.status is PaperStatus.CANCEL_REQUESTED

    def restarts(self) -> None:
        behaviour = self.exchange.behaviour
        self.exchange._ledger._store.close()
        self.exchange = open_exchange(self.path, accounts=RICH)
        self.exchange.behaviour = behaviour
        self.exchange.subscribe(self.hears)

    def behaves(self) -> None:
        only = self.pick([None, frozenset({0})]) if self.breaks else None
        told_singly = self.pick([frozenset(), frozenset({ACCOUNT})])
        self.exchange.behaviour = Behaviour(
            concession=self.pick([Decimal(0), Decimal("0.5"), Decimal(1)]),
            fill_legs_only=only,
            legs_told_singly=told_singly,
        )

    def ends(self) -> None:
        settles = {SPX: self.pick([3680.0, 3700.65, 3719.0]), "GOOG": self.pick([735.0, 745.5])}
        self.exchange.end_session(SmallMarket(settles=settles), CLOSES_AT + timedelta(minutes=1))
        assert self.exchange.unsettled == ()
        assert [held.symbol for held in self.exchange.positions(ACCOUNT) if held.symbol != "GOOG"] == []

    def check(self) -> None:
        for spec in RICH:
            orders, booked = self.exchange.orders(spec.account), self.exchange.transactions(spec.account)
            assert self.exchange.balances(spec.account).cash == spec.cash + sum(entry.net for entry in booked)
            held = Counter()
            for entry in booked:
                held[entry.symbol] += entry.action.sign * entry.quantity
            assert {symbol: quantity for symbol, quantity in held.items() if quantity} == {
                position.symbol: position.quantity for position in self.exchange.positions(spec.account)
            }
            fills = [fill.fill_id for order in orders for leg in order.legs for fill in leg.fills]
            assert sorted(fills) == sorted(entry.exec_id for entry in booked if entry.type is TransactionType.TRADE)
            assert set(fills) <= self.told
            for order in orders:
                self.check_order(order)

    def check_order(self, order: PaperOrder) -> None:
        assert order.cum_qty <= order.order_qty
        assert all(0 <= leg.filled <= leg.quantity for leg in order.legs)
        assert (order.status is PaperStatus.FILLED) == all(leg.remaining == 0 for leg in order.legs)
        if not self.breaks:
            assert all(leg.filled == order.cum_qty * leg.ratio for leg in order.legs)
        if order.replaces is not None and order.cum_qty:
            assert self.exchange.order(order.account, order.replaces).status is PaperStatus.CANCELLED


OFTEN = ("quotes", "quotes", "places", "places", "crosses", "crosses", "cancels")
ALWAYS = (*OFTEN, *OFTEN, "quotes_oddly", "replaces", "replaces", "behaves", "restarts")


@pytest.mark.parametrize("with_broken_combos", [False, True], ids=["whole", "broken"])
@pytest.mark.parametrize("seed", range(6))
def test_the_books_are_true_after_every_step_of_a_random_day(tmp_path, seed, with_broken_combos):
    day = PaperDay(tmp_path / "venue.sqlite", seed, with_broken_combos=with_broken_combos)
    day.quotes()
    for step in range(STEPS):
        name = "ends" if step in {STEPS // 2, STEPS - 1} else day.pick(ALWAYS)
        getattr(day, name)()
        day.check()
    kinds = Counter(entry.type for spec in RICH for entry in day.exchange.transactions(spec.account))
    assert kinds[TransactionType.TRADE] > 50, "the day must have traded to prove anything"
    assert kinds[TransactionType.SETTLEMENT] + kinds[TransactionType.EXPIRATION] > 0
