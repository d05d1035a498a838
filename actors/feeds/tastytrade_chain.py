"""What can be watched on an underlying, as tastytrade's nested option chains list it.

A chain groups strikes by expiry and names both rights, with the broker's symbol and DXLink's. The broker's symbol of an
equity's or index's option is ours; a future's is not (its year has one digit), so it is made anew from expiry and
strike. A chain holds all roots of its underlying (SPX and SPXW under SPX). What a contract is worth and how it settles
comes from the product table alone, never from the chain; so chains of adjusted deliverables and series of futures that
the table does not describe are left out, and so is a strike without a streamer symbol, which has no quotes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from actors.brokers.payload import readable
from actors.brokers.reads import Reads
from actors.domain.market.contract import Contract, Products, Right, future_option_symbol
from actors.domain.market.streamer_symbol import streamer_symbol

Json = Any
_STANDARD = "Standard"


@dataclass(frozen=True, slots=True)
class Listing:
    """A contract, and its name on DXLink."""

    contract: Contract
    streamer: str


async def read_chain(reads: Reads, products: Products, underlying: str, dte_max: int) -> tuple[Listing, ...]:
    """Return `underlying`, then its options up to `dte_max` days to expiration, nearest first.

    Raises `BrokerUnavailable`, `BrokerRefused`, and `UnknownSymbol` for an underlying that no symbol form fits.
    """
    contract = products.contract(underlying)
    if underlying.startswith("/"):
        answer = await reads.get(f"/futures-option-chains/{underlying[1:-3]}/nested")
        with readable("futures option chain"):
            return future_listings(answer["data"], products, contract, dte_max)
    answer = await reads.get(f"/option-chains/{quote(underlying.replace('.', '/'), safe='')}/nested")
    with readable("option chain"):
        return equity_listings(answer["data"], products, contract, dte_max)


def equity_listings(chain: Json, products: Products, underlying: Contract, dte_max: int) -> tuple[Listing, ...]:
    """Return the listings of an equity's or index's nested chain. Raises KeyError, ValueError where it is none."""
    expirations = [
        expiration
        for item in chain["items"]
        if item.get("option-chain-type", _STANDARD) == _STANDARD
        for expiration in item["expirations"]
    ]
    options = (
        Listing(products.contract(symbol), streamer)
        for expiration in _near(expirations, dte_max)
        for strike in expiration["strikes"]
        for symbol, streamer in _both(strike)
    )
    return (Listing(underlying, streamer_symbol(underlying)), *_once(options))


def future_listings(chain: Json, products: Products, future: Contract, dte_max: int) -> tuple[Listing, ...]:
    """Return the listings of one future's options in a product's nested chain. Raises KeyError, ValueError."""
    theirs = f"{future.symbol[:-2]}{future.symbol[-1]}"
    expirations = [
        expiration
        for item in chain["option-chains"]
        for expiration in item["expirations"]
        if expiration["underlying-symbol"] == theirs and products.lists(f"./{expiration['option-root-symbol']}")
    ]
    options = (
        Listing(products.contract(symbol), streamer)
        for expiration in _near(expirations, dte_max)
        for strike in expiration["strikes"]
        for symbol, streamer in _future_options(future.symbol, expiration, strike)
    )
    return (Listing(future, streamer_symbol(future)), *_once(options))


def _near(expirations: Iterable[Json], dte_max: int) -> list[Json]:
    near = [expiration for expiration in expirations if int(expiration["days-to-expiration"]) <= dte_max]
    return sorted(near, key=lambda expiration: str(expiration["expiration-date"]))


def _both(strike: Json) -> Iterator[tuple[str, str]]:
    for side in ("call", "put"):
        if streamer := strike.get(f"{side}-streamer-symbol"):
            yield strike[side], streamer


def _future_options(future: str, expiration: Json, strike: Json) -> Iterator[tuple[str, str]]:
    expires_on = date.fromisoformat(expiration["expiration-date"])
    series = expiration["option-root-symbol"]
    for side, right in (("call", Right.CALL), ("put", Right.PUT)):
        if streamer := strike.get(f"{side}-streamer-symbol"):
            price = Decimal(str(strike["strike-price"]))
            yield future_option_symbol(future, expires_on, right, price, series), streamer


def _once(listings: Iterable[Listing]) -> Iterator[Listing]:
    seen: set[str] = set()
    for listing in listings:
        if listing.contract.symbol not in seen:
            seen.add(listing.contract.symbol)
            yield listing
