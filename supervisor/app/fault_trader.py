"""The trader of a fault run: a seeded stream of signals through the door that every program uses, and never patient.

It opens condors, spreads and single longs where the quotes are, some at prices that trade at once and some that rest;
closes what is held, at once, worked, by a stop or between two; replaces and cancels what works, itself included. Some
openings bring their exits with them. A signal without an answer is sent again under the same id,
as anybody would after a crash, so each death also tests that an id moves something once.

Draws hang on the seed and the number of a signal alone. What they meet (quotes, the book) depends on when they come.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeVar

import numpy as np

from actors.domain.market.contract import Contract, Right
from actors.domain.market.quote import QuoteFrame, QuoteTable
from actors.domain.orders.order import Action, Intent, Leg, Stop
from actors.domain.orders.signal import Cancel, Close, Complex, Open, Replace, Request, Signal
from actors.domain.orders.working import GiveUp, Plan
from actors.domain.portfolio.mark import natural_price
from actors.domain.value import Value
from actors.messages import AskBook, AskUniverse, BookChanged, SignalAnswered, SubmitSignal, UniverseChanged
from actors.ports import Arrival, Clock, Envelope, PeerUnavailable
from actors.streams import LocalStream
from supervisor.app.drill import JournalTail

NAME: Final = "fault_run"
EXECUTOR, FEED = "executor", "data_feed"
ASK_AGAIN_S = 0.3
EXPIRY = timedelta(minutes=10)
"""On the market's clock."""
QTY_MAX = 3
CLOSE_SHARE, CANCEL_SHARE, REPLACE_SHARE = 0.25, 0.15, 0.10
PLAN = Plan(step_s=20, step_share=Decimal("0.5"), give_up_s=90)
EXPIRIES = 3
REACH = 8
"""How many strikes from the money the short may lie."""
WIDTH = 2
EDGES = tuple(map(Decimal, ("-0.20", "0", "0.10", "0.30", "0.80")))
"""Asked for beyond the natural price: at 0 or less it trades at once."""
STEP = Decimal("0.10")
"""A net price in whole dimes is valid for every product."""

T = TypeVar("T")


class Draw(Value):
    """The luck of one signal, each in [0, 1)."""

    kind: float
    shape: float
    expiry: float
    reach: float
    width: float
    edge: float
    quantity: float
    target: float
    way: float


