"""The admission gate: every check of a signal, in one step, with every reason collected (laws 7, 8, 10, 11).

Rules of this file:
* An opening passes only if every check passes; what is missing, stale, NaN or unknown fails.
* A close is asked far less: that the structure is there, that nothing else may still close it, that the market is
  open, and that there is a price. No permit, latch, breaker or quote age stops it. Nor does a route that is away or an
  account not read yet: the close waits for it, and is bounded by the account before it is sent.
* A cancel is asked only whether there is something to cancel.
* Nothing here waits, and nothing is remembered: the same circumstances give the same verdict.

Times: `now` is the market's; the age of a quote is counted on both clocks and the worse one counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from actors.domain.market.contract import Contract
from actors.domain.market.quote import Quote, QuoteTable
from actors.domain.market.session import NEW_YORK, Closed, Session, Sessions
from actors.domain.orders.coverage import Coverage, Load, cannot_carry
from actors.domain.orders.order import Intent, Leg
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Admitted, Check, Code, Refused, Verdict
from actors.domain.orders.signal import Cancel, Close, Open, Signal
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.mark import natural_price
from actors.domain.risk.committed_loss import committed_loss
from actors.domain.risk.permit import Limits, Permit, TradingState
from actors.domain.risk.structure_loss import loss_at_expiry, naked_exposure
from actors.domain.value import ZERO


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All a verdict may depend on, gathered before it is asked for."""

    now: datetime
    boot_ns: int
    book: Book
    quotes: QuoteTable | None
    contracts: Mapping[str, Contract]
    sessions: Sessions
    permit: Permit | None
    """None where none is live."""
    latch: str | None
    """The latched stop, if any."""
    ready: bool
    """Every account with exposure was reconciled."""
    reconciled: frozenset[str]
    """Account domains that agreed with the journal since their connection's start."""
    routes: tuple[str, ...]
    """Routes that could take an opening now, best first."""
    writable: frozenset[str]
    """Account domains that a close could be sent to now."""
    obstacles: tuple[str, ...] = ()
    """Why each other route could not."""
    coverages: Mapping[str, Coverage] = field(default_factory=dict)
    """What each route says it can carry."""
    accounts: frozenset[str] | None = None
    """The account domains an opening may go to; None: any. Accounts do not net with each other."""
    excluding: str | None = None
    """An order that is admitted again: it does not count against itself."""


def review(signal: Signal, seen: Circumstances) -> Verdict:
    """Return the verdict on a signal, with every check that was made."""
    checks = [Check(code=Code.R003_EXPIRED, passed=seen.now < signal.expires_at, limit=f"{signal.expires_at:%H:%M:%S}")]
    match signal.request:
        case Open() as request:
            checks += _review_open(request, seen)
        case Close() as request:
            checks += _review_close(request, seen)
        case Cancel(cl_ord_id=order_id):
            checks += _review_cancel(order_id, seen)
    kept = tuple(checks)
    return Admitted(checks=kept) if all(check.passed for check in kept) else Refused(checks=kept)


def _review_open(request: Open, seen: Circumstances) -> Iterator[Check]:
    yield from _leave_to_trade(request, seen)
    adjusted = [seen.book.adjusted_from(leg.symbol) for leg in request.legs]
    known = [leg.symbol in seen.contracts and stem is None for leg, stem in zip(request.legs, adjusted, strict=True)]
    for leg, is_known, stem in zip(request.legs, known, adjusted, strict=True):
        value = "" if stem is None else f"adjusted from {stem}, not in the product table"
        yield Check(code=Code.R022_UNKNOWN_CONTRACT, passed=is_known, subject=leg.symbol, value=value)
    if not all(known):
        return
    yield from _carried(request, seen)
    yield from _sessions_open([seen.contracts[leg.symbol] for leg in request.legs], seen)
    if seen.permit is None or seen.quotes is None:
        yield Check(code=Code.R030_NO_QUOTE, passed=seen.quotes is not None)
        return
    yield from _quotes_good(request.legs, seen, seen.quotes, seen.permit.limits)
    yield _opens_only(request.legs, seen)
    yield from _price_sane(request, seen.quotes, seen.permit.limits)
    yield from _size_allowed(request, seen, seen.permit.limits)


