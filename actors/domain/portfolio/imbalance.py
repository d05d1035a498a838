"""What to do about shorts that nothing of their structure covers: a plan by the seconds since they were first seen.

    0 ......... grace ......... PATIENCE ......... UNWIND ......... deadline
    wait        complete, or unwind at once        only unwind      page again, and go on
                |               cancel what works and leaves them
                a report may be under way: legs of a combo are told one after the other

Rules of this file:
* Nothing is sent beside an order of the structure that may still trade, and a doubt is waited out (law 2).
* Legs of an order that its broker calls Filled are on their way: not bought a second time, nor unwound before UNWIND.
* Completing brings the legs that are missing, in one order, where the whole then costs no more than a stated slippage
  beyond the opening's limit. It is tried once per structure, and never once a close of it has traded: from then on the
  way to balance is out.
* Otherwise the excess is unwound. Where a broker refuses that for good, the shorts alone are bought back: what covers
  nobody can wait. So many refusals for good in a row, or so many more of any kind, and a person must look.
* An order of this kind never waits for a route: what was not taken has ended, and the next one is made here, at a pace,
  of what is held and quoted then; sooner where no byte of it had left, for then no broker said anything.
* Two unwindings never look alike while one is in doubt: a broker that tells no ids could end neither doubt.
* An order for the excess that works on is replaced at a pace, for the market has left it.

Times are seconds of the boot clock. Left out: whether the gate lets an order pass, which its caller asks.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum, auto
from itertools import takewhile
from math import gcd
from typing import Final

from pydantic import Field

from actors.domain.orders.attempt import AttemptState
from actors.domain.orders.fill_check import incomplete
from actors.domain.orders.order import Intent, Leg, Order
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.report import Status
from actors.domain.portfolio.structure import Structure
from actors.domain.value import Value

PATIENCE_SHARE: Final = 0.3
UNWIND_SHARE: Final = 0.6
"""Of the deadline."""
UNSENT_SHARE: Final = 0.25
"""Of the pace."""
COMPLETE_MARK: Final = "-complete-"
UNWIND_MARK: Final = "-unwind-"
OVER_MARK: Final = "-unwind-over-"
"""Of an order that closes whole combos, more of them than were ordered."""


class ImbalanceLimits(Value):
    """When what is done, and how far it may go."""

    deadline_s: float = Field(default=10.0, gt=0)
    grace_s: float = Field(default=1.0, ge=0)
    slippage: Decimal = Field(default=Decimal("0.20"), ge=0)
    """Points per combo."""
    pace_s: float = Field(default=2.0, gt=0)
    rejections_max: int = Field(default=5, gt=0)
    """Refusals for good in a row."""
    refusals_max: int = Field(default=50, gt=0)
    """Refusals of any kind in a row: a broker that says 'later' is asked again, but not without end."""

    @property
    def patience_s(self) -> float:
        """How long an order may work on that leaves a short uncovered."""
        return max(self.grace_s, self.deadline_s * PATIENCE_SHARE)

    @property
    def unwind_s(self) -> float:
        """From when on nothing is completed any more: the rest of the deadline is the unwinding's."""
        return max(self.grace_s, self.deadline_s * UNWIND_SHARE)


class Remedy(Enum):
    """What to do next."""

    WAIT = auto()
    COMPLETE = auto()
    UNWIND = auto()
    UNWIND_SHORTS = auto()
    GIVE_UP = auto()


def pace_of(lives: Sequence[OrderLife], limits: ImbalanceLimits) -> float:
    """Return how long after the last order of this kind the next one may come, given all of a structure, oldest first.

    What never left is as good as not tried.
    """
    mending = [life.last for life in lives if is_mending(life.order)]
    never_left = bool(mending) and mending[-1] is not None and mending[-1].state is AttemptState.NOT_SENT
    return limits.pace_s * UNSENT_SHARE if never_left else limits.pace_s


def is_mending(order: Order) -> bool:
    """Whether an order is the executor's own: it completes or unwinds a structure, and is made anew, never kept."""
    return any(_is_numbered(order, mark) for mark in (COMPLETE_MARK, UNWIND_MARK, OVER_MARK))


def is_covering(order: Order) -> bool:
    """Whether an order is the executor's own, and covers or takes away what stands out of ratio."""
    return is_mending(order) and not _is_numbered(order, OVER_MARK)


