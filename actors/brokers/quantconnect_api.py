"""QuantConnect's REST v2, as far as Holdfast needs it: sign, post, classify. It decides nothing about orders.

Every call is a signed POST; a business failure is `success: false` with HTTP 200, and a reading that is not ready is a
`progress` in place of data. Reads are tried a few times, commands are written once. The account's number and token
travel only as a digest with the time.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Literal

import msgspec
from pydantic import Field, SecretStr

from actors.brokers import quantconnect_shapes as shapes
from actors.brokers.payload import Json, readable
from actors.brokers.quantconnect_channel import ChannelLimits
from actors.brokers.reads import ReadLimits, Reads
from actors.brokers.wire import Answer, Headers, Wire, WireLimits
from actors.domain.value import Value
from actors.ports import BrokerRefused, BrokerUnavailable, Guard

_BASE = "/api/v2"


class QuantConnectLogin(Value):
    """The account's number and token, and the secret the algorithm signs with."""

    user_id: SecretStr
    api_token: SecretStr
    ack_secret: SecretStr


class QuantConnectSettings(Value):
    """Where the route leads, and its bounds."""

    route: str
    account_domain: str
    url: str
    project: int
    covers: Literal["pipe", "broker"]
    paper_only: bool = False
    """Refuse a deployment that trades with anything but QuantConnect's paper brokerage."""
    place_within_s: float = Field(default=10.0, gt=0)
    """A place command that reaches the algorithm later is refused there."""
    answer_timeout_s: float = Field(default=5.0, gt=0)
    """How long a query, a reading or a ping may go unanswered."""
    read_lag_s: float = Field(default=900.0, gt=0)
    """After this long QuantConnect's own readings count; they lag some ten minutes."""
    orders_page: int = Field(default=100, gt=0)
    pages_max: int = Field(default=100, gt=0)
    wire: WireLimits = WireLimits()
    reads: ReadLimits = ReadLimits()
    channel: ChannelLimits = ChannelLimits()


class QuantConnectApi:
    """A client of one project's deployment. `wall_s` is seconds since the Unix epoch: a signature ages."""

    def __init__(self, settings: QuantConnectSettings, login: QuantConnectLogin, wall_s: Callable[[], float]) -> None:
        self._settings, self._login, self._wall_s = settings, login, wall_s
        self.wire = Wire(settings.url, settings.wire)
        self._reads = Reads(settings.url, lambda: dict(self._headers()), settings.reads)

    async def authenticate(self) -> None:
        """Log in. Raises `BrokerUnavailable`, `BrokerRefused`."""
        await self._read("authenticate", {})

    async def running(self) -> Json:
        """Return the deployment, which runs. Raises `BrokerUnavailable`, `BrokerRefused`."""
        deployed = await self._read("live/read", {"projectId": self._settings.project})
        with readable("deployment"):
            if deployed["status"] != "Running":
                raise BrokerUnavailable(f"project {self._settings.project} is {deployed['status']}")
        return deployed

    async def orders_tagged(self, tag: str) -> list[Json]:
        """Return the orders of that tag, as QuantConnect's late reading has them. Raises as `running`."""
        found, size = [], self._settings.orders_page
        for page in range(self._settings.pages_max):
            asked = {"projectId": self._settings.project, "start": page * size, "end": (page + 1) * size}
            answer = await self._read("live/orders/read", asked)
            with readable("orders"):
                orders = answer["orders"]
                found += [order for order in orders if order.get("tag") == tag]
                if len(orders) < size:
                    return found
        raise BrokerUnavailable(f"the orders of project {self._settings.project} do not end")

    async def command(self, body: bytes, timeout_s: float, guard: Guard) -> Answer:
        """Send a command, a JSON object, to the algorithm, once. Raises `NothingSent`, `Doubt`."""
        command = {"$type": shapes.COMMAND, "body": body.decode()}
        whole = msgspec.json.encode({"projectId": self._settings.project, "command": command})
        path = f"{_BASE}/live/commands/create"
        return await self.wire.request("POST", path, self._headers(), whole, timeout_s, guard)

    async def close(self) -> None:
        """Close every socket at once."""
        self.wire.close()
        await self._reads.close()

    async def _read(self, call: str, body: Json) -> Json:
        answer = shapes.camel(await self._reads.ask(f"{_BASE}/{call}", body))
        with readable(call):
            if answer["success"] is not True:
                code, text = shapes.refusal(answer)
                raise (BrokerRefused if code == shapes.BAD_LOGIN else BrokerUnavailable)(f"{call}: {text}")
            if "progress" in answer:
                raise BrokerUnavailable(f"{call}: still loading, {answer['progress']}")
        return answer

    def _headers(self) -> Headers:
        stamp = str(int(self._wall_s()))
        token = f"{self._login.api_token.get_secret_value()}:{stamp}"
        pair = f"{self._login.user_id.get_secret_value()}:{hashlib.sha256(token.encode()).hexdigest()}"
        return (
            ("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),
            ("Timestamp", stamp),
            ("User-Agent", "holdfast/0.1.0"),
            ("Content-Type", "application/json"),
        )
