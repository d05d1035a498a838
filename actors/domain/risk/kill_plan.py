"""What the kill switch does next in one account: cancels and closes, decided from a fresh reading of it.

Rules of this file:
1. The book holds the reading's news, and its positions are the broker's: the journal says what belongs together, the
   broker how much of it there is (law 7). What no structure of ours holds is foreign, and stays.
2. Everything of ours that works is cancelled, openings and exits alike; a close of this kill switch once its price has
   stood for `step_s`. A cancel that was asked for and not obeyed is asked for again.
3. A structure is closed by one order, as a whole, shorts first. Where no order takes so many legs, its shorts go one by
   one, and no long goes before the last of them.
4. No close while anything of the structure works, nor while a close in doubt may still take from what it holds: such a
   close is neither resent nor traded over.
5. The price walks from the natural in `steps` steps to a cap: the natural less `slippage_share` of it, at least
   `slippage_points`. It never pays more than the structure can be worth at its expiry. Without quotes that bound is the
   price; where there is neither, nothing is sent.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from pydantic import Field

from actors.domain.market.contract import UnknownSymbol
from actors.domain.market.quote import QuoteTable
from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.order import LEGS_MAX, Action, Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import AccountState, ExecutionReport
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.intent import PRICE_STEP
from actors.domain.portfolio.mark import natural_price
from actors.domain.portfolio.structure import Structure, closing
from actors.domain.risk.structure_loss import loss_at_expiry
from actors.domain.value import ZERO, Value

KILL: Final = "kill-"
"""How the ids of the kill switch's own orders begin."""
_OURS: Final = re.compile(r".+-r\d+")
"""The form of an attempt's id: the tag behind it was checked and taken off as it was read."""
_EXPIRES: Final = timedelta(minutes=10)


class KillLimits(Value):
    """How the price of a close walks, and how often what was asked for is asked for again."""

    step_s: float = Field(default=3.0, gt=0, le=600)
    steps: int = Field(default=5, gt=0, le=100)
    slippage_share: Decimal = Field(default=Decimal("0.5"), ge=0, le=10)
    slippage_points: Decimal = Field(default=Decimal(1), ge=0, le=1_000)
    quotes_wait_s: float = Field(default=5.0, ge=0, le=60)
    """How long a close waits for the first quotes; then it goes without."""
    ask_again_s: float = Field(default=2.0, gt=0, le=60)
    legs_max: int = Field(default=LEGS_MAX, ge=1, le=LEGS_MAX)


@dataclass(frozen=True, slots=True)
class Cancelling:
    """One order to be cancelled; `cl_ord_id` None where the journal does not know it."""

    broker_order_id: str
    cl_ord_id: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """What of ours an account still has."""

    positions: Mapping[str, int]
    orders: tuple[str, ...]
    in_doubt: tuple[str, ...]
    foreign: Mapping[str, int]
    foreign_orders: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether the account is flat of ours, and nothing may change that."""
        return not (self.positions or self.orders or self.in_doubt)


def is_ours(report: ExecutionReport, book: Book | None) -> bool:
    """Whether an order is one of this runtime's: by the id it bears, or by the journal."""
    if report.runtime is not None:
        return False
    is_known = book is not None and book.order_of(report) is not None
    return is_known or _OURS.fullmatch(report.attempt_id or "") is not None


def may_trade(report: ExecutionReport) -> bool:
    """Whether an order may still fill: a status that nobody knows is no end, nor is a cancel under way."""
    return report.status is None or not report.status.is_terminal


def cancels(
    state: AccountState, book: Book | None, asked_s: Mapping[str, float], own_s: Mapping[str, float], limits: KillLimits
) -> Iterator[Cancelling]:
    """Yield what is to be cancelled now; `asked_s`: since a cancel was asked for, `own_s`: since a close was sent."""
    for report in state.orders:
        if not (may_trade(report) and is_ours(report, book)):
            continue
        cl_ord_id = None if book is None else book.order_of(report)
        stands = own_s.get(cl_ord_id or "", limits.step_s) < limits.step_s
        if not stands and asked_s.get(report.broker_order_id, limits.ask_again_s) >= limits.ask_again_s:
            yield Cancelling(report.broker_order_id, cl_ord_id)


