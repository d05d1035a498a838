"""The words between Holdfast and its algorithm inside LEAN, QuantConnect's JSON, and FIX's words. Pure.

* A command is one object with `$type` (without it LEAN drops it) and one JSON string, `body`.
* A combo's limit price is the buyer's: debit positive, credit negative; LEAN refuses zero. A single leg's is positive.
* LEAN has an order for each leg of a combo; what the order is, is read from all of them together.
* LEAN's Invalid is a rejection only where its text carries the broker's own refusal (4xx, preflight): its plug-ins call
  an order Invalid after a time-out too. Anything else is an unknown status: it ends nothing, and somebody is told.
* FILLED only when the fills known add up to every leg; until then PARTIALLY_FILLED.
* LEAN has no event for an execution that its broker takes back: it shows as a break of the position.
* QuantConnect's own readings come in camelCase or PascalCase, with statuses as numbers or words.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from actors.brokers.outcomes import Unsendable
from actors.brokers.payload import Json, instant, number, readable
from actors.domain.market.contract import Kind, Products, UnknownSymbol
from actors.domain.orders.attempt import Rejected
from actors.domain.orders.order import Action, Fill, Leg, Order, OrderType, TimeInForce
from actors.domain.orders.report import BrokerPosition, CashEvent, ExecutionReport, Status
from actors.domain.value import ZERO

COMMAND: Final = "HoldfastCommand"
BAD_LOGIN: Final = "unauthorized"
_LOGIN_ERRORS: Final = ("Hash doesn't match", "UserID not valid")
_SECURITIES: Final = {Kind.EQUITY_OPTION, Kind.INDEX_OPTION}
_PROVES_REFUSAL: Final = re.compile(r"preflight|\b4\d\d\b", re.IGNORECASE)
_NAMES: Final = ("new", "submitted", "partiallyfilled", "filled", "", "canceled", "none", "invalid", "cancelpending")
_NUMBERS: Final = {name: place for place, name in enumerate(_NAMES)} | {"updatesubmitted": 9}
_NEW, _SUBMITTED, _PARTLY, _FILLED, _CANCELED, _NONE, _INVALID, _CANCELLING, _UPDATED = 0, 1, 2, 3, 5, 6, 7, 8, 9
_KNOWN: Final = {_NEW, _SUBMITTED, _PARTLY, _FILLED, _CANCELED, _NONE, _INVALID, _CANCELLING, _UPDATED}


def order_body(attempt_id: str, order: Order, products: Products, expires_s: float) -> Json:
    """Return the body of a place command, void after `expires_s` (Unix). Raises `Unsendable`."""
    if order.time_in_force is TimeInForce.IOC:
        raise Unsendable("LEAN has no immediate-or-cancel order")
    return {
        "kind": "place",
        "request": attempt_id,
        "attempt_id": attempt_id,
        "legs": [_leg(leg, products) for leg in order.legs],
        "order_qty": order.order_qty,
        "limit_price": _price(order),
        "time_in_force": order.time_in_force.value,
        "expires_s": expires_s,
    }


def _leg(leg: Leg, products: Products) -> Json:
    try:
        product = products.contract(leg.symbol).product
    except UnknownSymbol as error:
        raise Unsendable(str(error)) from error
    if product.kind not in _SECURITIES:
        raise Unsendable(f"only options of shares and indices are traded here: {leg.symbol}")
    return {
        "symbol": leg.symbol,
        "action": leg.action.value,
        "ratio": leg.ratio,
        "security": product.kind.value,
        "style": product.style.value,
    }


def _price(order: Order) -> str | None:
    is_combo = len(order.legs) > 1
    if order.order_type is OrderType.MARKET or order.net_price is None:
        if is_combo:
            raise Unsendable("combos are sent at a limit only: most of LEAN's brokers take no other")
        return None
    price = -order.net_price
    if price == 0:
        raise Unsendable("LEAN refuses a limit price of zero")
    if is_combo:
        return f"{price:f}"
    if price * order.legs[0].action.sign < 0:
        raise Unsendable(f"{order.legs[0].action} cannot have the net price {order.net_price}")
    return f"{abs(price):f}"


def report(told: Json, route: str, account_domain: str, *, is_pipe: bool = False) -> ExecutionReport:
    """Return what the algorithm tells of an order. In a pipe the broker's own id names it, and its own route the fills.

    Raises `BrokerUnavailable`, also where LEAN does not know yet whether it ordered.
    """
    with readable("order"):
        if not is_ordered(told):
            raise ValueError("LEAN was stopped in the middle of ordering")
        fills = () if is_pipe else tuple(map(_fill, told["fills"]))
        status, text = _status(told, fills)
        order_id = told["attempt_id"]
        if is_pipe and status is not Status.REJECTED:
            order_id, status = str(told["broker_ids"][0]), status and Status.NEW
        return ExecutionReport(
            route=route,
            account_domain=account_domain,
            broker_order_id=order_id,
            attempt_id=told["attempt_id"],
            status=status,
            fills=fills,
            text=text,
            at=instant(told["at"]),
        )


def _status(told: Json, fills: tuple[Fill, ...]) -> tuple[Status | None, str]:
    numbers = {status_number(each) for each in told["statuses"].values()}
    text = str(told.get("text") or "")
    if unknown := numbers - _KNOWN:
        return None, f"unknown status {sorted(unknown)}: {text}"
    if numbers == {_INVALID} and not fills and _PROVES_REFUSAL.search(text):
        return Status.REJECTED, text
    if _INVALID in numbers:
        return None, f"LEAN calls it Invalid: {text}"
    if _CANCELED in numbers and numbers <= {_CANCELED, _FILLED}:
        return Status.CANCELED, text
    if _CANCELLING in numbers:
        return Status.PENDING_CANCEL, text
    if numbers == {_FILLED} and not _missing(told, fills):
        return Status.FILLED, text
    if fills or numbers & {_PARTLY, _FILLED}:
        return Status.PARTIALLY_FILLED, text
    return (Status.NEW if numbers & {_SUBMITTED, _UPDATED} else Status.PENDING_NEW), text


def _missing(told: Json, fills: Iterable[Fill]) -> bool:
    filled: dict[str, int] = {}
    for fill in fills:
        filled[fill.symbol] = filled.get(fill.symbol, 0) + fill.last_qty
    wanted = {leg["symbol"]: int(leg["ratio"]) * int(told["order_qty"]) for leg in told["legs"]}
    return not wanted or any(filled.get(symbol, 0) < quantity for symbol, quantity in wanted.items())


def status_number(value: Json) -> int:
    """Return LEAN's number of a status that came as number or word; -1 for a word nobody knows."""
    if isinstance(value, str) and not value.lstrip("-").isdigit():
        return _NUMBERS.get(value.lower(), -1)
    return int(number(value))


