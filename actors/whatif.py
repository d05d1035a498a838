"""Today's book after a move: what it makes, which rules would fire, which orders would be asked for. Nothing is sent.

Pure, on what risk and the feed last showed (`exposure_watch`, `quote_board`, `breaker_watch`). Decided here:

* The change of a structure is that of its closing value, a long at the bid and a short at the ask, as breakers count.
* A breaker's gauge loses what its scope's structures lose; days that pass do not begin a new day for it. Losses in a
  row do not move. A limit on greeks or stress is judged on the book as held, as risk alerts.
* A strategy is asked as it is in life, with the moved quotes at the moved time, its structures and orders, and an empty
  state: its kept one is its own. So what it began, it is shown beginning anew.
* A stop that Holdfast watches is compared with the middle of its structure.
* Assumed: the book stays as it is on the way there; a stop in between is not seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from actors.breaker_watch import BreakerBoard
from actors.domain.market.chain import chains
from actors.domain.market.contract import Contract, Products
from actors.domain.market.quote import QuoteTable
from actors.domain.market.session import NEW_YORK, Sessions
from actors.domain.market.trading_hours import hours_at
from actors.domain.orders.breaker_event import Measure, Scope
from actors.domain.orders.order import Intent
from actors.domain.orders.signal import Cancel, Close, Open
from actors.domain.portfolio.mark import mid_price, natural_price, worth
from actors.domain.portfolio.structure import closing
from actors.domain.portfolio.view import BookView, StructureView
from actors.domain.risk.exposure import Exposure, Figures
from actors.domain.risk.exposure_measure import Sight, beyond, holdings, measure, whole, worst
from actors.domain.risk.gauge import Gauge
from actors.domain.risk.shock import Shock, shocked_curves, shocked_quotes
from actors.domain.value import ZERO, Value
from actors.exposure_watch import ExposureBoard
from actors.quote_board import Snapshot
from actors.strategies.base import Ask, MarketView, Strategy

_WARNED = (Decimal("0.8"), Decimal("0.5"))


class StructureChange(Value):
    """One structure; dollars. `change` None: it cannot be closed at a known price now, or there."""

    structure_id: str
    strategy: str
    underlying: str
    change: Decimal | None
    value: Decimal | None
    """What closing it would bring, there."""


class Fired(Value):
    """A rule that would fire."""

    rule: str
    text: str
    does: str


class Wanted(Value):
    """An order that would be asked for. `net_price` as asked, else the natural one there; per combo, credit > 0."""

    strategy: str
    kind: str
    structure_id: str
    net_price: Decimal | None
    reason: str


class WhatIf(Value):
    """The book after the move."""

    shock: Shock
    change: Decimal | None
    """Dollars of the whole book; None where a part is unknown."""
    structures: tuple[StructureChange, ...]
    exposure: Exposure
    whole: Figures
    worst: str
    fired: tuple[Fired, ...]
    wanted: tuple[Wanted, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known: the two boards, the quotes, the strategies by name with their underlying, the tables."""

    board: ExposureBoard
    quotes: Snapshot
    breakers: BreakerBoard | None
    strategies: Mapping[str, tuple[str, Strategy]]
    products: Products
    sessions: Sessions


def what_if(seen: Seen, shock: Shock) -> WhatIf:
    """Return the book after the move."""
    now, curves = seen.quotes.at, seen.board.exposure.curves
    after = shocked_quotes(seen.quotes.table, curves, now, shock)
    changes = tuple(_change(each, seen, after) for each in seen.board.structures if any(each.holdings.values()))
    exposure = _exposure(seen, shock)
    total = whole(exposure)
    low = worst(total)
    wanted, notes = _asked(seen, shock, after)
    known = [each.change for each in changes if each.change is not None]
    return WhatIf(
        shock=shock,
        change=sum(known, ZERO) if len(known) == len(changes) else None,
        structures=changes,
        exposure=exposure,
        whole=total,
        worst="" if low is None else seen.board.limits.grid.words(low[0]),
        fired=(*_breakers(seen, changes), *_limits(seen, exposure), *_stops(seen, after)),
        wanted=wanted,
        notes=notes,
    )


def _change(structure: StructureView, seen: Seen, after: QuoteTable) -> StructureChange:
    contracts = {symbol: seen.products.contract(symbol) for symbol in structure.holdings}
    here = worth(structure.holdings, seen.quotes.table, contracts)
    there = worth(structure.holdings, after, contracts)
    return StructureChange(
        structure_id=structure.structure_id,
        strategy=structure.strategy,
        underlying=structure.underlying,
        change=None if here is None or there is None else there - here,
        value=there,
    )


