"""The venue's answers against recorded payloads, key by key: every recorded key is there, with a value of its kind.

What is not there is in `MISSING`, each with its reason; the last test proves that none of them is listed for nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.actors.venue.conftest import TASTYTRADE, Running, eventually, option
from tests.actors.venue.wire_clients import NATURAL, Alpaca, Tastytrade, condor, mleg

MISSING = {
    "source": "the exchange keeps no free text of an order",
    "gtc-date": "no GTD orders here",
    "stop-trigger": "the order compared is no stop",
    "complex-order-id": "the order compared is no part of a complex one",
    "complex-order-tag": "as complex-order-id",
    "user-id": "one user; the SDK's field is optional",
    "username": "one user; the SDK's field is optional",
    "in-flight-at": "an order is routed and live at one instant here",
    "cusip": "facts of a share that a market of quotes does not know",
    "beta": "as cusip",
    "dividend-amount": "as cusip",
    "dividend-frequency": "as cusip",
    "volume": "quotes only",
    "open": "quotes only",
    "close": "quotes only",
    "day-high-price": "quotes only",
    "day-low-price": "quotes only",
    "year-high-price": "one day only",
    "year-low-price": "one day only",
    "prev-close": "one day only",
    "high-limit-price": "no limit bands here",
    "low-limit-price": "no limit bands here",
    "previous-session": "the venue knows its own day only",
    "api-version": "absent from most recordings",
}


def differences(recorded: Any, ours: Any, where: str = "") -> Iterator[str]:
    """Yield what of a recorded payload is not in ours, by shape: keys, and kinds of values."""
    if isinstance(recorded, dict):
        if not isinstance(ours, dict):
            yield f"{where}: {type(ours).__name__} for an object"
            return
        for key, value in recorded.items():
            if key in ours:
                yield from differences(value, ours[key], f"{where}.{key}")
            elif key in MISSING:
                continue
            else:
                yield f"{where}.{key} is missing"
    elif isinstance(recorded, list):
        if not isinstance(ours, list):
            yield f"{where}: {type(ours).__name__} for a list"
        elif recorded and not ours:
            yield f"{where} is empty"
        elif recorded and isinstance(recorded[0], dict):
            yield from (each for entry in recorded for each in differences(entry, ours[0], f"{where}[]"))
    elif recorded is not None and ours is not None and not _is_of_kind(recorded, ours):
        yield f"{where}: {ours!r} for {recorded!r}"


def _is_of_kind(recorded: object, ours: object) -> bool:
    """Numbers arrive as figures or strings, from the broker too: they are one kind."""
    if isinstance(recorded, bool) or isinstance(ours, bool):
        return isinstance(recorded, bool) and isinstance(ours, bool)
    return _is_number(ours) if _is_number(recorded) else isinstance(ours, str)


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


@pytest.fixture
def recorded(shared: Path):
    def read(name: str) -> Any:
        return json.loads((shared / "fixtures" / name).read_text())

    return read


@pytest.fixture
def filled(venue: Running) -> Tastytrade:
    """Return a client of an account that holds a condor and has a condor resting."""
    client = Tastytrade(venue)
    assert client.place(condor(NATURAL, "filled")).status_code == 201
    assert client.place(condor(name="resting")).status_code == 201
    return client


def test_the_answer_to_a_new_order_holds_every_recorded_key(filled: Tastytrade, recorded):
    ours = filled.place(condor(name="another")).json()
    assert not list(differences(recorded("tastytrade/leanbrk_TestData_Post_Submit_Order_Response.json"), ours))
    documented = recorded("tastytrade/tastytrade-mcp/documented_examples.json")
    assert not list(differences(documented["submit_spread_201"], ours))
    assert not list(differences(recorded("tastytrade/leanbrk_DeserializeSubmitOrderResponse_1.json"), ours))


def test_a_dry_run_holds_every_recorded_key_and_no_id(filled: Tastytrade, recorded):
    ours = filled.place(condor(), "orders/dry-run").json()
    assert not list(differences(recorded("tastytrade/joaquinbejar/order_dry_run.json"), ours))
    assert "id" not in ours["data"]["order"]
    assert ours["data"]["order"]["updated-at"] == 0


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/accounts/{TASTYTRADE}/balances", "leanbrk_TestData_Get_Account_Balance.json"),
        (f"/accounts/{TASTYTRADE}/positions", "leanbrk_TestData_Get_Positions.json"),
        (f"/accounts/{TASTYTRADE}/trading-status", "joaquinbejar/trading_status.json"),
        (f"/accounts/{TASTYTRADE}/orders", "leanbrk_DeserializeRestOpenOrderResponse_1.json"),
        (f"/accounts/{TASTYTRADE}/orders", "leanbrk_DeserializeRestOpenOrderResponseWithGoodTilDateTimeInForce_1.json"),
        ("/api-quote-tokens", "leanbrk_TestData_Get_Api_Quote_Token.json"),
    ],
)
def test_a_read_holds_every_recorded_key(filled: Tastytrade, recorded, path: str, name: str):
    assert not list(differences(recorded(f"tastytrade/{name}"), filled.get(path)))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/customers/me/accounts", "joaquinbejar/captures__accounts.json"),
        (f"/accounts/{TASTYTRADE}/transactions", "tastytrade-mcp/tastytrade_get_transactions.first1.json"),
        ("/option-chains/SPX/nested", "tastytrade-mcp/tastytrade_get_option_chain_nested.trimmed.json"),
        ("/option-chains/SPX/nested", "joaquinbejar/captures__nested-option-chain.json"),
        ("/instruments/equities", "joaquinbejar/captures__equities.json"),
        ("/market-time/equities/sessions/current", "joaquinbejar/captures__market-session-current.json"),
    ],
)
def test_a_read_holds_every_key_of_a_recording_without_its_envelope(filled: Tastytrade, recorded, path, name):
    assert not list(differences(recorded(f"tastytrade/{name}"), filled.get(path)["data"]))


def test_a_quote_holds_every_recorded_key_of_shares_between_an_option_and_an_index(filled: Tastytrade, recorded):
    ours = filled.get(f"/market-data/by-type?equity-option={option(5000, 'C')}&index=SPX")
    quoted, printed = ours["data"]["items"]
    assert "last" not in quoted
    assert not {"bid", "ask", "mid"} & set(printed)
    both = ours | {"data": {"items": [quoted | printed]}}
    assert not list(differences(recorded("tastytrade/joaquinbejar/market_data_by_type.json"), both))


def test_cancelled_and_replaced_orders_hold_every_recorded_key(venue: Running, filled: Tastytrade, recorded):
    known = filled.get(f"/accounts/{TASTYTRADE}/orders")["data"]["items"]
    resting = next(order["id"] for order in known if order["status"] == "Live")
    url = f"/accounts/{TASTYTRADE}/orders/{resting}"
    replacement = filled.http.put(url, json={"price": "18.5", "price-effect": "Credit", "order-type": "Limit"}).json()
    eventually(lambda: filled.order(replacement["data"]["id"])["status"] == "Live")
    cancelled = filled.http.delete(f"/accounts/{TASTYTRADE}/orders/{replacement['data']['id']}").json()
    documented = recorded("tastytrade/tastytrade-mcp/documented_examples.json")
    assert not list(differences(documented["cancel_200"], cancelled))
    assert cancelled["data"]["status"] == "Cancel Requested"
    eventually(lambda: filled.order(replacement["data"]["id"])["status"] == "Cancelled")
    live = filled.get(f"/accounts/{TASTYTRADE}/orders/live")["data"]["items"]
    by_id = {order["id"]: order for order in live}
    ours = {"items": [by_id[replacement["data"]["id"]] | by_id[resting]]}
    assert not list(differences(recorded("tastytrade/tastytrade-mcp/tastytrade_get_live_orders.first5.json"), ours))
    assert by_id[resting]["replacing-order-id"] == replacement["data"]["id"]


def test_refusals_have_the_recorded_codes(filled: Tastytrade, recorded):
    documented = recorded("tastytrade/tastytrade-mcp/documented_examples.json")
    done = next(
        o["id"] for o in filled.get(f"/accounts/{TASTYTRADE}/orders")["data"]["items"] if o["status"] == "Filled"
    )
    late = filled.http.delete(f"/accounts/{TASTYTRADE}/orders/{done}")
    assert (late.status_code, late.json()) == (422, documented["cancel_terminal_422"])
    bought = condor() | {"legs": [condor()["legs"][0]]}
    wrong = filled.place(bought)
    assert (wrong.status_code, wrong.json()) == (422, documented["preflight_422"])


def test_the_account_streamer_speaks_as_recorded(venue: Running, filled: Tastytrade, recorded):
    def says(message: dict) -> dict:
        streamer.send(json.dumps(message))
        return json.loads(streamer.recv(5))

    def pushed(kind: str) -> dict:
        while (message := json.loads(streamer.recv(5))).get("type") != kind:
            pass
        return message

    with connect(venue.file.streamer) as streamer:
        early = says({"action": "heartbeat", "auth-token": f"Bearer {filled.token}", "request-id": 1})
        assert early["message"] == "not-implemented"
        refused = says({"action": "connect", "value": [TASTYTRADE], "auth-token": "Bearer no", "request-id": 1})
        assert not list(
            differences(recorded("tastytrade/leanbrk_DeserializeConnectResponseStatusError_1.json"), refused)
        )
        hello = {"action": "connect", "value": [TASTYTRADE], "auth-token": f"Bearer {filled.token}", "request-id": 1}
        ok = recorded("tastytrade/leanbrk_DeserializeConnectResponseStatusOk_1.json")
        assert not list(differences(ok, says(hello)))
        beat = says({"action": "heartbeat", "auth-token": f"Bearer {filled.token}", "request-id": 3})
        assert not list(differences(recorded("tastytrade/leanbrk_DeserializeStreamHeartbeatMessage_1.json"), beat))
        filled.place(condor(NATURAL, "pushed"))
        while (order := pushed("Order"))["data"]["status"] != "Filled":
            pass
        stream = "tastytrade/leanbrk_DeserializeStreamFilledOrderMessage_1.json"
        assert not list(differences(recorded(stream), order))
        # Filled is announced with the first leg; the later pushes bring the rest.
        assert [leg["remaining-quantity"] for leg in order["data"]["legs"]] == [0, 1, 1, 1]
        position = pushed("CurrentPosition")
        assert not list(
            differences(
                recorded("tastytrade/leanbrk_TestData_Get_Positions.json")["data"]["items"][0], position["data"]
            )
        )
        balance = pushed("AccountBalance")
        assert not list(
            differences(recorded("tastytrade/leanbrk_TestData_Get_Account_Balance.json")["data"], balance["data"])
        )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v2/account", "account_routes__test_get_account_1.json"),
        ("/v2/positions", "position_routes__test_get_all_positions_1.json"),
        ("/v2/orders?status=all", "order_routes__test_get_orders_1.json"),
        ("/v2/options/contracts", "option_routes__test_get_option_contracts_1.json"),
        (
            f"/v2/options/contracts/{option(5000, 'C').replace(' ', '')}",
            "option_routes__test_get_option_contract_1.json",
        ),
    ],
)
def test_the_second_broker_holds_every_recorded_key(venue: Running, recorded, path: str, name: str):
    client = Alpaca(venue)
    assert client.place(mleg(NATURAL)).status_code == 200
    assert not list(differences(recorded(f"alpaca/{name}"), client.get(path)))


def test_a_simple_order_of_the_second_broker_holds_every_recorded_key(venue: Running, recorded):
    client = Alpaca(venue)
    body = {"symbol": option(5000, "C").replace(" ", ""), "qty": 1, "side": "buy", "type": "limit"}
    ours = client.place(body | {"time_in_force": "day", "limit_price": 10, "client_order_id": "single"}).json()
    for name in ("limit_order_1", "market_order_1", "order_position_intent_1", "get_order_by_id_1"):
        assert not list(differences(recorded(f"alpaca/order_routes__test_{name}.json"), ours))
    found = client.get("/v2/orders:by_client_order_id", client_order_id="single")
    assert found["id"] == ours["id"]
    assert found["position_intent"] == "buy_to_open"


def test_a_wrong_payload_would_be_noticed():
    recorded = {"a": 1, "b": [{"c": "x"}], "d": {"e": True}}
    assert not list(differences(recorded, {"a": "2", "b": [{"c": "y"}], "d": {"e": False}, "more": 1}))
    assert len(list(differences(recorded, {"a": "x", "b": [], "d": {}}))) == 3


def test_no_key_is_excused_for_nothing(shared: Path):
    recordings = [*(shared / "fixtures" / "tastytrade").rglob("*.json")]
    text = "".join(path.read_text() for path in recordings if "openapi" not in path.parts)
    assert [key for key in MISSING if f'"{key}"' not in text] == []
