"""Alpaca's JSON and FIX's words, both ways. Pure.

* A combo's `limit_price` is signed from the buyer's side: credit negative. A single leg's is positive.
* Ratios must be in lowest terms: a common factor moves into `qty`, and out of the price.
* Option symbols are OCC's without the padding.
* An execution is known by the id of its activity: pushes carry another id, and a fill must have one identity wherever
  it is read. So fills come from activities alone, matched by the order's or its leg's id.
* FILLED only when the fills known add up to every leg; until then PARTIALLY_FILLED. Done for the day is not over: it
  may work again the next. What is being calculated is either filled or done for the day: its quantities say which.
* Nothing here says that an execution was taken back: no such event or activity is in the trading API's client or in any
  payload we have, and one that is no longer listed proves nothing (law 5). It shows as a break of the position.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import gcd
from typing import Final

from actors.brokers.outcomes import Unsendable
from actors.brokers.payload import Json, instant, number, readable
from actors.domain.orders.order import Action, Fill, Leg, Order, OrderType, TimeInForce
from actors.domain.orders.report import BrokerPosition, CashEvent, ExecutionReport, SettlementCause, Status

_OCC = re.compile(r"^([A-Z0-9.]{1,6}?) *(\d{6}[CP]\d{8})$")
_TYPES: Final = {OrderType.LIMIT: "limit", OrderType.MARKET: "market"}
_TIMES: Final = {TimeInForce.DAY: "day", TimeInForce.GTC: "gtc", TimeInForce.IOC: "ioc"}
_STATUSES: Final = {
    "accepted": Status.PENDING_NEW,
    "accepted_for_bidding": Status.PENDING_NEW,
    "pending_new": Status.PENDING_NEW,
    "pending_review": Status.PENDING_NEW,
    "held": Status.PENDING_NEW,
    "new": Status.NEW,
    "stopped": Status.NEW,  # a trade is guaranteed, and has not happened yet
    "suspended": Status.NEW,
    "done_for_day": Status.NEW,
    "partially_filled": Status.PARTIALLY_FILLED,
    "filled": Status.FILLED,
    "pending_cancel": Status.PENDING_CANCEL,
    "pending_replace": Status.PENDING_REPLACE,
    "canceled": Status.CANCELED,
    "replaced": Status.CANCELED,  # another order took its place
    "rejected": Status.REJECTED,
    "expired": Status.EXPIRED,
}
_FEES: Final = frozenset({"FEE", "CFEE", "PTC"})
_CAUSES: Final = {
    "OPASN": SettlementCause.ASSIGNMENT,
    "OPEXC": SettlementCause.EXERCISE,
    "OPEXP": SettlementCause.EXPIRATION,
    "OPCSH": SettlementCause.CASH,
}
_SETTLEMENTS: Final = frozenset({"OPASN", "OPEXC", "OPEXP", "OPCSH", "OPTRD", "EXTRD"})


def order_body(attempt_id: str, order: Order) -> Json:
    """Return the JSON of a new order, known by `attempt_id`. Raises `Unsendable`."""
    if order.order_type not in _TYPES:
        raise Unsendable(f"options trade at a limit or at the market here, not as {order.order_type}")
    combos = gcd(*(leg.ratio for leg in order.legs))
    body: Json = {
        "client_order_id": attempt_id,
        "qty": str(order.order_qty * combos),
        "type": _TYPES[order.order_type],
        "time_in_force": _TIMES[order.time_in_force],
    }
    if len(order.legs) == 1:
        body |= _leg(order.legs[0])
    else:
        body["order_class"] = "mleg"
        body["legs"] = [{**_leg(leg), "ratio_qty": str(leg.ratio // combos)} for leg in order.legs]
    if order.net_price is not None:
        body["limit_price"] = _price(order.net_price, combos, single=order.legs[0] if len(order.legs) == 1 else None)
    return body


def _leg(leg: Leg) -> Json:
    side = "buy" if leg.action.is_buy else "sell"
    return {"symbol": alpaca_symbol(leg.symbol), "side": side, "position_intent": leg.action.value.lower()}


def _price(net_price: Decimal, combos: int, single: Leg | None) -> str:
    price = -net_price / combos
    if price * combos != -net_price:
        raise Unsendable(f"net price {net_price} cannot be divided by {combos}")
    if single is None:
        return f"{price:f}"
    if price * single.action.sign < 0:
        raise Unsendable(f"{single.action} cannot have the net price {net_price}")
    return f"{abs(price):f}"


def alpaca_symbol(symbol: str) -> str:
    """Return Alpaca's name of a canonical symbol. Raises `Unsendable` for what it does not trade."""
    if symbol.startswith(("/", "./")):
        raise Unsendable(f"no futures here: {symbol}")
    return symbol.replace(" ", "")


def canonical_symbol(symbol: str) -> str:
    """Return the canonical symbol of what Alpaca names `symbol`."""
    match = _OCC.match(symbol)
    return f"{match[1]:<6}{match[2]}" if match else symbol


