"""The shape of a structure: what its legs are called in the trade, and what they can win and lose.

Rules of this file:
* Legs are netted by symbol and reduced to the smallest combo first: their order, how they are split and how many times
  they are held change nothing. Shares count in whole lots of what one option delivers.
* A name stands in a table by the signed quantities of the puts and of the calls of one expiry, each by rising strike.
  Where the same quantities have several names, the strikes decide. What no table knows is, of one right alone, a
  RATIO_SPREAD (more short than long) or a BACKSPREAD, and CUSTOM else.
* Pairs of two expiries are calendars where both sides of each pair have one strike, diagonals otherwise; SHORT where
  what is short outlives what is long, which covers nothing.
* A short put beside cash that pays for its strike is CASH_SECURED_PUT; only the caller knows of the cash.
* What covers what, and the bounds of a loss, are `cover`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import gcd
from types import MappingProxyType

from actors.domain.market.contract import Contract, Right
from actors.domain.orders.order import Leg
from actors.domain.portfolio.cover import Parts, bounds, parts_of, uncovered, value_at
from actors.domain.value import ZERO


class Name(StrEnum):
    """What traders call it."""

    LONG_CALL = "long call"
    LONG_PUT = "long put"
    NAKED_CALL = "naked call"
    NAKED_PUT = "naked put"
    CASH_SECURED_PUT = "cash-secured put"
    CREDIT_CALL_SPREAD = "credit call spread"
    CREDIT_PUT_SPREAD = "credit put spread"
    DEBIT_CALL_SPREAD = "debit call spread"
    DEBIT_PUT_SPREAD = "debit put spread"
    LONG_STRADDLE = "long straddle"
    SHORT_STRADDLE = "short straddle"
    LONG_STRANGLE = "long strangle"
    SHORT_STRANGLE = "short strangle"
    LONG_GUTS = "long guts"
    SHORT_GUTS = "short guts"
    LONG_SYNTHETIC = "long synthetic"
    SHORT_SYNTHETIC = "short synthetic"
    RISK_REVERSAL = "risk reversal"
    LONG_BUTTERFLY = "long butterfly"
    SHORT_BUTTERFLY = "short butterfly"
    LONG_CONDOR = "long condor"
    SHORT_CONDOR = "short condor"
    IRON_BUTTERFLY = "iron butterfly"
    IRON_CONDOR = "iron condor"
    REVERSE_IRON_BUTTERFLY = "reverse iron butterfly"
    REVERSE_IRON_CONDOR = "reverse iron condor"
    LONG_BOX = "long box"
    SHORT_BOX = "short box"
    JADE_LIZARD = "jade lizard"
    ONE_ONE_TWO = "1-1-2"
    RATIO_SPREAD = "ratio spread"
    BACKSPREAD = "backspread"
    CALENDAR = "calendar"
    DIAGONAL = "diagonal"
    SHORT_CALENDAR = "short calendar"
    SHORT_DIAGONAL = "short diagonal"
    DOUBLE_CALENDAR = "double calendar"
    DOUBLE_DIAGONAL = "double diagonal"
    COVERED_CALL = "covered call"
    COVERED_PUT = "covered put"
    PROTECTIVE_PUT = "protective put"
    COLLAR = "collar"
    SHARES = "shares"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Shape:
    """The smallest combo of a structure, by name; prices and values in points of the underlying.

    `worst` and `best` are what it is worth at expiry, the price paid left aside; None: without bound. `width` is the
    widest distance of a short from the long that stands for it; None where no such pair is.
    """

    name: Name
    parts: Parts
    combos: int
    lots: int
    width: Decimal | None
    uncovered_calls: int
    uncovered_puts: int
    worst: Decimal | None
    best: Decimal | None

    @property
    def is_naked(self) -> bool:
        """Whether anything short is covered by nothing."""
        return bool(self.uncovered_calls or self.uncovered_puts)

    def loss_max(self, net_price: Decimal) -> Decimal | None:
        """Return the most a combo opened at a net price (credit > 0) can lose; None without bound."""
        return None if self.worst is None else max(ZERO, -(self.worst + net_price))

    def profit_max(self, net_price: Decimal) -> Decimal | None:
        """Return the most a combo opened at a net price can win; None without bound."""
        return None if self.best is None else self.best + net_price

    def break_evens(self, net_price: Decimal) -> tuple[Decimal, ...]:
        """Return the prices at which a combo opened at a net price neither wins nor loses; one expiry's alone."""
        if len({part.expires_on for part in self.parts}) != 1:
            return ()
        return tuple(_roots(self.parts, self.lots, net_price))


