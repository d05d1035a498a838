"""The opening of a session, line by line of its table."""

import json

import pytest

from actors.feeds.dxlink_decode import FIELDS, parse
from actors.feeds.dxlink_handshake import Handshake, SessionEnded, State, keepalive

SETUP = {"type": "SETUP", "channel": 0, "keepaliveTimeout": 60, "acceptKeepaliveTimeout": 60, "version": "1.0.0"}
UNAUTHORIZED = {"type": "AUTH_STATE", "channel": 0, "state": "UNAUTHORIZED"}
AUTHORIZED = {"type": "AUTH_STATE", "channel": 0, "state": "AUTHORIZED"}
OPENED = {"type": "CHANNEL_OPENED", "channel": 1, "service": "FEED", "parameters": {"contract": "AUTO"}}
CONFIG = {"type": "FEED_CONFIG", "channel": 1, "aggregationPeriod": 0, "dataFormat": "COMPACT"}
CLOSED = {"type": "CHANNEL_CLOSED", "channel": 1}
ALIVE = {"type": "KEEPALIVE", "channel": 0}
DATA = {"type": "FEED_DATA", "channel": 1, "data": []}
WANTED = [("Trade", "SPX"), ("Quote", ".SPXW210104C3700"), ("Quote", ".SPXW210104P3700")]


def opened(*messages):
    handshake = Handshake("token#123", WANTED, silence_max_s=20.0, chunk=2)
    said = [handshake.on(parse(json.dumps(message))) for message in messages]
    return handshake, said[-1] if said else ()


def test_the_greeting_says_how_long_the_server_may_be_silent():
    handshake, _ = opened()
    assert handshake.greeting()["keepaliveTimeout"] == 20
    assert handshake.greeting()["channel"] == 0


def test_the_token_is_given_when_it_is_asked_for():
    handshake, said = opened(SETUP, UNAUTHORIZED)
    assert said == ({"type": "AUTH", "channel": 0, "token": "token#123"},)
    assert handshake.state is State.VERDICT


@pytest.mark.parametrize("login", [(UNAUTHORIZED, AUTHORIZED), (AUTHORIZED,)])
def test_a_channel_is_asked_for_once_we_are_let_in(login):
    handshake, said = opened(SETUP, *login)
    (request,) = said
    assert (request["type"], request["channel"] % 2, request["service"]) == ("CHANNEL_REQUEST", 1, "FEED")
    assert handshake.state is State.CHANNEL


def test_an_open_channel_is_set_up_and_subscribed_in_chunks():
    handshake, (setup, first, second) = opened(SETUP, UNAUTHORIZED, AUTHORIZED, OPENED)
    assert handshake.state is State.OPEN
    assert setup["acceptDataFormat"] == "COMPACT"
    assert setup["acceptEventFields"] == {kind: list(fields) for kind, fields in FIELDS.items()}
    assert first["add"] == [{"type": "Trade", "symbol": "SPX"}, {"type": "Quote", "symbol": ".SPXW210104C3700"}]
    assert second["add"] == [{"type": "Quote", "symbol": ".SPXW210104P3700"}]


@pytest.mark.parametrize("heard", [(), (SETUP,), (SETUP, UNAUTHORIZED), (SETUP, UNAUTHORIZED, AUTHORIZED, OPENED)])
def test_a_keepalive_changes_nothing_anywhere(heard):
    before, _ = opened(*heard)
    after, said = opened(*heard, ALIVE)
    assert (after.state, said) == (before.state, ())


def test_an_open_session_hears_configurations_and_data_without_an_answer():
    handshake, said = opened(SETUP, AUTHORIZED, OPENED, CONFIG, DATA, CONFIG)
    assert (handshake.state, said) == (State.OPEN, ())


ODD = [
    (DATA,),
    (SETUP, SETUP),
    (SETUP, OPENED),
    (SETUP, UNAUTHORIZED, UNAUTHORIZED),
    (SETUP, UNAUTHORIZED, AUTHORIZED, DATA),
    (SETUP, UNAUTHORIZED, AUTHORIZED, OPENED, UNAUTHORIZED),
    (SETUP, UNAUTHORIZED, AUTHORIZED, OPENED, CLOSED),
    (SETUP, {"type": "DOM_SNAPSHOT", "channel": 1}),
]


@pytest.mark.parametrize("messages", ODD)
def test_what_does_not_belong_there_ends_the_session_and_is_named(messages):
    with pytest.raises(SessionEnded, match=messages[-1]["type"]):
        opened(*messages)


@pytest.mark.parametrize("heard", [(), (SETUP, UNAUTHORIZED), (SETUP, AUTHORIZED, OPENED)])
@pytest.mark.parametrize(
    "error", ["UNSUPPORTED_PROTOCOL", "TIMEOUT", "UNAUTHORIZED", "INVALID_MESSAGE", "BAD_ACTION", "UNKNOWN"]
)
def test_every_error_of_the_protocol_ends_the_session_by_its_name(heard, error):
    with pytest.raises(SessionEnded, match=f"^{error}: because"):
        opened(*heard, {"type": "ERROR", "channel": 0, "error": error, "message": "because"})


def test_we_say_that_we_are_here_on_the_main_channel():
    assert keepalive() == {"type": "KEEPALIVE", "channel": 0}


def test_what_we_say_has_the_keys_that_were_recorded(shared):
    handshake = Handshake("t", [("Quote", "AAPL")], silence_max_s=20.0, chunk=250)
    said = [handshake.greeting(), keepalive()]
    for message in (SETUP, UNAUTHORIZED, AUTHORIZED, OPENED):
        said += handshake.on(parse(json.dumps(message)))
    names = {
        "SETUP": "SetupConnectionMessage",
        "KEEPALIVE": "KeepAliveMessage",
        "AUTH": "AuthorizationMessage",
        "CHANNEL_REQUEST": "ChannelRequestMessage",
        "FEED_SUBSCRIPTION": "FeedSubscriptionMessage",
    }
    checked = set()
    for message in said:
        if name := names.get(message["type"]):
            recorded = json.loads((shared / f"fixtures/tastytrade/leanbrk_Serialize{name}_1.json").read_text())
            assert message.keys() == recorded.keys()
            checked.add(message["type"])
    assert checked == set(names)