def _leave_to_trade(request: Open, seen: Circumstances) -> Iterator[Check]:
    state = seen.permit.state if seen.permit else None
    words = "; ".join(seen.permit.reasons) if seen.permit else "no live permit"
    yield Check(code=Code.R010_HALTED, passed=seen.ready, value="" if seen.ready else "not every account is reconciled")
    yield Check(code=Code.R011_NO_PERMIT, passed=seen.permit is not None, value=words)
    if state is not None:
        code = Code.R013_REDUCING if state is TradingState.REDUCING else Code.R010_HALTED
        yield Check(code=code, passed=state is TradingState.ACTIVE, value=state.value, subject=words)
    yield Check(code=Code.R012_LATCHED, passed=seen.latch is None, value=seen.latch or "")
    broken = seen.book.quarantined.get(request.underlying)
    yield Check(code=Code.R014_QUARANTINED, passed=broken is None, subject=request.underlying, value=broken or "")
    doubts = [
        life.order.cl_ord_id for life in seen.book.live_orders() if _in_doubt_over(life, request.underlying, seen)
    ]
    yield Check(code=Code.R015_IN_DOUBT, passed=not doubts, subject=request.underlying, value=", ".join(doubts))
    value = ", ".join(seen.routes) or "; ".join(seen.obstacles)
    yield Check(code=Code.R060_NO_ROUTE, passed=bool(seen.routes), value=value)


def _carried(request: Open, seen: Circumstances) -> Iterator[Check]:
    """Of the routes that could take an opening, one at least must be able to carry this one."""
    kinds = frozenset(seen.contracts[leg.symbol].product.kind for leg in request.legs)
    load = Load(kinds=kinds, legs=len(request.legs), order_type=request.order_type, time_in_force=request.time_in_force)
    told = {name: cannot_carry(seen.coverages.get(name, Coverage()), load) for name in seen.routes}
    if told:
        value = "; ".join(f"{name} {why}" for name, why in told.items() if why)
        yield Check(code=Code.R061_NOT_CARRIED, passed=not all(told.values()), value=value)


def _in_doubt_over(life: OrderLife, underlying: str, seen: Circumstances) -> bool:
    return life.in_doubt and life.order.underlying == underlying and life.order.cl_ord_id != seen.excluding


def _sessions_open(contracts: Iterable[Contract], seen: Circumstances) -> Iterator[Check]:
    hours: dict[tuple[str, date | None], Session | Closed] = {}
    today, time = seen.now.astimezone(NEW_YORK).date(), f"{seen.now.astimezone(NEW_YORK):%H:%M:%S}"
    for contract in contracts:
        if contract.expires_on is not None and contract.expires_on < today:
            yield Check(code=Code.R021_CONTRACT_EXPIRED, passed=False, subject=contract.symbol)
            continue
        key = contract.product.session, contract.expires_on
        session = hours.get(key) or hours.setdefault(key, _session(*key, today, seen))
        if isinstance(session, Closed):
            yield Check(code=Code.R020_SESSION_CLOSED, passed=False, subject=contract.symbol, value=session.text)
            continue
        yield Check(
            code=Code.R020_SESSION_CLOSED,
            passed=session.holds(seen.now),
            subject=contract.symbol,
            value=time,
            limit=f"{session.opens_at.astimezone(NEW_YORK):%H:%M} to {session.closes_at.astimezone(NEW_YORK):%H:%M}",
        )


def _session(rule: str, expires_on: date | None, today: date, seen: Circumstances) -> Session | Closed:
    on = seen.sessions.session_date(seen.now, rule) or today
    return seen.sessions.find(rule, on, expiring=expires_on == on)


def _quotes_good(legs: Sequence[Leg], seen: Circumstances, quotes: QuoteTable, limits: Limits) -> Iterator[Check]:
    stamps = []
    for leg in legs:
        quote = quotes.quote(leg.symbol)
        yield Check(code=Code.R030_NO_QUOTE, passed=quote is not None, subject=leg.symbol)
        if quote is None:
            continue
        age_s = _age_s(quote, seen)
        stamps.append(age_s)
        yield Check(
            code=Code.R031_QUOTE_STALE,
            passed=age_s <= limits.quote_age_max_s,
            subject=leg.symbol,
            value=f"{age_s:.3f} s",
            limit=f"{limits.quote_age_max_s} s",
            age_s=age_s,
        )
        yield _two_sided(quote, age_s)
        yield _spread_narrow(quote, limits, age_s)
    skew = max(stamps, default=0.0) - min(stamps, default=0.0)
    passed = skew <= limits.leg_skew_max_s
    yield Check(code=Code.R033_LEG_SKEW, passed=passed, value=f"{skew:.3f} s", limit=f"{limits.leg_skew_max_s} s")