_P, _C = Right.PUT, Right.CALL
_TABLE: Mapping[tuple[tuple[int, ...], tuple[int, ...]], Name] = MappingProxyType(
    {
        ((), (1,)): Name.LONG_CALL,
        ((), (-1,)): Name.NAKED_CALL,
        ((1,), ()): Name.LONG_PUT,
        ((-1,), ()): Name.NAKED_PUT,
        ((), (1, -1)): Name.DEBIT_CALL_SPREAD,
        ((), (-1, 1)): Name.CREDIT_CALL_SPREAD,
        ((1, -1), ()): Name.CREDIT_PUT_SPREAD,
        ((-1, 1), ()): Name.DEBIT_PUT_SPREAD,
        ((1,), (1,)): Name.LONG_STRANGLE,
        ((-1,), (-1,)): Name.SHORT_STRANGLE,
        ((-1,), (1,)): Name.RISK_REVERSAL,
        ((1,), (-1,)): Name.RISK_REVERSAL,
        ((1, -2, 1), ()): Name.LONG_BUTTERFLY,
        ((), (1, -2, 1)): Name.LONG_BUTTERFLY,
        ((-1, 2, -1), ()): Name.SHORT_BUTTERFLY,
        ((), (-1, 2, -1)): Name.SHORT_BUTTERFLY,
        ((1, -1, -1, 1), ()): Name.LONG_CONDOR,
        ((), (1, -1, -1, 1)): Name.LONG_CONDOR,
        ((-1, 1, 1, -1), ()): Name.SHORT_CONDOR,
        ((), (-1, 1, 1, -1)): Name.SHORT_CONDOR,
        ((1, -1), (-1, 1)): Name.IRON_CONDOR,
        ((-1, 1), (1, -1)): Name.REVERSE_IRON_CONDOR,
        ((-1,), (-1, 1)): Name.JADE_LIZARD,
        ((1, -1), (-1,)): Name.JADE_LIZARD,
        ((-2, -1, 1), ()): Name.ONE_ONE_TWO,
        ((), (1, -1, -2)): Name.ONE_ONE_TWO,
    }
)
"""Signed quantities of puts and of calls, each by rising strike."""

_SAME_STRIKES: Mapping[Name, Name] = MappingProxyType(
    {
        Name.LONG_STRANGLE: Name.LONG_STRADDLE,
        Name.SHORT_STRANGLE: Name.SHORT_STRADDLE,
        Name.IRON_CONDOR: Name.IRON_BUTTERFLY,
        Name.REVERSE_IRON_CONDOR: Name.REVERSE_IRON_BUTTERFLY,
    }
)
"""What it is called where its inner put and its inner call have one strike."""
_CROSSED: Mapping[Name, Name] = MappingProxyType(
    {
        Name.LONG_STRANGLE: Name.LONG_GUTS,
        Name.SHORT_STRANGLE: Name.SHORT_GUTS,
        Name.IRON_CONDOR: Name.CUSTOM,
        Name.REVERSE_IRON_CONDOR: Name.CUSTOM,
    }
)
"""And where the put's is above the call's."""
_BOXES: Mapping[Name, Name] = MappingProxyType(
    {Name.IRON_CONDOR: Name.SHORT_BOX, Name.REVERSE_IRON_CONDOR: Name.LONG_BOX}
)
"""And where puts and calls have the same two strikes."""
_WITH_SHARES: Mapping[tuple[int, tuple[int, ...], tuple[int, ...]], Name] = MappingProxyType(
    {
        (1, (), (-1,)): Name.COVERED_CALL,
        (-1, (-1,), ()): Name.COVERED_PUT,
        (1, (1,), ()): Name.PROTECTIVE_PUT,
        (1, (1,), (-1,)): Name.COLLAR,
    }
)


def shape_of_legs(legs: Sequence[Leg], contracts: Mapping[str, Contract], cash: Decimal | None = None) -> Shape:
    """Return the shape that one combo of opening legs has; `cash` in dollars stands beside it."""
    return shape_of(((leg.symbol, leg.action.sign * leg.ratio) for leg in legs), contracts, cash)


def shape_of(held: Iterable[tuple[str, int]], contracts: Mapping[str, Contract], cash: Decimal | None = None) -> Shape:
    """Return the shape of signed quantities by symbol; `cash` in dollars stands beside all of it."""
    pairs = [(contracts[symbol], quantity) for symbol, quantity in held]
    lot = max((contract.multiplier for contract, _ in pairs if contract.is_option), default=1)
    shares = sum(quantity for contract, quantity in pairs if not contract.is_option)
    lots = shares // lot if shares >= 0 else -(-shares // lot)
    found = _shape(parts_of(pairs), lots)
    if found.name is Name.NAKED_PUT and cash is not None and cash >= found.parts[0].strike * lot * found.combos:
        return replace(found, name=Name.CASH_SECURED_PUT)
    return found


