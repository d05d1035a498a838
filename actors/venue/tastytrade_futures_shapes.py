"""Futures, the products of their options, and the nested chain of these, as tastytrade's JSON.

The broker writes a future's year with one digit (`/ESH0`). A future's own last day is not known from a market of its
options: the last expiry of those stands in for it.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from actors.domain.market.contract import Contract, Right, SettlementTime, Style
from actors.venue.market import Market
from actors.venue.tastytrade_market_shapes import expiration_type, strike_json, tick_sizes
from actors.venue.tastytrade_symbols import FUTURES_EXCHANGE, instant, number, one_digit_year, series_symbol

Json = dict[str, Any]
DISPLAY_FACTOR = Decimal("0.01")


def futures_chain_json(options: Sequence[Contract], market: Market) -> Json:
    """Return the futures and, for each, its options by expiry and strike."""
    by_future: dict[str, list[Contract]] = {}
    for option in options:
        by_future.setdefault(option.underlying, []).append(option)
    return {
        "futures": [_future_json(future, found, market) for future, found in by_future.items()],
        "option-chains": [_chain_json(future, found, market) for future, found in by_future.items()],
    }


def futures_json(options: Sequence[Contract], market: Market) -> list[Json]:
    """Return the futures that have options, each as an instrument."""
    found: dict[str, list[Contract]] = {}
    for option in options:
        found.setdefault(option.underlying, []).append(option)
    return [_instrument_json(future, on_it, market) for future, on_it in found.items()]


def option_products_json(options: Sequence[Contract]) -> list[Json]:
    """Return the products that options on futures are of."""
    products = {option.product.root.removeprefix("./"): option.product for option in options}
    return [
        {
            "cash-settled": False,
            "clearing-code": code,
            "clearing-price-multiplier": "1.0",
            "code": code,
            "display-factor": number(DISPLAY_FACTOR),
            "exchange": "CME",
            "expiration-type": "Regular",
            "is-am-settled": product.settlement_time is SettlementTime.AM,
            "is-rollover": False,
            "market-sector": "Equity Index",
            "product-type": "Physical",
            "root-symbol": code,
            "settlement-delay-days": 0,
            "supported": True,
        }
        for code, product in products.items()
    ]


def _instrument_json(future: str, options: Sequence[Contract], market: Market) -> Json:
    product = options[0].product
    shown = _future_json(future, options, market)
    return shown | {
        "active": True,
        "closing-only-date": shown["expiration-date"],
        "display-factor": number(DISPLAY_FACTOR),
        "exchange": "CME",
        "exchange-symbol": one_digit_year(future).removeprefix("/"),
        "is-closing-only": False,
        "is-tradeable": True,
        "last-trade-date": shown["expiration-date"],
        "notional-multiplier": number(product.multiplier),
        "product-code": future[1:-3],
        "streamer-exchange-code": FUTURES_EXCHANGE,
        "streamer-symbol": f"{future}:{FUTURES_EXCHANGE}",
        "tick-size": number(product.tick_large),
        "tick-sizes": [{"value": number(product.tick_large)}],
    }


def _future_json(future: str, options: Sequence[Contract], market: Market) -> Json:
    last = max(_expiry(option) for option in options)
    return {
        "symbol": one_digit_year(future),
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
    ends = sorted({(_expiry(option), option.product.root) for option in options})
    style = "European" if options[0].product.style is Style.EUROPEAN else "American"
    return {
        "underlying-symbol": one_digit_year(future),
        "root-symbol": future[:-3],
        "exercise-style": style,
        "expirations": [
            _expiration_json(future, day, [o for o in options if (_expiry(o), o.product.root) == (day, root)], market)
            for day, root in ends
        ],
    }


def _expiration_json(future: str, day: date, options: Sequence[Contract], market: Market) -> Json:
    product = options[0].product
    strikes: dict[str, dict[Right, Contract]] = {}
    for option in options:
        if option.strike is not None and option.right is not None:
            strikes.setdefault(number(option.strike), {})[option.right] = option
    return {
        "underlying-symbol": one_digit_year(future),
        "root-symbol": future[:-3],
        "option-root-symbol": product.root.removeprefix("./"),
        "option-contract-symbol": series_symbol(options[0]),
        "asset": product.root.removeprefix("./"),
        "expiration-date": day.isoformat(),
        "days-to-expiration": (day - market.session).days,
        "expiration-type": expiration_type(day),
        "settlement-type": product.settlement_time.value,
        "notional-value": number(product.multiplier * DISPLAY_FACTOR),
        "display-factor": number(DISPLAY_FACTOR),
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