class FaultTrader:
    """One client of the executor, on a stream of its own."""

    def __init__(
        self,
        stream: LocalStream,
        clock: Clock,
        tail: JournalTail,
        seed: int,
        underlying: str,
        *,
        name: str = NAME,
        ask_again_s: float = ASK_AGAIN_S,
    ) -> None:
        self._stream, self._clock, self.tail = stream, clock, tail
        self._seed, self._underlying = seed, underlying
        self._name, self._ask_again_s = name, ask_again_s
        self._count = 0
        self._quotes: QuoteTable | None = None
        self._asked_s = 0.0
        self._pending: dict[str, tuple[Signal, float]] = {}
        self._view: BookChanged | None = None
        self.answers: dict[str, SignalAnswered] = {}
        self.contradicted: list[str] = []

    @property
    def has_quotes(self) -> bool:
        """Whether there is a market to trade on."""
        return self._quotes is not None and self._spot() is not None

    @property
    def quotes(self) -> QuoteTable | None:
        """The latest quotes; None before the first."""
        return self._quotes

    @property
    def waits(self) -> tuple[str, ...]:
        """The signals without an answer."""
        return tuple(self._pending)

    def turn(self, wait_s: float) -> None:
        """Hear what arrived, read the journal on, and send again what was not answered."""
        for arrival in self._stream.receive(wait_s):
            self._take(arrival)
        self.tail.read()
        now_s = time.monotonic()
        if self._quotes is None and now_s - self._asked_s >= ASK_AGAIN_S:
            self._asked_s = now_s
            self._tell(FEED, AskUniverse(reply_to=self._name))
        for signal, sent_s in tuple(self._pending.values()):
            if now_s - sent_s >= self._ask_again_s:
                self._submit(signal)

    def trade(self, *, opening: bool = False) -> None:
        """Send the next signal of the stream, an opening where asked for; nothing where what it met allows none."""
        self._count += 1
        dice = np.random.default_rng((self._seed, self._count))
        luck = Draw(**dict(zip(Draw.model_fields, dice.random(len(Draw.model_fields)).tolist(), strict=True)))
        request = self._opening(luck) if opening else self._request(luck)
        if request is not None:
            self.ask(f"{self._name}-{self._seed}-{self._count}", request)

    def ask(self, signal_id: str, request: Request) -> None:
        """Send one signal, unless it was sent before."""
        if signal_id in self._pending or signal_id in self.answers:
            return
        now = self._clock.market_now()
        self._submit(
            Signal(
                signal_id=signal_id,
                strategy=self._name,
                request=request,
                reason=self._name.replace("_", " "),
                created_at=now,
                expires_at=now + EXPIRY,
            )
        )

    def ask_view(self) -> None:
        """Ask the executor for its book; `view` returns it when it came."""
        self._view = None
        self._tell(EXECUTOR, AskBook(reply_to=self._name))

    def view(self) -> BookChanged | None:
        """Return the book last asked for, once it is here."""
        return self._view

    def _submit(self, signal: Signal) -> None:
        self._pending[signal.signal_id] = (signal, time.monotonic())
        self._tell(EXECUTOR, SubmitSignal(signal=signal, reply_to=self._name))

    def _tell(self, peer: str, message: Value) -> None:
        with suppress(PeerUnavailable):  # said again in its time
            self._stream.tell(peer, message)

    def _take(self, arrival: Arrival) -> None:
        match arrival:
            case QuoteFrame() as frame:
                if self._quotes is not None and self._quotes.universe.version == frame.universe:
                    self._quotes.apply(frame)
                else:
                    self._quotes = None
            case Envelope(message=UniverseChanged(universe=universe)):
                if self._quotes is None or self._quotes.universe.version != universe.version:
                    self._quotes = QuoteTable(universe)
            case Envelope(message=SignalAnswered() as answer):
                self._hear(answer)
            case Envelope(message=BookChanged() as view):
                self._view = view

    def _hear(self, answer: SignalAnswered) -> None:
        self._pending.pop(answer.signal_id, None)
        first = self.answers.setdefault(answer.signal_id, answer)
        if (first.admitted, first.cl_ord_id) != (answer.admitted, answer.cl_ord_id):
            self.contradicted.append(f"{answer.signal_id}: answered {first.admitted}, then {answer.admitted}")

    def _request(self, luck: Draw) -> Request | None:
        book = self.tail.book
        if luck.kind < CANCEL_SHARE:
            live = [name for name, life in book.orders.items() if life.is_live]
            return Cancel(cl_ord_id=_pick(live, luck.target)) if live else None
        if luck.kind < CANCEL_SHARE + CLOSE_SHARE:
            closing = {life.order.structure_id for life in book.live_orders() if life.order.intent is Intent.CLOSE}
            held = [name for name, each in book.structures.items() if not each.is_flat and name not in closing]
            return self._exit(_pick(held, luck.target), luck) if held else None
        if luck.kind < CANCEL_SHARE + CLOSE_SHARE + REPLACE_SHARE:
            return self._replacement(luck)
        return self._opening(luck)

    def _exit(self, structure_id: str, luck: Draw) -> Request:
        """Return one of the ways to leave: at once, worked, when a price is reached, or the first of two."""
        structure, quotes = self.tail.book.structures[structure_id], self._quotes
        legs = tuple(leg.model_copy(update={"action": leg.action.closing}) for leg in structure.legs)
        natural = natural_price(legs, quotes) if quotes is not None else None
        at_once = Close(structure_id=structure_id)
        if natural is None:
            return at_once
        level = natural.quantize(STEP) - abs(_pick(EDGES, luck.edge))
        fixed = at_once.model_copy(update={"stop": Stop(stop_px=level)})
        trailing = at_once.model_copy(update={"stop": Stop(trail=STEP)})
        worked = at_once.model_copy(update={"work": PLAN.model_copy(update={"give_up": GiveUp.MARKET})})
        limit = at_once.model_copy(update={"net_price": level + 1})
        ways: tuple[Request, ...] = (at_once, worked, fixed, trailing, Complex(orders=(limit, fixed)))
        return _pick(ways, luck.way)

    def _replacement(self, luck: Draw) -> Replace | None:
        """Return a better or a worse price for an order at work."""
        live = [name for name, life in self.tail.book.orders.items() if life.is_live and life.order.net_price]
        if not live:
            return None
        name = _pick(live, luck.target)
        price = self.tail.book.orders[name].order.net_price
        return Replace(cl_ord_id=name, net_price=price + _pick(EDGES, luck.edge)) if price is not None else None

    def _opening(self, luck: Draw) -> Request | None:
        quotes, spot = self._quotes, self._spot()
        if quotes is None or spot is None:
            return None
        legs = structure(quotes.universe.contracts, spot, luck)
        natural = natural_price(legs, quotes) if legs else None
        if natural is None:
            return None
        price = ((natural + _pick(EDGES, luck.edge)) / STEP).to_integral_value() * STEP
        quantity = 1 + int(luck.quantity * QTY_MAX)
        plain = Open(underlying=self._underlying, legs=legs, order_qty=quantity, net_price=price)
        stop = Close(structure_id="", stop=Stop(stop_px=-price - Decimal("0.30")))
        limit = Close(structure_id="", net_price=-price + Decimal("0.30"))
        bracketed = Complex(trigger_order=plain, orders=(limit, stop))
        ways: tuple[Request, ...] = (plain, plain, plain.model_copy(update={"work": PLAN}), bracketed)
        return _pick(ways, luck.way)

    def _spot(self) -> Decimal | None:
        quote = self._quotes.quote(self._underlying) if self._quotes is not None else None
        return quote.bid if quote is not None else None


