"""The name of a contract on DXLink.

    equity, index     GOOG, SPX, BRK/B            the ticker, a class after a slash
    their options     .SPXW210104C3700            root, yymmdd, right, strike without trailing zeros
    future            /ESH20:XCME                 the exchange's code after a colon
    future's option   ./ESH20C3200:XCME           no date: root, month and year name the expiry; those of a weekly are
                      ./EW3V25C6500:XCME          its own, the month the one it ends in

A broker's chain carries these names and is believed first; this is the rule for everything else. The way back knows no
future's option, because its name has lost the day; and only standard months of a future can be named at all.
"""

import re
from datetime import date
from decimal import Decimal

from actors.domain.market.contract import Contract, Kind, Right, UnknownSymbol, occ_symbol

_EXCHANGES = {
    **dict.fromkeys(("CL", "NG", "RB", "HO", "MCL", "BZ"), "XNYM"),
    **dict.fromkeys(("GC", "SI", "HG", "MGC", "SIL"), "XCEC"),
    **dict.fromkeys(("ZB", "ZN", "ZF", "ZT", "UB", "ZC", "ZS", "ZW", "YM", "MYM"), "XCBT"),
}
_MONTHS = "FGHJKMNQUVXZ"
_EXCHANGE = "XCME"
"""The exchange of a future that is in no list above."""
_OPTION = re.compile(r"^\.([A-Z0-9^]{1,6})(\d{2})(\d{2})(\d{2})([CP])(\d+(?:\.\d+)?)$")
_FUTURE = re.compile(r"^(/[A-Z0-9]+[FGHJKMNQUVXZ]\d{2}):[A-Z]+$")
_TICKER = re.compile(r"^[A-Z][A-Z0-9]*(?:/[A-Z])?$")


def streamer_symbol(contract: Contract) -> str:
    """Return the name DXLink knows `contract` by."""
    kind = contract.product.kind
    if kind is Kind.FUTURE:
        return f"{contract.symbol}:{_exchange(contract.symbol)}"
    if contract.expires_on is None or contract.right is None or contract.strike is None:
        return contract.symbol.replace(".", "/")
    tail = f"{contract.right.value}{_plain(contract.strike)}"
    if kind is Kind.FUTURE_OPTION:
        root, future = contract.product.root, contract.underlying
        month = f"{_MONTHS[contract.expires_on.month - 1]}{contract.expires_on:%y}"
        series = f".{future}" if root[2:] == future[1:-3] else f"{root}{month}"
        return f"{series}{tail}:{_exchange(future)}"
    return f".{contract.product.root}{contract.expires_on:%y%m%d}{tail}"


def canonical_symbol(streamer: str) -> str:
    """Return our symbol of what DXLink calls `streamer`. Raises `UnknownSymbol`, also for a future's option."""
    if match := _OPTION.match(streamer):
        year, month, day = (int(match[group]) for group in (2, 3, 4))
        return occ_symbol(match[1], date(2000 + year, month, day), Right(match[5]), Decimal(match[6]))
    if match := _FUTURE.match(streamer):
        return match[1]
    if _TICKER.match(streamer):
        return streamer.replace("/", ".")
    raise UnknownSymbol(f"{streamer!r} is no DXLink name of an equity, an index, an option on one, or a future")


def _exchange(future: str) -> str:
    return _EXCHANGES.get(future.removeprefix("/")[:-3], _EXCHANGE)


def _plain(strike: Decimal) -> str:
    return f"{strike.normalize():f}"
