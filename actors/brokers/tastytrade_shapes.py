"""tastytrade's JSON and FIX's words, both ways. Pure.

* Prices are positive with an effect: a credit is a `net_price` > 0. tastytrade prices the smallest whole combo, so
  ratios with a common factor are divided by it, the price too.
* There is no partly filled status: it follows from the legs. Filled is announced when the first leg is processed, so an
  order is FILLED only when every leg has nothing left and its fills add up.
* A fill is known by its `fill-id`. Transactions name the exchange's id instead, which is unique within an order only.
* An execution is taken back by a transaction that names the trade's own with `reverses-id`: orders go on showing the
  fill. Of such a reversal only the fees are cash of its own, for the fill itself is booked back.
* Quantities of a fraction (crypto, reinvested dividends; never an option) are cut towards zero.
* Symbols travel as they are: OCC's are canonical on both sides. tastytrade's own names of futures and their options
  are put in and taken out by the instrument table (`tastytrade_instruments`), before and after this file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from math import gcd
from operator import attrgetter
from typing import Final

from actors.brokers.outcomes import Unsendable
from actors.brokers.payload import Json, instant, number, readable
from actors.brokers.tastytrade_instruments import instrument_type
from actors.domain.market.contract import names_future
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.order import Action, Contingency, Fill, Intent, Leg, Order, OrderType, TimeInForce
from actors.domain.orders.report import BrokerPosition, CashEvent, ExecutionReport, SettlementCause, Status
from actors.domain.value import ZERO
from actors.ports import BrokerUnavailable

_ACTIONS: Final = {
    Action.BUY_TO_OPEN: "Buy to Open",
    Action.SELL_TO_OPEN: "Sell to Open",
    Action.BUY_TO_CLOSE: "Buy to Close",
    Action.SELL_TO_CLOSE: "Sell to Close",
}
_ACTIONS_READ: Final = {text: action for action, text in _ACTIONS.items()} | {
    # Outright futures have no effect; the sign is what counts for the position.
    "Buy": Action.BUY_TO_OPEN,
    "Sell": Action.SELL_TO_OPEN,
}
_TYPES: Final = {
    OrderType.LIMIT: "Limit",
    OrderType.MARKET: "Market",
    OrderType.STOP: "Stop",
    OrderType.STOP_LIMIT: "Stop Limit",
}
_TIMES: Final = {TimeInForce.DAY: "Day", TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC"}
_STATUSES: Final = {
    "Received": Status.PENDING_NEW,
    "Routed": Status.PENDING_NEW,
    "In Flight": Status.PENDING_NEW,
    "Contingent": Status.NEW,  # held by the broker until its trigger
    "Live": Status.NEW,
    "Cancel Requested": Status.PENDING_CANCEL,
    "Replace Requested": Status.PENDING_REPLACE,
    "Filled": Status.FILLED,
    "Cancelled": Status.CANCELED,
    "Removed": Status.CANCELED,
    "Partially Removed": Status.CANCELED,
    "Rejected": Status.REJECTED,
    "Expired": Status.EXPIRED,
}
_FEES: Final = ("commission", "clearing-fees", "regulatory-fees", "proprietary-index-option-fees", "other-charge")
_CAUSES: Final = {
    "Assignment": SettlementCause.ASSIGNMENT,
    "Exercise": SettlementCause.EXERCISE,
    "Expiration": SettlementCause.EXPIRATION,
    "Cash Settled Assignment": SettlementCause.CASH,
    "Cash Settled Exercise": SettlementCause.CASH,
}

Name = Callable[[str], str]
"""The broker's symbol to ours."""
LegName = Callable[[Leg], str]
"""A leg to the broker's symbol."""
_OURS: Final[LegName] = attrgetter("symbol")


