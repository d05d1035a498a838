"""Orders of the second broker as JSON, and its order requests as ours.

Its words: an option is OCC's symbol without the padding; a combo (`mleg`) has ratios and a `limit_price` signed from
the buyer's side, credit negative; a simple order's price is positive and `side` says the rest. An id is a UUID that
holds the venue's number: derived, and read back without memory. The keys of a combo that belong to its legs are empty
strings. Statuses:

    RECEIVED pending_new · ROUTED accepted · LIVE new, or partially_filled once anything filled
    CANCEL_REQUESTED pending_cancel · FILLED filled · EXPIRED expired · REJECTED rejected
    CANCELLED canceled, or replaced where another order took its place
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from pydantic import ValidationError

from actors.domain.orders.order import Action, Leg, OrderType, TimeInForce
from actors.domain.value import ZERO
from actors.venue.paper_order import NewOrder, PaperLeg, PaperOrder, PaperStatus

Json = dict[str, Any]
CLIENT_ID_MAX = 128
_OCC = re.compile(r"^([A-Z0-9.]{1,6})(\d{6}[CP]\d{8})$")
_UUID_MARK = 0x686F_6C64_6661_8074_8000 << 48
"""The high bits of every id: a version 8 (custom) UUID; the low 48 hold the number."""
_NUMBER_MASK = (1 << 48) - 1
_LEGS_MASK = 0x7
_TYPES = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
_TIMES = {"day": TimeInForce.DAY, "gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC}
_TYPE_NAMES = {order_type: name for name, order_type in _TYPES.items()}
_TIME_NAMES = {time: name for name, time in _TIMES.items()}
_STATUSES = {
    PaperStatus.RECEIVED: "pending_new",
    PaperStatus.ROUTED: "accepted",
    PaperStatus.LIVE: "new",
    PaperStatus.CANCEL_REQUESTED: "pending_cancel",
    PaperStatus.FILLED: "filled",
    PaperStatus.CANCELLED: "canceled",
    PaperStatus.REJECTED: "rejected",
    PaperStatus.EXPIRED: "expired",
}


class Unprocessable(Exception):
    """The request is refused before the exchange sees it: 422 with this text."""


def order_uuid(order_id: int, leg: int = 0) -> str:
    """Return the id of an order, or of its `leg` counted from 1."""
    return str(UUID(int=_UUID_MARK | (order_id << 3) | leg))


def order_number(name: str) -> int | None:
    """Return the venue's number of an id; None where it is not one of ours."""
    try:
        value = UUID(name).int
    except ValueError:
        return None
    return (value & _NUMBER_MASK) >> 3 if value & ~_NUMBER_MASK == _UUID_MARK and not value & _LEGS_MASK else None


def alpaca_symbol(symbol: str) -> str:
    """Return the broker's name of a canonical symbol."""
    return symbol.replace(" ", "")


def canonical_symbol(symbol: str) -> str:
    """Return the canonical symbol of what the broker names `symbol`."""
    match = _OCC.match(symbol)
    return f"{match[1]:<6}{match[2]}" if match else symbol


def new_order(body: Json, positions: Mapping[str, int]) -> NewOrder:
    """Return the order a request asks for; `positions` tell what an order without intent does.

    Raises `Unprocessable`; KeyError where a key is missing.
    """
    is_combo = body.get("order_class") == "mleg"
    if body.get("order_class") not in {None, "", "simple", "mleg"}:
        raise Unprocessable(f"order class {body['order_class']} is not supported")
    if body["type"] not in _TYPES or body["time_in_force"] not in _TIMES:
        raise Unprocessable("invalid order type or time in force for options")
    client_id = body.get("client_order_id") or None
    if client_id is not None and len(client_id) > CLIENT_ID_MAX:
        raise Unprocessable(f"client_order_id must be at most {CLIENT_ID_MAX} characters")
    legs = tuple(_leg(entry, positions) for entry in (body["legs"] if is_combo else [body]))
    if is_combo and len(legs) < 2:
        raise Unprocessable("mleg orders need at least two legs")
    order_type = _TYPES[body["type"]]
    try:
        return NewOrder(
            client_id=client_id,
            legs=legs,
            order_qty=_whole(body["qty"], "qty"),
            order_type=order_type,
            net_price=_net_price(body, legs, is_combo=is_combo) if order_type is OrderType.LIMIT else None,
            time_in_force=_TIMES[body["time_in_force"]],
            # This broker never turns a close into an opening.
            strict_close=any(not leg.action.is_open for leg in legs),
        )
    except ValidationError as error:
        raise Unprocessable(error.errors()[0]["msg"]) from error


def _leg(entry: Json, positions: Mapping[str, int]) -> Leg:
    symbol = canonical_symbol(entry["symbol"])
    intent = entry.get("position_intent")
    if intent is None:
        held, buys = positions.get(symbol, 0), entry["side"] == "buy"
        intent = f"{entry['side']}_to_{'close' if held * (1 if buys else -1) < 0 else 'open'}"
    try:
        action = Action(intent.upper())
    except ValueError:
        raise Unprocessable(f"invalid position_intent {intent}") from None
    if action.is_buy != (entry.get("side", "buy" if action.is_buy else "sell") == "buy"):
        raise Unprocessable(f"side {entry['side']} contradicts position_intent {intent}")
    return Leg(symbol=symbol, action=action, ratio=_whole(entry.get("ratio_qty", 1), "ratio_qty"))


def _net_price(body: Json, legs: tuple[Leg, ...], *, is_combo: bool) -> Decimal:
    return combo_price(body.get("limit_price"), None if is_combo else legs[0].action)