def doubtful(book: Book, domain: str) -> list[tuple[OrderLife, int]]:
    """Return the orders of an account that may or may not exist there, each with the attempt's number."""
    return [
        (life, attempt.number)
        for life in book.live_orders()
        for attempt in life.attempts
        if attempt.account_domain == domain and attempt.state in {AttemptState.SENDING, AttemptState.IN_DOUBT}
    ]


def held(book: Book, domain: str) -> dict[str, dict[str, int]]:
    """Return what each structure of an account truly holds, cut to the account's own positions."""
    found = {}
    for name, structure in book.structures.items():
        if structure.account_domain == domain and (cut := _cut(book, structure)):
            found[name] = cut
    return found


def _cut(book: Book, structure: Structure) -> dict[str, int]:
    positions = book.positions.get(structure.account_domain, {})
    cut = {}
    for symbol, quantity in structure.holdings.items():
        sign = 1 if quantity > 0 else -1
        if free := min(abs(quantity), max(0, sign * positions.get(symbol, 0))):
            cut[symbol] = sign * free
    return cut


def left(state: AccountState, book: Book | None) -> Left:
    """Return what an account still has of ours, and what of others. Without a book all of it may be ours."""
    working = [each for each in state.orders if may_trade(each)]
    theirs = {each.symbol: each.quantity for each in state.positions if each.quantity}
    ours: dict[str, int] = {}
    for holdings in held(book, state.account_domain).values() if book is not None else ():
        for symbol, quantity in holdings.items():
            ours[symbol] = ours.get(symbol, 0) + quantity
    ours = {symbol: _within(quantity, theirs.get(symbol, 0)) for symbol, quantity in ours.items()}
    ours = theirs if book is None else ours
    foreign = {symbol: quantity - ours.get(symbol, 0) for symbol, quantity in theirs.items()}
    doubts = doubtful(book, state.account_domain) if book is not None else []
    return Left(
        positions={symbol: quantity for symbol, quantity in ours.items() if quantity},
        orders=tuple(each.broker_order_id for each in working if is_ours(each, book)),
        in_doubt=tuple(dict.fromkeys(life.order.cl_ord_id for life, _ in doubts)),
        foreign={symbol: quantity for symbol, quantity in foreign.items() if quantity},
        foreign_orders=tuple(each.broker_order_id for each in working if not is_ours(each, book)),
    )


def _within(quantity: int, position: int) -> int:
    """Return the part of what we think is ours that the account has."""
    if quantity * position <= 0:
        return 0
    return min(abs(quantity), abs(position)) * (1 if quantity > 0 else -1)


def closes(
    state: AccountState, book: Book, quotes: QuoteTable | None, limits: KillLimits, name: str, now: datetime
) -> Iterator[Order]:
    """Yield the closes that are to be sent now, `name` and a number each; shorts that nothing covers first."""
    domain, number = state.account_domain, sum(each.startswith(name) for each in book.orders)
    structures = [each for each in book.structures.values() if each.account_domain == domain and not each.is_flat]
    for structure in sorted(structures, key=lambda each: not each.naked):
        if _is_busy(structure, state, book):
            continue
        legs, quantity = _legs(closable(book, structure), quotes, limits.legs_max)
        tried = sum(_is_try(life.order, structure.structure_id) for life in book.orders.values())
        price = _price(legs, book, quotes, tried, limits) if legs else None
        if price is not None:
            number += 1
            yield _order(structure, f"{name}-{number}", legs, quantity, price, now)


def _is_try(order: Order, structure_id: str) -> bool:
    return order.structure_id == structure_id and order.cl_ord_id.startswith(KILL)