def _exposure(seen: Seen, shock: Shock) -> Exposure:
    exposure, then = seen.board.exposure, shock.then(seen.quotes.at)
    ends = {(curve.root, curve.expires_on): curve.ends_at for curve in exposure.curves}

    def is_over(contract: Contract) -> bool:
        end = ends.get((contract.product.root, contract.expires_on)) if contract.expires_on else None
        return end is not None and end <= then

    sight = Sight(
        at=then,
        age_s=exposure.age_s,
        curves=shocked_curves(exposure.curves, shock),
        spots={symbol: spot * (1 + shock.spot) for symbol, spot in exposure.spots.items()},
        contract=seen.products.contract,
        is_over=is_over,
        rate=seen.board.rate,
    )
    book = BookView(
        journal_sequence=0, executor_epoch=0, ready=True, structures=seen.board.structures, orders=seen.board.orders
    )
    ours, _ = holdings(book)
    foreign = {symbol: count - ours.get(symbol, 0) for symbol, count in exposure.counted.items()}
    return measure(book.model_copy(update={"foreign": {"": foreign}}), sight, seen.board.limits.grid)


def _breakers(seen: Seen, changes: Sequence[StructureChange]) -> Iterator[Fired]:
    """Yield each breaker that would trip, and each warning that would come, which is not there already."""
    homes = {each.structure_id: each.account_domain for each in seen.board.structures}
    for gauge in seen.breakers.gauges if seen.breakers is not None else ():
        if gauge.is_tripped or gauge.value is None or gauge.measure is Measure.LOSSES_IN_A_ROW:
            continue
        mine = [each for each in changes if gauge.subject == _owner(gauge, each, homes)]
        if any(each.change is None for each in mine):
            yield Fired(
                rule=gauge.name, text="unknown: a structure of it has no price there", does="openings are refused"
            )
            continue
        moved = gauge.model_copy(update={"value": gauge.value - sum((each.change or ZERO for each in mine), ZERO)})
        if moved.reaches(Decimal(1)):
            yield Fired(rule=gauge.name, text=moved.words, does=f"{gauge.step.value.lower()}; exits go on")
        elif share := next((each for each in _WARNED if moved.reaches(each) and not gauge.reaches(each)), None):
            yield Fired(rule=gauge.name, text=moved.words, does=f"a warning (A090) at {share:.0%}")


def _owner(gauge: Gauge, change: StructureChange, homes: Mapping[str, str | None]) -> str | None:
    return homes[change.structure_id] if gauge.scope is Scope.ACCOUNT else change.strategy


def _limits(seen: Seen, exposure: Exposure) -> Iterator[Fired]:
    for name, text in beyond(exposure, seen.board.limits).items():
        does = "openings that worsen it are refused (R081, R082); A141"
        yield Fired(rule=name, text=text, does=does if seen.board.enabled else "A141; openings are not asked")


def _stops(seen: Seen, after: QuoteTable) -> Iterator[Fired]:
    held = {each.structure_id: each for each in seen.board.structures}
    for trigger in seen.board.triggers:
        structure = held.get(trigger.structure_id)
        if structure is None or trigger.stop_px is None or trigger.intent is not Intent.CLOSE:
            continue
        legs, _ = closing(structure.holdings)
        price = mid_price(legs, after) if legs else None
        if price is not None and price <= trigger.stop_px:
            text = f"closing {trigger.structure_id} at {price:.2f}, stop {trigger.stop_px}"
            yield Fired(rule=f"stop {trigger.trigger_id}", text=text, does=f"closes {trigger.structure_id}")


def _asked(seen: Seen, shock: Shock, after: QuoteTable) -> tuple[tuple[Wanted, ...], tuple[str, ...]]:
    """Return what every strategy would ask for there, and why one is not asked."""
    then = shock.then(seen.quotes.at)
    wanted: list[Wanted] = []
    notes: list[str] = []
    for name, (underlying, strategy) in seen.strategies.items():
        known = chains(after.universe, underlying)
        session, hours = hours_at(then, known, seen.sessions)
        if session is None or hours is None or not hours.holds(then):
            notes.append(f"{name} is not asked: its market is closed at {then.astimezone(NEW_YORK):%a %d %b %H:%M} ET")
            continue
        view = MarketView(
            now=then,
            session=session,
            hours=hours,
            quotes=after,
            chains=known,
            structures=tuple(each for each in seen.board.structures if each.strategy == name),
            orders={each.cl_ord_id: each for each in seen.board.orders if each.strategy == name},
            answers={},
            next_number=1,
        )
        decision = strategy.decide(view, strategy.begin())
        wanted += [_wanted(name, ask, view) for ask in decision.asks]
        if decision.note and not decision.asks:
            notes.append(f"{name} asks for nothing: {decision.note}")
    return tuple(wanted), tuple(notes)


def _wanted(strategy: str, ask: Ask, view: MarketView) -> Wanted:
    match ask.request:
        case Close(structure_id=structure_id, net_price=price):
            held = next((each.holdings for each in view.structures if each.structure_id == structure_id), {})
            legs, _ = closing(held, view.quotes)
            kind, price = "close", price if price is not None else natural_price(legs, view.quotes)
        case Open(net_price=price):
            kind, structure_id = "open", ""
        case Cancel(cl_ord_id=structure_id):
            kind, price = "cancel", None
        case other:
            kind, structure_id, price = other.kind, "", None
    return Wanted(strategy=strategy, kind=kind, structure_id=structure_id, net_price=price, reason=ask.reason)
