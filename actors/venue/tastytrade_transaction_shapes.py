"""What moved in an account as tastytrade's JSON: trades with their fees, and what expiries brought."""

from typing import Any

from actors.domain.market.contract import Contract
from actors.domain.orders.order import Action
from actors.venue.account import Transaction, TransactionType
from actors.venue.tastytrade_shapes import VENUE_NAME
from actors.venue.tastytrade_symbols import (
    action_name,
    broker_symbol,
    broker_underlying,
    effect,
    instant,
    instrument_type,
    number,
)

Json = dict[str, Any]
_RECEIVED = {
    TransactionType.EXPIRATION: "Expiration",
    TransactionType.ASSIGNMENT: "Assignment",
    TransactionType.EXERCISE: "Exercise",
    TransactionType.MARK: "Mark to Market",
}


def transaction_json(account: str, entry: Transaction, contract: Contract | None) -> Json:
    """Return a movement: a trade with its fees, or what an expiry brought."""
    is_trade, is_mark = entry.type is TransactionType.TRADE, entry.type is TransactionType.MARK
    action, symbol = action_name(entry.action, contract), entry.symbol if contract is None else broker_symbol(contract)
    shown: dict[str, object] = {
        "id": entry.id,
        "account-number": account,
        "action": action,
        "clearing-fees": number(entry.clearing_fees),
        "clearing-fees-effect": effect(-entry.clearing_fees),
        "commission": number(entry.commission),
        "commission-effect": effect(-entry.commission),
        "created-at": instant(entry.at),
        "currency": "USD",
        "description": f"{action} {entry.quantity} {symbol} @ {number(entry.price)}",
        "destination-venue": VENUE_NAME if is_trade else None,
        "exec-id": entry.exec_id,
        "executed-at": instant(entry.at),
        "instrument-type": "Equity Option" if contract is None else instrument_type(contract),
        "is-estimated-fee": is_trade,
        "net-value": number(abs(entry.net)),
        "net-value-effect": effect(entry.net),
        "order-id": entry.order_id,
        "price": number(entry.price),
        "proprietary-index-option-fees": number(entry.proprietary_fees),
        "proprietary-index-option-fees-effect": effect(-entry.proprietary_fees),
        "quantity": number(abs(entry.quantity)),
        "regulatory-fees": number(entry.regulatory_fees),
        "regulatory-fees-effect": effect(-entry.regulatory_fees),
        "symbol": symbol,
        "transaction-date": entry.at.date().isoformat(),
        "transaction-sub-type": action if is_trade else _settled(entry),
        "transaction-type": "Trade" if is_trade else "Money Movement" if is_mark else "Receive Deliver",
        "underlying-symbol": symbol if contract is None else broker_underlying(contract),
        "value": number(abs(entry.value)),
        "value-effect": effect(entry.value),
    }
    return {key: value for key, value in shown.items() if value is not None}


def _settled(entry: Transaction) -> str:
    if entry.type is TransactionType.SETTLEMENT:
        return "Cash Settled Exercise" if entry.action is Action.SELL_TO_CLOSE else "Cash Settled Assignment"
    return _RECEIVED[entry.type]
