"""Chains, instruments, quotes and sessions as tastytrade's JSON, from the market's contracts."""

import math
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from actors.domain.market.contract import Contract, Kind, Product, Right, Settlement, Style
from actors.venue.board import Board
from actors.venue.market import Market
from actors.venue.tastytrade_symbols import (
    broker_symbol,
    broker_underlying,
    instant,
    instrument_type,
    number,
    streamer_symbol,
)

Json = dict[str, Any]
_FRIDAY = 4
_THIRD_WEEK = range(15, 22)
_PRE_OPEN = timedelta(minutes=75)
_AFTER_CLOSE = timedelta(hours=4)


def chain(contracts: Iterable[Contract], underlying: str) -> list[Contract]:
    """Return the options on an underlying, future options by their product's root too."""
    return [
        contract
        for contract in contracts
        if contract.is_option and (contract.underlying == underlying or contract.product.root == f"./{underlying}")
    ]


def nested_chain_json(options: list[Contract], session: date) -> list[Json]:
    """Return the chain of each root: expirations, strikes, a call and a put."""
    roots: dict[str, dict[date, dict[str, dict[Right, Contract]]]] = {}
    for option in options:
        if option.expires_on is None or option.strike is None or option.right is None:
            continue
        strikes = roots.setdefault(option.product.root, {}).setdefault(option.expires_on, {})
        strikes.setdefault(number(option.strike), {})[option.right] = option
    products = {option.product.root: option.product for option in options}
    return [_root_json(products[root], expirations, session) for root, expirations in roots.items()]


def _root_json(product: Product, expirations: dict[date, dict[str, dict[Right, Contract]]], session: date) -> Json:
    return {
        "underlying-symbol": product.underlying,
        "root-symbol": product.root,
        "option-chain-type": "Standard",
        "shares-per-contract": product.multiplier,
        "tick-sizes": tick_sizes(product),
        "deliverables": [
            {
                "id": 1,
                "amount": number(product.multiplier),
                "deliverable-type": "Shares",
                "description": f"{product.multiplier} shares of {product.underlying}",
                "instrument-type": "Equity",
                "percent": "100",
                "root-symbol": product.root,
                "symbol": product.underlying,
            }
        ],
        "expirations": [
            {
                "expiration-type": expiration_type(day),
                "expiration-date": day.isoformat(),
                "days-to-expiration": (day - session).days,
                "settlement-type": product.settlement_time.value,
                "strikes": [strike_json(strike, pair) for strike, pair in expirations[day].items()],
            }
            for day in sorted(expirations)
        ],
    }


def strike_json(strike: str, pair: dict[Right, Contract]) -> Json:
    """Return one strike. A side that is not listed is left empty: the recorded chains are not always pairs."""
    call, put = pair.get(Right.CALL), pair.get(Right.PUT)
    return {
        "strike-price": strike,
        "call": "" if call is None else broker_symbol(call),
        "call-streamer-symbol": "" if call is None else streamer_symbol(call),
        "put": "" if put is None else broker_symbol(put),
        "put-streamer-symbol": "" if put is None else streamer_symbol(put),
    }


def tick_sizes(product: Product) -> list[Json]:
    """Return the price steps; one entry where there is no threshold."""
    large = {"value": number(product.tick_large)}
    if product.tick_small == product.tick_large:
        return [large]
    return [{"threshold": number(product.tick_threshold), "value": number(product.tick_small)}, large]


def expiration_type(day: date) -> str:
    """Return Regular for a third Friday, else Weekly."""
    return "Regular" if day.weekday() == _FRIDAY and day.day in _THIRD_WEEK else "Weekly"


