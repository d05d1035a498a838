import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.redaction import HIDDEN, VALUE_LENGTH_MIN, Redactor, names_secret

SECRET = 'pl4nted/"key"+1'


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"before {SECRET} after",
        quote(SECRET, safe=""),
        json.dumps({"x": SECRET}),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_known_value_is_hidden_in_every_spelling(text: str):
    cleaned = Redactor((SECRET,)).clean(text)
    assert "pl4nted" not in cleaned
    assert base64.b64encode(SECRET.encode()).decode().rstrip("=") not in cleaned
    assert HIDDEN in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "refresh_token=pl4nted",
        '{"refresh-token": "pl4nted", "x": 1}',
        "{'client_secret': 'pl4nted'}",
        "Authorization: Bearer pl4nted-pl4nted",
        "sent bearer pl4ntedpl4nted to it",
        "APCA-API-SECRET-KEY: pl4nted",
        "https://me:pl4nted@host/path",
        "password = pl4nted",
    ],
)
def test_what_is_named_like_a_secret_is_hidden_though_nobody_told_us(text: str):
    assert "pl4nted" not in Redactor().clean(text)


def test_a_value_learned_later_is_hidden_from_then_on():
    redactor = Redactor()
    assert redactor.clean("word pl4nted9") == "word pl4nted9"
    redactor.learn("pl4nted9")
    assert redactor.clean("word pl4nted9") == f"word {HIDDEN}"


@pytest.mark.parametrize(
    "text",
    ["order condor-20261123-1-r1 filled at 2.35", "3 routes, 2 strategies", "keyed by symbol SPXW  210104C03700000"],
)
def test_ordinary_words_are_left_alone(text: str):
    assert Redactor(("x", "spx")).clean(text) == text


@given(st.text(min_size=VALUE_LENGTH_MIN, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_wherever_it_stands(secret: str, before: str, after: str):
    assert secret not in Redactor((secret,)).clean(before + secret + after).replace(
        HIDDEN, "\0" if "\0" not in secret else "\1"
    )


def test_names_of_secrets_are_known():
    assert all(map(names_secret, ["refresh_token", "API-KEY", "client_secret", "Authorization", "key_id", "passwd"]))
    assert not any(map(names_secret, ["key", "symbol", "account", "cl_ord_id"]))
