"""Each fault does what it says, on a real socket."""

import json
import socket
import time
from contextlib import closing
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from actors.venue.faults import Fault, Route
from tests.actors.venue.conftest import ALPACA, TASTYTRADE, Running, eventually, option, places_in, running
from tests.actors.venue.dxlink_client import DxlinkClient
from tests.actors.venue.wire_clients import NATURAL, Alpaca, Tastytrade, condor, mleg

ORDERS = r"/orders$"


def known(client: Tastytrade) -> set[str]:
    orders = client.get(f"/accounts/{TASTYTRADE}/orders")["data"]["items"]
    return {order["external-identifier"] for order in orders}


@pytest.mark.parametrize("after", [False, True])
def test_a_dropped_request_takes_effect_only_if_it_was_dropped_after(venue: Running, after: bool):
    client = Tastytrade(venue)
    venue.fault(route="tastytrade", kind="drop", after=after, count=1, path=ORDERS, method="POST")
    with pytest.raises(httpx2.TransportError):
        client.place(condor(name="dropped"))
    assert ("dropped" in known(client)) is after


@pytest.mark.parametrize("after", [False, True])
def test_a_delayed_order_exists_before_its_answer_only_if_the_answer_is_delayed(venue: Running, after: bool):
    client, hasty = Tastytrade(venue), Tastytrade(venue, timeout=0.3)
    venue.fault(route="tastytrade", kind="delay", delay_s=1.0, after=after, count=1, path=ORDERS, method="POST")
    started_s = time.monotonic()
    with pytest.raises(httpx2.ReadTimeout):
        hasty.place(condor(name="late"))
    assert ("late" in known(client)) is after
    eventually(lambda: "late" in known(client))  # the request was on its way: it is processed all the same
    assert after or time.monotonic() - started_s >= 1.0


@pytest.mark.parametrize("status", [500, 503, 429, 400, 422])
@pytest.mark.parametrize("after", [False, True])
def test_a_status_is_answered_in_both_brokers_shapes(venue: Running, status: int, after: bool):
    client, backup = Tastytrade(venue), Alpaca(venue)
    venue.fault(route="tastytrade", kind="status", status=status, after=after, count=1, path=ORDERS)
    venue.fault(route="alpaca", kind="status", status=status, after=after, count=1, path=ORDERS)
    first, second = client.place(condor(name="x")), backup.place(mleg(name="y"))
    assert (first.status_code, second.status_code) == (status, status)
    assert first.json()["error"]["code"] == second.json()["code"]
    assert ("x" in known(client)) is after
    found = backup.http.get("/v2/orders:by_client_order_id", params={"client_order_id": "y"})
    assert (found.status_code == 200) is after


def test_garbage_is_200_and_no_json(venue: Running):
    client = Tastytrade(venue)
    venue.fault(route="tastytrade", kind="garbage", count=1, path=ORDERS, after=True)
    answer = client.place(condor(name="garbled"))
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        json.loads(answer.content)
    assert "garbled" in known(client)


def test_half_a_body_ends_before_its_length(venue: Running):
    client = Tastytrade(venue)
    venue.fault(route="tastytrade", kind="half_body", count=1, path=ORDERS)
    with pytest.raises(httpx2.RemoteProtocolError, match="without sending complete message body"):
        client.place(condor(name="halved"))
    assert "halved" in known(client)


@pytest.mark.parametrize("route", ["tastytrade", "streamer", "dxlink", "alpaca"])
def test_a_refusing_route_cuts_its_connections_and_listens_again_on_the_same_port(venue: Running, route: str):
    url = urlsplit(getattr(venue.file, route))
    address = (url.hostname, url.port)
    with closing(socket.create_connection(address, 5)) as open_before:
        open_before.sendall(b"GET / HTTP/1.1\r\n")
        number = venue.fault(route=route, kind="refuse")
        open_before.settimeout(5)
        assert _ended(open_before)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 5)
    venue.control("DELETE", f"/faults/{number}")
    socket.create_connection(address, 5).close()


