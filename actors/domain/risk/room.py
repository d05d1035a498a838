"""Whether an account has room for an opening: its broker's word, its buying power, the pace of orders.

Rules of this file:
* The account asked is that of the route the opening goes to first; one that moves on is reviewed again there.
* Buying power is what the broker last said, less what began since: openings that work, wait or have filled, whole, at
  their own margin. An order that does not count (it ends before this one goes) gives back what it took.
* The margin is that of the local rules (`margin`), raised by a named haircut; where the broker's own dry run has said
  of late what such a structure takes (`dry_run`), by what it asks more than they do, and never less.
* What is not told, or too old, or has no rule, is refused: not known to fit counts as not fitting.
* An opening that only completes a structure is asked nothing of this: what it covers is worse.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from actors.domain.market.contract import Kind, Right
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.order import Intent, Order
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.trading_status import OptionsLevel
from actors.domain.portfolio.cover import Combo
from actors.domain.portfolio.recent import MINUTE, likeness
from actors.domain.risk.asked import Asked
from actors.domain.risk.caps import Caps
from actors.domain.risk.circumstances import Circumstances
from actors.domain.risk.dry_run import Factor
from actors.domain.risk.margin import unfunded
from actors.domain.risk.standing import Standing
from actors.domain.risk.structure_loss import naked_exposure
from actors.domain.value import CENT, ZERO

_ONCE = Decimal(1)
_FUTURES = {Kind.FUTURE, Kind.FUTURE_OPTION}


def room(asked: Asked, seen: Circumstances, caps: Caps) -> Iterator[Check]:
    """Yield whether the account that an opening goes to takes it and can bear it, and whether it comes too soon."""
    if seen.completes:
        return
    window = timedelta(seconds=caps.duplicate_window_s)
    since = seen.now - window
    for each in seen.standings.values():  # what was placed before a reading may be sent after
        since = min(since, each.read_at - MINUTE)
    seen.book.recent.look(seen.book.orders, seen.now, since)
    if seen.routes:
        yield _taken_by_broker(asked, seen)
        yield from _affordable(asked, seen, caps)
    yield from _paced(asked.strategy, seen, caps)
    if window:
        yield _not_again(asked, seen, window)


def _taken_by_broker(asked: Asked, seen: Circumstances) -> Check:
    standing = asked.standing
    if standing is None or standing.trading is None:
        domain = standing.account_domain if standing else ""
        return Check(code=Code.R048_BROKER_STATUS, passed=False, subject=domain, value="its broker has not said")
    is_future = asked.combo.contract.product.kind in _FUTURES
    why = standing.trading.why_not(_level(asked), is_future=is_future, naked_calls=Right.CALL in asked.naked)
    age_s = (seen.boot_ns - standing.heard_ns) / 1e9
    domain = standing.account_domain
    return Check(code=Code.R048_BROKER_STATUS, passed=not why, subject=domain, value=why, age_s=age_s)


def _level(asked: Asked) -> OptionsLevel:
    """Return what leave of the broker an opening needs."""
    if asked.naked:
        return OptionsLevel.NAKED
    if all(leg.action.is_buy for leg in asked.request.legs):
        return OptionsLevel.LONG
    return OptionsLevel.SPREADS if len(asked.request.legs) > 1 else OptionsLevel.COVERED


def _affordable(asked: Asked, seen: Circumstances, caps: Caps) -> Iterator[Check]:
    standing = asked.standing
    if standing is None or standing.buying_power is None:
        domain = standing.account_domain if standing else ""
        yield Check(code=Code.R046_BUYING_POWER, passed=False, subject=domain, value="its buying power is not known")
        return
    word, age_s = _word(asked.combo, standing, seen, caps), (seen.boot_ns - standing.heard_ns) / 1e9
    request, times = asked.request, _times(word, caps)
    need = taken(request.underlying, asked.combo, request.net_price or ZERO, request.order_qty, seen, times)
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
        value=f"{need} dollars{_source(word, seen)}" + ("" if fresh else f"; read over {caps.power_age_max_s:g} s ago"),
        limit=str(free),
        age_s=age_s,
    )
    if fits:
        worth = standing.net_liquidation
        used, most = worth - free + need, (worth * caps.margin_share_max).quantize(CENT)
        passed = worth > 0 and used <= most
        yield Check(code=Code.R049_MARGIN_SHARE, passed=passed, value=f"{used} dollars", limit=str(most))


def _word(combo: Combo, standing: Standing, seen: Circumstances, caps: Caps) -> Factor | None:
    """Return what the broker's dry run said of a kind of structure; None where it did not, or too long ago."""
    known = standing.factors.get(combo.kind) if standing.factors else None
    is_fresh = known is not None and seen.boot_ns - known.heard_ns <= caps.dry_run_age_max_s * 1e9
    return known if is_fresh else None


