"""What endangers a structure that expires or may be assigned, and how willingly it is to be closed now.

Rules of this file:
* EXPIRY: a structure with shorts in their last session is closed up the ladder before their real end: the earlier of
  the last trade and the moment its broker may close legs by itself. Strategies named in `hold` keep what is settled in
  cash.
  Where it is to be rolled, that begins before the ladder: `roll` says what follows.
* PIN: a short settled in shares with a strike near the price is closed early, for nobody can say who will exercise.
* DIVIDEND: a short call in the money whose holder gives up less by exercising than the dividend that is due next.
* EARLY: a short in the money whose holder gives up next to nothing.
* EXERCISE: longs that end in the money bring shares that the account has not the cash for; a future counts whole, since
  no table knows its margin.
* LEFTOVER: an assignment or an exercise left shares: they and what is left of the legs are closed, shorts first, once
  the market has been open for a while.
* UNKNOWN: no table says when a contract ends, or what becomes of it. A person is told; no order follows from that.
* What the price decides counts as the worst while the price is unknown or old.
* Nothing is asked while a leg's market is closed. A structure is closed as a whole, always.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import computed_field

from actors.domain.market.contract import Right, names_future
from actors.domain.market.session import NEW_YORK, Session
from actors.domain.portfolio import delivery
from actors.domain.portfolio.view import StructureView
from actors.domain.risk.expiry_legs import HeldLeg, minutes, shares
from actors.domain.risk.expiry_policy import Dividend, ExpiryPolicy, Measure, Will
from actors.domain.risk.moneyness import pinned
from actors.domain.value import ZERO, Instant, Money, Value


class Danger(StrEnum):
    """Why a structure is watched."""

    EXPIRY = "EXPIRY"
    PIN = "PIN"
    DIVIDEND = "DIVIDEND"
    EARLY = "EARLY"
    EXERCISE = "EXERCISE"
    LEFTOVER = "LEFTOVER"
    UNKNOWN = "UNKNOWN"


class Concern(Value):
    """One danger of one structure, with its numbers, and what is done about it."""

    structure_id: str
    danger: Danger
    symbol: str
    text: str
    measure: Measure
    will: Will | None = None
    """How willingly it is to be closed now; None: not yet, or only a warning."""
    acts_at: Instant | None = None
    """When the measure begins; None: at once, or never."""
    ends_at: Instant | None = None
    """By when it must be gone."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def plan(self) -> str:
        """What is done about it, and when, in words."""
        if self.measure is Measure.WARN:
            return "warn, nothing is done"
        verb = self.measure.value.replace("_", " ")
        if self.will is not None:
            return f"{verb}, now at {Will.MID if self.will is Will.ROLL else self.will}"
        return verb if self.acts_at is None else f"{verb} from {self.acts_at.astimezone(NEW_YORK):%H:%M} ET"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides beside the legs. `cash` is the account's, None where it is not known."""

    now: datetime
    policy: ExpiryPolicy
    cash: Money | None = None
    liquidates_min: int = 0
    """Minutes before the last trade from which the broker closes physical legs by itself."""
    dividends: Mapping[str, Dividend] = field(default_factory=dict)
    """By underlying: those that only today's holders still get."""


def concerns(structure: StructureView, legs: Sequence[HeldLeg], seen: Surroundings) -> tuple[Concern, ...]:
    """Return every danger of a structure, given its option legs."""
    name = structure.structure_id
    found = [
        *_unknown(name, legs),
        *_expiry(structure, legs, seen),
        *_pins(name, legs, seen),
        *_dividends(name, legs, seen),
        *_early(name, legs, seen),
        *_exercise(name, legs, seen),
    ]
    is_open = bool(legs) and all(leg.session is not None for leg in legs)
    return tuple(each if is_open else each.model_copy(update={"will": None}) for each in found)


def willing(measure: Measure, wanted: Will) -> Will | None:
    """Return how willingly a measure lets a structure be closed; None where it only warns."""
    if measure is Measure.WARN:
        return None
    return Will.NATURAL if measure is Measure.CLOSE and wanted is Will.ANY else wanted


