"""The order a trigger becomes, or why not now: through the gate, for what is left.

A close takes what the structure still holds and the account lets it close; an opening what its siblings have left of
it. Without a limit it is priced to trade at once, and bounded. A limit holds for whole combos: legs out of ratio are
closed at the market.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.domain.orders.order import Intent, Order
from actors.domain.orders.refusal import Check, Refused
from actors.domain.orders.signal import Close, Open, Signal
from actors.domain.orders.trigger import Trigger
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.imbalance import OVER_MARK, ImbalanceLimits, is_given_up
from actors.domain.portfolio.intent import closing_order, marketable_price, opening_order
from actors.domain.portfolio.replaced import chain
from actors.domain.portfolio.structure import Structure, excess
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.gate import review


@dataclass(frozen=True, slots=True)
class Sendable:
    """The order, and the checks it passed."""

    order: Order
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why nothing is sent now; `is_final`: nor ever."""

    text: str
    is_final: bool = False


def order_of(trigger: Trigger, seen: Circumstances) -> Sendable | Blocked:
    """Return the order a triggered one is sent as."""
    if isinstance(trigger.request, Close):
        return _close(trigger, trigger.request, seen)
    return _open(trigger, trigger.request, seen)


def _close(trigger: Trigger, request: Close, seen: Circumstances) -> Sendable | Blocked:
    structure = seen.book.structures[request.structure_id]
    price = None if excess(structure) else request.net_price
    plain = request.model_copy(update={"stop": None, "net_price": price})
    signal = _signal(trigger, plain, seen.now)
    verdict = review(signal, seen)
    if isinstance(verdict, Refused):
        return Blocked(words(verdict))
    return _closing(signal, plain, trigger.next_order, structure, None, seen, verdict.checks)


def order_at_broker(trigger: Trigger, seen: Circumstances) -> Sendable | Blocked:
    """Return a stop of one leg as the order its broker holds: a close only, priced by the broker once reached.

    An opening stays here, for the whole gate judges it when it fires, and a broker would not ask.
    """
    request, structure = trigger.request, seen.book.structures.get(trigger.structure_id)
    if isinstance(request, Open) or structure is None or request.stop is None or request.stop.stop_px is None:
        return Blocked("only a fixed stop of a close is held by a broker", is_final=True)
    made = _close(trigger, request, seen)
    if isinstance(made, Blocked) or len(made.order.legs) > 1:
        return made if isinstance(made, Blocked) else Blocked("it has several legs", is_final=True)
    terms = {
        "order_type": request.stop.order_type(request.net_price),
        "stop_px": request.stop.stop_px,
        "net_price": request.net_price,
        "working": None,
    }
    return Sendable(made.order.model_copy(update=terms), made.checks)


def _open(trigger: Trigger, request: Open, seen: Circumstances) -> Sendable | Blocked:
    sides = [each for each in seen.book.triggers.opened.get(trigger.signal_id, {}).values() if each != trigger]
    lives = [life for side in sides for name in side.order_ids for life in chain(seen.book, name)]
    if working := [life.order.cl_ord_id for life in lives if life.is_live]:
        return Blocked(f"{', '.join(working)} may still trade")
    left = request.order_qty - sum(life.cum_qty for life in lives)
    price = request.net_price
    if price is None and seen.quotes is not None:
        price = marketable_price(request.legs, seen.quotes)
    if left <= 0 or price is None:
        return Blocked("its other side has filled" if left <= 0 else "no price bounds it", is_final=left <= 0)
    plain = request.model_copy(update={"stop": None, "net_price": price, "order_qty": left})
    signal = _signal(trigger, plain, seen.now)
    verdict = review(signal, seen)
    if isinstance(verdict, Refused):
        return Blocked(words(verdict), is_final=True)
    order = opening_order(signal, plain, seen.now, seen.quotes)
    named = {"cl_ord_id": trigger.next_order, "structure_id": trigger.structure_id}
    return Sendable(order.model_copy(update=named), verdict.checks)


def excess_openings(book: Book) -> Iterator[tuple[Structure, int]]:
    """Yield structures that hold more than their sides left them to open, with the combos too many: both sides filled.

    The first side keeps what it has. One that an order works on waits for the end of that.
    """
    for sides in list(book.triggers.opened.values()):
        filled = 0
        for side in sides.values() if len(sides) > 1 else ():
            assert isinstance(side.request, Open)
            structure = book.structures.get(side.structure_id)
            too_many = min(structure.quantity, filled + structure.quantity - side.request.order_qty) if structure else 0
            if structure is not None and too_many > 0 and filled and not book.live_orders(structure.structure_id):
                yield structure, too_many
            filled += sum(life.cum_qty for name in side.order_ids for life in chain(book, name))


def undoing(structure: Structure, quantity: int, seen: Circumstances, limits: ImbalanceLimits) -> Sendable | Blocked:
    """Return the order that closes `quantity` combos of a structure, never more than the account holds of them.

    It never waits for a route, so none is made while its account cannot be reached; nor after too many refusals.
    """
    first = structure.structure_id + OVER_MARK
    before = [life for each, life in seen.book.orders.items() if each.startswith(first)]
    if is_given_up(before, limits):
        return Blocked("refused too often, nothing more is tried")
    if structure.account_domain not in seen.writable & seen.reconciled:
        return Blocked(f"{structure.account_domain} cannot be reached, or is not read yet")
    request = Close(structure_id=structure.structure_id)
    signal = Signal(
        signal_id=structure.structure_id,
        strategy=structure.strategy,
        request=request,
        reason="more combos than were ordered",
        created_at=seen.now,
        expires_at=seen.now + timedelta(seconds=limits.deadline_s),
    )
    verdict = review(signal, seen)
    if isinstance(verdict, Refused):
        return Blocked(words(verdict))
    return _closing(signal, request, f"{first}{len(before) + 1}", structure, quantity, seen, verdict.checks)


def _closing(
    signal: Signal,
    request: Close,
    name: str,
    structure: Structure,
    quantity: int | None,
    seen: Circumstances,
    checks: tuple[Check, ...],
) -> Sendable | Blocked:
    wanted = structure.holdings
    if quantity is not None:
        wanted = {leg.symbol: quantity * leg.ratio * leg.action.sign for leg in structure.legs}
    bounded = structure.model_copy(update={"holdings": closable(seen.book, structure, wanted)})
    order = closing_order(signal, request, bounded, seen.quotes, seen.now)
    if order is None:
        return Blocked("no price bounds the close")
    return Sendable(order.model_copy(update={"cl_ord_id": name}), checks)


def _signal(trigger: Trigger, request: Open | Close, now: datetime) -> Signal:
    """Return the signal the gate is asked about; it is never journaled, the order that follows is."""
    return Signal(
        signal_id=trigger.signal_id,
        strategy=trigger.strategy,
        request=request,
        reason=f"{trigger.trigger_id} was triggered",
        created_at=now,
        expires_at=now + timedelta(days=1) if trigger.intent is Intent.CLOSE else trigger.expires_at,
    )


def words(verdict: Refused) -> str:
    """Return every check that failed, with what was seen."""
    failed = (check for check in verdict.checks if not check.passed)
    return "; ".join(" ".join(filter(None, (check.code.value, check.subject, check.value))) for check in failed)
