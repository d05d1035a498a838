"""A bare DXLink client: the handshake, subscriptions, and events as the wire has them."""

import json
from typing import Self

from websockets.sync.client import connect

from tests.actors.venue.conftest import Running
from tests.actors.venue.wire_clients import Tastytrade

FIELDS = ("eventSymbol", "bidPrice", "askPrice", "bidSize", "askSize", "bidTime")


class DxlinkClient:
    """One connection with one open channel."""

    def __init__(self, venue: Running, fields: tuple[str, ...] = FIELDS) -> None:
        ticket = Tastytrade(venue).get("/api-quote-tokens")["data"]
        self.fields = fields
        self.pending: list[tuple[str, list]] = []
        self.wire = connect(ticket["dxlink-url"], max_size=None)
        self.say("SETUP", 0, version="0.1-test/1.0", keepaliveTimeout=60, acceptKeepaliveTimeout=60)
        assert self.hear()["type"] == "SETUP"
        assert self.hear()["state"] == "UNAUTHORIZED"
        self.say("AUTH", 0, token=ticket["token"])
        assert self.hear()["state"] == "AUTHORIZED"
        self.say("CHANNEL_REQUEST", 1, service="FEED", parameters={"contract": "AUTO"})
        assert self.hear()["type"] == "CHANNEL_OPENED"
        self.say("FEED_SETUP", 1, acceptDataFormat="COMPACT", acceptEventFields={"Quote": list(fields)})
        assert self.hear()["eventFields"]["Quote"] == list(fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()

    def say(self, kind: str, channel: int, **rest: object) -> None:
        self.wire.send(json.dumps({"type": kind, "channel": channel, **rest}))

    def hear(self) -> dict:
        while (message := json.loads(self.wire.recv(10)))["type"] == "KEEPALIVE":
            pass
        return message

    def subscribe(self, symbols: list[str], event: str = "Quote") -> None:
        self.say("FEED_SUBSCRIPTION", 1, add=[{"type": event, "symbol": symbol} for symbol in symbols])

    def events(self, kind: str, count: int) -> list[list]:
        """Return the next `count` events of a kind, reading frames as need be."""
        found: list[list] = []
        while len(found) < count:
            name, values = self.hear()["data"]
            width = len(self.fields) if name == "Quote" else 15
            if name == kind:
                found += [values[start : start + width] for start in range(0, len(values), width)]
        assert len(found) == count, f"{len(found)} events in whole frames for {count}"
        return found

    def prices(self) -> list:
        """Return bid and ask of the next quote."""
        return self.events("Quote", 1)[0][1:3]