@lru_cache(maxsize=4096)
def _shape(parts: Parts, lots: int) -> Shape:
    combos = gcd(*(part.quantity for part in parts), lots) or 1
    smallest = tuple(part._replace(quantity=part.quantity // combos) for part in parts)
    lots //= combos
    low, high = bounds(smallest, lots)
    return Shape(
        name=_name(smallest, lots),
        parts=smallest,
        combos=combos,
        lots=lots,
        width=_width(smallest),
        uncovered_calls=max(0, uncovered(smallest, _C) - max(lots, 0)),
        uncovered_puts=max(0, uncovered(smallest, _P) - max(-lots, 0)),
        worst=low,
        best=high,
    )


def _name(parts: Parts, lots: int) -> Name:
    if not parts:
        return Name.SHARES
    if len({part.expires_on for part in parts}) > 1:
        return _name_over_time(parts) if not lots else Name.CUSTOM
    puts, calls = _of(parts, _P), _of(parts, _C)
    quantities = tuple(part.quantity for part in puts), tuple(part.quantity for part in calls)
    if lots:
        return _WITH_SHARES.get((lots, *quantities), Name.CUSTOM)
    name = _TABLE.get(quantities)
    if name is None:
        return _name_by_count(puts, calls)
    if name is Name.RISK_REVERSAL and puts[0].strike == calls[0].strike:
        return Name.LONG_SYNTHETIC if calls[0].quantity > 0 else Name.SHORT_SYNTHETIC
    if name in _CROSSED:
        return _name_by_strikes(name, [part.strike for part in puts], [part.strike for part in calls])
    return name


def _of(parts: Parts, right: Right) -> Parts:
    return tuple(part for part in parts if part.right is right)


def _name_by_strikes(name: Name, puts: Sequence[Decimal], calls: Sequence[Decimal]) -> Name:
    if name in _BOXES and puts == calls:
        return _BOXES[name]
    if puts[-1] == calls[0]:
        return _SAME_STRIKES[name]
    return _CROSSED[name] if puts[-1] > calls[0] else name


def _name_by_count(puts: Parts, calls: Parts) -> Name:
    counts = [part.quantity for part in (*puts, *calls)]
    if (puts and calls) or min(counts) > 0 or max(counts) < 0 or not sum(counts):
        return Name.CUSTOM
    return Name.RATIO_SPREAD if sum(counts) < 0 else Name.BACKSPREAD


def _name_over_time(parts: Parts) -> Name:
    """Name pairs of a near and a far option of one right each; anything else of several expiries is CUSTOM."""
    days = sorted({part.expires_on for part in parts})
    near, far = ([part for part in parts if part.expires_on == day] for day in (days[0], days[-1]))
    rights = {part.right for part in parts}
    paired = len(days) == 2 and len(near) == len(far) == len(rights) and rights == {part.right for part in near}
    sides = {part.quantity for part in near}
    if not paired or {-part.quantity for part in far} != sides or sides not in ({1}, {-1}):
        return Name.CUSTOM
    same = [part.strike for part in near] == [part.strike for part in far]
    if sides == {1}:
        return Name.CUSTOM if len(rights) > 1 else Name.SHORT_CALENDAR if same else Name.SHORT_DIAGONAL
    if len(rights) > 1:
        return Name.DOUBLE_CALENDAR if same else Name.DOUBLE_DIAGONAL
    return Name.CALENDAR if same else Name.DIAGONAL


def _width(parts: Parts) -> Decimal | None:
    distances = []
    for right in Right:
        shorts = [part.strike for part in parts if part.right is right for _ in range(-part.quantity)]
        longs = [part.strike for part in parts if part.right is right for _ in range(part.quantity)]
        fewer, more = sorted((sorted(shorts), sorted(longs)), key=len)
        if fewer:
            nearest = sorted(more, key=lambda strike: min(abs(strike - other) for other in fewer))[: len(fewer)]
            distances += [abs(one - other) for one, other in zip(fewer, sorted(nearest), strict=True)]
    return max(distances, default=None)


def _roots(parts: Parts, lots: int, net_price: Decimal) -> Iterable[Decimal]:
    """Yield where a payoff that is straight between its kinks crosses zero."""
    kinks = sorted({ZERO, *(part.strike for part in parts)})
    values = [value_at(parts, spot, lots) + net_price for spot in kinks]
    for spot, value, after, there in zip(kinks, values, kinks[1:], values[1:], strict=False):
        if value == 0:
            yield spot
        elif value * there < 0:
            yield spot + (after - spot) * value / (value - there)
    slope = lots + sum(part.quantity for part in parts if part.right is _C)
    if values[-1] == 0:
        yield kinks[-1]
    elif slope and values[-1] / slope < 0:
        yield kinks[-1] - values[-1] / slope
