import json
from decimal import Decimal

import pytest

from actors.brokers import alpaca_shapes as shapes
from actors.brokers.outcomes import Unsendable
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.report import BrokerPosition, CashEvent, SettlementCause, Status

PUT = "SPY   261218P00600000"


def read(folder, name):
    return json.loads((folder / "fixtures/alpaca" / name).read_text())


def report(payload, activities=()):
    return shapes.report(payload, activities, "backup", "alpaca:1")


def combo_payload(status, *filled):
    legs = [
        {
            "id": f"leg-{place}",
            "symbol": f"SPY261218P00{place}00000",
            "side": "buy",
            "position_intent": "buy_to_open",
            "qty": "2",
            "filled_qty": str(done),
        }
        for place, done in enumerate(filled)
    ]
    return {
        "id": "combo",
        "client_order_id": "a-r1",
        "status": status,
        "created_at": "2026-11-20T15:00:00Z",
        "legs": legs,
    }


def fill_payload(name, leg, quantity):
    return {
        "activity_type": "FILL",
        "id": name,
        "order_id": f"leg-{leg}",
        "symbol": f"SPY261218P00{leg}00000",
        "side": "buy",
        "qty": str(quantity),
        "price": "1.5",
        "transaction_time": "2026-11-20T15:00:01.123456Z",
    }


def test_a_condor_is_a_combo_whose_credit_is_a_negative_price(condor):
    body = shapes.order_body("a-r1", condor())
    assert (body["order_class"], body["limit_price"], body["qty"]) == ("mleg", "-1.25", "2")
    assert body["client_order_id"] == "a-r1"
    assert [(leg["side"], leg["position_intent"], leg["ratio_qty"]) for leg in body["legs"]] == [
        ("buy", "buy_to_open", "1"),
        ("sell", "sell_to_open", "1"),
        ("sell", "sell_to_open", "1"),
        ("buy", "buy_to_open", "1"),
    ]
    assert body["legs"][0]["symbol"] == "SPY261218P00600000"


def test_ratios_are_brought_to_lowest_terms_and_the_price_with_them(condor):
    legs = tuple(Leg(symbol=leg.symbol, action=leg.action, ratio=2) for leg in condor().legs)
    body = shapes.order_body("a-r1", condor(legs=legs, net_price=Decimal("2.50")))
    assert (body["qty"], body["limit_price"]) == ("4", "-1.25")
    assert {leg["ratio_qty"] for leg in body["legs"]} == {"1"}


@pytest.mark.parametrize(("action", "net_price"), [(Action.SELL_TO_OPEN, "1.25"), (Action.BUY_TO_OPEN, "-1.25")])
def test_a_single_leg_has_a_positive_price_and_a_side(condor, action, net_price):
    leg = Leg(symbol=PUT, action=action)
    body = shapes.order_body("a-r1", condor(legs=(leg,), net_price=Decimal(net_price)))
    assert "legs" not in body
    assert (body["limit_price"], body["side"]) == ("1.25", "buy" if action.is_buy else "sell")


def test_what_alpaca_cannot_trade_is_unsendable(condor):
    future = Leg(symbol="./ESH20 200320C03200000", action=Action.BUY_TO_OPEN)
    with pytest.raises(Unsendable, match="futures"):
        shapes.order_body("a-r1", condor(legs=(future,), net_price=Decimal(-1)))
    with pytest.raises(Unsendable, match="net price"):
        shapes.order_body("a-r1", condor(legs=(Leg(symbol=PUT, action=Action.BUY_TO_OPEN),)))


@pytest.mark.parametrize("symbol", [PUT, "SPXW  210104C03700000", "GOOG", "BRK.B"])
def test_symbols_survive_the_way_there_and_back(symbol):
    assert shapes.canonical_symbol(shapes.alpaca_symbol(symbol)) == symbol


