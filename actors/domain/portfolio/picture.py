"""The book as a `BookView`: what the executor publishes after each change."""

import re
from decimal import Decimal

from actors.domain.market.quoted import Quoted
from actors.domain.orders.order import Intent, OrderType
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.trigger import Trigger, TriggerState
from actors.domain.orders.working import GiveUp
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.day_result import day_result, foreign_positions
from actors.domain.portfolio.structure import Structure
from actors.domain.portfolio.view import BookView, Holder, OrderView, Phase, StructureView, TriggerView
from actors.domain.value import ZERO

_NUMBERED = re.compile(r"^(?P<strategy>.+)-(?P<session>\d{8})-(?P<number>\d+)$")


def picture(book: Book, quotes: Quoted | None, *, ready: bool) -> BookView:
    """Return the view of a book."""
    lives, result = list(book.orders.values()), day_result(book, quotes)
    by_structure: dict[str, list[OrderLife]] = {}
    for life in lives:
        by_structure.setdefault(life.order.structure_id, []).append(life)
    return BookView(
        journal_sequence=book.sequence,
        executor_epoch=book.epoch,
        ready=ready,
        structures=tuple(_structure(book, identifier, orders) for identifier, orders in by_structure.items()),
        orders=tuple(_order(life) for life in lives),
        triggers=tuple(_trigger(book, trigger) for trigger in book.triggers.live()),
        quarantined=tuple(sorted(book.quarantined)),
        signals=_last_numbers(book),
        cash=dict(book.cash),
        baseline=dict(book.baseline),
        foreign=foreign_positions(book),
        uncovered_s_max=max(book.found.uncovered_s.values(), default=0.0),
        pnl_day=result.pnl,
        pnl_day_without=result.without,
        breakers=book.tally.breakers,
    )


def _last_numbers(book: Book) -> dict[str, int]:
    last: dict[str, int] = {}
    if book.session is None:
        return last
    session = f"{book.session:%Y%m%d}"
    for identifier in book.signals:
        match = _NUMBERED.match(identifier) if session in identifier else None  # most are of the days before
        if match and match["session"] == session:
            last[match["strategy"]] = max(last.get(match["strategy"], 0), int(match["number"]))
    return last


def _order(life: OrderLife) -> OrderView:
    return OrderView(
        cl_ord_id=life.order.cl_ord_id,
        structure_id=life.order.structure_id,
        strategy=life.order.strategy,
        status=life.status,
        in_doubt=life.in_doubt,
        route=life.last.route if life.last else None,
        order_qty=life.order.order_qty,
        cum_qty=life.cum_qty,
        net_price=life.order.net_price,
        broker_order_id=life.last.broker_order_id if life.last else None,
        waits=life.waits,
        order_type=life.order.order_type,
        is_replacing=life.replace_px is not None,
        replaces=life.order.replaces,
        replaced_by=life.replaced_by,
        ends_at_market=life.order.working is not None and life.order.working.plan.give_up is GiveUp.MARKET,
    )


def _trigger(book: Book, trigger: Trigger) -> TriggerView:
    request, sent = trigger.request, book.orders.get(trigger.last_order or "")
    is_sent = trigger.state is TriggerState.PLACED and not (sent and sent.waits)
    return TriggerView(
        trigger_id=trigger.trigger_id,
        signal_id=trigger.signal_id,
        structure_id=trigger.structure_id,
        strategy=trigger.strategy,
        intent=trigger.intent,
        order_type=request.stop.order_type(request.net_price) if request.stop else OrderType.LIMIT,
        state=trigger.state,
        holder=Holder.BROKER if is_sent else Holder.HOLDFAST,
        stop_px=trigger.level,
        net_price=request.net_price,
        cl_ord_id=trigger.last_order,
    )


def _structure(book: Book, identifier: str, lives: list[OrderLife]) -> StructureView:
    opening = next(life for life in lives if life.order.cl_ord_id == identifier)
    held = book.structures.get(identifier)
    last = opening.last
    return StructureView(
        structure_id=identifier,
        strategy=opening.order.strategy,
        underlying=opening.order.underlying,
        account_domain=held.account_domain if held else last.account_domain if last else None,
        phase=_phase(held, lives),
        legs=opening.order.legs,
        order_qty=opening.order.order_qty,
        quantity=held.quantity if held else 0,
        holdings=held.holdings if held else {},
        entry_price=_entry_price(book, held),
        cash=held.cash if held else ZERO,
        fees=held.fees if held else ZERO,
        opened_at=held.opened_at if held else None,
        in_doubt=any(life.in_doubt for life in lives),
        uncovered_s=book.found.uncovered_s.get(identifier, 0.0),
        hedges=opening.order.hedges,
        delivered=held is not None and held.delivered,
    )


def _phase(held: Structure | None, lives: list[OrderLife]) -> Phase:
    live = [life.order.intent for life in lives if life.is_live]
    if Intent.CLOSE in live:
        return Phase.CLOSING
    if Intent.OPEN in live:
        return Phase.OPENING
    if held is None or (held.quantity == 0 and not held.naked):
        return Phase.CLOSED  # longs that nobody bid for may be left: they cover nothing and wait for expiry
    return Phase.OPEN


def _entry_price(book: Book, held: Structure | None) -> Decimal | None:
    if held is None or not held.combos_entered:
        return None
    multiplier = book.contract(held.legs[0].symbol).multiplier
    return held.entry_cash / (multiplier * held.combos_entered)
