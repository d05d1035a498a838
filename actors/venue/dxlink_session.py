"""One DXLink conversation, decided without I/O: what the server answers, and what the client wants to hear.

    message              needs          answer
    SETUP                -              SETUP, AUTH_STATE UNAUTHORIZED      UNSUPPORTED_PROTOCOL for a strange version
    AUTH                 SETUP          AUTH_STATE AUTHORIZED               UNAUTHORIZED for a bad token
    KEEPALIVE            SETUP          nothing
    CHANNEL_REQUEST      AUTHORIZED     CHANNEL_OPENED                      BAD_ACTION for an even channel, a used one
                                                                            or a service other than FEED
    FEED_SETUP           open channel   FEED_CONFIG
    FEED_SUBSCRIPTION    open channel   FEED_CONFIG where none was sent yet; then the latest of what was added
    CHANNEL_CANCEL       open channel   CHANNEL_CLOSED

What cannot be parsed is INVALID_MESSAGE, what comes before its time BAD_ACTION, or UNAUTHORIZED before the login. An
error on channel 0 ends the conversation, one on another channel does not. The format is COMPACT always; event types
without a source here (Greeks, Summary, ...) are accepted and stay silent, as they do for a quiet instrument.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.domain.market.quote import Rows
from actors.venue.dxlink_encode import FIELDS

VERSION = "1.0-holdfast/1.0"
KEEPALIVE_S = 60
AGGREGATION_S = 0.1
CHANNELS_MAX = 64
Json = dict[str, Any]


class DxlinkError(Exception):
    """A message that is answered with ERROR."""

    def __init__(self, channel: int, error: str, text: str) -> None:
        super().__init__(text)
        self.message: Json = {"type": "ERROR", "channel": channel, "error": error, "message": text}
        self.is_fatal = channel == 0


@dataclass
class Channel:
    """One open FEED channel: fields and wanted rows, by event type."""

    number: int
    rows: int
    fields: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(FIELDS))
    wanted: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    aggregation_s: float = AGGREGATION_S
    is_configured: bool = False

    def mask(self, event: str) -> NDArray[np.bool_]:
        """Return the wanted rows of an event type, to be read or changed."""
        if event not in self.wanted:
            self.wanted[event] = np.zeros(self.rows, np.bool_)
        return self.wanted[event]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message leads to: answers in order, whether to hang up, and the rows just asked for."""

    replies: tuple[Json, ...] = ()
    hang_up: bool = False
    added: tuple[tuple[Channel, str, Rows], ...] = ()