@pytest.mark.parametrize("route", ["tastytrade", "alpaca"])
def test_a_black_hole_answers_no_connect_and_no_request_until_it_is_over(venue: Running, route: str):
    url = urlsplit(getattr(venue.file, route))
    address = (url.hostname, url.port)
    request = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    with closing(socket.create_connection(address, 5)) as open_before:
        open_before.sendall(request)
        assert open_before.recv(4096).startswith(b"HTTP/1.1 4")
        number = venue.fault(route=route, kind="black_hole")
        for _ in range(2):
            with pytest.raises(TimeoutError):
                socket.create_connection(address, 0.2)
        open_before.sendall(request)
        open_before.settimeout(0.2)
        with pytest.raises(TimeoutError):
            open_before.recv(4096)
        venue.control("DELETE", f"/faults/{number}")
        open_before.settimeout(5)
        assert open_before.recv(4096).startswith(b"HTTP/1.1 4"), "what was on its way arrives late"
    socket.create_connection(address, 5).close()


def test_a_refusal_may_follow_a_black_hole(venue: Running):
    url = urlsplit(venue.file.tastytrade)
    venue.fault(route="tastytrade", kind="black_hole")
    venue.fault(route="tastytrade", kind="refuse")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname, url.port), 5)
    venue.control("DELETE", "/faults")
    socket.create_connection((url.hostname, url.port), 5).close()


def test_a_refusal_ends_by_itself(venue: Running):
    venue.fault(route="alpaca", kind="refuse", duration_s=0.3)
    client = Alpaca(venue)

    def answered() -> bool:
        try:
            return client.http.get("/v2/account").status_code == 200
        except httpx2.TransportError:
            return False

    assert not answered()
    eventually(answered)


def _ended(peer: socket.socket) -> bool:
    try:
        return peer.recv(1) == b""
    except ConnectionResetError:
        return True


def listening(venue: Running, token: str) -> ClientConnection:
    streamer = connect(venue.file.streamer)
    streamer.send(json.dumps({"action": "connect", "value": [TASTYTRADE], "auth-token": token, "request-id": 1}))
    assert json.loads(streamer.recv(5))["status"] == "ok"
    return streamer


def statuses(streamer: ClientConnection, count: int) -> list[str]:
    found = []
    while len(found) < count:
        message = json.loads(streamer.recv(5))
        if message.get("type") == "Order":
            found.append(message["data"]["status"])
    return found


def test_a_muted_streamer_stays_open_and_says_nothing_not_even_to_heartbeats(venue: Running):
    client = Tastytrade(venue)
    with listening(venue, client.token) as streamer:
        number = venue.fault(route="streamer", kind="mute")
        client.place(condor())
        streamer.send(json.dumps({"action": "heartbeat", "auth-token": client.token, "request-id": 2}))
        with pytest.raises(TimeoutError):
            streamer.recv(0.5)
        venue.control("DELETE", f"/faults/{number}")
        streamer.send(json.dumps({"action": "heartbeat", "auth-token": client.token, "request-id": 3}))
        assert json.loads(streamer.recv(5))["request-id"] == 3


def test_duplicated_reports_come_twice(venue: Running):
    client = Tastytrade(venue)
    with listening(venue, client.token) as streamer:
        venue.fault(route="streamer", kind="duplicate", count=2)
        client.place(condor())
        assert statuses(streamer, 4) == ["Routed", "Routed", "Live", "Live"]


def test_reordered_reports_change_places(venue: Running):
    client = Tastytrade(venue)
    with listening(venue, client.token) as streamer:
        venue.fault(route="streamer", kind="reorder", count=1)
        client.place(condor())
        assert statuses(streamer, 2) == ["Live", "Routed"]


def test_the_second_brokers_stream_is_muted_alike(venue: Running):
    client, secrets = Alpaca(venue), venue.file.credentials
    with connect(venue.file.alpaca_stream) as stream:
        login = {"key_id": secrets.alpaca_key, "secret_key": secrets.alpaca_secret}
        stream.send(json.dumps({"action": "authenticate", "data": login}))
        stream.recv(5)
        stream.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
        stream.recv(5)
        venue.fault(route="alpaca", kind="mute", count=1)
        client.place(mleg())
        heard = stream.recv(5)
        assert isinstance(heard, bytes)
        assert json.loads(heard)["data"]["event"] == "new"  # pending_new was swallowed


