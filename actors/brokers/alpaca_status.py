"""What Alpaca lets an account do, in our words: flags, status and options level stand in the account it is read from.

A flag that is missing or no yes or no, a status or a level that nobody here knows: each is an unknown word, which keeps
openings out until a person has looked.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from actors.brokers.payload import Json
from actors.domain.orders.trading_status import OptionsLevel, TradingStatus

_BARS: Mapping[str, str] = MappingProxyType(
    {
        "account_blocked": "the account is blocked",
        "trading_blocked": "trading is blocked",
        "trade_suspended_by_user": "trading is suspended by the user",
    }
)
_IDLE = {
    "ONBOARDING",
    "SUBMISSION_FAILED",
    "SUBMITTED",
    "ACCOUNT_UPDATED",
    "APPROVAL_PENDING",
    "REJECTED",
    "INACTIVE",
    "ACCOUNT_CLOSED",
}
_LEVELS: Mapping[str, OptionsLevel] = MappingProxyType(
    {"0": OptionsLevel.NONE, "1": OptionsLevel.COVERED, "2": OptionsLevel.LONG, "3": OptionsLevel.SPREADS}
)
_DAY_TRADER_MIN = Decimal(25_000)


def trading_status(account: Json, equity: Decimal) -> TradingStatus:
    """Return the status that an account tells of."""
    bars = [words for flag, words in _BARS.items() if account.get(flag) is True]
    if account.get("status") in _IDLE:
        bars.append(f"the account is {account['status']}")
    if account.get("pattern_day_trader") is True and equity < _DAY_TRADER_MIN:
        bars.append(f"pattern day trader below {_DAY_TRADER_MIN:,}")
    level = _LEVELS.get(str(account.get("options_trading_level")), OptionsLevel.NONE)
    return TradingStatus(bars=tuple(bars), unknown=tuple(_unknown(account)), level=level)


def _unknown(account: Json) -> Iterator[str]:
    yield from (f"{flag} {account.get(flag)}" for flag in _BARS if not isinstance(account.get(flag), bool))
    if account.get("status") != "ACTIVE" and account.get("status") not in _IDLE:
        yield f"status {account.get('status')}"
    if str(account.get("options_trading_level")) not in _LEVELS:
        yield f"options_trading_level {account.get('options_trading_level')}"
