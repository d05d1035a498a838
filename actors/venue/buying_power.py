"""What an account must keep back for what it holds. Pure. Buying power is cash less this requirement, less reserves.

Rules of this file, per underlying, in dollars:

* Options are grouped by the expiries of what is short; a long joins the group of the latest short that expires no later
  than it does, so it covers that one. What is long alone is paid for and needs nothing.
* A group that is covered, long for short, needs its worst loss at expiry over every price of the underlying: an iron
  condor the width of its wider wing. The credit is in the cash already, so only the net loss leaves buying power.
* Shorts beyond the longs (the furthest out of the money) are naked, as Reg T has it: mark plus 20 % of the underlying
  less what it is out of the money, at least 10 % of the underlying (calls) or of the strike (puts). Of naked calls and
  naked puts only the greater side counts, plus the mark of the other. Long shares cover calls.
* Shares sold short need 150 % of their value; shares held need nothing and lend nothing.
* Without a level of the underlying the strike stands in for it. SPAN is not modelled: options on futures follow the
  same 20 %.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from actors.domain.market.contract import Contract, Kind, Right
from actors.domain.value import ZERO

NAKED_SHARE = Decimal("0.20")
NAKED_FLOOR = Decimal("0.10")
SHORT_SHARES = Decimal("1.50")

Level = Callable[[str], Decimal | None]
"""The price of an underlying in points; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A signed quantity of one contract and what one is worth, in points."""

    contract: Contract
    quantity: int
    mark: Decimal


def requirement(holdings: Iterable[Holding], level: Level) -> Decimal:
    """Return what must be kept back, in dollars >= 0."""
    options: defaultdict[tuple[str, int], list[Holding]] = defaultdict(list)
    shares: dict[str, Holding] = {}
    for holding in holdings:
        if holding.contract.is_option and holding.quantity:
            options[holding.contract.underlying, holding.contract.multiplier].append(holding)
        elif holding.contract.product.kind is Kind.EQUITY:
            shares[holding.contract.symbol] = holding
    total = sum((SHORT_SHARES * -held.quantity * held.mark for held in shares.values() if held.quantity < 0), ZERO)
    for (underlying, multiplier), held_options in options.items():
        cover = shares[underlying].quantity // multiplier if underlying in shares else 0
        for group in _groups(held_options):
            needed, cover = _group(group, level(underlying), max(cover, 0))
            total += needed
    return total


def naked_requirement(holding: Holding, level: Decimal | None) -> Decimal:
    """Return what a naked short needs: `quantity` > 0 contracts of it."""
    strike = holding.contract.strike or ZERO
    spot = strike if level is None else level
    call = holding.contract.right is Right.CALL
    otm = max(ZERO, strike - spot if call else spot - strike)
    share = max(NAKED_SHARE * spot - otm, NAKED_FLOOR * (spot if call else strike))
    return holding.quantity * holding.contract.multiplier * (holding.mark + share)


def _groups(options: Sequence[Holding]) -> list[list[Holding]]:
    shorts = sorted({_expiry(option) for option in options if option.quantity < 0})
    groups: dict[date, list[Holding]] = {expiry: [] for expiry in shorts}
    for option in options:
        home = max((expiry for expiry in shorts if expiry <= _expiry(option)), default=None)
        if home is not None:
            groups[home].append(option)
    return list(groups.values())


def _expiry(option: Holding) -> date:
    return option.contract.expires_on or date.max


def _group(group: Sequence[Holding], level: Decimal | None, cover: int) -> tuple[Decimal, int]:
    calls = [option for option in group if option.contract.right is Right.CALL]
    puts = [option for option in group if option.contract.right is Right.PUT]
    uncovered = max(0, -sum(option.quantity for option in calls))
    by_shares = min(cover, uncovered)
    calls, _ = _take_shorts(calls, by_shares, furthest_first=False)
    calls, naked_calls = _take_shorts(calls, uncovered - by_shares, furthest_first=True)
    puts, naked_puts = _take_shorts(puts, max(0, -sum(option.quantity for option in puts)), furthest_first=True)
    return _worst_loss([*calls, *puts]) + _naked(naked_calls, naked_puts, level), cover - by_shares


def _take_shorts(side: list[Holding], count: int, *, furthest_first: bool) -> tuple[list[Holding], list[Holding]]:
    """Take `count` shorts out of one side; return what stays, and what was taken with its quantity made positive."""
    rest, taken = [], []
    outward = 1 if side and side[0].contract.right is Right.CALL else -1
    order = -outward if furthest_first else outward
    for option in sorted(side, key=lambda option: order * (option.contract.strike or ZERO)):
        part = min(count, -option.quantity) if option.quantity < 0 else 0
        count -= part
        if part:
            taken.append(replace(option, quantity=part))
        if option.quantity + part:
            rest.append(replace(option, quantity=option.quantity + part))
    return rest, taken


def _worst_loss(options: Sequence[Holding]) -> Decimal:
    """Walk the payoff up from a worthless underlying: it is straight between strikes, so its lowest point is at one."""
    at_strike: defaultdict[Decimal, int] = defaultdict(int)
    payoff, slope = ZERO, 0
    for option in options:
        strike, contracts = option.contract.strike or ZERO, option.quantity * option.contract.multiplier
        at_strike[strike] += contracts
        if option.contract.right is Right.PUT:
            payoff += contracts * strike
            slope -= contracts
    worst, price = min(payoff, ZERO), ZERO
    for strike in sorted(at_strike):
        payoff += slope * (strike - price)
        slope, price = slope + at_strike[strike], strike
        worst = min(worst, payoff)
    return -worst


def intrinsic(contract: Contract, price: Decimal) -> Decimal:
    """Return what an option is worth at expiry with its underlying at `price`, in points."""
    strike = contract.strike or ZERO
    return max(ZERO, price - strike if contract.right is Right.CALL else strike - price)


def _naked(calls: Sequence[Holding], puts: Sequence[Holding], level: Decimal | None) -> Decimal:
    sides = []
    for side, other in ((calls, puts), (puts, calls)):
        needed = sum((naked_requirement(option, level) for option in side), ZERO)
        marks = sum((option.quantity * option.contract.multiplier * option.mark for option in other), ZERO)
        sides.append(needed + marks)
    return max(sides)
