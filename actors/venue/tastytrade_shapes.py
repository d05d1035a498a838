"""Orders, positions, balances and transactions as tastytrade's JSON, and its order requests as ours.

Keys and value types follow the recorded payloads: prices are strings, quantities of legs integers, `updated-at` is
milliseconds since the epoch, absent keys are left out. What a request must be before the exchange sees it:

    legs            1 to 4, known actions, whole quantities > 0, known symbols
    order-type      Limit with a price, Market with none, Stop and Stop Limit with a stop-trigger; nothing else
    time-in-force   Day, GTC, IOC
    price-effect    fits the legs: no credit for legs that all buy, no debit for legs that all sell

The broker's price is per unit of the legs' greatest common quantity, which it calls `size`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from actors.domain.market.contract import Contract
from actors.domain.orders.order import LEGS_MAX, Leg, OrderType, TimeInForce
from actors.venue.paper_order import NewOrder, PaperFill, PaperLeg, PaperOrder, PaperStatus
from actors.venue.tastytrade_symbols import (
    ACTION_OF,
    FUTURE_ACTION_OF,
    action_name,
    broker_symbol,
    broker_underlying,
    effect,
    instant,
    instrument_type,
    millis,
    number,
)

Json = dict[str, Any]
ContractOf = Callable[[str], Contract | None]
STATUSES = {
    PaperStatus.RECEIVED: "Received",
    PaperStatus.CONTINGENT: "Contingent",
    PaperStatus.ROUTED: "Routed",
    PaperStatus.LIVE: "Live",
    PaperStatus.CANCEL_REQUESTED: "Cancel Requested",
    PaperStatus.FILLED: "Filled",
    PaperStatus.CANCELLED: "Cancelled",
    PaperStatus.REJECTED: "Rejected",
    PaperStatus.EXPIRED: "Expired",
}
ORDER_TYPES = {
    OrderType.LIMIT: "Limit",
    OrderType.MARKET: "Market",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "Stop Limit",
}
_PRICED = {OrderType.LIMIT, OrderType.STOP_LIMIT}
_STOPS = {OrderType.STOP, OrderType.STOP_LIMIT}
TIMES_IN_FORCE = {TimeInForce.DAY: "Day", TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC"}
_TYPE_OF = {name: order_type for order_type, name in ORDER_TYPES.items()}
_TIME_OF = {name: time for time, name in TIMES_IN_FORCE.items()}
VENUE_NAME = "MARKET_SIMULATOR"


class PreflightFailed(Exception):
    """The request is understood and refused before the exchange sees it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def new_order(body: Json, contract_of: ContractOf) -> NewOrder:
    """Return the order a request asks for. Raises `PreflightFailed`; KeyError, TypeError where it is malformed."""
    order_type = _TYPE_OF.get(body["order-type"])
    if order_type is None:
        raise PreflightFailed("order_type_not_supported", f"{body['order-type']} orders are not supported.")
    time = _TIME_OF.get(body["time-in-force"])
    if time is None:
        raise PreflightFailed("tif_not_supported", f"{body['time-in-force']} orders are not supported.")
    if order_type is OrderType.MARKET and time is TimeInForce.GTC:
        raise PreflightFailed("gtc_market_orders_not_supported", "GTC/GTD Market orders are not supported.")
    size, legs = _legs(body["legs"], contract_of)
    instructions = body.get("advanced-instructions") or {}
    try:
        return NewOrder(
            client_id=body.get("external-identifier"),
            legs=legs,
            order_qty=size,
            order_type=order_type,
            net_price=net_price(body, legs) if order_type in _PRICED else None,
            stop_trigger=_stop_trigger(body) if order_type in _STOPS else None,
            time_in_force=time,
            strict_close=bool(instructions.get("strict-position-effect-validation", False)),
        )
    except ValidationError as error:
        raise PreflightFailed("invalid_order", error.errors()[0]["msg"]) from error


def _stop_trigger(body: Json) -> Decimal:
    try:
        trigger = Decimal(str(body["stop-trigger"]))
    except (InvalidOperation, KeyError):
        raise PreflightFailed("stop_trigger_required", "Stop trigger must be a number for Stop orders.") from None
    if not trigger.is_finite() or trigger <= 0:
        raise PreflightFailed("invalid_stop_trigger", "Stop trigger must be above 0.")
    return trigger


def net_price(body: Json, legs: Sequence[Leg | PaperLeg]) -> Decimal:
    """Return the price of a request, credit > 0. Raises `PreflightFailed`."""
    try:
        price = Decimal(str(body["price"]))
    except (InvalidOperation, KeyError):
        raise PreflightFailed("price_required", "Price must be a number for Limit orders.") from None
    if not price.is_finite() or price < 0:
        raise PreflightFailed("invalid_price", "Price must not be negative; its direction is the price-effect.")
    way = body.get("price-effect")
    if price and way not in {"Credit", "Debit"}:
        raise PreflightFailed("price_effect_required", "Price effect must be Credit or Debit.")
    if price and way == "Credit" and all(leg.action.is_buy for leg in legs):
        raise PreflightFailed("cant_buy_for_credit", "You cannot buy for a credit.")
    if price and way == "Debit" and not any(leg.action.is_buy for leg in legs):
        raise PreflightFailed("cant_sell_for_debit", "You cannot sell for a debit.")
    return -price if way == "Debit" else price


