"""The admission gate: every check of a signal, in one step, with every reason collected (laws 7, 8, 10, 11).

Rules of this file:
* An opening passes only if every check passes; what is missing, stale, NaN or unknown fails.
* A close is asked far less: that the structure is there, that nothing else may still close it, that the market is
  open, and that there is a price. No permit, latch, breaker or quote age stops it. Nor does a route that is away or an
  account not read yet: the close waits for it, and is bounded by the account before it is sent.
* A cancel is asked only whether there is something to cancel.
* Nothing here waits, and nothing is remembered: the same circumstances give the same verdict.

Times: `now` is the market's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.coverage import Coverage, Load, cannot_carry
from actors.domain.orders.order import Intent, Leg
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Admitted, Check, Code, Refused, Verdict
from actors.domain.orders.signal import Cancel, Close, Complex, Open, Replace, Signal
from actors.domain.portfolio.breakers import stop_of
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.intent import signal_again
from actors.domain.portfolio.mark import natural_price
from actors.domain.portfolio.replaced import chain
from actors.domain.risk.asked import asked_for
from actors.domain.risk.calendar_check import calendar_allows
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.edge import worth_opening
from actors.domain.risk.exposure_check import exposure_allowed
from actors.domain.risk.leg_hours import sessions_open
from actors.domain.risk.leg_quotes import quotes_good
from actors.domain.risk.market_sound import market_sound
from actors.domain.risk.outright import only_options
from actors.domain.risk.permit import Limits, TradingState
from actors.domain.risk.room import room
from actors.domain.risk.size import size_allowed

_UNBROKEN = Check(code=Code.R018_BREAKER, passed=True)


def review(signal: Signal, seen: Circumstances) -> Verdict:
    """Return the verdict on a signal, with every check that was made."""
    checks = [Check(code=Code.R003_EXPIRED, passed=seen.now < signal.expires_at, limit=f"{signal.expires_at:%H:%M:%S}")]
    match signal.request:
        case Open(stop=None) as request:
            checks += _review_open(request, signal.strategy, seen)
        case Close(stop=None) as request:
            checks += _review_close(request, seen)
        case Open() | Close() as request:
            checks += _review_resting(request, signal.strategy, seen)
        case Complex() as request:
            checks += _review_complex(request, signal.strategy, seen)
        case Replace() as request:
            checks += _review_replace(request, seen)
        case Cancel(cl_ord_id=order_id):
            checks += _review_cancel(order_id, seen)
    kept = tuple(checks)
    return Admitted(checks=kept) if all(check.passed for check in kept) else Refused(checks=kept)


def _review_open(request: Open, strategy: str, seen: Circumstances) -> Iterator[Check]:
    yield from _leave_to_trade(request, strategy, seen)
    adjusted = [seen.book.adjusted_from(leg.symbol) for leg in request.legs]
    known = [leg.symbol in seen.contracts and stem is None for leg, stem in zip(request.legs, adjusted, strict=True)]
    for leg, is_known, stem in zip(request.legs, known, adjusted, strict=True):
        value = "" if stem is None else f"adjusted from {stem}, not in the product table"
        yield Check(code=Code.R022_UNKNOWN_CONTRACT, passed=is_known, subject=leg.symbol, value=value)
    if not all(known):
        return
    yield from only_options(request.legs, seen.contracts)
    yield _underlying_named(request, seen)
    yield from _carried(request, seen)
    yield from sessions_open([seen.contracts[leg.symbol] for leg in request.legs], seen.sessions, seen.now)
    yield from calendar_allows(request, seen)
    if seen.permit is None or seen.quotes is None:
        yield Check(code=Code.R030_NO_QUOTE, passed=seen.quotes is not None)
        return
    yield from quotes_good(request.legs, seen.quotes, seen.permit.limits, seen.now, seen.boot_ns)
    yield from market_sound(request, seen.quotes, seen.permit.limits, seen.now, seen.boot_ns)
    yield _opens_only(request.legs, seen)
    yield from _price_sane(request, seen.quotes, seen.permit.limits)
    asked = asked_for(request, strategy, seen)
    yield from size_allowed(asked, seen, seen.permit.limits)
    yield from room(asked, seen, seen.permit.limits.caps)
    yield from exposure_allowed(request, seen)
    yield from worth_opening(request, strategy, seen)


def _leave_to_trade(request: Open, strategy: str, seen: Circumstances) -> Iterator[Check]:
    state = seen.permit.state if seen.permit else None
    words = "; ".join(seen.permit.reasons) if seen.permit else "no live permit"
    yield Check(code=Code.R010_HALTED, passed=seen.ready, value="" if seen.ready else "not every account is reconciled")
    yield Check(code=Code.R011_NO_PERMIT, passed=seen.permit is not None, value=words)
    if state is not None:
        code = Code.R013_REDUCING if state is TradingState.REDUCING else Code.R010_HALTED
        yield Check(code=code, passed=state is TradingState.ACTIVE, value=state.value, subject=words)
    yield Check(code=Code.R012_LATCHED, passed=seen.latch is None, value=seen.latch or "")
    yield _unbroken(strategy, seen)
    yield Check(code=Code.R016_DISK, passed=seen.disk is None, value=seen.disk or "")
    if seen.replica is not None:  # a check of those alone who asked for it
        yield Check(code=Code.R017_REPLICA, passed=False, value=seen.replica)
    broken = seen.book.quarantined.get(request.underlying)
    yield Check(code=Code.R014_QUARANTINED, passed=broken is None, subject=request.underlying, value=broken or "")
    doubts = [
        life.order.cl_ord_id for life in seen.book.live_orders() if _in_doubt_over(life, request.underlying, seen)
    ]
    yield Check(code=Code.R015_IN_DOUBT, passed=not doubts, subject=request.underlying, value=", ".join(doubts))
    value = ", ".join(seen.routes) or "; ".join(seen.obstacles)
    yield Check(code=Code.R060_NO_ROUTE, passed=bool(seen.routes), value=value)


def _unbroken(strategy: str, seen: Circumstances) -> Check:
    """A breaker holds from the permit on, before the journal has it, and by the journal, whatever a permit says."""
    journaled = stop_of(strategy, seen.book.tally.breakers.stops)
    return journaled or stop_of(strategy, seen.permit.stops if seen.permit else {}) or _UNBROKEN


def _underlying_named(request: Open, seen: Circumstances) -> Check:
    """What is asked by underlying (doubts, quarantine) is asked of the one the legs are on."""
    strange = sorted({seen.contracts[leg.symbol].underlying for leg in request.legs} - {request.underlying})
    return Check(code=Code.R023_UNDERLYING, passed=not strange, value=", ".join(strange), limit=request.underlying)


def _carried(request: Open, seen: Circumstances) -> Iterator[Check]:
    """Of the routes that could take an opening, one at least must be able to carry this one, whole or leg by leg."""
    kinds = frozenset(seen.contracts[leg.symbol].product.kind for leg in request.legs)
    load = Load(kinds=kinds, legs=len(request.legs), order_type=request.order_type, time_in_force=request.time_in_force)
    told = {}
    for name in seen.routes:
        coverage = seen.coverages.get(name) or Coverage()
        why = cannot_carry(coverage, load)  # what no route takes whole goes leg by leg
        told[name] = why and cannot_carry(coverage, load.model_copy(update={"legs": 1}))
    if told:
        value = "; ".join(f"{name} {why}" for name, why in told.items() if why)
        yield Check(code=Code.R061_NOT_CARRIED, passed=not all(told.values()), value=value)


def _in_doubt_over(life: OrderLife, underlying: str, seen: Circumstances) -> bool:
    return life.in_doubt and life.order.underlying == underlying and life.order.cl_ord_id not in seen.excluding


def _opens_only(legs: Sequence[Leg], seen: Circumstances) -> Check:
    """Accounts net: a leg against what is held, or may yet be opened, would close it and leave another leg alone."""
    wanted = {leg.symbol: leg.action.sign for leg in legs}
    against: set[str] = set()
    for domain, positions in seen.book.positions.items():
        if _counts(domain, seen):
            against.update(symbol for symbol, sign in wanted.items() if positions.get(symbol, 0) * sign < 0)
    for life in seen.book.live_orders():
        if life.order.intent is Intent.OPEN and (life.last is None or _counts(life.last.account_domain, seen)):
            coming = {leg.symbol: leg.action.sign for leg in life.order.legs}
            against.update(symbol for symbol, sign in coming.items() if wanted.get(symbol, 0) * sign < 0)
    return Check(code=Code.R045_OPPOSITE, passed=not against, value=", ".join(sorted(against)))


def _counts(domain: str, seen: Circumstances) -> bool:
    return seen.accounts is None or domain in seen.accounts


def _price_sane(request: Open, quotes: QuoteTable, limits: Limits) -> Iterator[Check]:
    """A limit may be better than the market, never worse than it by more than the widest spread allowed.

    An opening without a limit, or without a market to hold it against, has no loss that could be bounded.
    """
    natural = natural_price(request.legs, quotes)
    if request.net_price is None or natural is None:
        price = "at any price" if request.net_price is None else str(request.net_price)
        yield Check(code=Code.R035_PRICE_OFF_MARKET, passed=False, value=price, limit=str(natural))
        return
    slack = max(abs(natural) * Decimal(str(limits.spread_max)), Decimal(str(limits.spread_floor)))
    yield Check(
        code=Code.R035_PRICE_OFF_MARKET,
        passed=request.net_price >= natural - slack,
        value=str(request.net_price),
        limit=f"{natural} less {slack:.2f}",
    )


def _review_close(request: Close, seen: Circumstances) -> Iterator[Check]:
    structure = seen.book.structures.get(request.structure_id)
    yield Check(code=Code.R050_UNKNOWN_STRUCTURE, passed=structure is not None, subject=request.structure_id)
    if structure is None:
        return
    live = [life for life in seen.book.live_orders(request.structure_id) if life.order.cl_ord_id not in seen.excluding]
    doubts = [life.order.cl_ord_id for life in live if life.in_doubt]
    working = [life.order.cl_ord_id for life in live if not life.in_doubt]
    yield Check(code=Code.R052_CLOSE_IN_DOUBT, passed=not doubts, value=", ".join(doubts))
    yield Check(code=Code.R051_CLOSE_WORKING, passed=not working, value=", ".join(working))
    free = closable(seen.book, structure)
    yield Check(
        code=Code.R053_NOTHING_TO_CLOSE,
        passed=bool(free),
        value=f"{dict(structure.holdings)} held",
        limit=f"{free} of the account's position",
    )
    domain = structure.account_domain
    now = domain in seen.reconciled and domain in seen.writable
    value = "" if now else "it waits until this account can be reached and agrees"
    yield Check(code=Code.R060_NO_ROUTE, passed=True, subject=domain, value=value)
    yield from sessions_open([seen.book.contract(symbol) for symbol in structure.holdings], seen.sessions, seen.now)


def _review_complex(request: Complex, strategy: str, seen: Circumstances) -> Iterator[Check]:
    if request.trigger_order is not None:
        yield from _review_open(request.trigger_order, strategy, seen)
    else:
        for order in request.orders:
            yield from _review_resting(order, strategy, seen)
    limits = [order.net_price for order in request.orders if order.stop is None and order.net_price is not None]
    stops = [
        order.stop.stop_px for order in request.orders if order.stop is not None and order.stop.stop_px is not None
    ]
    apart = isinstance(request.orders[0], Open) or not limits or not stops or limits[0] > stops[0]
    yield Check(code=Code.R036_STOP_ABOVE_LIMIT, passed=apart, value=str(stops[:1]), limit=str(limits[:1]))


def _review_resting(request: Open | Close, strategy: str, seen: Circumstances) -> Iterator[Check]:
    """What rests is asked whether it could ever be sent; the whole review follows when it is."""
    if isinstance(request, Close):
        structure = seen.book.structures.get(request.structure_id)
        yield Check(code=Code.R050_UNKNOWN_STRUCTURE, passed=structure is not None, subject=request.structure_id)
        held = structure is not None and not structure.is_flat
        yield Check(code=Code.R053_NOTHING_TO_CLOSE, passed=held, subject=request.structure_id)
        return
    yield from _leave_to_trade(request, strategy, seen)
    unknown = [leg.symbol for leg in request.legs if leg.symbol not in seen.contracts]
    yield Check(code=Code.R022_UNKNOWN_CONTRACT, passed=not unknown, value=", ".join(unknown))
    if not unknown and seen.permit is not None:
        worst = request.net_price if request.stop is None or request.net_price is not None else request.stop.stop_px
        priced = request.model_copy(update={"net_price": worst})
        yield from only_options(request.legs, seen.contracts)
        yield _underlying_named(request, seen)
        yield _opens_only(request.legs, seen)
        yield from size_allowed(asked_for(priced, strategy, seen), seen, seen.permit.limits)


def _review_replace(request: Replace, seen: Circumstances) -> Iterator[Check]:
    """An opening is admitted at its new price before its cancel is asked for, and again before it is sent."""
    life = chain(seen.book, request.cl_ord_id)[-1] if request.cl_ord_id in seen.book.orders else None
    yield Check(code=Code.R054_UNKNOWN_ORDER, passed=life is not None, subject=request.cl_ord_id)
    if life is None:
        return
    works = not life.status.is_terminal and life.order.contingency is None
    yield Check(code=Code.R055_ORDER_FINISHED, passed=works, subject=request.cl_ord_id, value=life.status.value)
    yield Check(code=Code.R056_CANCEL_ASKED, passed=not life.cancel_asked, subject=request.cl_ord_id)
    if life.order.intent is Intent.OPEN:
        again = signal_again(life.order.model_copy(update={"net_price": request.net_price})).request
        if isinstance(again, Open):
            without_it = replace(seen, excluding=frozenset({life.order.cl_ord_id}))
            yield from _review_open(again, life.order.strategy, without_it)


def _review_cancel(order_id: str, seen: Circumstances) -> Iterator[Check]:
    resting = seen.book.triggers.of(order_id)
    life = chain(seen.book, order_id)[-1] if order_id in seen.book.orders else None
    known = life is not None or order_id in seen.book.triggers.known or bool(resting)
    yield Check(code=Code.R054_UNKNOWN_ORDER, passed=known, subject=order_id)
    if known:
        live = bool(resting) or (life is not None and life.is_live)
        status = life.status.value if life is not None else ""
        yield Check(code=Code.R055_ORDER_FINISHED, passed=live, subject=order_id, value=status)
