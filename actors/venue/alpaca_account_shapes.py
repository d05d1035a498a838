"""Account, positions, activities and contracts of the second broker as JSON.

An activity's id is its time and the venue's number of the transaction, so it sorts by time and is the same whenever it
is read. A trade is a FILL activity, and one FEE activity for what it cost; `execution_id` there names the fill, which
the broker itself leaves to be guessed.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from actors.domain.market.contract import Contract, Right, Style
from actors.domain.market.session import NEW_YORK, Session
from actors.domain.value import ZERO
from actors.venue.account import Balances, PaperPosition, Transaction, TransactionType
from actors.venue.alpaca_shapes import alpaca_symbol, asset_id, decimal_text, instant, order_uuid, status_of
from actors.venue.market import Market
from actors.venue.paper_order import PaperOrder

Json = dict[str, Any]
_CREATED_AT = "2020-01-01T00:00:00Z"
_RIGHTS = {Right.CALL: "call", Right.PUT: "put"}
_SETTLED = {
    TransactionType.SETTLEMENT: "OPCSH",
    TransactionType.EXPIRATION: "OPEXP",
    TransactionType.ASSIGNMENT: "OPASN",
    TransactionType.EXERCISE: "OPEXC",
}


def account_json(account: str, balances: Balances, long_value: Decimal, short_value: Decimal) -> Json:
    """Return the account. Values are signed: what is short is negative."""
    power, equity = decimal_text(balances.buying_power), decimal_text(balances.net_liquidation)
    margin = decimal_text(balances.maintenance)
    return {
        "account_blocked": False,
        "account_number": account,
        "accrued_fees": "0",
        "buying_power": power,
        "cash": decimal_text(balances.cash),
        "created_at": _CREATED_AT,
        "currency": "USD",
        "daytrade_count": 0,
        "daytrading_buying_power": power,
        "equity": equity,
        "id": asset_id(account),
        "initial_margin": margin,
        "last_equity": equity,
        "last_maintenance_margin": margin,
        "long_market_value": decimal_text(long_value),
        "maintenance_margin": margin,
        "multiplier": "4",
        "non_marginable_buying_power": power,
        "options_approved_level": "3",
        "options_buying_power": power,
        "options_trading_level": "3",
        "pattern_day_trader": False,
        "portfolio_value": equity,
        "regt_buying_power": power,
        "short_market_value": decimal_text(short_value),
        "shorting_enabled": True,
        "sma": "0",
        "status": "ACTIVE",
        "trade_suspended_by_user": False,
        "trading_blocked": False,
        "transfers_blocked": False,
    }


def position_json(position: PaperPosition, mark: Decimal) -> Json:
    """Return a position, in dollars; quantities of what is short are negative."""
    size = position.quantity * position.multiplier
    value, cost = size * mark, size * position.average_price
    pnl = value - cost
    share = round(pnl / abs(cost), 6) if cost else ZERO
    usd = {
        "avg_entry_price": decimal_text(position.average_price),
        "market_value": decimal_text(value),
        "cost_basis": decimal_text(cost),
        "unrealized_pl": decimal_text(pnl),
        "unrealized_plpc": decimal_text(share),
        "unrealized_intraday_pl": decimal_text(pnl),
        "unrealized_intraday_plpc": decimal_text(share),
        "current_price": decimal_text(mark),
        "lastday_price": decimal_text(position.average_price),
        "change_today": "0",
    }
    is_option = " " in position.symbol or any(letter.isdigit() for letter in position.symbol)
    return usd | {
        "asset_id": asset_id(position.symbol),
        "symbol": alpaca_symbol(position.symbol),
        "exchange": "" if is_option else "NASDAQ",
        "asset_class": "us_option" if is_option else "us_equity",
        "qty": str(position.quantity),
        "qty_available": str(position.quantity),
        "side": "long" if position.quantity > 0 else "short",
        "usd": usd,
    }


def activities_json(entry: Transaction, order: PaperOrder | None) -> Iterator[tuple[str, Json]]:
    """Yield a transaction's activities with the kind of each."""
    name = f"{entry.at.astimezone(UTC):%Y%m%d%H%M%S}{entry.at.microsecond // 1000:03d}::"
    fill_id = f"{name}{UUID(int=entry.id << 1)}"
    fees = entry.value - entry.net
    if entry.type is not TransactionType.TRADE:
        yield _SETTLED[entry.type], _settlement(entry, fill_id)
        return
    yield "FILL", _fill(entry, order, fill_id)
    if fees:
        yield (
            "FEE",
            {
                "activity_type": "FEE",
                "id": f"{name}{UUID(int=(entry.id << 1) | 1)}",
                "created_at": instant(entry.at),
                "date": entry.at.date().isoformat(),
                "description": f"fees of {entry.quantity} {alpaca_symbol(entry.symbol)}",
                "execution_id": fill_id,
                "net_amount": decimal_text(-fees),
                "status": "executed",
                "symbol": alpaca_symbol(entry.symbol),
            },
        )