class DxlinkSession:
    """The server's side of one conversation."""

    def __init__(self, row_of: Mapping[str, int], is_token_good: Callable[[str], bool]) -> None:
        self._row_of = row_of
        self._is_token_good = is_token_good
        self._is_set_up = False
        self._is_authorized = False
        self.client_keepalive_s: float = KEEPALIVE_S
        self.channels: dict[int, Channel] = {}

    def hear(self, text: str | bytes) -> Heard:
        """Take in one message."""
        try:
            return self._dispatch(text)
        except DxlinkError as error:
            return Heard(replies=(error.message,), hang_up=error.is_fatal)

    def subscribed(self) -> int:
        """Return how many symbols are wanted, each event type counted apart."""
        return sum(int(mask.sum()) for channel in self.channels.values() for mask in channel.wanted.values())

    def _dispatch(self, text: str | bytes) -> Heard:
        try:
            message = msgspec.json.decode(text)
            kind, channel = str(message["type"]), int(message["channel"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise DxlinkError(0, "INVALID_MESSAGE", f"Unable to parse the message: {error}") from error
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise DxlinkError(0, "BAD_ACTION", f"Protocol violation: unexpected message type {kind}.")
        if not self._is_set_up and kind != "SETUP":
            raise DxlinkError(0, "BAD_ACTION", "Protocol violation: SETUP is expected first.")
        try:
            return handler(self, channel, message)
        except (KeyError, TypeError, ValueError) as error:
            raise DxlinkError(channel, "INVALID_MESSAGE", f"{kind} is not understood: {error!r}") from error

    def _setup(self, _: int, message: Json) -> Heard:
        version = str(message["version"])
        if not version.startswith(("0.", "1.")):
            raise DxlinkError(0, "UNSUPPORTED_PROTOCOL", f"The protocol version {version} is not supported.")
        self._is_set_up = True
        self.client_keepalive_s = float(message.get("acceptKeepaliveTimeout") or KEEPALIVE_S)
        answer = {
            "type": "SETUP",
            "channel": 0,
            "version": VERSION,
            "keepaliveTimeout": KEEPALIVE_S,
            "acceptKeepaliveTimeout": self.client_keepalive_s,
        }
        return Heard(replies=(answer, _auth_state("UNAUTHORIZED")))

    def _auth(self, _: int, message: Json) -> Heard:
        self._is_authorized = self._is_token_good(str(message["token"]))
        if not self._is_authorized:
            error = DxlinkError(0, "UNAUTHORIZED", "The token is not valid.")
            return Heard(replies=(_auth_state("UNAUTHORIZED"), error.message), hang_up=True)
        return Heard(replies=(_auth_state("AUTHORIZED"),))

    def _keepalive(self, _: int, __: Json) -> Heard:
        return Heard()

    def _channel_request(self, channel: int, message: Json) -> Heard:
        if not self._is_authorized:
            raise DxlinkError(0, "UNAUTHORIZED", "Authorization is required.")
        if channel % 2 == 0:
            raise DxlinkError(0, "BAD_ACTION", "Protocol violation with an even channel usage.")
        if channel in self.channels or len(self.channels) >= CHANNELS_MAX:
            raise DxlinkError(channel, "BAD_ACTION", f"Channel {channel} cannot be opened: it is, or too many are.")
        if message["service"] != "FEED":
            raise DxlinkError(channel, "BAD_ACTION", f"Service {message['service']} is not available.")
        self.channels[channel] = Channel(channel, len(self._row_of))
        parameters = message.get("parameters", {"contract": "AUTO"})
        return Heard(
            replies=({"type": "CHANNEL_OPENED", "channel": channel, "service": "FEED", "parameters": parameters},)
        )

    def _channel_cancel(self, number: int, _: Json) -> Heard:
        del self.channels[self._open(number).number]
        return Heard(replies=({"type": "CHANNEL_CLOSED", "channel": number},))

    def _feed_setup(self, number: int, message: Json) -> Heard:
        channel = self._open(number)
        for event, fields in message.get("acceptEventFields", {}).items():
            known = FIELDS.get(event)
            channel.fields[event] = tuple(name for name in fields if known is None or name in known)
        channel.aggregation_s = float(message.get("acceptAggregationPeriod", AGGREGATION_S))
        return Heard(replies=(_feed_config(channel),))

    def _feed_subscription(self, number: int, message: Json) -> Heard:
        channel = self._open(number)
        if message.get("reset"):
            channel.wanted.clear()
        for event, rows in self._by_event(message.get("remove", ())).items():
            channel.mask(event)[rows] = False
        added = self._by_event(message.get("add", ()))
        for event, rows in added.items():
            channel.mask(event)[rows] = True
        replies = () if channel.is_configured else (_feed_config(channel),)
        return Heard(replies=replies, added=tuple((channel, event, rows) for event, rows in added.items()))

    def _by_event(self, entries: Sequence[Json]) -> dict[str, Rows]:
        rows: dict[str, list[int]] = {}
        for entry in entries:
            row = self._row_of.get(entry["symbol"])
            if row is not None and entry["type"] in FIELDS:
                rows.setdefault(entry["type"], []).append(row)
        return {event: np.unique(np.array(found, np.int32)) for event, found in rows.items()}

    def _open(self, number: int) -> Channel:
        channel = self.channels.get(number)
        if channel is None:
            raise DxlinkError(number, "BAD_ACTION", f"Channel {number} is not open.")
        return channel


def _feed_config(channel: Channel) -> Json:
    channel.is_configured = True
    return {
        "type": "FEED_CONFIG",
        "channel": channel.number,
        "aggregationPeriod": channel.aggregation_s,
        "dataFormat": "COMPACT",
        "eventFields": {event: list(fields) for event, fields in channel.fields.items()},
    }


def _auth_state(state: str) -> Json:
    return {"type": "AUTH_STATE", "channel": 0, "state": state}


_HANDLERS: dict[str, Callable[[DxlinkSession, int, Json], Heard]] = {
    "SETUP": DxlinkSession._setup,  # noqa: SLF001 - the table of its own methods
    "AUTH": DxlinkSession._auth,  # noqa: SLF001
    "KEEPALIVE": DxlinkSession._keepalive,  # noqa: SLF001
    "CHANNEL_REQUEST": DxlinkSession._channel_request,  # noqa: SLF001
    "CHANNEL_CANCEL": DxlinkSession._channel_cancel,  # noqa: SLF001
    "FEED_SETUP": DxlinkSession._feed_setup,  # noqa: SLF001
    "FEED_SUBSCRIPTION": DxlinkSession._feed_subscription,  # noqa: SLF001
}
