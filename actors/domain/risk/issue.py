"""What permit follows from book, feed and latch: the tightest state any rule asks for, with every reason.

    no book heard of yet                            HALTED
    book not reconciled                             HALTED     law 8
    latched: halt, flatten, or anything unknown     HALTED     law 10
    latched: reduce                                 REDUCING
    feed not heard of, silent, disconnected         REDUCING   law 7: exits stay open
    baseline missing or not positive                REDUCING   a limit without its base is no limit
    result of the day unknown while anything held   REDUCING   unknown fails closed
    a breaker on losses tripped                     REDUCING   or HALTED, as its step says (`withheld`)
    none of these                                   ACTIVE

A result that is unknown while nothing is held and nothing works is none: marks are all it could wait for.
Ages are seconds of the machine's boot clock. Left out here: the checks of single orders, which are the gate's.
"""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from actors.domain.portfolio.view import BookView
from actors.domain.risk.permit import TradingState
from actors.domain.value import ZERO, Value

_STATE_OF_STOP = {"none": TradingState.ACTIVE, "reduce": TradingState.REDUCING}
_TIGHTNESS = (TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED)


class Rule(StrEnum):
    """Which rule speaks."""

    BOOK = "BOOK"
    LATCH = "LATCH"
    FEED = "FEED"
    BASELINE = "BASELINE"
    LOSS_UNKNOWN = "LOSS_UNKNOWN"
    BREAKER = "BREAKER"


class IssueLimits(Value):
    """When risk withholds leave to open."""

    feed_heard_max_s: float = Field(default=5.0, gt=0)
    """Age of the feed's own word; it speaks once a second."""
    feed_frame_max_s: float = Field(default=90.0, gt=0)
    """Age of the last quotes; a recorded market may bring one bar a minute."""


class FeedSight(Value):
    """What is known of the feed. Ages in seconds; None where there was nothing yet."""

    connected: bool
    heard_age_s: float = Field(ge=0)
    frame_age_s: float | None = None
    reason: str = ""


class Finding(Value):
    """One rule that withholds, and its numbers."""

    rule: Rule
    state: TradingState
    reason: str


def findings(
    book: BookView | None, feed: FeedSight | None, stop: str, stop_reason: str, limits: IssueLimits
) -> tuple[Finding, ...]:
    """Return every rule that withholds; `stop` is the latched level: none, reduce, halt or flatten."""
    return (*_of_book(book), *_of_latch(stop, stop_reason), *_of_feed(feed, limits), *_of_loss(book))


def trading_state(found: tuple[Finding, ...]) -> TradingState:
    """Return the tightest state of all findings; ACTIVE where there is none."""
    return max((finding.state for finding in found), key=_TIGHTNESS.index, default=TradingState.ACTIVE)


def _of_book(book: BookView | None) -> Iterator[Finding]:
    if book is None:
        yield Finding(rule=Rule.BOOK, state=TradingState.HALTED, reason="no book from the executor yet")
    elif not book.ready:
        text = f"accounts not reconciled at journal sequence {book.journal_sequence}"
        yield Finding(rule=Rule.BOOK, state=TradingState.HALTED, reason=text)


def _of_latch(stop: str, reason: str) -> Iterator[Finding]:
    state = _STATE_OF_STOP.get(stop, TradingState.HALTED)
    if state is not TradingState.ACTIVE:
        yield Finding(rule=Rule.LATCH, state=state, reason=f"latched {stop}: {reason or 'no reason kept'}")


def _of_feed(feed: FeedSight | None, limits: IssueLimits) -> Iterator[Finding]:
    text = ""
    if feed is None:
        text = "no word from the data feed yet"
    elif not feed.heard_age_s <= limits.feed_heard_max_s:
        text = f"data feed silent for {feed.heard_age_s:.1f} s, limit {limits.feed_heard_max_s:g} s"
    elif not feed.connected:
        text = f"data feed not connected: {feed.reason or 'no reason given'}"
    elif feed.frame_age_s is None:
        text = "no quotes yet"
    elif not feed.frame_age_s <= limits.feed_frame_max_s:
        text = f"last quotes {feed.frame_age_s:.1f} s old, limit {limits.feed_frame_max_s:g} s"
    if text:
        yield Finding(rule=Rule.FEED, state=TradingState.REDUCING, reason=text)


def _of_loss(book: BookView | None) -> Iterator[Finding]:
    if book is None or not book.ready:
        return
    baseline, pnl = sum(book.baseline.values(), ZERO), book.pnl_day
    if not baseline.is_finite() or baseline <= 0:
        text = f"baseline of the session is {baseline}"
        yield Finding(rule=Rule.BASELINE, state=TradingState.REDUCING, reason=text)
    elif (pnl is None or not pnl.is_finite()) and _is_exposed(book):
        text = "result of the day unknown: something held has no mark"
        yield Finding(rule=Rule.LOSS_UNKNOWN, state=TradingState.REDUCING, reason=text)


def _is_exposed(book: BookView) -> bool:
    held = any(any(structure.holdings.values()) for structure in book.structures)
    return held or any(not order.status.is_terminal for order in book.orders)