def order_body(attempt_id: str, order: Order, theirs: LegName = _OURS) -> Json:
    """Return the JSON of a new order, marked with `attempt_id`. Raises `Unsendable`."""
    if order.order_type not in _TYPES:
        raise Unsendable(f"there is no {order.order_type} order here")
    body: Json = {
        "time-in-force": _TIMES[order.time_in_force],
        "order-type": _TYPES[order.order_type],
        "source": "holdfast",
        "automated-source": True,
        "external-identifier": attempt_id,
        "legs": [
            {
                "instrument-type": instrument_type(leg.symbol),
                "symbol": theirs(leg),
                "action": _action(leg),
                "quantity": order.order_qty * leg.ratio,
            }
            for leg in order.legs
        ],
    }
    if order.net_price is not None:
        body |= _priced(order.net_price, gcd(*(leg.ratio for leg in order.legs)))
    elif len(order.legs) > 1:
        raise Unsendable("a market order has one leg")
    if order.stop_px is not None:
        body["stop-trigger"] = f"{abs(order.stop_px):f}"  # of the one leg; which way is its action's business
    if order.intent is Intent.CLOSE and not any(names_future(leg.symbol) for leg in order.legs):
        # Without it a close of what is gone becomes an opening; a future's order says no effect to validate.
        body["advanced-instructions"] = {"strict-position-effect-validation": True}
    return body


def _action(leg: Leg) -> str:
    return _ACTIONS[leg.action].partition(" to ")[0] if names_future(leg.symbol) else _ACTIONS[leg.action]


def complex_body(contingency: Contingency, parts: Sequence[tuple[str, Order]], theirs: LegName = _OURS) -> Json:
    """Return the JSON of orders that depend on each other, none of them a trigger order. Raises `Unsendable`."""
    orders = [order_body(attempt_id, order, theirs) for attempt_id, order in parts]
    return {"type": contingency.value, "source": "holdfast", "orders": orders}


def _priced(net_price: Decimal, combos: int) -> Json:
    price = abs(net_price) / combos
    if price * combos != abs(net_price):
        raise Unsendable(f"net price {net_price} cannot be divided by {combos}")
    if not price:
        return {"price": "0"}  # even money has no effect
    return {"price": f"{price:f}", "price-effect": "Credit" if net_price > 0 else "Debit"}


def report(
    payload: Json, route: str, account_domain: str, busted: Sequence[str] = (), ours: Name = str
) -> ExecutionReport:
    """Return a full order object as a report, `busted` the fills of it taken back. Raises `BrokerUnavailable`."""
    with readable("order"):
        legs = payload.get("legs") or []
        fills = tuple(fill for leg in legs for fill in _fills(leg, ours))
        text = str(payload.get("reject-reason") or "")
        status = _status(payload["status"], legs, has_fills=bool(fills))
        if status is None:
            text = f"unknown status {payload['status']!r} {text}".rstrip()
        return ExecutionReport(
            route=route,
            account_domain=account_domain,
            broker_order_id=str(payload["id"]),
            attempt_id=payload.get("external-identifier") or None,
            status=status,
            fills=fills,
            busted=tuple(fill.exec_id for fill in fills if fill.exec_id in busted),
            text=text,
            at=instant(payload.get("updated-at") or payload["received-at"]),
        )


def _status(text: str, legs: list[Json], *, has_fills: bool) -> Status | None:
    status = _STATUSES.get(text)
    if status is Status.FILLED:
        return status if all(_is_filled(leg) for leg in legs) else Status.PARTIALLY_FILLED
    if status in {Status.NEW, Status.PENDING_NEW} and has_fills:
        return Status.PARTIALLY_FILLED
    return status


def _fills(leg: Json, ours: Name) -> Iterable[Fill]:
    for fill in leg.get("fills") or []:
        quantity = int(number(fill["quantity"]))
        if quantity:
            yield Fill(
                exec_id=str(fill["fill-id"]),
                symbol=ours(leg["symbol"]),
                action=_ACTIONS_READ[leg["action"]],
                last_qty=quantity,
                last_px=number(fill["fill-price"]),
                at=instant(fill["filled-at"]),
            )


def _is_filled(leg: Json) -> bool:
    if number(leg.get("remaining-quantity", 0)) != 0:
        return False
    filled = sum(number(fill["quantity"]) for fill in leg.get("fills") or [])
    return "quantity" not in leg or filled == number(leg["quantity"])


def accepted_part(payload: Json, place: int, route: str, account_domain: str, ours: Name = str) -> Accepted:
    """Return the answer to one order of a complex one, by its place. Raises `BrokerUnavailable` where it names none."""
    with readable("answer"):
        order = payload["data"]["complex-order"]["orders"][place]
    return accepted({"data": {"order": order}}, route, account_domain, ours)