def end_of(leg: HeldLeg, liquidates_min: int) -> datetime | None:
    """Return by when a leg must be gone: its last trade, or when its broker may close it."""
    if leg.last is None:
        return None
    return leg.last.at - timedelta(minutes=liquidates_min if leg.delivers else 0)


def words(leg: HeldLeg) -> str:
    """Return a leg's numbers."""
    side = "short" if leg.is_short else "long"
    spot = "price unknown" if leg.spot is None else f"{leg.contract.underlying} {leg.spot}, moneyness {leg.moneyness}"
    ends = "" if leg.last is None else f", ends {leg.last.at.astimezone(NEW_YORK):%a %d %b %H:%M} ET"
    return f"{side} {abs(leg.quantity)} {leg.contract.symbol}: {spot}{ends}"


def _unknown(name: str, legs: Sequence[HeldLeg]) -> Iterator[Concern]:
    for leg in legs:
        why = "no table says when it ends" if leg.last is None else "no table says what becomes of it"
        if leg.last is None or leg.row is None:
            yield _concern(name, Danger.UNKNOWN, leg, f"{words(leg)}; {why}", Measure.WARN)


def _expiry(structure: StructureView, legs: Sequence[HeldLeg], seen: Surroundings) -> Iterator[Concern]:
    ending = [leg for leg in legs if leg.is_short and leg.is_last_session(seen.now)]
    if not ending:
        return
    policy, ends = seen.policy, [end_of(leg, seen.liquidates_min) for leg in ending]
    ends_at, first = min((end, n) for n, end in enumerate(ends) if end is not None)
    leg, delivers = ending[first], any(each.delivers for each in ending)
    measure = policy.physical if delivers else policy.cash
    if not delivers and structure.strategy in policy.hold:
        measure = Measure.WARN
    acts_at, will = _climb(measure, ends_at, seen)
    text = f"{words(leg)}; to be gone in {max(minutes(seen.now, ends_at), 0):.0f} min"
    name = structure.structure_id
    yield _concern(name, Danger.EXPIRY, leg, text, measure, will, acts_at=acts_at, ends_at=ends_at)


def _climb(measure: Measure, ends_at: datetime, seen: Surroundings) -> tuple[datetime | None, Will | None]:
    """Return when the ladder before `ends_at` begins, and how far up it a measure is now."""
    if measure is Measure.WARN:
        return None, None
    left, ladder = minutes(seen.now, ends_at), seen.policy.ladder
    due = [rung.price for rung in ladder if left <= rung.before_min]
    begins_min = ladder[0].before_min
    if measure is Measure.ROLL:
        begins_min = max(begins_min, seen.policy.roll_before_min)
        due = due or [Will.ROLL] * (left <= begins_min)
    return ends_at - timedelta(minutes=begins_min), willing(measure, due[-1]) if due else None


def _pins(name: str, legs: Sequence[HeldLeg], seen: Surroundings) -> Iterator[Concern]:
    policy = seen.policy
    for leg in legs:
        ends_at = end_of(leg, seen.liquidates_min)
        if not (leg.is_short and leg.delivers and leg.is_last_session(seen.now)) or ends_at is None:
            continue
        if leg.spot is None or pinned(leg.contract, leg.spot, policy.pin_share):
            is_due = minutes(seen.now, ends_at) <= policy.pin_before_min
            will = willing(policy.pin, Will.ANY) if is_due else None
            text = f"{words(leg)}; within {policy.pin_share:.2%} of its strike"
            acts_at = ends_at - timedelta(minutes=policy.pin_before_min)
            yield _concern(name, Danger.PIN, leg, text, policy.pin, will, acts_at=acts_at, ends_at=ends_at)