def option_json(option: Contract, market: Market) -> Json:
    """Return one option as an instrument."""
    if option.expires_on is None or option.right is None or option.strike is None:
        raise ValueError(f"{option.symbol} is no option")
    product = option.product
    stops = market.closes_at + timedelta(days=(option.expires_on - market.session).days)
    return {
        "active": True,
        "days-to-expiration": (option.expires_on - market.session).days,
        "exercise-style": "European" if product.style is Style.EUROPEAN else "American",
        "expiration-date": option.expires_on.isoformat(),
        "expiration-type": expiration_type(option.expires_on),
        "expires-at": instant(stops),
        "instrument-type": instrument_type(option),
        "is-closing-only": False,
        "market-time-instrument-collection": (
            "Cash Settled Equity Option" if product.settlement is Settlement.CASH else "Equity Option"
        ),
        "option-chain-type": "Standard",
        "option-type": option.right.value,
        "root-symbol": product.root,
        "settlement-type": product.settlement_time.value,
        "shares-per-contract": product.multiplier,
        "stops-trading-at": instant(stops),
        "streamer-symbol": streamer_symbol(option),
        "strike-price": number(option.strike),
        "symbol": broker_symbol(option),
        "underlying-symbol": broker_underlying(option),
    }


def equity_json(contract: Contract, row: int) -> Json:
    """Return a share or an index as an instrument; both are equities there."""
    return {
        "active": True,
        "bypass-manual-review": False,
        "description": contract.symbol,
        "id": row + 1,
        "instrument-type": "Equity",
        "is-closing-only": False,
        "is-etf": False,
        "is-fraud-risk": False,
        "is-illiquid": False,
        "is-index": contract.product.kind is Kind.INDEX,
        "is-options-closing-only": False,
        "lendability": "Easy To Borrow",
        "listed-market": "XNAS",
        "market-time-instrument-collection": "Equity",
        "overnight-trading-permitted": False,
        "short-description": contract.symbol,
        "streamer-symbol": streamer_symbol(contract),
        "symbol": contract.symbol,
        "tick-sizes": [{"threshold": "1.0", "value": "0.0001"}, {"value": "0.01"}],
    }


def quote_json(board: Board, contract: Contract) -> Json:
    """Return the latest quote; a missing price is an absent key."""
    row = board.row_of[contract.symbol]
    bid, ask, last = (float(side[row]) for side in (board.bid, board.ask, board.last))
    mark = board.mark(contract.symbol)
    prices = {"bid": bid, "ask": ask, "mid": (bid + ask) / 2, "last": last, "last-mkt": last}
    shown: Json = {key: number(round(value, 6)) for key, value in prices.items() if not math.isnan(value)}
    if mark is not None:
        shown["mark"] = number(round(mark, 6))
    day = board.market.session.isoformat()
    return shown | {
        "ask-size": number(float(board.ask_size[row])),
        "bid-size": number(float(board.bid_size[row])),
        "close-price-type": "Regular",
        "halt-end-time": -1,
        "halt-start-time": -1,
        "instrument-type": instrument_type(contract),
        "is-trading-halted": False,
        "prev-close-date": (board.market.session - timedelta(days=1)).isoformat(),
        "prev-close-price-type": "Regular",
        "summary-date": day,
        "symbol": broker_symbol(contract),
        "updated-at": instant(board.at).replace("+00:00", "Z"),
    }


def session_json(market: Market, now: datetime) -> Json:
    """Return the session that is on, or the one before and after `now`; the venue knows its own day only."""
    hours = market.stock_hours
    opened, closed = hours.opens_at <= now, hours.closes_at <= now
    day = {
        "close-at": instant(hours.closes_at),
        "close-at-ext": instant(hours.closes_at + _AFTER_CLOSE),
        "instrument-collection": "Equity",
        "open-at": instant(hours.opens_at),
        "session-date": market.session.isoformat(),
        "start-at": instant(hours.opens_at - _PRE_OPEN),
    }
    shown: Json = {key: value for key, value in day.items() if key != "session-date"}
    shown["state"] = "Open" if opened and not closed else "Extended" if closed else "Pre-market"
    shown["previous-session" if closed else "next-session"] = day
    return shown
