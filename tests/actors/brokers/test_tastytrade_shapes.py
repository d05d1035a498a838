import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.brokers import tastytrade_shapes as shapes
from actors.brokers.outcomes import Unsendable
from actors.brokers.payload import decoded
from actors.domain.market.contract import Products
from actors.domain.orders.order import Action, Contingency, Intent, Leg, Order, OrderType
from actors.domain.orders.report import BrokerPosition, CashEvent, SettlementCause, Status
from actors.ports import BrokerUnavailable
from actors.venue.account import Movement, TransactionType
from actors.venue.tastytrade_transaction_shapes import transaction_json

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)


def read(folder, name):
    return decoded((folder / "fixtures/tastytrade" / name).read_bytes(), name)


def report(payload):
    return shapes.report(payload, "primary", "tastytrade:5W")


def order_payload(status="Live", legs=None, **more):
    return {"id": 1, "status": status, "updated-at": 1748448002553, "legs": legs or [], **more}


def leg_payload(quantity, *fills, action="Buy to Open", symbol="SPY   261218P00600000"):
    done = sum(each for _, each in fills)
    return {
        "symbol": symbol,
        "action": action,
        "quantity": quantity,
        "remaining-quantity": str(quantity - done),
        "fills": [
            {"fill-id": name, "quantity": each, "fill-price": "1.5", "filled-at": "2026-11-20T15:00:00.000+00:00"}
            for name, each in fills
        ],
    }


def test_a_condor_is_said_as_the_recorded_request_says_it(condor, shared):
    body = json.loads(json.dumps(shapes.order_body("a-r1", condor())))
    recorded = read(shared, "tastytrade-mcp/documented_examples.json")["iron_condor_request"]
    assert set(recorded) <= set(body)
    assert set(recorded["legs"][0]) == set(body["legs"][0])
    assert (body["price"], body["price-effect"], body["external-identifier"]) == ("1.25", "Credit", "a-r1")
    assert [leg["quantity"] for leg in body["legs"]] == [2, 2, 2, 2]
    assert [leg["action"] for leg in body["legs"]] == ["Buy to Open", "Sell to Open", "Sell to Open", "Buy to Open"]


@pytest.mark.parametrize(
    ("net_price", "said"),
    [
        ("1.25", {"price": "1.25", "price-effect": "Credit"}),
        ("-0.05", {"price": "0.05", "price-effect": "Debit"}),
        ("0", {"price": "0"}),
    ],
)
def test_credit_and_debit_are_effects_and_even_money_has_none(condor, net_price, said):
    body = shapes.order_body("a-r1", condor(net_price=Decimal(net_price)))
    assert {key: value for key, value in body.items() if key.startswith("price")} == said


def test_a_close_asks_for_strict_effects_and_an_opening_does_not(condor):
    opening = condor()
    legs = tuple(Leg(symbol=leg.symbol, action=leg.action.closing) for leg in opening.legs)
    closing = condor(intent=Intent.CLOSE, legs=legs, account_domain="tastytrade:5W", net_price=Decimal("-0.6"))
    strict = {"strict-position-effect-validation": True}
    assert shapes.order_body("a-r1", closing)["advanced-instructions"] == strict
    assert "advanced-instructions" not in shapes.order_body("a-r1", opening)


@given(st.integers(1, 6), st.integers(1, 9), st.decimals("0.01", "50", places=2))
def test_what_an_order_costs_does_not_depend_on_how_its_ratios_are_written(factor, order_qty, unit_price):
    legs = (
        Leg(symbol="SPY   261218P00600000", action=Action.BUY_TO_OPEN, ratio=factor),
        Leg(symbol="SPY   261218P00610000", action=Action.SELL_TO_OPEN, ratio=2 * factor),
    )
    order = _an_order(legs=legs, order_qty=order_qty, net_price=unit_price * factor)
    body = shapes.order_body("a-r1", order)
    assert Decimal(body["price"]) == unit_price
    assert [leg["quantity"] for leg in body["legs"]] == [factor * order_qty, 2 * factor * order_qty]


def _an_order(**changes):
    from actors.domain.orders.order import Order

    at = datetime(2026, 11, 20, 15, tzinfo=UTC)
    fixed = {"cl_ord_id": "a", "signal_id": "a", "strategy": "s", "structure_id": "a", "intent": Intent.OPEN}
    return Order(**fixed, underlying="SPY", created_at=at, expires_at=at, **changes)


