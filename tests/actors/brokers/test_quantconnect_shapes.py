"""LEAN's words and FIX's, both ways."""

import json
from decimal import Decimal

import pytest

from actors.brokers import quantconnect_shapes as shapes
from actors.brokers.outcomes import Unsendable
from actors.domain.orders.order import Action, Leg, TimeInForce
from actors.domain.orders.report import Status
from actors.ports import BrokerUnavailable
from tests.builders import PRODUCTS

LEGS = [
    {"symbol": "SPY   261218P00600000", "action": "BUY_TO_OPEN", "ratio": 1},
    {"symbol": "SPY   261218P00610000", "action": "SELL_TO_OPEN", "ratio": 2},
]


def told(statuses, fills=(), text="", broker_ids=()):
    return {
        "attempt_id": "a-r1",
        "legs": LEGS,
        "order_qty": 1,
        "statuses": {str(place): each for place, each in enumerate(statuses)},
        "broker_ids": list(broker_ids),
        "fills": [
            {
                "exec_id": f"e{place}",
                "symbol": symbol,
                "action": action,
                "quantity": quantity,
                "price": "1.10",
                "fee": "0.65",
                "at": "2026-11-20T15:00:00",
            }
            for place, (symbol, action, quantity) in enumerate(fills)
        ],
        "text": text,
        "at": "2026-11-20T15:00:00",
    }


ALL = (("SPY   261218P00600000", "BUY_TO_OPEN", 1), ("SPY   261218P00610000", "SELL_TO_OPEN", -2))


@pytest.mark.parametrize(
    ("statuses", "fills", "text", "status"),
    [
        ((0, 0), (), "", Status.PENDING_NEW),
        ((1, 1), (), "", Status.NEW),
        ((9, 1), (), "", Status.NEW),
        ((1, 2), ALL[:1], "", Status.PARTIALLY_FILLED),
        ((3, 3), ALL, "", Status.FILLED),
        ((3, 3), ALL[:1], "", Status.PARTIALLY_FILLED),
        ((8, 8), (), "", Status.PENDING_CANCEL),
        ((5, 5), (), "", Status.CANCELED),
        ((3, 5), ALL[:1], "", Status.CANCELED),
        ((5, 1), (), "", Status.NEW),
        ((7, 7), (), "preflight_check_failure: margin", Status.REJECTED),
        ((7, 7), (), "422: margin", Status.REJECTED),
        ((7, 7), (), "The operation has timed out", None),
        ((7, 7), ALL[:1], "422: margin", None),
        ((7, 1), (), "422: margin", None),
        ((4, 1), (), "", None),
        ((77, 1), (), "", None),
        (("filled", "Filled"), ALL, "", Status.FILLED),
        (("levitating", "new"), (), "", None),
    ],
)
def test_what_an_order_is_follows_from_all_its_legs(statuses, fills, text, status):
    report = shapes.report(told(statuses, fills, text), "q", "d")
    assert report.status is status
    assert report.text or status is not None
    assert len(report.fills) == len(fills)


def test_an_order_that_lean_may_never_have_been_asked_for_is_no_order():
    with pytest.raises(BrokerUnavailable, match="in the middle of ordering"):
        shapes.report(told(()), "q", "d")


@pytest.mark.parametrize("statuses", [(1, 1), (3, 3), (5, 5), (2, 1)])
def test_a_pipe_tells_that_an_order_is_there_by_its_brokers_id_and_nothing_of_its_end(statuses):
    report = shapes.report(told(statuses, ALL, broker_ids=("991",)), "q", "d", is_pipe=True)
    assert (report.broker_order_id, report.status, report.fills) == ("991", Status.NEW, ())


def test_fees_belong_to_their_fills_and_are_paid():
    fees = list(shapes.fees(told((3, 3), ALL), "d"))
    assert [(fee.exec_id, fee.amount) for fee in fees] == [("e0", Decimal("-0.65")), ("e1", Decimal("-0.65"))]


@pytest.mark.parametrize(("net_price", "limit"), [("1.25", "-1.25"), ("-0.80", "0.80")])
def test_a_combos_price_is_the_buyers(condor, net_price, limit):
    body = shapes.order_body("a-r1", condor(net_price=Decimal(net_price)), PRODUCTS, 1.0)
    assert body["limit_price"] == limit
    assert [leg["security"] for leg in body["legs"]] == ["EQUITY_OPTION"] * 4


def test_a_single_leg_has_a_positive_price(condor):
    leg = Leg(symbol="SPY   261218P00610000", action=Action.SELL_TO_OPEN)
    assert shapes.order_body("a", condor(legs=(leg,), net_price=Decimal(2)), PRODUCTS, 1.0)["limit_price"] == "2"
    with pytest.raises(Unsendable):
        shapes.order_body("a", condor(legs=(leg,), net_price=Decimal(-2)), PRODUCTS, 1.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"net_price": Decimal(0)},
        {"time_in_force": TimeInForce.IOC},
        {"legs": (Leg(symbol="SPY", action=Action.BUY_TO_OPEN),), "net_price": Decimal(-1)},
        {"legs": (Leg(symbol="./ESH27 270320C06000000", action=Action.BUY_TO_OPEN),), "net_price": Decimal(-1)},
    ],
    ids=["even money", "immediate-or-cancel", "shares", "an option on a future"],
)
def test_what_lean_cannot_say_is_unsendable(condor, changes):
    with pytest.raises(Unsendable):
        shapes.order_body("a", condor(**changes), PRODUCTS, 1.0)


@pytest.mark.reference
@pytest.mark.parametrize("casing", ["camel", "Pascal"])
def test_recorded_orders_read_the_same_in_both_casings(shared, casing):
    files = sorted((shared / "fixtures" / "quantconnect").glob(f"lean_order_*_{casing}_*.json"))
    if not files:
        pytest.skip("needs the recorded QuantConnect orders in shared/; they are not there")
    assert len(files) == 12
    for file in files:
        order = shapes.camel(json.loads(file.read_text(), parse_float=Decimal)) | {"tag": "a-r1", "news": [1]}
        report = shapes.read_order([order], "q", "d")
        assert (report.attempt_id, report.fills) == ("a-r1", ())
        assert report.status in {Status.NEW, Status.PENDING_NEW, Status.PENDING_CANCEL}, file.name
        assert order["symbol"]["value"]