def _dividends(name: str, legs: Sequence[HeldLeg], seen: Surroundings) -> Iterator[Concern]:
    policy = seen.policy
    for leg in legs:
        due = seen.dividends.get(leg.contract.underlying)
        is_call = leg.is_short and leg.is_american and leg.contract.right is Right.CALL
        if due is None or not is_call or not _pays_to_exercise(leg, due.amount):
            continue
        session, will, acts_at = leg.session, None, None
        if session is not None:
            acts_at = session.closes_at - timedelta(minutes=policy.dividend_before_min)
            will = willing(policy.dividend, Will.ANY) if seen.now >= acts_at else None
        text = f"{words(leg)}; extrinsic {leg.extrinsic} under the dividend of {due.amount}, ex on {due.ex_on}"
        yield _concern(name, Danger.DIVIDEND, leg, text, policy.dividend, will, acts_at=acts_at)


def _pays_to_exercise(leg: HeldLeg, amount: Decimal) -> bool:
    return leg.extrinsic is None or (leg.inside is not None and leg.inside > 0 and leg.extrinsic < amount)


def _early(name: str, legs: Sequence[HeldLeg], seen: Surroundings) -> Iterator[Concern]:
    policy = seen.policy
    for leg in legs:
        may_be = leg.is_short and leg.is_american and leg.inside is not None and leg.inside > 0
        if may_be and leg.extrinsic is not None and leg.extrinsic < policy.extrinsic_min:
            text = f"{words(leg)}; extrinsic {leg.extrinsic}, limit {policy.extrinsic_min}"
            yield _concern(name, Danger.EARLY, leg, text, policy.early, willing(policy.early, Will.ANY))


def _exercise(name: str, legs: Sequence[HeldLeg], seen: Surroundings) -> Iterator[Concern]:
    ending = [leg for leg in legs if leg.is_last_session(seen.now) and leg.delivers]
    longs = [leg for leg in ending if not leg.is_short and leg.is_exercised()]
    moved = shares(ending)
    if not longs or not moved:
        return
    leg = longs[0]
    price = leg.spot if leg.spot is not None else leg.contract.strike or ZERO
    needed = abs(moved) * price * delivery.point(leg.contract)
    if seen.cash is not None and seen.cash >= needed:
        return
    ends_at = end_of(leg, seen.liquidates_min)
    acts_at, will = (None, None) if ends_at is None else _climb(seen.policy.exercise, ends_at, seen)
    has = "unknown" if seen.cash is None else f"{seen.cash:,.2f}"
    what = leg.contract.underlying if names_future(leg.contract.underlying) else "shares"
    text = f"{words(leg)}; its exercise moves {moved:+d} {what} for {needed:,.2f}, cash {has}"
    yield _concern(name, Danger.EXERCISE, leg, text, seen.policy.exercise, will, acts_at=acts_at, ends_at=ends_at)


def _concern(
    name: str,
    danger: Danger,
    leg: HeldLeg,
    text: str,
    measure: Measure,
    will: Will | None = None,
    *,
    acts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Concern:
    return Concern(
        structure_id=name,
        danger=danger,
        symbol=leg.contract.symbol,
        text=text,
        measure=measure,
        will=will,
        acts_at=acts_at,
        ends_at=ends_at,
    )


def leftover(structure: StructureView, symbol: str, session: Session | None, seen: Surroundings) -> Concern:
    """Return what is done about what an exercise left; `session` is the one that `symbol` of it trades in now."""
    policy = seen.policy
    is_due = session is not None and minutes(session.opens_at, seen.now) >= policy.leftover_after_min
    left = ", ".join(f"{held:+d} {symbol}" for symbol, held in structure.holdings.items() if held)
    return Concern(
        structure_id=structure.structure_id,
        danger=Danger.LEFTOVER,
        symbol=symbol,
        text=f"an exercise or assignment left it with {left}",
        measure=policy.leftover,
        will=willing(policy.leftover, Will.ANY) if is_due else None,
    )


def most_willing(found: Sequence[Concern]) -> Concern | None:
    """Return the concern that wants its structure gone most; None where nothing is to be closed now."""
    due = [each for each in found if each.will is not None]
    return max(due, key=lambda each: each.will.rank if each.will else -1, default=None)
