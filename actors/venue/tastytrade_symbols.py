"""tastytrade's names for the market's contracts: symbols, instrument types, streamer symbols, numbers and times.

A future's year has one digit there (`/ESH0`), and an option on it is named after it, its series, expiry, right and
strike (`./ESH0 ESH0  200320C3200`); everything else goes by the names we have. Names are made here and, apart from
this, in adapter and feed: the venue must not share a translation with what it tests. On DXLink an option on a future
is named after its series, as the fixture's `./ESU25P900:XCME`; where that is called like a future it does not expire
with, its date stands between, for recorded days do not tell the series apart.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from actors.domain.market.contract import Contract, Kind
from actors.domain.orders.order import Action

FUTURES_EXCHANGE = "XCME"
_MONTHS = "FGHJKMNQUVXZ"
INSTRUMENT_TYPES = {
    Kind.EQUITY: "Equity",
    Kind.INDEX: "Index",
    Kind.EQUITY_OPTION: "Equity Option",
    Kind.INDEX_OPTION: "Equity Option",
    Kind.FUTURE: "Future",
    Kind.FUTURE_OPTION: "Future Option",
}
ACTIONS = {
    Action.BUY_TO_OPEN: "Buy to Open",
    Action.SELL_TO_OPEN: "Sell to Open",
    Action.BUY_TO_CLOSE: "Buy to Close",
    Action.SELL_TO_CLOSE: "Sell to Close",
}
ACTION_OF = {name: action for action, name in ACTIONS.items()}
FUTURE_ACTION_OF = {"Buy": Action.BUY_TO_CLOSE, "Sell": Action.SELL_TO_CLOSE}
"""An order on a future says no effect."""


def action_name(action: Action, contract: Contract | None) -> str:
    """Return the broker's name of an action on a contract."""
    is_future = contract is not None and contract.product.kind is Kind.FUTURE
    return ("Buy" if action.is_buy else "Sell") if is_future else ACTIONS[action]


def instrument_type(contract: Contract) -> str:
    """Return the broker's name for the kind of a contract."""
    return INSTRUMENT_TYPES[contract.product.kind]


def broker_symbol(contract: Contract) -> str:
    """Return the broker's symbol of a contract."""
    if contract.product.kind is Kind.FUTURE:
        return one_digit_year(contract.symbol)
    if contract.product.kind is not Kind.FUTURE_OPTION or contract.right is None or contract.strike is None:
        return contract.symbol
    future, series = broker_underlying(contract)[1:], series_symbol(contract)
    return f"./{future} {series:<6}{contract.expires_on:%y%m%d}{contract.right.value}{contract.strike.normalize():f}"


def series_symbol(contract: Contract) -> str:
    """Return the broker's name of an option's series: its future's, or a root of its own with the month it ends in."""
    root = contract.product.root.removeprefix("./")
    if root == contract.underlying[1:-3] or contract.expires_on is None:
        return broker_underlying(contract)[1:]
    return f"{root}{_MONTHS[contract.expires_on.month - 1]}{contract.expires_on.year % 10}"


def broker_underlying(contract: Contract) -> str:
    """Return the broker's symbol of what a contract is on."""
    return one_digit_year(contract.underlying) if contract.underlying.startswith("/") else contract.underlying


def one_digit_year(future: str) -> str:
    """Return the broker's symbol of a future."""
    return f"{future[:-2]}{future[-1]}"


def by_broker_symbol(contracts: Iterable[Contract]) -> dict[str, Contract]:
    """Return contracts by the broker's symbols."""
    return {broker_symbol(contract): contract for contract in contracts}


def streamer_symbol(contract: Contract) -> str:
    """Return the DXLink symbol of a contract."""
    if contract.product.kind is Kind.FUTURE:
        return f"{contract.symbol}:{FUTURES_EXCHANGE}"
    if contract.right is None or contract.strike is None or contract.expires_on is None:
        return contract.symbol
    strike = f"{contract.strike.normalize():f}"
    if contract.product.kind is Kind.FUTURE_OPTION:
        code = contract.underlying.removeprefix("/")
        if (series := series_symbol(contract)) != broker_underlying(contract)[1:]:
            return f"./{series[:-1]}{contract.expires_on:%y}{contract.right.value}{strike}:{FUTURES_EXCHANGE}"
        expires_with_future = code[-3] == _MONTHS[contract.expires_on.month - 1]
        day = "" if expires_with_future else f"{contract.expires_on:%y%m%d}"
        return f"./{code}{day}{contract.right.value}{strike}:{FUTURES_EXCHANGE}"
    return f".{contract.product.root}{contract.expires_on:%y%m%d}{contract.right.value}{strike}"


def number(value: Decimal | float) -> str:
    """Return a number as the broker writes it: a string with at least one decimal."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    text = f"{exact.normalize():f}"
    return text if "." in text else f"{text}.0"


def effect(value: Decimal | int) -> str:
    """Return which way an amount of cash goes, in > 0."""
    return "None" if value == 0 else "Credit" if value > 0 else "Debit"


def instant(at: datetime) -> str:
    """Return a time to the millisecond, UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def millis(at: datetime) -> int:
    """Return milliseconds since the Unix epoch."""
    return int(at.timestamp() * 1000)