def test_what_cannot_be_said_is_refused_before_anything_is_sent(condor):
    with pytest.raises(Unsendable, match="one leg"):
        shapes.order_body("a-r1", condor(order_type=OrderType.MARKET, net_price=None))
    legs = tuple(Leg(symbol=leg.symbol, action=leg.action, ratio=3) for leg in condor().legs)
    with pytest.raises(Unsendable, match="divided by 3"):
        shapes.order_body("a-r1", condor(legs=legs, net_price=Decimal("1.00")))


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Received", Status.PENDING_NEW),
        ("Routed", Status.PENDING_NEW),
        ("In Flight", Status.PENDING_NEW),
        ("Contingent", Status.NEW),
        ("Live", Status.NEW),
        ("Cancel Requested", Status.PENDING_CANCEL),
        ("Replace Requested", Status.PENDING_REPLACE),
        ("Filled", Status.FILLED),
        ("Cancelled", Status.CANCELED),
        ("Removed", Status.CANCELED),
        ("Partially Removed", Status.CANCELED),
        ("Rejected", Status.REJECTED),
        ("Expired", Status.EXPIRED),
    ],
)
def test_every_documented_status_has_one_word(said, status):
    assert report(order_payload(said)).status is status


def test_an_unknown_status_changes_nothing_and_says_what_came():
    told = report(order_payload("Teleported"))
    assert told.status is None
    assert "Teleported" in told.text


FILLED_LEGS = [
    leg_payload(2, ("f1", 2)),
    leg_payload(2, ("f2", 2), action="Sell to Open", symbol="SPY   261218P00610000"),
]


@pytest.mark.parametrize(
    ("status", "legs", "expected"),
    [
        ("Filled", FILLED_LEGS, Status.FILLED),
        ("Filled", [FILLED_LEGS[0], leg_payload(2)], Status.PARTIALLY_FILLED),
        ("Filled", [FILLED_LEGS[0], {**FILLED_LEGS[1], "fills": []}], Status.PARTIALLY_FILLED),
        ("Filled", [FILLED_LEGS[0], leg_payload(2, ("f2", 1))], Status.PARTIALLY_FILLED),
        ("Live", [leg_payload(2, ("f1", 1)), leg_payload(2, ("f2", 1))], Status.PARTIALLY_FILLED),
        ("Cancelled", [leg_payload(2, ("f1", 1)), leg_payload(2, ("f2", 1))], Status.CANCELED),
    ],
    ids=["whole", "first leg processed", "fills lag the remainder", "one leg half done", "working", "cancelled"],
)
def test_filled_means_every_leg_and_its_fills(status, legs, expected):
    assert report(order_payload(status, legs)).status is expected


def test_a_recorded_fill_push_is_read_whole(shared):
    push = read(shared, "leanbrk_DeserializeStreamFilledOrderMessage_1.json")
    told = report(push["data"])
    assert (told.broker_order_id, told.status, told.attempt_id) == ("270602", Status.FILLED, None)
    (fill,) = told.fills
    assert fill.exec_id == "2_TW::TEST_A1::20250528.135-TEST_FILL"
    assert (fill.symbol, fill.action, fill.last_qty, fill.last_px) == ("AAPL", Action.BUY_TO_OPEN, 1, Decimal("1.0"))
    assert fill.at == datetime(2025, 5, 28, 16, 0, 1, 953000, UTC)


def test_every_recorded_order_is_read(shared):
    live = read(shared, "tastytrade-mcp/tastytrade_get_live_orders.first5.json")["items"]
    stop = read(shared, "leanbrk_DeserializeRestOpenOrderResponse_1.json")["data"]["items"]
    dated = read(shared, "leanbrk_DeserializeRestOpenOrderResponseWithGoodTilDateTimeInForce_1.json")["data"]["items"]
    documented = [read(shared, "joaquinbejar/frames__account__order.documented.json")["data"]]
    told = [report(payload) for payload in (*live, *stop, *dated, *documented)]
    expected = [Status.CANCELED] * 5 + [Status.NEW, Status.PENDING_NEW, Status.FILLED]
    assert [each.status for each in told] == expected


def test_recorded_answers_to_a_new_order_are_accepted(shared):
    bare = read(shared, "leanbrk_TestData_Post_Submit_Order_Response.json")
    spread = read(shared, "tastytrade-mcp/documented_examples.json")["submit_spread_201"]
    ids = [shapes.accepted(answer, "primary", "5W").broker_order_id for answer in (bare, spread)]
    assert ids == ["270561", "771043"]


def test_what_has_an_id_is_accepted_however_odd_the_rest():
    answer = shapes.accepted({"data": {"order": {"id": 9, "status": "Live", "updated-at": "?"}}}, "primary", "5W")
    assert (answer.broker_order_id, answer.report) == ("9", None)


