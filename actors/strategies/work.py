"""How one order is worked: asked for at the middle, moved towards the natural price, given up after that.

Or, where the pace names a `plan`, asked for once and worked by the executor: then one task is all the orders that took
each other's place, and an opening the plan gave up is REFUSED.

A re-price is a cancel, then a new signal once the order has ended: two orders for one purpose never work at once.
Where a task stands, what is seen, and what follows:

    ASKED       no answer                      WAIT
    ASKED       refused                        REFUSED
    ASKED       admitted                       WORKING, read on
    WORKING     order not in the book yet      WAIT
    WORKING     order in doubt                 WAIT      only evidence ends a doubt (law 2)
    WORKING     order ended, all filled        FILLED
    WORKING     opening ended, some filled     FILLED    the rest is not chased: what is there gets managed
    WORKING     order ended, rejected          REFUSED
    WORKING     order ended otherwise          REPRICE
    WORKING     another order takes its place  WAIT      the executor works it by the plan
    WORKING     unfinished past its patience   CANCEL, CANCELLING; never where the executor works it
    CANCELLING  as WORKING, but after `cancel_s` the cancel is asked for again
    RESTING     after `retry_s`                AGAIN     a closing order was refused

Patience is `step_s` a price; past the natural it grows by as much with each try, up to `PATIENCE_MAX` times: what does
not fill at the market lacks a counterparty (a wing nobody bids for), and asking faster finds none.

Prices are per combo: credit > 0, debit < 0, so for openings and closings alike a lower price is nearer the natural.
"""

import math
from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.market.quote import QuoteTable
from actors.domain.orders.order import Leg
from actors.domain.orders.report import Status
from actors.domain.orders.working import Plan
from actors.domain.portfolio.view import OrderView
from actors.domain.value import ZERO, Instant, Value
from actors.strategies.base import MarketView

PATIENCE_MAX = 10
_PRICE_STEP = Decimal("0.0001")


class Pace(Value):
    """How an order is worked. Seconds are of market time."""

    steps: int = Field(default=4, ge=1, le=20)
    """Prices between middle (step 0) and natural (step `steps`)."""
    step_s: float = Field(default=20.0, gt=0)
    """How long each price works."""
    cancel_s: float = Field(default=10.0, gt=0)
    retry_s: float = Field(default=5.0, gt=0)
    """Pause after a refusal, and between attempts to enter."""
    expires_s: float = Field(default=60.0, gt=0)
    """Age at which a signal is not acted on any more."""
    plan: Plan | None = None
    """Leave the working to the executor, by this; it then needs no strategy alive to go on."""


class Stage(StrEnum):
    """Where a task stands."""

    ASKED = "ASKED"
    WORKING = "WORKING"
    CANCELLING = "CANCELLING"
    RESTING = "RESTING"


class Next(StrEnum):
    """What follows."""

    WAIT = "WAIT"
    CANCEL = "CANCEL"
    REPRICE = "REPRICE"
    AGAIN = "AGAIN"
    FILLED = "FILLED"
    REFUSED = "REFUSED"


class Task(Value):
    """One purpose being worked: an opening of `legs`, or the close of `structure_id`, whose opening legs they are."""

    structure_id: str | None = None
    """None for an opening."""
    legs: tuple[Leg, ...]
    order_qty: int
    reason: str
    step: int = 0
    stage: Stage = Stage.ASKED
    number: int = 0
    """Number of the last opening or closing signal."""
    cl_ord_id: str | None = None
    since: Instant
    """When this stage began."""

    @property
    def is_opening(self) -> bool:
        """Whether it adds risk."""
        return self.structure_id is None


def advance(task: Task, view: MarketView, pace: Pace) -> tuple[Task, Next]:
    """Return the task after one look at the view, and what follows."""
    if task.stage is Stage.RESTING:
        return task, Next.AGAIN if _waited(task, view, pace.retry_s) else Next.WAIT
    if task.stage is Stage.ASKED:
        answer = view.answers.get(task.number)
        if answer is None:
            return task, Next.WAIT
        if not answer.admitted:
            return task, Next.REFUSED
        task = task.model_copy(
            update={"stage": Stage.WORKING, "cl_ord_id": answer.cl_ord_id, "since": view.now},
        )
    orders = chain(task.cl_ord_id, view)
    if not orders or orders[-1].in_doubt or orders[-1].is_replacing:
        return task, Next.WAIT
    if orders[-1].status.is_terminal:
        return task, _ended(task, orders, pace)
    if pace.plan is not None and task.stage is Stage.WORKING:
        return task, Next.WAIT
    patience_s = pace.step_s * min(max(task.step - pace.steps, 1), PATIENCE_MAX)
    limit_s = pace.cancel_s if task.stage is Stage.CANCELLING else patience_s
    if not _waited(task, view, limit_s):
        return task, Next.WAIT
    return task.model_copy(update={"stage": Stage.CANCELLING, "since": view.now}), Next.CANCEL


def combo_quote(legs: Iterable[Leg], table: QuoteTable, *, closing: bool) -> tuple[float, float] | None:
    """Return (mid, natural) net price of one combo of opening `legs`, or of its close; None where one cannot be bought.

    A missing bid counts as zero, for that is what a sale without a buyer brings; what is sold needs no ask. The last
    good figures are taken even where the latest quote was refused, because exits may not wait for a feed (law 7).
    """
    mid = natural = 0.0
    for leg in legs:
        row = table.row_of.get(leg.symbol)
        if row is None:
            return None
        bid, ask = float(table.bid[row]), float(table.ask[row])
        bid = 0.0 if math.isnan(bid) else bid
        buys = leg.action.is_buy is not closing
        if buys and math.isnan(ask):
            return None
        middle = bid if math.isnan(ask) else (bid + ask) / 2
        natural += leg.ratio * (-ask if buys else bid)
        mid += leg.ratio * (-middle if buys else middle)
    return mid, natural


def work_price(quote: tuple[float, float], step: int, steps: int, tick: Decimal) -> Decimal:
    """Return the price of a step, rounded to the tick towards the natural; from `steps` on, the natural."""
    mid, natural = quote
    share = min(step / steps, 1.0)
    # The quantize drops what binary floats add, so that 0.15000000000000002 is not taken for more than three ticks.
    exact = Decimal(mid + (natural - mid) * share).quantize(_PRICE_STEP)
    return (exact / tick).to_integral_value(rounding=ROUND_FLOOR) * tick + ZERO  # which is never minus zero


def _waited(task: Task, view: MarketView, limit_s: float) -> bool:
    return (view.now - task.since).total_seconds() >= limit_s


def chain(name: str | None, view: MarketView) -> list[OrderView]:
    """Return an order and those that took its place; nothing where the book does not show all of them yet."""
    orders = []
    while name is not None and (order := view.orders.get(name)) is not None:
        orders.append(order)
        name = order.replaced_by
    return orders if name is None else []


def _ended(task: Task, orders: list[OrderView], pace: Pace) -> Next:
    last = orders[-1]
    if last.status is Status.FILLED or (task.is_opening and any(order.cum_qty for order in orders)):
        return Next.FILLED
    is_given_up = pace.plan is not None and task.is_opening
    return Next.REFUSED if is_given_up or last.status is Status.REJECTED else Next.REPRICE