def _times(word: Factor | None, caps: Caps) -> Decimal:
    """Return what the local rules' margin is raised by: the dry run's word, else the haircut."""
    return word.times if word is not None else 1 + caps.margin_haircut


def _source(word: Factor | None, seen: Circumstances) -> str:
    return "" if word is None else f", by a dry run {(seen.boot_ns - word.heard_ns) / 1e9:.0f} s old"


def taken(
    underlying: str, combo: Combo, net_price: Decimal, quantity: int, seen: Circumstances, times: Decimal = _ONCE
) -> Decimal | None:
    """Return the buying power that combos take at a net price by the local rules, `times` over; None: not known."""
    loss = combo.loss(net_price, quantity)
    if loss is not None and combo.is_plain:
        return (loss * times).quantize(CENT)
    quote = seen.quotes.quote(underlying) if seen.quotes is not None else None
    on = seen.now.astimezone(NEW_YORK).date()
    bare = unfunded(combo.parts, combo.contract, quote.mid if quote else None, seen.margins, on, combo.lots)
    if bare is None:
        return None
    points = max(ZERO, sum(bare, ZERO) - net_price)
    return (points * combo.contract.multiplier * quantity * times).quantize(CENT)


def _begun_since(standing: Standing, seen: Circumstances, caps: Caps) -> Iterator[Decimal]:
    """Yield what the reading of an account does not show: what has begun since, less what ends before."""
    book, read_at = seen.book, standing.read_at
    live = [life for life in book.live_orders() if life.order.intent is Intent.OPEN]
    lately = (book.orders[order.cl_ord_id] for order in book.recent.openings())  # most of them came to nothing
    for life in (*live, *(each for each in lately if each.fills and not each.is_live and each.cum_qty)):
        last = life.attempts[-1] if life.attempts else None
        is_read = last is not None and last.started_at < read_at and not life.in_doubt
        is_excluded = life.order.cl_ord_id in seen.excluding
        if is_read is not is_excluded or (last is not None and last.account_domain != standing.account_domain):
            continue
        yield _placed(life.order, standing, seen, caps) * (-1 if is_excluded else 1)


def _placed(order: Order, standing: Standing, seen: Circumstances, caps: Caps) -> Decimal:
    """Return the buying power that an opening that was placed takes; the stand-in where no rule knows any more."""
    book, price = seen.book, order.net_price or ZERO
    combo = book.stakes.combo(order, book.contract)
    times = _times(_word(combo, standing, seen, caps), caps)
    need = taken(order.underlying, combo, price, order.order_qty, seen, times)
    return need if need is not None else naked_exposure(order.legs, book.contract, order.order_qty)


def _paced(strategy: str, seen: Circumstances, caps: Caps) -> Iterator[Check]:
    recent = seen.book.recent
    for subject, count, most in (
        (strategy, recent.of(strategy), caps.strategy_orders_per_minute_max),
        ("all", recent.count, caps.orders_per_minute_max),
    ):
        value = f"{count + 1} orders in a minute"
        yield Check(code=Code.R063_ORDER_RATE, passed=count < most, subject=subject, value=value, limit=str(most))


def _not_again(asked: Asked, seen: Circumstances, window: timedelta) -> Check:
    """An opening that came to nothing may be asked for again; one that works, or has filled, is a second one."""
    since, same = seen.now - window, ""
    like = likeness(asked.strategy, asked.request.legs, asked.request.order_qty)
    symbols = {leg.symbol for leg in asked.request.legs}
    for order in reversed(seen.book.recent.openings()):
        if order.created_at <= since:
            break
        is_other = order.legs[0].symbol not in symbols or order.strategy != asked.strategy
        if is_other or order.cl_ord_id in seen.excluding or order.replaces in seen.excluding:
            continue
        life = seen.book.orders[order.cl_ord_id]
        if (life.is_live or life.cum_qty) and likeness(order.strategy, order.legs, order.order_qty) == like:
            same = order.cl_ord_id
    return Check(code=Code.R064_DUPLICATE, passed=not same, value=same, limit=f"{window.total_seconds():g} s")