def _fill(entry: Transaction, order: PaperOrder | None, fill_id: str) -> Json:
    leg, number = None, 0
    if order is not None:
        number, leg = next((n, each) for n, each in enumerate(order.legs, 1) if each.symbol == entry.symbol)
    done, left = _progress(entry, order)
    return {
        "activity_type": "FILL",
        "id": fill_id,
        "transaction_time": instant(entry.at),
        "type": "fill" if left == 0 else "partial_fill",
        "price": decimal_text(entry.price),
        "qty": str(entry.quantity),
        "side": "buy" if entry.action.is_buy else "sell",
        "symbol": alpaca_symbol(entry.symbol),
        "leaves_qty": str(left),
        "order_id": order_uuid(entry.order_id or 0, number if order is not None and len(order.legs) > 1 else 0),
        "cum_qty": str(done),
        "order_status": "filled" if leg is None or order is None else status_of(order),
    }


def _progress(entry: Transaction, order: PaperOrder | None) -> tuple[int, int]:
    """Return contracts of the leg filled up to this execution, and those left after it."""
    if order is None:
        return entry.quantity, 0
    leg = next(each for each in order.legs if each.symbol == entry.symbol)
    done = 0
    for fill in leg.fills:
        done += fill.quantity
        if fill.fill_id == entry.exec_id:
            break
    return done, leg.quantity - done


def _settlement(entry: Transaction, name: str) -> Json:
    return {
        "activity_type": _SETTLED[entry.type],
        "id": name,
        "created_at": instant(entry.at),
        "date": entry.at.date().isoformat(),
        "description": f"{entry.type.value.lower()} of {alpaca_symbol(entry.symbol)}",
        "net_amount": decimal_text(entry.net),
        "price": decimal_text(entry.price),
        "qty": str(entry.action.sign * entry.quantity),
        "status": "executed",
        "symbol": alpaca_symbol(entry.symbol),
    }


def contract_json(contract: Contract, session: date) -> Json:
    """Return an option as a listed contract."""
    if contract.expires_on is None or contract.right is None or contract.strike is None:
        raise ValueError(f"{contract.symbol} is no option")
    right = _RIGHTS[contract.right]
    strike = decimal_text(contract.strike)
    return {
        "id": asset_id(contract.symbol),
        "symbol": alpaca_symbol(contract.symbol),
        "name": f"{contract.product.root} {contract.expires_on:%b %d %Y} {strike} {right.capitalize()}",
        "status": "active",
        "tradable": True,
        "expiration_date": contract.expires_on.isoformat(),
        "root_symbol": contract.product.root,
        "underlying_symbol": contract.underlying,
        "underlying_asset_id": asset_id(contract.underlying),
        "type": right,
        "style": "european" if contract.product.style is Style.EUROPEAN else "american",
        "strike_price": strike,
        "size": str(contract.multiplier),
        "open_interest": "0",
        "open_interest_date": session.isoformat(),
        "close_price": None,
        "close_price_date": None,
    }


def calendar_json(market: Market, start: str | None, end: str | None) -> list[Json]:
    """Return the trading days from `start` to `end`; the venue knows its own day only."""
    day = market.session.isoformat()
    if (start is not None and day < start) or (end is not None and day > end):
        return []
    opens, closes = (at.astimezone(NEW_YORK) for at in (market.stock_hours.opens_at, market.stock_hours.closes_at))
    return [{"date": day, "open": f"{opens:%H:%M}", "close": f"{closes:%H:%M}", "settlement_date": day}]


def clock_json(now: datetime, hours: Session) -> Json:
    """Return the market's clock; the venue knows its own day only."""
    return {
        "timestamp": instant(now),
        "is_open": hours.holds(now),
        "next_open": instant(hours.opens_at),
        "next_close": instant(hours.closes_at),
    }