def combo_price(limit_price: object, single: Action | None) -> Decimal:
    """Return a wire price as a net price, credit > 0. `single` is the action of an order that is no combo."""
    try:
        price = Decimal(str(limit_price))
    except InvalidOperation:
        raise Unprocessable("limit orders require a limit price") from None
    if not price.is_finite() or (single is not None and price <= 0):
        raise Unprocessable("limit price must be a number above 0")
    return -price if single is None else -single.sign * price


def _whole(value: object, key: str) -> int:
    try:
        quantity = Decimal(str(value))
    except InvalidOperation:
        raise Unprocessable(f"{key} is not a number") from None
    if not quantity.is_finite() or quantity <= 0 or quantity != quantity.to_integral_value():
        raise Unprocessable(f"{key} must be a whole number above 0")
    return int(quantity)


def status_of(order: PaperOrder) -> str:
    """Return the broker's word for where an order stands."""
    if order.status is PaperStatus.LIVE and any(leg.filled for leg in order.legs):
        return "partially_filled"
    if order.status is PaperStatus.FILLED and any(leg.remaining for leg in order.legs):
        return "partially_filled"  # told leg by leg at the first broker; this one speaks when it is done
    if order.status is PaperStatus.CANCELLED and order.replaced_by is not None:
        return "replaced"
    return _STATUSES[order.status]


def order_json(order: PaperOrder) -> Json:
    """Return an order with its legs."""
    is_combo = len(order.legs) > 1
    own = {"symbol": "", "side": "", "position_intent": "", "asset_id": "", "asset_class": ""}
    shown = {
        **_common(order),
        **(own if is_combo else _side(order.legs[0])),
        "id": order_uuid(order.order_id),
        "client_order_id": order.client_id or order_uuid(order.order_id),
        "qty": str(order.order_qty if is_combo else order.legs[0].quantity),
        "filled_qty": str(order.cum_qty if is_combo else order.legs[0].filled),
        "filled_avg_price": _average(order),
        "order_class": "mleg" if is_combo else "simple",
        "limit_price": _limit(order, is_combo=is_combo),
        "legs": None,
    }
    if is_combo:
        shown["legs"] = [_leg_json(order, number, leg) for number, leg in enumerate(order.legs, start=1)]
    return shown


def _common(order: PaperOrder) -> Json:
    return {
        "created_at": instant(order.received_at),
        "updated_at": instant(order.updated_at),
        "submitted_at": instant(order.received_at),
        "filled_at": _ended(order, "filled"),
        "expired_at": _ended(order, "expired"),
        "canceled_at": _ended(order, "canceled"),
        "failed_at": _ended(order, "rejected"),
        "replaced_at": _ended(order, "replaced"),
        "replaced_by": None if order.replaced_by is None else order_uuid(order.replaced_by),
        "replaces": None if order.replaces is None else order_uuid(order.replaces),
        "notional": None,
        "order_type": _TYPE_NAMES[order.order_type],
        "type": _TYPE_NAMES[order.order_type],
        "time_in_force": _TIME_NAMES[order.time_in_force],
        "stop_price": None,
        "status": status_of(order),
        "extended_hours": False,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
        "subtag": None,
        "source": None,
        "commission": 0,
    }


def _leg_json(order: PaperOrder, number: int, leg: PaperLeg) -> Json:
    return {
        **_common(order),
        **_side(leg),
        "id": order_uuid(order.order_id, number),
        "client_order_id": order_uuid(order.order_id, number),
        "qty": str(leg.quantity),
        "ratio_qty": str(leg.ratio),
        "filled_qty": str(leg.filled),
        "filled_avg_price": _average_of(leg),
        "order_class": "mleg",
        "limit_price": None,
        "legs": None,
    }


def _side(leg: PaperLeg) -> Json:
    is_option = " " in leg.symbol or _OCC.match(leg.symbol) is not None
    return {
        "symbol": alpaca_symbol(leg.symbol),
        "side": "buy" if leg.action.is_buy else "sell",
        "position_intent": leg.action.value.lower(),
        "asset_id": asset_id(leg.symbol),
        "asset_class": "us_option" if is_option else "us_equity",
    }


def asset_id(symbol: str) -> str:
    """Return the id of an instrument: derived from its symbol."""
    return str(uuid5(NAMESPACE_OID, alpaca_symbol(symbol)))


def _limit(order: PaperOrder, *, is_combo: bool) -> str | None:
    if order.net_price is None:
        return None
    return decimal_text(-order.net_price if is_combo else abs(order.net_price))


def _average(order: PaperOrder) -> str | None:
    """Return the average price: of a combo its net per combo, credit negative, once every leg has filled."""
    if len(order.legs) == 1:
        return _average_of(order.legs[0])
    if not all(leg.fills for leg in order.legs):
        return None
    net = sum((leg.action.sign * leg.ratio * _mean(leg) for leg in order.legs), ZERO)
    return decimal_text(round(net, 6))


def _average_of(leg: PaperLeg) -> str | None:
    return decimal_text(round(_mean(leg), 6)) if leg.fills else None


def _mean(leg: PaperLeg) -> Decimal:
    return sum((fill.quantity * fill.price for fill in leg.fills), ZERO) / leg.filled


def _ended(order: PaperOrder, status: str) -> str | None:
    return instant(order.terminal_at) if order.terminal_at is not None and status_of(order) == status else None


def decimal_text(value: Decimal) -> str:
    """Return a number as the broker writes it: a string without trailing zeros."""
    return f"{value.normalize():f}"


def instant(at: datetime) -> str:
    """Return a time to the microsecond, UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