def accepted(payload: Json, route: str, account_domain: str, ours: Name = str) -> Accepted:
    """Return the answer to a new order. Raises `BrokerUnavailable` where it names none."""
    with readable("answer"):
        order = payload["data"]["order"]
        broker_order_id = str(int(order["id"]))
    told = None
    with suppress(BrokerUnavailable):  # what has an id exists, however odd the rest of it
        told = report(order, route, account_domain, ours=ours)
    return Accepted(broker_order_id=broker_order_id, report=told)


def refusal(payload: Json) -> tuple[str, str]:
    """Return code and text of an error. Preflight codes come before the envelope's. Raises `BrokerUnavailable`."""
    with readable("error"):
        error = payload["error"]
        details = [detail for detail in error.get("errors") or [] if "code" in detail or "reason" in detail]
        code = error.get("code") or error["message"]
        texts = [str(error.get("message", ""))]
        texts += [f"{_code(detail)}: {detail.get('message', detail.get('domain', ''))}" for detail in details]
        return ",".join(map(_code, details)) or str(code), "; ".join(texts)


def _code(detail: Json) -> str:
    return str(detail.get("code") or detail["reason"])


def position(payload: Json, ours: Name = str) -> BrokerPosition:
    """Return one position; short is negative. Raises `BrokerUnavailable`."""
    with readable("position"):
        sign = {"Long": 1, "Short": -1, "Zero": 0}[payload["quantity-direction"]]
        return BrokerPosition(
            symbol=ours(payload["symbol"]),
            quantity=sign * int(number(payload["quantity"])),
            average_price=number(payload.get("average-open-price") or 0),
        )


def exec_ids(orders: Iterable[Json]) -> Mapping[tuple[str, str], str]:
    """Return the fill ids by (order id, exchange's execution id), as transactions name them."""
    with readable("fills"):
        return {
            (str(order["id"]), str(fill[key])): str(fill["fill-id"])
            for order in orders
            for leg in order.get("legs") or []
            for fill in leg.get("fills") or []
            for key in ("ext-exec-id", "fill-id")
            if key in fill
        }


def reversals(transactions: Sequence[Json], fill_ids: Mapping[tuple[str, str], str]) -> Mapping[str, str]:
    """Return the fills that transactions took back, by the id of the transaction that did."""
    with readable("transactions"):
        trades = {
            str(each["id"]): fill_ids.get((str(each.get("order-id")), str(each.get("exec-id"))))
            for each in transactions
            if each["transaction-type"] == "Trade"
        }
        named = {
            str(each["id"]): trades.get(str(each["reverses-id"])) for each in transactions if each.get("reverses-id")
        }
        return {event_id: fill_id for event_id, fill_id in named.items() if fill_id is not None}


def cash_event(
    payload: Json,
    account_domain: str,
    fill_ids: Mapping[tuple[str, str], str],
    reversing: Mapping[str, str],
    ours: Name = str,
) -> CashEvent | None:
    """Return what a transaction moved beyond its fill: fees, a settlement, money in or out. None: nothing."""
    with readable("transaction"):
        kind = "Trade" if str(payload["id"]) in reversing else payload["transaction-type"]
        fees = sum((_signed(payload, name) for name in _FEES), ZERO)
        event_id, quantity, exec_id = str(payload["id"]), 0, None
        if kind == "Trade":
            if not fees:
                return None
            event_type, amount = CashEvent.Type.FEE, fees
            order_id, named = str(payload.get("order-id")), str(payload.get("exec-id"))
            exec_id = reversing.get(event_id) or fill_ids.get((order_id, named), named)
        elif kind == "Receive Deliver":
            event_type, amount = CashEvent.Type.SETTLEMENT, _signed(payload, "net-value")
            quantity = _ACTIONS_READ[payload["action"]].sign * int(number(payload.get("quantity") or 0))
        else:
            event_type, amount = CashEvent.Type.DEPOSIT, _signed(payload, "net-value")
        return CashEvent(
            event_id=event_id,
            account_domain=account_domain,
            type=event_type,
            symbol=ours(payload["symbol"]) if payload.get("symbol") else None,
            quantity=quantity,
            amount=amount,
            exec_id=exec_id,
            cause=_CAUSES.get(payload.get("transaction-sub-type")) if kind == "Receive Deliver" else None,
            text=f"{payload.get('transaction-sub-type', kind)}: {payload.get('description', '')}",
            at=instant(payload["executed-at"]),
        )


def _signed(payload: Json, name: str) -> Decimal:
    amount = number(payload.get(name) or 0)
    return -amount if payload.get(f"{name}-effect") == "Debit" else amount
