"""Which options a synthetic index has: expiries as the exchange lists them, strikes where they are traded.

Expiries are the session itself, the next trading days of a week, and every Friday (or the trading day before it) out to
sixty days. Contracts are shared out by weight: most to the session's own expiry and to the monthly ones. Strikes lie on
round spacings, wide enough to span the moves that matter to each expiry, a little deeper on the side of the puts.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from actors.domain.market.contract import Contract, Products, Right, occ_symbol
from actors.domain.market.quote import Floats

IsTradingDay = Callable[[date], bool]

HORIZON = timedelta(days=60)
DAILY_EXPIRIES = 4
"""Trading days after the session's own that have an expiry each."""

_FRIDAY = 4
_SPACINGS = (5, 10, 25, 50, 100, 200)
_SPAN_DEVIATIONS = 5.0
"""Width of the strikes of one expiry, in standard deviations of the index to it."""
_PUT_SHARE = 0.55
_WEIGHT_TODAY, _WEIGHT_MONTHLY, _WEIGHT_DAILY, _WEIGHT_WEEKLY = 3.0, 2.0, 1.0, 1.0


@dataclass(frozen=True, slots=True)
class Chain:
    """Call and put pairs by expiry, then strike: pair i is contracts 2 i (call) and 2 i + 1 (put)."""

    contracts: tuple[Contract, ...]
    expiries: tuple[date, ...]
    days_ahead: NDArray[np.int64]
    """Weekdays from the session to each expiry."""
    expiry: NDArray[np.intp]
    """Place in `expiries` of each pair."""
    strike: Floats


def is_weekday(on: date) -> bool:
    """Return whether `on` is no Saturday or Sunday."""
    return on.weekday() <= _FRIDAY


def expiries_of(session: date, is_trading_day: IsTradingDay) -> tuple[date, ...]:
    """Return the expiries listed on `session`, itself the first, whether or not it is a trading day."""
    daily = islice(_trading_days(session, is_trading_day), DAILY_EXPIRIES)
    return tuple(sorted({session, *daily, *_fridays(session, is_trading_day)}))


def build_chain(
    root: str,
    spot: float,
    volatility: float,
    contracts_max: int,
    expiries: Sequence[date],
    products: Products,
    also: Collection[Contract] = (),
) -> Chain:
    """Return a chain of at most `contracts_max` options around `spot`, for yearly `volatility`, and the strikes `also`.

    `expiries` begin with the session itself.
    """
    session = expiries[0]
    weights = np.array([_weight(expiry, session) for expiry in expiries])
    counts = (contracts_max // 2 * weights / weights.sum()).astype(int)
    tomorrow = session + timedelta(days=1)
    days = np.array([np.busday_count(tomorrow, expiry + timedelta(days=1)) for expiry in expiries])
    around = [
        _strikes(spot, spot * volatility * np.sqrt(max(ahead, 1) / 252), count)
        for ahead, count in zip(days.tolist(), counts.tolist(), strict=True)
    ]
    strikes = [_with(row, expiry, also) for expiry, row in zip(expiries, around, strict=True)]
    contracts = tuple(
        products.contract(occ_symbol(root, expiry, right, Decimal(strike)))
        for expiry, row in zip(expiries, strikes, strict=True)
        for strike in row
        for right in (Right.CALL, Right.PUT)
    )
    return Chain(
        contracts=contracts,
        expiries=tuple(expiries),
        days_ahead=days,
        expiry=np.repeat(np.arange(len(expiries)), [len(row) for row in strikes]),
        strike=np.array([strike for row in strikes for strike in row], np.float64),
    )


def _with(strikes: list[int], expiry: date, also: Collection[Contract]) -> list[int]:
    kept = {int(each.strike) for each in also if each.expires_on == expiry and each.strike is not None}
    return sorted(kept.union(strikes))


def _trading_days(after: date, is_trading_day: IsTradingDay) -> Iterator[date]:
    for ahead in range(1, HORIZON.days + 1):
        if is_trading_day(on := after + timedelta(days=ahead)):
            yield on


def _fridays(session: date, is_trading_day: IsTradingDay) -> Iterator[date]:
    for ahead in range(1, HORIZON.days + 1):
        friday = session + timedelta(days=ahead)
        if friday.weekday() == _FRIDAY:
            expiry = friday if is_trading_day(friday) else friday - timedelta(days=1)
            if expiry > session and is_trading_day(expiry):
                yield expiry


def _weight(expiry: date, session: date) -> float:
    if expiry == session:
        return _WEIGHT_TODAY
    if expiry.weekday() == _FRIDAY and 15 <= expiry.day <= 21:
        return _WEIGHT_MONTHLY
    return _WEIGHT_WEEKLY if expiry.weekday() == _FRIDAY else _WEIGHT_DAILY


def _strikes(spot: float, deviation: float, count: int) -> list[int]:
    wide = _SPAN_DEVIATIONS * deviation
    spacing = next((step for step in _SPACINGS if step * count >= wide), _SPACINGS[-1])
    lowest = round(spot / spacing) - int(count * _PUT_SHARE)
    return [strike * spacing for strike in range(lowest, lowest + count) if strike > 0]
