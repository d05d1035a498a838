"""Reads from a broker: a vendor-grade HTTP client with time-outs, and a few bounded retries. Never used for orders.

A read ends in a decoded answer, `BrokerUnavailable` (trying again may help) or `BrokerRefused` (it will not). A 401 is
unavailable too: the login may merely have run out, and `on_unauthorised` hears of it.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

import httpx2
import numpy as np
from pydantic import Field

from actors.brokers.payload import Json, decoded
from actors.domain.connection.backoff import BackoffLimits, delay_s
from actors.domain.value import Value
from actors.ports import BrokerRefused, BrokerUnavailable

_SHOWN_CHARS = 200
_TRANSIENT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class ReadLimits(Value):
    """The bounds of one read."""

    timeout_s: float = Field(default=5.0, gt=0)
    tries: int = Field(default=3, gt=0)
    backoff: BackoffLimits = BackoffLimits(first_s=0.1, longest_s=1.0)


class Reads:
    """Reads of one broker's REST interface. `headers` is asked anew for each try: tokens change."""

    def __init__(
        self,
        url: str,
        headers: Callable[[], Mapping[str, str]],
        limits: ReadLimits,
        on_unauthorised: Callable[[], None] = lambda: None,
    ) -> None:
        self._headers, self._limits, self._on_unauthorised = headers, limits, on_unauthorised
        # No proxy from the environment: the write client takes none, and health must speak of the same path.
        self._http = httpx2.AsyncClient(base_url=url, timeout=limits.timeout_s, trust_env=False)
        self._luck = np.random.default_rng()

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Json:
        """Return the answer's JSON. Raises `BrokerUnavailable`, `BrokerRefused`."""
        found = await self.find(path, params)
        if found is None:
            raise BrokerRefused(f"GET {path}: 404")
        return found

    async def find(self, path: str, params: Mapping[str, str] | None = None) -> Json | None:
        """Return the answer's JSON, None where the broker says there is no such thing (404)."""
        return await self._tried("GET", path, params=params)

    async def ask(self, path: str, body: Json) -> Json:
        """Return the answer's JSON to a question that is posted. Raises `BrokerUnavailable`, `BrokerRefused`."""
        found = await self._tried("POST", path, body=body)
        if found is None:
            raise BrokerRefused(f"POST {path}: 404")
        return found

    async def probe(self, path: str, *, refused_by_401: bool = False) -> None:
        """Read `path` once, with no second try. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._once("GET", path, refused_by_401=refused_by_401)

    async def login(self, path: str, body: Json) -> Json:
        """Post a login, once. Raises `BrokerUnavailable`, `BrokerRefused`."""
        answer = await self._once("POST", path, body=body, refused_by_401=True)
        if answer is None:
            raise BrokerRefused(f"POST {path}: 404")
        return answer

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _tried(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Json = None
    ) -> Json | None:
        for failures in range(1, self._limits.tries):
            try:
                return await self._once(method, path, params=params, body=body)
            except BrokerUnavailable:
                await asyncio.sleep(delay_s(failures, self._luck.random(), self._limits.backoff))
        return await self._once(method, path, params=params, body=body)

    async def _once(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json = None,
        refused_by_401: bool = False,
    ) -> Json | None:
        what = f"{method} {path}"
        try:
            answer = await self._http.request(
                method, path, params=dict(params or {}), json=body, headers=dict(self._headers())
            )
        except httpx2.HTTPError as error:
            raise BrokerUnavailable(f"{what}: {type(error).__name__} {error}") from error
        status = answer.status_code
        if status == HTTPStatus.UNAUTHORIZED and not refused_by_401:
            self._on_unauthorised()
            raise BrokerUnavailable(f"{what}: 401")
        if status == HTTPStatus.NOT_FOUND:
            return None
        if 400 <= status < 500 and status not in _TRANSIENT - {HTTPStatus.UNAUTHORIZED}:
            raise BrokerRefused(f"{what}: {status} {answer.text[:_SHOWN_CHARS]}")
        if not 200 <= status < 300:
            raise BrokerUnavailable(f"{what}: {status}")
        return decoded(answer.content, what)
