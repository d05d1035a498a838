"""The DXLink conversation as a table, without a socket."""

import json

import pytest

from actors.venue.dxlink_session import DxlinkSession, Heard

SETUP = {"type": "SETUP", "channel": 0, "version": "0.1-test/1", "keepaliveTimeout": 60, "acceptKeepaliveTimeout": 30}
AUTH = {"type": "AUTH", "channel": 0, "token": "good"}
OPEN = {"type": "CHANNEL_REQUEST", "channel": 1, "service": "FEED", "parameters": {"contract": "AUTO"}}
ADD = {"type": "FEED_SUBSCRIPTION", "channel": 1, "add": [{"type": "Quote", "symbol": "A"}]}


def after(*messages: dict) -> DxlinkSession:
    session = DxlinkSession({"A": 0, "B": 1}, lambda token: token == "good")
    for message in messages:
        heard = session.hear(json.dumps(message))
        assert not heard.hang_up, heard
    return session


def say(session: DxlinkSession, message: object) -> Heard:
    return session.hear(message if isinstance(message, str) else json.dumps(message))


def kinds(heard: Heard) -> list[str]:
    return [reply["type"] for reply in heard.replies]


@pytest.mark.parametrize(
    ("before", "message", "error", "is_fatal"),
    [
        ([], AUTH, "BAD_ACTION", True),
        ([], "no json", "INVALID_MESSAGE", True),
        ([], {"channel": 0}, "INVALID_MESSAGE", True),
        ([], SETUP | {"version": "7.0"}, "UNSUPPORTED_PROTOCOL", True),
        ([SETUP], {"type": "NONSENSE", "channel": 0}, "BAD_ACTION", True),
        ([SETUP], AUTH | {"token": "bad"}, "UNAUTHORIZED", True),
        ([SETUP], OPEN, "UNAUTHORIZED", True),
        ([SETUP, AUTH], OPEN | {"channel": 2}, "BAD_ACTION", True),
        ([SETUP, AUTH], OPEN | {"service": "DOM"}, "BAD_ACTION", False),
        ([SETUP, AUTH], ADD, "BAD_ACTION", False),
        ([SETUP, AUTH, OPEN], OPEN, "BAD_ACTION", False),
        (
            [SETUP, AUTH, OPEN],
            {"type": "FEED_SUBSCRIPTION", "channel": 1, "add": [{"type": "Quote"}]},
            "INVALID_MESSAGE",
            False,
        ),
    ],
)
def test_a_message_out_of_place_is_answered_with_its_error(before, message, error, is_fatal):
    heard = say(after(*before), message)
    assert heard.replies[-1]["type"] == "ERROR"
    assert (heard.replies[-1]["error"], heard.hang_up) == (error, is_fatal)


def test_the_handshake_is_setup_unauthorized_authorized():
    session = after()
    first = say(session, SETUP)
    assert kinds(first) == ["SETUP", "AUTH_STATE"]
    assert first.replies[1]["state"] == "UNAUTHORIZED"
    assert say(session, AUTH).replies[0]["state"] == "AUTHORIZED"
    assert kinds(say(session, OPEN)) == ["CHANNEL_OPENED"]
    assert session.client_keepalive_s == 30


def test_the_configuration_precedes_the_first_data_even_unasked():
    session = after(SETUP, AUTH, OPEN)
    heard = say(session, ADD)
    assert kinds(heard) == ["FEED_CONFIG"]
    assert [(event, rows.tolist()) for _, event, rows in heard.added] == [("Quote", [0])]
    assert kinds(say(session, ADD)) == []


def test_fields_are_answered_in_the_order_asked_without_those_nobody_has():
    session = after(SETUP, AUTH, OPEN)
    asked = {"Quote": ["askPrice", "colour", "eventSymbol"], "Greeks": ["eventSymbol", "delta"]}
    config = say(session, {"type": "FEED_SETUP", "channel": 1, "acceptEventFields": asked}).replies[0]
    assert config["eventFields"]["Quote"] == ["askPrice", "eventSymbol"]
    assert config["eventFields"]["Greeks"] == asked["Greeks"]
    assert config["dataFormat"] == "COMPACT"


def test_what_is_removed_reset_or_cancelled_is_no_longer_wanted():
    both = {"type": "FEED_SUBSCRIPTION", "channel": 1, "add": [{"type": "Quote", "symbol": name} for name in "AB"]}
    session = after(SETUP, AUTH, OPEN, both)
    assert session.subscribed() == 2
    say(session, {"type": "FEED_SUBSCRIPTION", "channel": 1, "remove": [{"type": "Quote", "symbol": "A"}]})
    assert session.channels[1].mask("Quote").tolist() == [False, True]
    say(session, {"type": "FEED_SUBSCRIPTION", "channel": 1, "reset": True})
    assert session.subscribed() == 0
    say(session, ADD)
    assert kinds(say(session, {"type": "CHANNEL_CANCEL", "channel": 1})) == ["CHANNEL_CLOSED"]
    assert session.subscribed() == 0


def test_unknown_symbols_and_silent_types_are_accepted():
    session = after(SETUP, AUTH, OPEN)
    entries = [{"type": "Quote", "symbol": "ZZZ"}, {"type": "Greeks", "symbol": "A"}]
    assert say(session, {"type": "FEED_SUBSCRIPTION", "channel": 1, "add": entries}).added == ()
    assert session.subscribed() == 0