def remedy(lives: Sequence[OrderLife], elapsed_s: float, limits: ImbalanceLimits) -> Remedy:
    """Return what to do for a structure, given all its orders, oldest first."""
    if elapsed_s < limits.grace_s or any(life.is_live for life in lives):
        return Remedy.WAIT
    if elapsed_s < limits.unwind_s and any(incomplete(life) for life in lives):
        return Remedy.WAIT
    unwinds = [life for life in lives if _is_named(life, UNWIND_MARK)]
    if is_given_up(unwinds, limits):
        return Remedy.GIVE_UP
    if elapsed_s < limits.unwind_s and not unwinds and _may_complete(lives):
        return Remedy.COMPLETE
    if unwinds and _is_refused(unwinds[-1]) and not _is_retryable(unwinds[-1]):
        return Remedy.UNWIND_SHORTS
    return Remedy.UNWIND


def is_given_up(unwinds: Sequence[OrderLife], limits: ImbalanceLimits) -> bool:
    """Whether orders of one purpose, oldest first, were refused so often in a row that a person must look."""
    refusals = _refused_in_a_row(unwinds)
    return refusals.count(False) >= limits.rejections_max or len(refusals) >= limits.refusals_max


def to_cancel(
    lives: Sequence[OrderLife], elapsed_s: float, worked_s: Mapping[str, float], limits: ImbalanceLimits
) -> list[str]:
    """Return the working orders to cancel. `worked_s`: how long each was seen at work beside an uncovered short."""
    found = []
    for life in lives:
        name = life.order.cl_ord_id
        if not life.is_live or life.cancel_asked or life.in_doubt:
            continue
        if _is_named(life, UNWIND_MARK):
            is_due = worked_s.get(name, 0.0) >= limits.pace_s
        else:
            is_due = elapsed_s >= (limits.unwind_s if _is_named(life, COMPLETE_MARK) else limits.patience_s)
        if is_due:
            found.append(name)
    return found


def missing_legs(structure: Structure) -> tuple[tuple[Leg, ...], int, int]:
    """Return the legs and quantity that make whole combos of all that is held, and how many combos these then are.

    No legs where a leg holds more than the whole order was to bring, where something of what was opened is gone again,
    or nothing is missing.
    """
    held = {leg.symbol: structure.holdings.get(leg.symbol, 0) * leg.action.sign for leg in structure.legs}
    combos = max(-(-held[leg.symbol] // leg.ratio) for leg in structure.legs)
    lacking = [(leg, combos * leg.ratio - held[leg.symbol]) for leg in structure.legs]
    is_strange = structure.holdings.keys() - held.keys() or min(held.values()) < 0
    is_strange = is_strange or any(structure.holdings.get(each, 0) != n for each, n in structure.entered.items())
    if combos > structure.order_qty or is_strange or not any(count for _, count in lacking):
        return (), 0, combos
    order_qty = gcd(*(count for _, count in lacking if count))
    legs = tuple(leg.model_copy(update={"ratio": count // order_qty}) for leg, count in lacking if count)
    return legs, order_qty, combos


def worst_price(
    structure: Structure, limit: Decimal, multiplier: int, order_qty: int, combos: int, limits: ImbalanceLimits
) -> Decimal:
    """Return the worst net price (credit > 0) of each of `order_qty` completing combos.

    With it all `combos` together are at the opening's limit less the slippage.
    """
    wanted = (limit - limits.slippage) * combos
    return (wanted - structure.entry_cash / multiplier) / order_qty


def _may_complete(lives: Sequence[OrderLife]) -> bool:
    has_closed = any(life.order.intent is Intent.CLOSE and life.fills for life in lives)
    return not has_closed and not any(_is_named(life, COMPLETE_MARK) for life in lives)


def _is_numbered(order: Order, mark: str) -> bool:
    first = order.structure_id + mark
    return order.cl_ord_id.startswith(first) and order.cl_ord_id.removeprefix(first)[:1].isdigit()


def _is_named(life: OrderLife, mark: str) -> bool:
    """Whether an order is the executor's own for this end; a signal may carry the mark in its id by chance."""
    return life.order.cl_ord_id.startswith(life.order.structure_id + mark)


def _refused_in_a_row(unwinds: Sequence[OrderLife]) -> list[bool]:
    """Return the refusals since an unwinding was last taken, each with whether it may be tried again."""
    return [_is_retryable(life) for life in takewhile(_is_refused, reversed(unwinds))]


def _is_refused(life: OrderLife) -> bool:
    """Whether a broker's no ended it, at the send or later; that no route took it is no broker's word."""
    by_answer = life.last is not None and life.last.state is AttemptState.REJECTED
    by_report = life.last is not None and life.last.state is AttemptState.ACCEPTED
    return life.status is Status.REJECTED and (by_answer or by_report)


def _is_retryable(life: OrderLife) -> bool:
    return life.last is not None and life.last.retryable
