"""The Bot API as this client reads it, and what it makes of everything it is refused with."""

import pytest
from pydantic import SecretStr

from supervisor.phone.admission import Said
from supervisor.phone.telegram import LIMIT, TEXT_MAX, BotApi, BotBusy, BotRefused, BotUnreachable
from tests.supervisor.phone.bot_server import BOT, TOKEN


def api(server, token: str = TOKEN) -> BotApi:
    return BotApi(server.url, SecretStr(token), 5)


def test_news_comes_oldest_first_and_messages_alone_are_asked_for(server):
    first, second = server.write("/status", user=11, chat=-77), server.write("hello")
    told = api(server).news(None, 0)
    assert [(each.update, each.chat, each.user, each.text) for each in told] == [
        (first, -77, 11, "/status"),
        (second, 11, 11, "hello"),
    ]
    assert server.asked[-1] == ("getUpdates", {"timeout": 0, "limit": LIMIT, "allowed_updates": ["message"]})
    assert api(server).news(second, 0) == told[1:]
    assert api(server).name() == BOT


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 5, "edited_message": {}},
        {"update_id": 5, "message": {"chat": {"id": "x"}, "date": 1}},
        {"update_id": 5, "message": {"chat": {"id": 1}, "date": 10**15}},
        {"update_id": 5, "message": None},
    ],
)
def test_what_is_no_message_or_cannot_be_read_is_known_by_its_number(server, update):
    server.put(update)
    assert api(server).news(None, 0) == [5]


def test_who_forwards_and_who_is_nobody_is_seen(server):
    server.write("/halt", forward_origin={"type": "user"})
    server.put({"update_id": 900, "message": {"date": 1, "chat": {"id": -77}, "text": "/halt"}})
    forwarded, nobody = api(server).news(None, 0)
    assert isinstance(forwarded, Said)
    assert (forwarded.is_forwarded, nobody.user) == (True, 0)


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (401, {"ok": False}, BotRefused),
        (404, {"ok": False}, BotRefused),
        (409, {"ok": False}, BotRefused),
        (400, {"ok": False}, BotRefused),
        (429, {"ok": False, "parameters": {"retry_after": 7}}, BotBusy),
        (429, {"ok": False, "parameters": None}, BotBusy),
        (502, {"ok": False}, BotUnreachable),
        (502, b"<html>bad gateway</html>", BotUnreachable),
        (200, b"[1, 2]", BotUnreachable),
        (200, {"ok": True, "result": {}}, BotUnreachable),
        (200, b"\xff\xfe", BotUnreachable),
    ],
)
def test_each_refusal_has_its_name_and_none_tells_the_token(server, status, body, raised):
    server.refuse["getUpdates"] = (status, body)
    with pytest.raises(raised) as error:
        api(server).news(None, 0)
    assert TOKEN not in str(error.value)
    assert getattr(error.value, "wait_s", 7.0) in (7.0, 30.0)


def test_a_server_that_is_not_there_is_unreachable_and_tells_no_address(server):
    server.close()
    with pytest.raises(BotUnreachable, match=r"^ConnectError$"):
        api(server).news(None, 0)


def test_a_long_message_is_cut_and_says_so(server):
    api(server).say(11, "x" * 9_000)
    ((_, text),) = server.said
    assert (len(text) < TEXT_MAX + 50, text.endswith("more on the machine")) == (True, True)