def _legs(entries: list[Json], contract_of: ContractOf) -> tuple[int, tuple[Leg, ...]]:
    if not 1 <= len(entries) <= LEGS_MAX:
        raise PreflightFailed("invalid_leg_count", f"An order has 1 to {LEGS_MAX} legs.")
    quantities = [_quantity(entry["quantity"]) for entry in entries]
    size = math.gcd(*quantities)
    return size, tuple(
        _leg(entry, quantity // size, contract_of) for entry, quantity in zip(entries, quantities, strict=True)
    )


def _leg(entry: Json, ratio: int, contract_of: ContractOf) -> Leg:
    known = FUTURE_ACTION_OF if entry["instrument-type"] == "Future" else ACTION_OF
    action = known.get(entry["action"])
    if action is None:
        raise PreflightFailed("invalid_action", f"{entry['action']} is not an action of this order.")
    contract = contract_of(entry["symbol"])
    if contract is None or instrument_type(contract) != entry["instrument-type"]:
        raise PreflightFailed("symbol_not_found", f"{entry['instrument-type']} {entry['symbol']} was not found.")
    return Leg(symbol=contract.symbol, action=action, ratio=ratio)


def _quantity(value: object) -> int:
    try:
        quantity = Decimal(str(value))
    except InvalidOperation:
        raise PreflightFailed("invalid_quantity", f"{value!r} is not a quantity.") from None
    if not quantity.is_finite() or quantity <= 0 or quantity != quantity.to_integral_value():
        raise PreflightFailed("invalid_quantity", f"Quantity {value} must be a whole number above 0.")
    return int(quantity)


def order_json(order: PaperOrder, contract_of: ContractOf) -> Json:
    """Return an order as the broker shows it."""
    first = contract_of(order.legs[0].symbol)
    is_working = order.status in {PaperStatus.RECEIVED, PaperStatus.CONTINGENT, PaperStatus.LIVE}
    shown: Mapping[str, object] = {
        "id": order.order_id,
        "account-number": order.account,
        "cancellable": is_working,
        "cancelled-at": _ended(order, PaperStatus.CANCELLED),
        "complex-order-id": order.complex_id,
        "complex-order-tag": order.complex_tag,
        "contingent-status": "Pending Order" if order.status is PaperStatus.CONTINGENT else None,
        "editable": is_working,
        "edited": order.replaced_by is not None,
        "ext-client-order-id": None if order.live_at is None else f"{order.order_id:018x}",
        "ext-exchange-order-number": None if order.live_at is None else str(order.order_id),
        "ext-global-order-number": None if order.live_at is None else order.order_id,
        "external-identifier": order.client_id,
        "global-request-id": f"{order.order_id:032x}",
        "live-at": None if order.live_at is None else instant(order.live_at),
        "order-type": ORDER_TYPES[order.order_type],
        "price": None if order.net_price is None else number(abs(order.net_price)),
        "price-effect": effect(order.net_price) if order.net_price else None,
        "received-at": instant(order.received_at),
        "reject-reason": order.reject_reason,
        "replaces-order-id": order.replaces,
        "replacing-order-id": order.replaced_by,
        "size": order.order_qty,
        "status": STATUSES[order.status],
        "stop-trigger": None if order.stop_trigger is None else number(order.stop_trigger),
        "terminal-at": None if order.terminal_at is None else instant(order.terminal_at),
        "time-in-force": TIMES_IN_FORCE[order.time_in_force],
        "underlying-instrument-type": _underlying_type(first),
        "underlying-symbol": order.legs[0].symbol if first is None else broker_underlying(first),
        "updated-at": millis(order.updated_at),
    }
    legs = [_leg_json(leg, contract_of(leg.symbol)) for leg in order.legs]
    return {**{key: value for key, value in shown.items() if value is not None}, "legs": legs}


def draft_json(account: str, new: NewOrder, contract_of: ContractOf) -> Json:
    """Return an order of a dry run: without an id, Received, never updated."""
    first = contract_of(new.legs[0].symbol)
    shown: Mapping[str, object] = {
        "account-number": account,
        "cancellable": True,
        "editable": True,
        "edited": False,
        "external-identifier": new.client_id,
        "order-type": ORDER_TYPES[new.order_type],
        "price": None if new.net_price is None else number(abs(new.net_price)),
        "price-effect": effect(new.net_price) if new.net_price else None,
        "size": new.order_qty,
        "status": "Received",
        "stop-trigger": None if new.stop_trigger is None else number(new.stop_trigger),
        "time-in-force": TIMES_IN_FORCE[new.time_in_force],
        "underlying-instrument-type": _underlying_type(first),
        "underlying-symbol": new.legs[0].symbol if first is None else broker_underlying(first),
        "updated-at": 0,
    }
    legs = [
        _leg_json(PaperLeg(leg.symbol, leg.action, leg.ratio * new.order_qty, leg.ratio), contract_of(leg.symbol))
        for leg in new.legs
    ]
    return {**{key: value for key, value in shown.items() if value is not None}, "legs": legs}


def _leg_json(leg: PaperLeg, contract: Contract | None) -> Json:
    return {
        "action": action_name(leg.action, contract),
        "instrument-type": "Equity Option" if contract is None else instrument_type(contract),
        "quantity": leg.quantity,
        "remaining-quantity": leg.remaining,
        "symbol": leg.symbol if contract is None else broker_symbol(contract),
        "fills": [_fill_json(fill) for fill in leg.fills],
    }


def _fill_json(fill: PaperFill) -> Json:
    return {
        "destination-venue": VENUE_NAME,
        "ext-exec-id": fill.fill_id,
        "ext-group-fill-id": "0",
        "fill-id": fill.fill_id,
        "fill-price": number(fill.price),
        "filled-at": instant(fill.at),
        "quantity": fill.quantity,
    }


def _underlying_type(contract: Contract | None) -> str:
    """Name an option's underlying as the broker does: an index, too, is an Equity there."""
    return "Future" if contract is not None and contract.underlying.startswith("/") else "Equity"


def _ended(order: PaperOrder, status: PaperStatus) -> str | None:
    return instant(order.terminal_at) if order.status is status and order.terminal_at is not None else None