def test_only_some_legs_fill(venue: Running):
    client = Tastytrade(venue)
    venue.fault(route="tastytrade", kind="fill_legs", legs=[1, 2])
    number = client.place(condor(NATURAL)).json()["data"]["order"]["id"]
    eventually(lambda: client.order(number)["legs"][1]["fills"])
    assert [leg["remaining-quantity"] for leg in client.order(number)["legs"]] == [1, 0, 0, 1]
    assert client.order(number)["status"] == "Live"


@pytest.mark.parametrize(
    ("kind", "seen"),
    [("nan", ["NaN", "NaN"]), ("cross", [20.1, 19.9]), ("duplicate", [19.9, 20.1, 19.9, 20.1])],
)
def test_corrupted_quotes_arrive_as_the_fault_says(venue: Running, kind: str, seen: list):
    with DxlinkClient(venue) as quotes:
        quotes.subscribe([".SPXW261120C5000"])
        assert quotes.prices() == [19.9, 20.1]
        venue.fault(route="dxlink", kind=kind, count=1)
        venue.step(1)
        assert [price for _ in range(len(seen) // 2) for price in quotes.prices()] == seen


def test_frozen_quotes_stop_for_the_symbols_named_and_the_stream_lives(venue: Running):
    with DxlinkClient(venue) as quotes:
        quotes.subscribe([".SPXW261120C5000", ".SPXW261120P5000"])
        quotes.events("Quote", 2)
        venue.fault(route="dxlink", kind="freeze", path="C5000")
        venue.step(3)
        symbols = [event[0] for event in quotes.events("Quote", 3)]
        assert set(symbols) == {".SPXW261120P5000"}


def test_a_mute_quote_stream_stays_open(venue: Running):
    with DxlinkClient(venue) as quotes:
        quotes.subscribe([".SPXW261120C5000"])
        quotes.events("Quote", 1)
        number = venue.fault(route="dxlink", kind="mute")
        venue.step(2)
        with pytest.raises(TimeoutError):
            quotes.wire.recv(0.5)
        venue.control("DELETE", f"/faults/{number}")
        venue.step(3)
        quotes.events("Quote", 1)


def test_faults_of_the_configuration_are_in_force_from_the_start(tmp_path):
    fault = Fault(route=Route.ALPACA, kind="refuse")
    with running(places_in(tmp_path), faults=(fault,)) as venue:
        with pytest.raises(httpx2.ConnectError):
            Alpaca(venue).http.get("/v2/account")
        assert venue.status()["injected"] == {"alpaca.refuse": 1}


def test_the_control_door_needs_its_token_and_names_what_is_wrong(venue: Running):
    assert httpx2.get(f"{venue.file.control}/status").status_code == 401
    wrong = {"Authorization": f"Bearer {venue.file.control_token}"}
    answer = httpx2.post(f"{venue.file.control}/faults", headers=wrong, json={"route": "alpaca", "kind": "nan"})
    assert answer.status_code == 400
    assert "knows no nan" in answer.text


def test_a_cut_streamer_is_seen_as_closed(venue: Running):
    client = Tastytrade(venue)
    with listening(venue, client.token) as streamer:
        venue.fault(route="streamer", kind="refuse", duration_s=5)
        with pytest.raises(ConnectionClosed):
            streamer.recv(5)


def test_both_accounts_have_names_of_their_own(venue: Running):
    assert set(venue.status()["accounts"]) == {TASTYTRADE, ALPACA}
    assert option(5000, "C").startswith("SPXW")


def test_what_is_european_is_never_assigned_early(venue: Running):
    with pytest.raises(httpx2.HTTPStatusError, match="400"):
        venue.control("POST", "/assign", {"account": TASTYTRADE, "symbol": option(5000, "C")})
