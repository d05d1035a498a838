"""tastytrade's access token: fetched ahead of its end, off the order path.

A refresh that is refused (4xx) is final for this process: repeating it gets the address blocked for hours, so the token
stays refused and every use says so. A 401 anywhere casts doubt on the token; it is then fetched anew, at a named pace.
Times are the boot clock's, because a sleeping machine's token ages too.
"""

import asyncio
import contextlib
from collections.abc import Mapping

from pydantic import Field, SecretStr

from actors.brokers.payload import number, readable
from actors.brokers.reads import Reads
from actors.domain.connection.route_health import Vitals
from actors.domain.value import Value
from actors.ports import BrokerRefused, BrokerUnavailable, Clock

_SECOND_NS = 1_000_000_000


class TastytradeLogin(Value):
    """The personal grant: values of secrets, never their text in a log."""

    client_secret: SecretStr
    refresh_token: SecretStr


class TokenLimits(Value):
    """When the token is fetched anew."""

    ahead_s: float = Field(default=120.0, gt=0)
    """This long before its end."""
    check_every_s: float = Field(default=1.0, gt=0)
    pause_s: float = Field(default=20.0, gt=0)
    """Least time between two refreshes, whatever cast doubt on the token."""


class AccessToken:
    """One access token and its refreshing."""

    def __init__(self, reads: Reads, login: TastytradeLogin, clock: Clock, limits: TokenLimits) -> None:
        self._reads, self._login, self._clock, self._limits = reads, login, clock, limits
        self._value = ""
        self._ends_ns = 0
        self._fetched_ns = 0
        """When one was last asked for, and below, when the one there is was."""
        self._since_ns = 0
        self._refused: str | None = None
        self._doubted = False
        self._fetching = asyncio.Lock()

    @property
    def authorization(self) -> str | None:
        """The header's value; None where there is no live token."""
        live = self._value and self._clock.boot_ns() < self._ends_ns
        return f"Bearer {self._value}" if live else None

    @property
    def vitals(self) -> Vitals:
        """How old the token is, how long it lasts, and whether it is the last."""
        now_ns = self._clock.boot_ns()
        return Vitals(
            token_age_s=(now_ns - self._since_ns) / _SECOND_NS if self._value else None,
            token_left_s=(self._ends_ns - now_ns) / _SECOND_NS if self._value else None,
            token_refused=self._refused or "",
        )

    def headers(self) -> Mapping[str, str]:
        """Return the header for a read; without a token the broker may answer 401 itself."""
        value = self.authorization
        return {"Authorization": value} if value else {}

    def doubt(self) -> None:
        """Have the token fetched anew: something answered 401."""
        self._doubted = True

    async def ensure(self) -> None:
        """Fetch a token unless one with time left is there. Raises `BrokerUnavailable`, `BrokerRefused`."""
        async with self._fetching:
            if self._refused is not None:
                raise BrokerRefused(self._refused)
            if self._is_due():
                await self._fetch()

    async def keep_fresh(self) -> None:
        """Refresh ahead of the end for ever, until cancelled or refused."""
        while self._refused is None:
            await asyncio.sleep(self._limits.check_every_s)
            with contextlib.suppress(BrokerUnavailable, BrokerRefused):  # tried again at the next check, or final
                await self.ensure()

    def _is_due(self) -> bool:
        now_ns = self._clock.boot_ns()
        if self.authorization is None:
            return True
        if now_ns - self._fetched_ns < self._limits.pause_s * _SECOND_NS:
            return False
        return self._doubted or now_ns >= self._ends_ns - self._limits.ahead_s * _SECOND_NS

    async def _fetch(self) -> None:
        body = {
            "grant_type": "refresh_token",
            "client_secret": self._login.client_secret.get_secret_value(),
            "refresh_token": self._login.refresh_token.get_secret_value(),
        }
        self._fetched_ns = self._clock.boot_ns()
        try:
            answer = await self._reads.login("/oauth/token", body)
        except BrokerRefused as refused:
            self._refused = f"login refused, not tried again: {refused}"
            raise BrokerRefused(self._refused) from refused
        with readable("token"):
            self._value, self._since_ns = str(answer["access_token"]), self._fetched_ns
            self._ends_ns = self._fetched_ns + int(number(answer["expires_in"]) * _SECOND_NS)
        self._doubted = False