@pytest.mark.parametrize(
    ("status", "filled", "fills", "expected"),
    [
        ("filled", (2, 2), [("x", 0, 2), ("y", 1, 2)], Status.FILLED),
        ("filled", (2, 2), [("x", 0, 2)], Status.PARTIALLY_FILLED),
        ("new", (1, 1), [("x", 0, 1), ("y", 1, 1)], Status.PARTIALLY_FILLED),
        ("canceled", (1, 1), [("x", 0, 1), ("y", 1, 1)], Status.CANCELED),
        ("accepted", (0, 0), [], Status.PENDING_NEW),
        ("replaced", (0, 0), [], Status.CANCELED),
        ("sleeping", (0, 0), [], None),
        ("done_for_day", (0, 0), [], Status.NEW),
        ("done_for_day", (1, 1), [("x", 0, 1), ("y", 1, 1)], Status.PARTIALLY_FILLED),
        ("calculated", (0, 0), [], Status.NEW),
        ("calculated", (1, 1), [("x", 0, 1), ("y", 1, 1)], Status.PARTIALLY_FILLED),
        ("calculated", (2, 2), [("x", 0, 2), ("y", 1, 2)], Status.FILLED),
        ("calculated", (2, 2), [("x", 0, 2)], Status.PARTIALLY_FILLED),
    ],
)
def test_status_follows_the_fills_that_are_known(status, filled, fills, expected):
    told = report(combo_payload(status, *filled), [fill_payload(*fill) for fill in fills])
    assert told.status is expected
    assert [(fill.exec_id, fill.last_qty) for fill in told.fills] == [(name, quantity) for name, _, quantity in fills]


def test_fills_of_other_orders_are_not_taken():
    stranger = {**fill_payload("x", 0, 2), "order_id": "another"}
    assert report(combo_payload("new", 0, 0), [stranger]).fills == ()


def test_every_recorded_order_is_read(shared):
    names = ["get_order_by_client_id", "get_order_by_id", "limit_order", "market_order", "order_position_intent"]
    told = [report(read(shared, f"order_routes__test_{name}_1.json")) for name in names]
    assert {each.status for each in told} == {Status.PENDING_NEW}
    (listed,) = read(shared, "order_routes__test_get_orders_1.json")
    assert report(listed).status is Status.NEW


def test_recorded_positions_are_read_and_short_is_negative(shared):
    (held,) = read(shared, "position_routes__test_get_all_positions_1.json")
    assert shapes.position(held) == BrokerPosition(symbol="AAPL", quantity=5, average_price=Decimal("100.0"))
    for quantity in ("5", "-5"):
        assert shapes.position({**held, "side": "short", "qty": quantity}).quantity == -5


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("FEE", CashEvent.Type.FEE),
        ("OPCSH", CashEvent.Type.SETTLEMENT),
        ("OPEXP", CashEvent.Type.SETTLEMENT),
        ("CSD", CashEvent.Type.DEPOSIT),
    ],
)
def test_activities_are_sorted_by_what_they_moved(kind, expected):
    event = shapes.cash_event(
        {
            "activity_type": kind,
            "id": "1",
            "date": "2026-11-20",
            "net_amount": "-0.65",
            "symbol": "SPY261218P00600000",
            "qty": "-2",
        },
        "alpaca:1",
    )
    assert (event.type, event.amount, event.symbol) == (expected, Decimal("-0.65"), PUT)
    assert event.quantity == (-2 if expected is CashEvent.Type.SETTLEMENT else 0)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("OPASN", SettlementCause.ASSIGNMENT),
        ("OPEXC", SettlementCause.EXERCISE),
        ("OPEXP", SettlementCause.EXPIRATION),
        ("OPCSH", SettlementCause.CASH),
        ("OPTRD", None),
        ("FEE", None),
    ],
)
def test_why_an_option_left_is_said(kind, cause):
    told = {"activity_type": kind, "id": "1", "date": "2026-11-20", "net_amount": "0", "symbol": "SPY261218P00600000"}
    assert shapes.cash_event(told, "alpaca:1").cause is cause


def test_a_fill_is_no_cash_event():
    assert shapes.cash_event(fill_payload("x", 0, 1), "alpaca:1") is None