def test_recorded_errors_give_the_preflight_codes_first(shared):
    errors = read(shared, "leanbrk_TestData_Error_Responses.json")
    examples = read(shared, "tastytrade-mcp/documented_examples.json")
    named = [*errors, examples["cancel_terminal_422"], examples["preflight_422"], examples["version_406"]]
    assert [shapes.refusal(each)[0] for each in named] == [
        "not_permitted",
        "invalid_credentials",
        "gtc_market_orders_not_supported",
        "cannot_update_order",
        "cant_buy_for_credit",
        "406",
    ]


def test_recorded_positions_keep_their_sign_and_price(shared):
    items = read(shared, "leanbrk_TestData_Get_Positions.json")["data"]["items"]
    assert [shapes.position(each) for each in items] == [
        BrokerPosition(symbol="AAPL", quantity=1, average_price=Decimal("1.0")),
        BrokerPosition(symbol="TQQQ", quantity=742, average_price=Decimal("52.73")),
    ]
    assert shapes.position({**items[1], "quantity-direction": "Short"}).quantity == -742


def test_a_recorded_trade_becomes_its_fees_tied_to_its_fill(shared):
    trade = read(shared, "tastytrade-mcp/tastytrade_get_transactions.first1.json")["items"][0]
    leg = leg_payload(1, ("fill-a", 1))
    leg["fills"][0]["ext-exec-id"] = "9221"
    known = shapes.exec_ids([{**order_payload(legs=[leg]), "id": 1033431}])
    event = shapes.cash_event(trade, "5W", known, {})
    assert (event.type, event.amount, event.exec_id) == (CashEvent.Type.FEE, Decimal("-1.12"), "fill-a")
    assert shapes.cash_event(trade, "5W", {}, {}).exec_id == "9221"


def test_a_trade_that_a_transaction_reverses_is_a_fill_taken_back_and_only_its_fees_are_cash(shared):
    trade = read(shared, "tastytrade-mcp/tastytrade_get_transactions.first1.json")["items"][0]
    leg = leg_payload(1, ("fill-a", 1), ("fill-b", 1))
    leg["fills"][0]["ext-exec-id"] = "9221"
    order = {**order_payload(legs=[leg]), "id": 1033431}
    fees = {"commission-effect": "Credit", "clearing-fees-effect": "Credit", "regulatory-fees-effect": "Credit"}
    undone = {**trade, **fees, "id": 1735999, "transaction-type": "Money Movement", "reverses-id": trade["id"]}
    known = shapes.exec_ids([order])
    gone = shapes.reversals([trade, undone], known)
    assert gone == {"1735999": "fill-a"}
    assert shapes.report(order, "p", "d", tuple(gone.values())).busted == ("fill-a",)
    event = shapes.cash_event(undone, "5W", known, gone)
    assert (event.type, event.amount, event.exec_id) == (CashEvent.Type.FEE, Decimal("1.12"), "fill-a")


@pytest.mark.parametrize("reversed_id", [None, 4711])
def test_what_reverses_nothing_or_what_was_not_read_takes_no_fill_back(shared, reversed_id):
    trade = read(shared, "tastytrade-mcp/tastytrade_get_transactions.first1.json")["items"][0]
    assert shapes.reversals([{**trade, "reverses-id": reversed_id}], {("1033431", "9221"): "fill-a"}) == {}


@pytest.mark.parametrize(("action", "said"), [(Action.SELL_TO_CLOSE, "Sell"), (Action.BUY_TO_CLOSE, "Buy")])
def test_a_close_of_a_future_says_no_effect_and_asks_for_none(condor, shared, action, said):
    legs = (Leg(symbol="/ESZ26", action=action),)
    closing = condor(intent=Intent.CLOSE, legs=legs, account_domain="tastytrade:5W", net_price=Decimal("6000.25"))
    body = shapes.order_body("a-r1", closing)
    ((leg,),) = [body["legs"]]
    assert (leg["instrument-type"], leg["action"]) == ("Future", said)
    assert "advanced-instructions" not in body
    words = (shared / "fixtures/tastytrade/openapi/orders.json").read_text()
    assert "`Buy` and `Sell` are only applicable to Futures orders" in words


