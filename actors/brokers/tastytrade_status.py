"""What tastytrade lets an account do, in our words: its balances, and its trading status, read with them.

A flag that should be there and is not, or is no yes or no, an options level or a new `...-only` flag that nobody here
knows: each is an unknown word, which keeps openings out until a person has looked.
"""

import contextlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from actors.brokers.payload import Json, known, number, readable
from actors.brokers.reads import Reads
from actors.domain.orders.trading_status import OptionsLevel, TradingStatus
from actors.ports import BrokerRefused, BrokerUnavailable

_BARS: Mapping[str, str] = MappingProxyType(
    {
        "is-closed": "the account is closed",
        "is-closing-only": "closing only",
        "is-frozen": "frozen",
        "is-in-margin-call": "margin call",
        "is-risk-reducing-only": "risk reducing only",
    }
)
_DAY_TRADING: Mapping[str, str] = MappingProxyType({"is-in-day-trade-equity-maintenance-call": "day-trade call"})
"""Flags of a rule that may end: they need not be there."""
_FUTURES: Mapping[str, str] = MappingProxyType({"is-futures-closing-only": "futures closing only"})
_OTHERS = {"is-cryptocurrency-closing-only", "is-equity-offering-closing-only"}
"""Of no matter to options."""
_LEVELS: Mapping[str, OptionsLevel] = MappingProxyType(
    {
        "No Restrictions": OptionsLevel.NAKED,
        "Defined Risk Spreads": OptionsLevel.SPREADS,
        "Covered And Cash Secured": OptionsLevel.COVERED,
    }
)
_DAY_TRADER_MIN = Decimal(25_000)


class Balances(NamedTuple):
    """Dollars; `buying_power` of options, None where it is not told."""

    cash: Decimal
    net_liquidation: Decimal
    buying_power: Decimal | None


async def read_balances(reads: Reads, account: str) -> Balances:
    """Read what an account, by its path, has. Raises `BrokerUnavailable`, `BrokerRefused`."""
    told = await reads.get(f"{account}/balances")
    with readable("balances"):
        money = told["data"]
        cash, net_liquidation = number(money["cash-balance"]), number(money["net-liquidating-value"])
        return Balances(cash, net_liquidation, known(money, "derivative-buying-power"))


async def read_status(reads: Reads, account: str, net_liquidation: Decimal) -> TradingStatus | None:
    """Read what an account, by its path, may do; None where that cannot be read: no exit waits for it."""
    with contextlib.suppress(BrokerUnavailable, BrokerRefused):
        told = await reads.get(f"{account}/trading-status")
        with readable("trading status"):
            return trading_status(told["data"], net_liquidation)
    return None


def trading_status(told: Json, net_liquidation: Decimal) -> TradingStatus:
    """Return the status that a payload of `trading-status` tells of."""
    bars = [*_true(told, _BARS), *_true(told, _DAY_TRADING)]
    if told.get("is-pattern-day-trader") is True and net_liquidation < _DAY_TRADER_MIN:
        bars.append(f"pattern day trader below {_DAY_TRADER_MIN:,}")
    futures = [*_true(told, _FUTURES)]
    if told.get("is-futures-enabled") is not True:
        futures.append("futures not enabled")
    return TradingStatus(
        bars=tuple(bars),
        futures_bars=tuple(futures),
        unknown=tuple(_unknown(told)),
        level=_LEVELS.get(str(told.get("options-level")), OptionsLevel.NONE),
        naked_calls=told.get("short-calls-enabled") is not False,
    )


def _true(told: Json, flags: Mapping[str, str]) -> Iterator[str]:
    return (words for flag, words in flags.items() if told.get(flag) is True)


def _unknown(told: Json) -> Iterator[str]:
    for flag in (*_BARS, *_FUTURES):
        if not isinstance(told.get(flag), bool):
            yield f"{flag} {told.get(flag)}"
    known = {*_BARS, *_FUTURES, *_OTHERS}
    yield from (flag for flag, value in told.items() if flag.endswith("-only") and flag not in known and value)
    if told.get("options-level") not in _LEVELS:
        yield f"options-level {told.get('options-level')}"