def _fill(told: Json) -> Fill:
    quantity = int(number(told["quantity"]))
    action = Action(told["action"]) if told.get("action") else None
    # Not a leg we sent: the sign is right, whether it opened is not known.
    side = Action.BUY_TO_OPEN if quantity > 0 else Action.SELL_TO_OPEN
    return Fill(
        exec_id=told["exec_id"],
        symbol=told["symbol"],
        action=action or side,
        last_qty=abs(quantity),
        last_px=number(told["price"]),
        at=instant(told["at"]),
    )


def fees(told: Json, account_domain: str) -> Iterable[CashEvent]:
    """Yield what an order's fills cost."""
    with readable("fees"):
        for fill in told["fills"]:
            if (fee := number(fill.get("fee") or 0)) != ZERO:
                yield CashEvent(
                    event_id=f"{fill['exec_id']}-fee",
                    account_domain=account_domain,
                    type=CashEvent.Type.FEE,
                    symbol=fill["symbol"],
                    amount=-fee,
                    exec_id=fill["exec_id"],
                    at=instant(fill["at"]),
                )


def position(told: Json) -> BrokerPosition:
    """Return one holding."""
    with readable("position"):
        return BrokerPosition(
            symbol=told["symbol"],
            quantity=int(number(told["quantity"])),
            average_price=number(told.get("average_price") or 0),
        )


def read_order(orders: list[Json], route: str, account_domain: str) -> ExecutionReport:
    """Return what QuantConnect's reading says of the LEAN orders of one attempt: that it exists, never its fills."""
    with readable("orders"):
        numbers = {str(order["id"]): order["status"] for order in orders}
        told = {"statuses": numbers, "legs": [], "order_qty": 0}
        status, text = _status(told, ())
        is_over = status is not None and (status.is_terminal or status is Status.PARTIALLY_FILLED)
        return ExecutionReport(
            route=route,
            account_domain=account_domain,
            broker_order_id=orders[0]["tag"],
            attempt_id=orders[0]["tag"],
            status=Status.NEW if is_over else status,  # fills and ends are the algorithm's to tell
            text=text,
            at=instant(orders[0].get("lastUpdateTime") or orders[0].get("time") or orders[0]["createdTime"]),
        )


def is_ordered(told: Json) -> bool:
    """Whether LEAN took the order; a run that ended while it was asked leaves that open."""
    return bool(told.get("statuses"))


def is_refused(told: Json) -> bool:
    """Whether the broker behind LEAN refused the order in its own words."""
    with readable("order"):
        return _status(told, ())[0] is Status.REJECTED


def is_named(told: Json) -> bool:
    """Whether the broker behind LEAN has given the order an id yet."""
    return bool(told.get("broker_ids"))


def camel(value: Json) -> Json:
    """Return QuantConnect's JSON with every key in camelCase."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: camel(each) for key, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


def taken(payload: Json) -> Rejected | None:
    """Return the refusal in an answer of 200; None where the command was taken. Raises `BrokerUnavailable`."""
    with readable("answer"):
        if payload["success"] is True:
            return None
    code, text = refusal(payload)
    return Rejected(code=code, text=text, retryable=code == BAD_LOGIN)


def refusal(payload: Json) -> tuple[str, str]:
    """Return code and text of a business failure. Raises `BrokerUnavailable`."""
    with readable("answer"):
        if payload["success"] is not False:
            raise ValueError("neither a success nor a failure")
        text = "; ".join(str(each) for each in payload.get("errors") or []) or "no reason given"
        return (BAD_LOGIN if any(each in text for each in _LOGIN_ERRORS) else "refused"), text
