"""Whether an account has room for an opening: its broker's word, its buying power, the pace of orders.

Rules of this file:
* The account asked is that of the route the opening goes to first; one that moves on is reviewed again there.
* Buying power is what the broker last said, less what began since: openings that work, wait or have filled, whole, at
  their own margin. An order that does not count (it ends before this one goes) gives back what it took.
* The margin is that of the local rules (`margin`), raised by a named haircut; where the broker's own dry run has said
  of late what such a structure takes, the larger of that and the bare local rule.
* What is not told, or too old, or has no rule, is refused: not known to fit counts as not fitting.
* An opening that only completes a structure is asked nothing of this: what it covers is worse.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from actors.domain.market.contract import Contract, Kind, Right
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.signal import Open
from actors.domain.orders.trading_status import OptionsLevel
from actors.domain.portfolio.recent import MINUTE, likeness
from actors.domain.risk.caps import Caps
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.margin import unfunded
from actors.domain.risk.standing import Standing
from actors.domain.risk.structure_loss import parts_of_legs
from actors.domain.risk.taker import first_standing, free_lots, naked_shorts
from actors.domain.value import CENT, ZERO

_FUTURES = {Kind.FUTURE, Kind.FUTURE_OPTION}


class _Asked(NamedTuple):
    """An opening, or one that was placed: what its margin depends on."""

    underlying: str
    legs: Sequence[Leg]
    order_qty: int
    net_price: Decimal
    lots: int = 0


def room(request: Open, strategy: str, seen: Circumstances, caps: Caps) -> Iterator[Check]:
    """Yield whether the account that an opening goes to first takes it, and whether it comes too soon."""
    if seen.completes:
        return
    standing = first_standing(request, seen)
    read_at = [each.read_at for each in seen.standings.values()]
    window = timedelta(seconds=caps.duplicate_window_s)
    since = min([seen.now - window, *(each - MINUTE for each in read_at)])  # what was placed before may be sent after
    seen.book.recent.look(seen.book.orders, seen.now, since)
    if seen.routes:
        yield _taken_by_broker(request, standing, seen)
        yield from _affordable(request, standing, seen, caps)
    yield from _paced(strategy, seen, caps)
    yield _not_again(request, strategy, seen, window)


def _taken_by_broker(request: Open, standing: Standing | None, seen: Circumstances) -> Check:
    domain = standing.account_domain if standing else ""
    if standing is None or standing.trading is None:
        return Check(code=Code.R048_BROKER_STATUS, passed=False, subject=domain, value="its broker has not said")
    naked = naked_shorts(request, free_lots(request, seen), seen)
    kinds = {seen.contracts[leg.symbol].product.kind for leg in request.legs}
    is_future, naked_calls = bool(kinds & _FUTURES), Right.CALL in naked
    why = standing.trading.why_not(_level(request, naked), is_future=is_future, naked_calls=naked_calls)
    age_s = (seen.boot_ns - standing.heard_ns) / 1e9
    return Check(code=Code.R048_BROKER_STATUS, passed=not why, subject=domain, value=why, age_s=age_s)


def _level(request: Open, naked: Mapping[Right, int]) -> OptionsLevel:
    """Return what leave of the broker an opening needs."""
    if naked:
        return OptionsLevel.NAKED
    if all(leg.action.is_buy for leg in request.legs):
        return OptionsLevel.LONG
    return OptionsLevel.SPREADS if len(request.legs) > 1 else OptionsLevel.COVERED


def _affordable(request: Open, standing: Standing | None, seen: Circumstances, caps: Caps) -> Iterator[Check]:
    if standing is None or standing.buying_power is None:
        domain = standing.account_domain if standing else ""
        yield Check(code=Code.R046_BUYING_POWER, passed=False, subject=domain, value="its buying power is not known")
        return
    asked = _Asked(
        request.underlying, request.legs, request.order_qty, request.net_price or ZERO, free_lots(request, seen)
    )
    need, age_s = _margin(asked, seen, caps), (seen.boot_ns - standing.heard_ns) / 1e9
    if need is None:
        text = "no rule says what its naked shorts need"
        yield Check(code=Code.R047_MARGIN_UNKNOWN, passed=False, subject=request.underlying, value=text)
        return
    free = standing.buying_power - sum(_begun_since(standing, seen, caps))
    fresh, fits = age_s <= caps.power_age_max_s, need <= free
    yield Check(
        code=Code.R046_BUYING_POWER,
        passed=fresh and fits,
        subject=standing.account_domain,
        value=f"{need} dollars" + ("" if fresh else f", read longer ago than {caps.power_age_max_s:g} s"),
        limit=f"{free}",
        age_s=age_s,
    )
    if not fits:
        return
    most = (standing.net_liquidation * caps.margin_share_max).quantize(CENT)
    used = standing.net_liquidation - free + need
    passed = standing.net_liquidation > 0 and used <= most
    yield Check(code=Code.R049_MARGIN_SHARE, passed=passed, value=f"{used} dollars", limit=f"{most}")


def _margin(asked: _Asked, seen: Circumstances, caps: Caps) -> Decimal | None:
    """Return the buying power that an opening takes, in dollars, raised by the haircut; None: no rule knows."""
    contract: Contract = seen.book.contract(asked.legs[0].symbol)
    contracts = {leg.symbol: seen.book.contract(leg.symbol) for leg in asked.legs}
    quote = seen.quotes.quote(asked.underlying) if seen.quotes is not None else None
    on = seen.now.astimezone(NEW_YORK).date()
    parts = parts_of_legs(asked.legs, contracts)
    lots = int(asked.lots / asked.order_qty)
    bare = unfunded(parts, contract, quote.mid if quote else None, seen.margins, on, lots)
    if bare is None:
        return None
    points = max(ZERO, sum(bare) - asked.net_price)
    return (points * contract.multiplier * asked.order_qty * (1 + caps.margin_haircut)).quantize(CENT)


def _begun_since(standing: Standing, seen: Circumstances, caps: Caps) -> Iterator[Decimal]:
    """Yield what the reading of an account does not show: what has begun since, less what ends before."""
    book = seen.book
    names = {life.order.cl_ord_id for life in book.live_orders() if life.order.intent is Intent.OPEN}
    names |= {order.cl_ord_id for order in book.recent.openings()}
    for name in names:
        life = book.orders[name]
        is_excluded = name in seen.excluding
        if _is_elsewhere(life, standing) or _is_read(life, standing) is not is_excluded:
            continue
        need = _margin(_asked(life.order), seen, caps) if life.is_live or life.cum_qty else ZERO
        yield (ZERO if need is None else need) * (-1 if is_excluded else 1)


def _asked(order: Order) -> _Asked:
    return _Asked(order.underlying, order.legs, order.order_qty, order.net_price or ZERO)


def _is_elsewhere(life: OrderLife, standing: Standing) -> bool:
    return life.last is not None and life.last.account_domain != standing.account_domain


def _is_read(life: OrderLife, standing: Standing) -> bool:
    """Whether an order was at its broker before the reading began."""
    return life.last is not None and life.last.started_at < standing.read_at and not life.in_doubt


def _paced(strategy: str, seen: Circumstances, caps: Caps) -> Iterator[Check]:
    recent = seen.book.recent
    for subject, count, most in (
        (strategy, recent.of(strategy), caps.strategy_orders_per_minute_max),
        ("all", recent.count, caps.orders_per_minute_max),
    ):
        value = f"{count + 1} orders in a minute"
        yield Check(code=Code.R063_ORDER_RATE, passed=count < most, subject=subject, value=value, limit=str(most))


def _not_again(request: Open, strategy: str, seen: Circumstances, window: timedelta) -> Check:
    """An opening that came to nothing may be asked for again; one that works, or has filled, is a second one."""
    like = likeness(strategy, request.legs, request.order_qty)
    since, same = seen.now - window, ""
    for order in seen.book.recent.openings():
        if order.created_at <= since or order.cl_ord_id in seen.excluding or order.replaces in seen.excluding:
            continue
        life = seen.book.orders[order.cl_ord_id]
        if (life.is_live or life.cum_qty) and likeness(order.strategy, order.legs, order.order_qty) == like:
            same = order.cl_ord_id
    return Check(code=Code.R064_DUPLICATE, passed=not same, value=same, limit=f"{window.total_seconds():g} s")
