"""Whether a resting stop is reached: a pure rule over one look at the market after the other.

Rules of this file:
* A look is sound only if every leg's quote is: checked, young on both clocks, two-sided and not absurdly wide. A wing
  nobody bids for counts as worth zero while its ask is small. What is not sound neither fires nor calms anything.
* The price watched has a name: MID, or NATURAL, what the whole would trade at now.
* One print fires nothing. A stop is reached after `looks_min` sound looks in a row, each of a quote newer than the one
  before, over `confirm_s` or longer, all at its level or beyond. A better price, too, counts for a trail only after as
  many, and then at the worst of them; it is worth a journal entry from `trail_step` on.
* The first sound look after a restart that finds the level crossed says so: it was MISSED while nobody looked. The
  policies `missed_close` and `missed_open` decide: FIRE, or ALERT and keep still until the price has come back.

Seconds are of the market's time. Nothing here is kept over a restart but the level: a confirmation begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum, auto

from actors.domain.market.quote import UNSOUND_MIN, QuoteTable
from actors.domain.orders.order import Intent, Leg
from actors.domain.orders.trigger import Trigger
from actors.domain.orders.watch_settings import Missed, Watched, WatchSettings
from actors.domain.value import ZERO


class Sight(StrEnum):
    """What a look means."""

    NOTHING = auto()
    REACHED = auto()
    MISSED = auto()
    """Crossed while nobody looked, and the policy is to tell."""
    TRAILED = auto()


@dataclass(frozen=True, slots=True)
class Run:
    """Looks in a row that agree: how many, since when, and the worst price among them."""

    looks: int
    since: datetime
    px: Decimal


@dataclass(frozen=True, slots=True)
class Memory:
    """What the looks so far have left; lost with the process."""

    stamp: int = 0
    """Newest quote already counted."""
    looked_at: datetime | None = None
    crossed: Run | None = None
    better: Run | None = None
    was_missed: bool = False
    trail_px: Decimal | None = None
    """The better price a TRAILED look has confirmed."""
    is_held: bool = False
    """Missed and told: nothing fires until the price has come back."""


def look(legs: Sequence[Leg], quotes: QuoteTable, now: datetime, boot_ns: int, rules: WatchSettings) -> Decimal | None:
    """Return the net price of the legs, credit > 0, by the rule of the settings; None where it is not sound."""
    total = ZERO
    for leg in legs:
        quote = quotes.quote(leg.symbol)
        if quote is None or quote.ask is None or quote.code >= UNSOUND_MIN:
            return None
        bid = ZERO if quote.bid is None else quote.bid
        width, mid = quote.ask - bid, (quote.ask + bid) / 2
        is_wide = width > rules.spread_floor and float(width) > rules.spread_max * float(mid)
        if width < 0 or is_wide or quote.age_s(now, boot_ns) > rules.quote_age_max_s:
            return None
        price = mid if rules.watched is Watched.MID else quote.ask if leg.action.is_buy else bid
        total -= leg.action.sign * leg.ratio * price
    return total


def stamp_of(legs: Sequence[Leg], quotes: QuoteTable) -> int:
    """Return when the newest quote of the legs came, boot clock."""
    rows = [row for leg in legs if (row := quotes.row_of.get(leg.symbol)) is not None]
    return max((int(quotes.received_ns[row]) for row in rows), default=0)


def judge(
    trigger: Trigger, memory: Memory, px: Decimal, stamp: int, now: datetime, epoch: int, rules: WatchSettings
) -> tuple[Memory, Sight]:
    """Return the memory after a sound look at `px`, and what it means. A quote already counted means nothing."""
    if stamp <= memory.stamp:
        return memory, Sight.NOTHING
    is_first = memory.looked_at is None and trigger.armed_epoch < epoch
    memory = replace(memory, stamp=stamp, looked_at=now)
    level = trigger.level
    if level is None or px > level:
        memory = replace(memory, crossed=None, was_missed=False, is_held=False)
        return _judge_better(trigger, memory, px, now, rules)
    crossed = _run(memory.crossed, px, now)
    memory = replace(memory, better=None, crossed=crossed, was_missed=memory.was_missed or is_first)
    if memory.is_held or not _is_confirmed(crossed, now, rules):
        return memory, Sight.NOTHING
    policy = rules.missed_open if trigger.intent is Intent.OPEN else rules.missed_close
    if memory.was_missed and policy is Missed.ALERT:
        return replace(memory, is_held=True), Sight.MISSED
    return memory, Sight.REACHED


def _judge_better(
    trigger: Trigger, memory: Memory, px: Decimal, now: datetime, rules: WatchSettings
) -> tuple[Memory, Sight]:
    stop = trigger.request.stop
    if stop is None or stop.trail is None:
        return memory, Sight.NOTHING
    if trigger.high_px is not None and px < trigger.high_px + rules.trail_step:
        return replace(memory, better=None), Sight.NOTHING
    better = _run(memory.better, px, now)
    if _is_confirmed(better, now, rules):
        return replace(memory, better=None, trail_px=better.px), Sight.TRAILED
    return replace(memory, better=better), Sight.NOTHING


def _run(run: Run | None, px: Decimal, now: datetime) -> Run:
    return Run(1, now, px) if run is None else Run(run.looks + 1, run.since, min(run.px, px))


def _is_confirmed(run: Run, now: datetime, rules: WatchSettings) -> bool:
    return run.looks >= rules.looks_min and (now - run.since).total_seconds() >= rules.confirm_s
