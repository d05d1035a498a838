"""Logins of the paper accounts, and the tokens the venue hands out for them.

A token says what it is for and when it ends (on the machine's wall clock), and carries a keyed digest of both: it needs
no memory, so a restart of the venue logs nobody out. Paper credentials guard nothing but against mistakes; they are
still compared in constant time.
"""

import hashlib
import hmac
import time
from collections.abc import Callable

from actors.domain.value import Value

ACCESS_TOKEN_S = 900
QUOTE_TOKEN_S = 86_400


class Credentials(Value):
    """What the brokers' clients must show."""

    client_secret: str = "paper-client-secret"  # noqa: S105 - opens nothing but the paper venue on loopback
    refresh_token: str = "paper-refresh-token"  # noqa: S105
    alpaca_key: str = "PAPERKEY"
    alpaca_secret: str = "paper-alpaca-secret"  # noqa: S105
    quantconnect_user: str = "1"
    quantconnect_token: str = "paper-quantconnect-token"  # noqa: S105
    quantconnect_ack: str = "paper-quantconnect-ack"


class Tokens:
    """Issues tokens and knows them again. `wall_s` is seconds since the Unix epoch."""

    def __init__(self, credentials: Credentials, wall_s: Callable[[], float] = time.time) -> None:
        self._credentials = credentials
        self._key = hashlib.blake2b(credentials.model_dump_json().encode()).digest()
        self._wall_s = wall_s

    def login(self, client_secret: str, refresh_token: str) -> bool:
        """Return whether these are the paper user's."""
        return is_same(client_secret, self._credentials.client_secret) and is_same(
            refresh_token, self._credentials.refresh_token
        )

    def is_alpaca(self, key: str, secret: str) -> bool:
        """Return whether these are the keys of the second broker's account."""
        return is_same(key, self._credentials.alpaca_key) and is_same(secret, self._credentials.alpaca_secret)

    def issue(self, purpose: str, lifetime_s: float) -> str:
        """Return a token for `purpose` that ends in `lifetime_s`."""
        body = f"{purpose}.{self._wall_s() + lifetime_s:.3f}"
        return f"{body}.{self._digest(body)}"

    def is_good(self, purpose: str, token: str) -> bool:
        """Return whether a token was issued here for `purpose` and has not ended."""
        body, _, digest = token.rpartition(".")
        claimed, _, ends = body.partition(".")
        return is_same(digest, self._digest(body)) and claimed == purpose and float(ends) > self._wall_s()

    def _digest(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), "sha256").hexdigest()


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())
