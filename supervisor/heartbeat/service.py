"""The watchman elsewhere, as healthchecks.io and what follows its protocol understand it; or a plain address.

An address is a secret: who knows it can feign that all is well. It is sent over TLS alone, but to this machine itself;
no redirect is followed, and no text of an error is passed on, for it may hold the address.
"""

from typing import Final
from urllib.parse import urlsplit

import httpx2
from pydantic import SecretStr

from supervisor.heartbeat.beat import Word

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
TEXT_MAX: Final = 2_000
SUFFIX: Final = {Word.START: "/start", Word.ALIVE: "", Word.FAIL: "/fail", Word.END: "/log"}


class AddressUnsafe(Exception):
    """The address would show itself on the way; the text does not hold it."""


class Service:
    """One check. `pause`: the address that pauses it, and the key to that."""

    def __init__(
        self, url: SecretStr, *, is_plain: bool, timeout_s: float, pause: tuple[SecretStr, SecretStr] | None = None
    ) -> None:
        """Raises `AddressUnsafe`."""
        for each in (url, *(pause or ())[:1]):
            parts = urlsplit(each.get_secret_value())
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
                raise AddressUnsafe("the address of the heartbeat must begin with https://")
        self._url, self._is_plain, self._pause = url.get_secret_value().rstrip("/"), is_plain, pause
        self._http = httpx2.Client(timeout=timeout_s, trust_env=False, follow_redirects=False)

    def send(self, word: Word, text: str) -> str:
        """Say a word; return why it was not taken, empty where it was, or where this service has no such word."""
        body = text[:TEXT_MAX].encode()
        if word is Word.END and self._pause is not None:
            address, key = self._pause
            return self._ask("POST", address.get_secret_value(), headers={"X-Api-Key": key.get_secret_value()})
        if self._is_plain:
            return self._ask("GET", self._url) if word is Word.ALIVE else ""
        return self._ask("POST", self._url + SUFFIX[word], body)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _ask(self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> str:
        try:
            answer = self._http.request(method, url, content=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return f"not reached: {type(error).__name__}"
        if not answer.is_success:
            return f"answered {answer.status_code}"
        return "knows no such check" if "not found" in answer.text[:100] else ""