def order_ids(payload: Json) -> frozenset[str]:
    """Return the ids of an order and of its legs: any of them may name its fills."""
    with readable("order"):
        return frozenset({payload["id"], *(leg["id"] for leg in payload.get("legs") or [])})


def report(payload: Json, activities: Iterable[Json], route: str, account_domain: str) -> ExecutionReport:
    """Return a nested order object, with those of `activities` that are its fills, as a report."""
    with readable("order"):
        legs = payload.get("legs") or [payload]
        fills = tuple(_fills(payload, legs, activities))
        word = payload["status"]
        status = _calculated(legs) if word == "calculated" else _STATUSES.get(word)
        text = "" if status else f"unknown status {word!r}"
        missing = unexplained(payload, fills)
        if (status is Status.FILLED and missing) or (status in {Status.NEW, Status.PENDING_NEW} and fills):
            status = Status.PARTIALLY_FILLED
        return ExecutionReport(
            route=route,
            account_domain=account_domain,
            broker_order_id=payload["id"],
            attempt_id=payload.get("client_order_id"),
            status=status,
            fills=fills,
            text=text,
            at=instant(payload.get("updated_at") or payload["created_at"]),
        )


def _calculated(legs: Sequence[Json]) -> Status:
    is_filled = all("qty" in leg and number(leg.get("filled_qty") or 0) == number(leg["qty"]) for leg in legs)
    return Status.FILLED if is_filled else Status.NEW


def unexplained(payload: Json, fills: Sequence[Fill]) -> Decimal:
    """Return how many contracts the order says were filled beyond `fills`."""
    with readable("order"):
        legs = payload.get("legs") or [payload]
        said = sum((number(leg.get("filled_qty") or 0) for leg in legs), Decimal(0))
        return said - sum(fill.last_qty for fill in fills)


def _fills(payload: Json, legs: Sequence[Json], activities: Iterable[Json]) -> Iterable[Fill]:
    ids = {payload["id"], *(leg["id"] for leg in legs)}
    intents = {leg["symbol"]: leg.get("position_intent") or payload.get("position_intent") for leg in legs}
    for activity in activities:
        quantity = int(number(activity["qty"])) if activity["order_id"] in ids else 0
        if quantity:
            yield Fill(
                exec_id=activity["id"],
                symbol=canonical_symbol(activity["symbol"]),
                action=_action(activity["side"], intents.get(activity["symbol"])),
                last_qty=quantity,
                last_px=number(activity["price"]),
                at=instant(activity["transaction_time"]),
            )


def _action(side: str, intent: str | None) -> Action:
    if intent:
        return Action(intent.upper())
    # Not an order of ours: the sign is right, whether it opened is not known.
    return Action.BUY_TO_OPEN if side == "buy" else Action.SELL_TO_OPEN


def refusal(payload: Json) -> tuple[str, str]:
    """Return code and text of an error. Raises `BrokerUnavailable`."""
    with readable("error"):
        return str(payload.get("code", "refused")), str(payload["message"])


def position(payload: Json) -> BrokerPosition:
    """Return one position; short is negative, whichever way Alpaca says so."""
    with readable("position"):
        quantity = abs(int(number(payload["qty"])))
        return BrokerPosition(
            symbol=canonical_symbol(payload["symbol"]),
            quantity=-quantity if payload["side"] == "short" else quantity,
            average_price=number(payload["avg_entry_price"]),
        )


def cash_event(payload: Json, account_domain: str) -> CashEvent | None:
    """Return what an activity moved beyond its fill; None for a fill."""
    with readable("activity"):
        kind = payload["activity_type"]
        if kind == "FILL":
            return None
        event_type = CashEvent.Type.DEPOSIT
        if kind in _FEES:
            event_type = CashEvent.Type.FEE
        elif kind in _SETTLEMENTS:
            event_type = CashEvent.Type.SETTLEMENT
        symbol = payload.get("symbol")
        return CashEvent(
            event_id=payload["id"],
            account_domain=account_domain,
            type=event_type,
            symbol=canonical_symbol(symbol) if symbol else None,
            quantity=int(number(payload.get("qty") or 0)) if event_type is CashEvent.Type.SETTLEMENT else 0,
            amount=number(payload["net_amount"]),
            exec_id=payload.get("execution_id"),
            cause=_CAUSES.get(kind),
            text=f"{kind}: {payload.get('description', '')}",
            at=instant(payload.get("transaction_time") or payload.get("created_at") or payload["date"]),
        )


def by_order(activities: Iterable[Json]) -> Mapping[str, list[Json]]:
    """Return the fills among `activities` by the id they name."""
    found: dict[str, list[Json]] = {}
    with readable("activities"):
        for activity in activities:
            if activity["activity_type"] == "FILL":
                found.setdefault(activity["order_id"], []).append(activity)
    return found