@pytest.mark.parametrize(
    ("sub_type", "cause"),
    [
        ("Assignment", SettlementCause.ASSIGNMENT),
        ("Exercise", SettlementCause.EXERCISE),
        ("Expiration", SettlementCause.EXPIRATION),
        ("Cash Settled Assignment", SettlementCause.CASH),
        ("Cash Settled Exercise", SettlementCause.CASH),
        ("Forward Split", None),
        ("Sell to Open", None),
    ],
)
def test_why_an_option_left_is_said(sub_type, cause):
    told = {
        "id": 1,
        "transaction-type": "Receive Deliver",
        "transaction-sub-type": sub_type,
        "action": "Buy to Close",
        "symbol": "GOOG  260116P00260000",
        "quantity": "1",
        "net-value": "0",
        "executed-at": "2026-01-05T22:00:00.000+00:00",
    }
    event = shapes.cash_event(told, "5W", {}, {})
    assert (event.type, event.cause) == (CashEvent.Type.SETTLEMENT, cause)
    assert shapes.cash_event(told | {"transaction-type": "Money Movement"}, "5W", {}, {}).cause is None


@pytest.mark.parametrize("symbol", ["GOOG  260116P00260000", "GOOG"])
def test_an_assignment_at_the_paper_venue_is_read_as_one(symbol):
    what = Movement("5W", TransactionType.ASSIGNMENT, symbol, 100, Action.BUY_TO_CLOSE, 2, Decimal(0), AT)
    payload = transaction_json("5W", what.transaction(7), Products().contract(symbol))
    event = shapes.cash_event(payload, "5W", {}, {})
    assert (event.symbol, event.quantity, event.cause) == (symbol, 2, SettlementCause.ASSIGNMENT)


def test_recorded_deliveries_and_money_movements_are_told_apart(shared):
    items = read(shared, "joaquinbejar/transactions_listing.json")["data"]["items"]
    events = [shapes.cash_event(each, "5W", {}, {}) for each in items]
    assert [(each.type, each.quantity, each.amount) for each in events] == [
        (CashEvent.Type.SETTLEMENT, 1, Decimal(0)),
        (CashEvent.Type.SETTLEMENT, 0, Decimal(0)),
        (CashEvent.Type.DEPOSIT, 0, Decimal("27.74")),
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda deeper: (
            st.lists(deeper)
            | st.dictionaries(
                st.sampled_from(["id", "status", "legs", "data", "order", "error", "errors", "code", "message"]), deeper
            )
        ),
    )
)
def test_whatever_comes_is_read_or_unavailable_and_nothing_else(payload):
    for reading in (report, shapes.position, shapes.refusal, lambda each: shapes.accepted(each, "p", "d")):
        try:
            reading(payload)
        except BrokerUnavailable:
            continue


@pytest.mark.parametrize(
    ("action", "stop_px", "net_price", "expected"),
    [
        (Action.SELL_TO_CLOSE, "1.20", None, {"order-type": "Stop", "stop-trigger": "1.20"}),
        (Action.BUY_TO_CLOSE, "-3.00", None, {"order-type": "Stop", "stop-trigger": "3.00"}),
        (
            Action.BUY_TO_CLOSE,
            "-3.00",
            "-3.20",
            {"order-type": "Stop Limit", "stop-trigger": "3.00", "price": "3.20", "price-effect": "Debit"},
        ),
    ],
)
def test_a_stop_is_told_by_the_price_of_its_leg(action, stop_px, net_price, expected):
    order = Order(
        cl_ord_id="x",
        signal_id="x",
        strategy="s",
        structure_id="s",
        intent=Intent.CLOSE,
        underlying="SPX",
        legs=(Leg(symbol="SPXW  261120C05050000", action=action),),
        order_qty=1,
        order_type=OrderType.STOP if net_price is None else OrderType.STOP_LIMIT,
        net_price=None if net_price is None else Decimal(net_price),
        stop_px=Decimal(stop_px),
        account_domain="tastytrade:5W",
        created_at=AT,
        expires_at=AT,
    )
    body = shapes.order_body("x-r1", order)
    assert {name: body[name] for name in expected} == expected
    assert body["advanced-instructions"] == {"strict-position-effect-validation": True}
    assert ("price" in body) == (net_price is not None)


def test_an_order_of_a_kind_the_broker_has_not_is_not_sent(condor):
    odd = condor().model_copy(update={"order_type": OrderType.TRAILING_STOP})
    with pytest.raises(Unsendable):
        shapes.order_body("x-r1", odd)


def test_a_pair_is_said_as_the_vendors_client_says_one(condor, shared):
    captured = read(shared, "sdk13.2.3_wire_capture.json")
    requests = captured if isinstance(captured, list) else captured["requests"]
    said = next(each["body"] for each in requests if each["path"].endswith("/complex-orders") and each["m"] == "POST")
    body = shapes.complex_body(Contingency.OCO, [("a.1-r1", condor()), ("a.2-r1", condor())])
    assert set(said) - {"trigger-order"} <= set(body)
    assert (body["type"], [order["external-identifier"] for order in body["orders"]]) == ("OCO", ["a.1-r1", "a.2-r1"])