def structure(contracts: Sequence[Contract], spot: Decimal, luck: Draw) -> tuple[Leg, ...]:
    """Return the legs of a condor, a spread or a single long, out of the money; none where the chain ends.

    Every other strike is for shorts alone, those between for longs: structures that met in a contract with opposite
    signs would be one position to a broker, and the gate refuses the second.
    """
    expiries = sorted({each.expires_on for each in contracts if each.expires_on is not None})[:EXPIRIES]
    if not expiries:
        return ()
    expiry = _pick(expiries, luck.expiry)
    sides = []
    for right, sign in ((Right.PUT, -1), (Right.CALL, 1)):
        strikes = sorted(
            (each.strike, each.symbol)
            for each in contracts
            if each.strike is not None and each.expires_on == expiry and each.right is right
        )
        ranked = [(sign * strike, rank % 2, symbol) for rank, (strike, symbol) in enumerate(strikes)]
        side = _side(sorted(each for each in ranked if each[0] > sign * spot), luck)
        if side is None:
            return ()
        sides.append(side)
    put, call = sides
    return _pick(((*put, *call), (*put, *call), put, call, call[1:]), luck.shape)


def _side(wing: Sequence[tuple[Decimal, int, str]], luck: Draw) -> tuple[Leg, Leg] | None:
    """Return the short and the long of one side, from its strikes in their order away from the money."""
    shorts = [each for each in wing if each[1] == 0][: REACH // 2]
    short = _pick(shorts, luck.reach) if shorts else None
    longs = [each for each in wing if each[1] == 1 and short is not None and each > short][:WIDTH]
    if short is None or not longs:
        return None
    long = _pick(longs, luck.width)
    return Leg(symbol=short[2], action=Action.SELL_TO_OPEN), Leg(symbol=long[2], action=Action.BUY_TO_OPEN)


def _pick(things: Sequence[T], luck: float) -> T:
    return things[int(luck * len(things))]
