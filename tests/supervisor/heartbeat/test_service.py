"""The words on the wire, against a receiver on loopback."""

import pytest
from pydantic import SecretStr

from supervisor.heartbeat.beat import Word
from supervisor.heartbeat.service import AddressUnsafe, Service


def service(at: str, **changes: object) -> Service:
    return Service(SecretStr(at), **{"is_plain": False, "timeout_s": 5, **changes})


def test_each_word_has_its_address_and_its_text(receiver):
    to = service(receiver.at)
    assert [to.send(word, f"{word}: text") for word in Word] == [""] * 4
    assert receiver.words == ["start", "alive", "fail", "log"]
    assert {each.method for each in receiver.heard} == {"POST"}
    assert receiver.heard[2].body == "fail: text"


def test_a_plain_service_hears_signs_of_life_alone(receiver):
    to = service(receiver.at, is_plain=True)
    assert [to.send(word, "text") for word in Word] == [""] * 4
    assert [(each.method, each.path) for each in receiver.heard] == [("GET", "/a-check")]


def test_a_planned_end_pauses_the_check_where_its_key_is_known(receiver):
    pause = (SecretStr(receiver.at + "/pause"), SecretStr("the-key"))
    assert service(receiver.at, pause=pause).send(Word.END, "ended as planned") == ""
    (heard,) = receiver.heard
    assert (heard.method, heard.path, heard.headers["X-Api-Key"]) == ("POST", "/a-check/pause", "the-key")


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (404, "not found", "answered 404"),
        (200, "OK (not found)", "knows no such check"),
        (503, "", "answered 503"),
        (302, "", "answered 302"),
    ],
)
def test_what_is_not_taken_is_told_and_no_redirect_is_followed(receiver, status, text, said):
    receiver.status, receiver.text = status, text
    assert service(receiver.at).send(Word.ALIVE, "") == said
    assert len(receiver.heard) == 1


def test_a_service_that_is_not_there_is_told_without_its_address(receiver):
    receiver.close()
    said = service(receiver.at).send(Word.ALIVE, "")
    assert (said, "a-check" in said) == ("not reached: ConnectError", False)


@pytest.mark.parametrize("at", ["http://hc.example.com/a-check", "ftp://127.0.0.1/a-check", "a-check"])
def test_an_address_that_would_show_itself_on_the_way_is_refused_and_not_repeated(at):
    with pytest.raises(AddressUnsafe) as refused:
        service(at)
    assert "a-check" not in str(refused.value)


def test_the_address_that_pauses_is_held_to_the_same():
    with pytest.raises(AddressUnsafe):
        service("https://hc.example.com/x", pause=(SecretStr("http://hc.example.com/p"), SecretStr("key")))