def _age_s(quote: Quote, seen: Circumstances) -> float:
    return quote.age_s(seen.now, seen.boot_ns)


def _two_sided(quote: Quote, age_s: float) -> Check:
    sound = quote.code == 0 and quote.bid is not None and quote.ask is not None and quote.bid < quote.ask
    value = f"{quote.bid} / {quote.ask}, code {quote.code}"
    return Check(code=Code.R032_QUOTE_UNSOUND, passed=sound, subject=quote.symbol, value=value, age_s=age_s)


def _spread_narrow(quote: Quote, limits: Limits, age_s: float) -> Check:
    """Against the middle, with a floor in points: cheap options are wide by a tick or two and that is no fault."""
    if quote.bid is None or quote.ask is None or not quote.mid:
        return Check(code=Code.R034_SPREAD_WIDE, passed=False, subject=quote.symbol, value="one-sided", age_s=age_s)
    width = quote.ask - quote.bid
    share = float(width / quote.mid)
    return Check(
        code=Code.R034_SPREAD_WIDE,
        passed=float(width) <= limits.spread_floor or share <= limits.spread_max,
        subject=quote.symbol,
        value=f"{share:.0%} of mid, {width} wide",
        limit=f"{limits.spread_max:.0%} or {limits.spread_floor}",
        age_s=age_s,
    )


def _opens_only(legs: Sequence[Leg], seen: Circumstances) -> Check:
    """Accounts net: a leg against what is held, or may yet be opened, would close it and leave another leg alone."""
    against = set()
    for leg in legs:
        held = [
            positions.get(leg.symbol, 0) for domain, positions in seen.book.positions.items() if _counts(domain, seen)
        ]
        coming = [
            other.action.sign
            for life in seen.book.live_orders()
            if life.order.intent is Intent.OPEN and (life.last is None or _counts(life.last.account_domain, seen))
            for other in life.order.legs
            if other.symbol == leg.symbol
        ]
        if any(quantity * leg.action.sign < 0 for quantity in (*held, *coming)):
            against.add(leg.symbol)
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


def _size_allowed(request: Open, seen: Circumstances, limits: Limits) -> Iterator[Check]:
    book = seen.book
    quantity = request.order_qty
    count = sum(leg.ratio for leg in request.legs) * quantity
    yield _at_most(Code.R040_QUANTITY, quantity, limits.order_qty_max, "combos")
    yield _at_most(Code.R040_QUANTITY, count, limits.contracts_max, "contracts")
    contracts = {leg.symbol: book.contract(leg.symbol) for leg in request.legs}
    loss = loss_at_expiry(request.legs, contracts, request.net_price or ZERO, quantity)
    bounded = loss is not None
    yield Check(code=Code.R044_NAKED, passed=bounded or limits.naked_allowed, value="" if bounded else "unbounded")
    exposure = loss if loss is not None else naked_exposure(request.legs, contracts, quantity)
    yield _at_most(Code.R041_STRUCTURE_LOSS, exposure, limits.structure_loss_max, "dollars at expiry")
    committed, structures = committed_loss(book, seen.excluding)
    yield _at_most(Code.R042_ACCOUNT_LOSS, committed + exposure, limits.account_loss_max, "dollars at expiry")
    yield _at_most(Code.R043_STRUCTURES, structures + 1, limits.structures_max, "structures")


def _at_most(code: Code, value: Decimal | int, limit: Decimal | int, unit: str) -> Check:
    return Check(code=code, passed=value <= limit, value=f"{value} {unit}", limit=str(limit))


def _review_close(request: Close, seen: Circumstances) -> Iterator[Check]:
    structure = seen.book.structures.get(request.structure_id)
    yield Check(code=Code.R050_UNKNOWN_STRUCTURE, passed=structure is not None, subject=request.structure_id)
    if structure is None:
        return
    live = [life for life in seen.book.live_orders(request.structure_id) if life.order.cl_ord_id != seen.excluding]
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
    yield from _sessions_open([seen.book.contract(symbol) for symbol in structure.holdings], seen)


def _review_cancel(order_id: str, seen: Circumstances) -> Iterator[Check]:
    life = seen.book.orders.get(order_id)
    yield Check(code=Code.R054_UNKNOWN_ORDER, passed=life is not None, subject=order_id)
    if life is not None:
        yield Check(code=Code.R055_ORDER_FINISHED, passed=life.is_live, subject=order_id, value=life.status.value)
