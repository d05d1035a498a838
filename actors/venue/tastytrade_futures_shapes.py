"""The nested chain of options on a product's futures, as tastytrade's JSON.

The broker writes a future's year with one digit (`/ESH0`). A future's own last day is not known from a market of its
options: the last expiry of those stands in for it. Option roots (weeklies) are not known either: the product's code
stands in for all.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from actors.domain.market.contract import Contract, Right, Style
from actors.venue.market import Market
from actors.venue.tastytrade_market_shapes import expiration_type, strike_json, tick_sizes
from actors.venue.tastytrade_symbols import instant, number

Json = dict[str, Any]


def futures_chain_json(options: Sequence[Contract], market: Market) -> Json:
    """Return the futures and, for each, its options by expiry and strike."""
    by_future: dict[str, list[Contract]] = {}
    for option in options:
        by_future.setdefault(option.underlying, []).append(option)
    return {
        "futures": [_future_json(future, found, market) for future, found in by_future.items()],
        "option-chains": [_chain_json(future, found, market) for future, found in by_future.items()],
    }


def broker_symbol(future: str) -> str:
    """Return the broker's name of a future: a year of one digit."""
    return f"{future[:-2]}{future[-1]}"


def _future_json(future: str, options: Sequence[Contract], market: Market) -> Json:
    last = max(_expiry(option) for option in options)
    return {
        "symbol": broker_symbol(future),
        "root-symbol": future[:-3],
        "maturity-date": last.isoformat(),
        "expiration-date": last.isoformat(),
        "days-to-expiration": (last - market.session).days,
        "active-month": True,
        "next-active-month": False,
        "stops-trading-at": _end(last, market),
        "expires-at": _end(last, market),
    }


def _chain_json(future: str, options: Sequence[Contract], market: Market) -> Json:
    days = sorted({_expiry(option) for option in options})
    style = "European" if options[0].product.style is Style.EUROPEAN else "American"
    return {
        "underlying-symbol": broker_symbol(future),
        "root-symbol": future[:-3],
        "exercise-style": style,
        "expirations": [
            _expiration_json(future, day, [o for o in options if _expiry(o) == day], market) for day in days
        ],
    }


def _expiration_json(future: str, day: date, options: Sequence[Contract], market: Market) -> Json:
    product = options[0].product
    strikes: dict[str, dict[Right, Contract]] = {}
    for option in options:
        if option.strike is not None and option.right is not None:
            strikes.setdefault(number(option.strike), {})[option.right] = option
    code = future[1:-3]
    return {
        "underlying-symbol": broker_symbol(future),
        "root-symbol": future[:-3],
        "option-root-symbol": code,
        "option-contract-symbol": f"{code}{broker_symbol(future)[-2:]}",
        "asset": code,
        "expiration-date": day.isoformat(),
        "days-to-expiration": (day - market.session).days,
        "expiration-type": expiration_type(day),
        "settlement-type": "PM",
        "notional-value": "1.0",
        "display-factor": "1.0",
        "strike-factor": "1.0",
        "stops-trading-at": _end(day, market),
        "expires-at": _end(day, market),
        "tick-sizes": tick_sizes(product),
        "strikes": [strike_json(strike, pair) for strike, pair in strikes.items()],
    }


def _expiry(option: Contract) -> date:
    return option.expires_on or date.max


def _end(day: date, market: Market) -> str:
    return instant(market.closes_at + timedelta(days=(day - market.session).days))