def _is_busy(structure: Structure, state: AccountState, book: Book) -> bool:
    """Whether anything of a structure works, or a doubt may touch a symbol that it holds."""
    works = {book.order_of(report) for report in state.orders if may_trade(report)}
    if any(life.order.cl_ord_id in works for life in book.live_orders(structure.structure_id)):
        return True
    doubts = (life.order for life, _ in doubtful(book, structure.account_domain))
    return any(order.intent is Intent.CLOSE and _touches(order, structure.holdings) for order in doubts)


def _touches(order: Order, symbols: Collection[str]) -> bool:
    return any(leg.symbol in symbols for leg in order.legs)


def _legs(holdings: Mapping[str, int], quotes: QuoteTable | None, legs_max: int) -> tuple[tuple[Leg, ...], int]:
    """Return the legs of the next close and its quantity: all of them where an order takes so many, else one."""
    legs, quantity = closing(holdings, quotes)
    if len(legs) <= legs_max:
        return legs, quantity
    first = legs[0]  # shorts come first
    return (first.model_copy(update={"ratio": 1}),), first.ratio * quantity


def _price(
    legs: tuple[Leg, ...], book: Book, quotes: QuoteTable | None, tried: int, limits: KillLimits
) -> Decimal | None:
    """Return the net price of the next try (credit > 0); None where nothing bounds it."""
    natural, worst = (natural_price(legs, quotes) if quotes is not None else None), _worst(legs, book)
    if natural is None and worst is None:
        return None
    if natural is None or worst is None:
        exact = worst if natural is None else _walked(natural, tried, limits)
    else:
        exact = max(_walked(natural, tried, limits), worst)
    assert exact is not None
    return _on_tick(exact, legs, book)


def _walked(natural: Decimal, tried: int, limits: KillLimits) -> Decimal:
    most = max(limits.slippage_points, abs(natural) * limits.slippage_share)
    return natural - most * min(tried, limits.steps) / limits.steps


def _worst(legs: tuple[Leg, ...], book: Book) -> Decimal | None:
    """Return the least that closing can be worth at expiry, points per combo (<= 0); None where it has no bound."""
    try:
        contracts = {leg.symbol: book.contract(leg.symbol) for leg in legs}
    except UnknownSymbol:
        return None
    opened = [leg.model_copy(update={"action": _opening(leg.action)}) for leg in legs]
    loss = loss_at_expiry(opened, contracts, ZERO, 1)
    return None if loss is None else -loss / contracts[legs[0].symbol].multiplier


def _opening(action: Action) -> Action:
    return Action.SELL_TO_OPEN if action.is_buy else Action.BUY_TO_OPEN


def _on_tick(exact: Decimal, legs: tuple[Leg, ...], book: Book) -> Decimal:
    """Return a price on a valid step, never beyond the exact one by more; what is sold alone costs a tick at least."""
    if len(legs) > 1:
        price = (exact / PRICE_STEP).to_integral_value(ROUND_FLOOR) * PRICE_STEP
        return price if any(leg.action.is_buy for leg in legs) else max(price, PRICE_STEP)
    product = book.contract(legs[0].symbol).product
    tick = product.tick_at(exact)
    rounding = ROUND_FLOOR if legs[0].action.is_buy else ROUND_CEILING
    price = (exact / tick).to_integral_value(rounding) * tick
    return price if legs[0].action.is_buy else max(price, product.tick_small)


def _order(
    structure: Structure, name: str, legs: tuple[Leg, ...], quantity: int, price: Decimal, now: datetime
) -> Order:
    return Order(
        cl_ord_id=name,
        signal_id=name,
        strategy=structure.strategy,
        structure_id=structure.structure_id,
        intent=Intent.CLOSE,
        underlying=structure.underlying,
        legs=legs,
        order_qty=quantity,
        net_price=price,
        account_domain=structure.account_domain,
        created_at=now,
        expires_at=now + _EXPIRES,
    )
