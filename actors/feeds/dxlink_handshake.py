"""The opening of a DXLink session as a table: what the server says, where we stand, what we answer.

    state     hears                     becomes   says
    SETUP     SETUP                     AUTH      -
    AUTH      AUTH_STATE UNAUTHORIZED   VERDICT   AUTH, with the token
    AUTH      AUTH_STATE AUTHORIZED     CHANNEL   CHANNEL_REQUEST     a server that wants no token
    VERDICT   AUTH_STATE AUTHORIZED     CHANNEL   CHANNEL_REQUEST
    CHANNEL   AUTH_STATE AUTHORIZED     CHANNEL   -                   said twice: before and after the token
    CHANNEL   CHANNEL_OPENED            OPEN      FEED_SETUP, then what we subscribe to, in chunks
    OPEN      FEED_CONFIG, FEED_DATA    OPEN      -                   data is the caller's business
    any       KEEPALIVE                 same      -

Everything else ends the session: every ERROR (the protocol calls them informational, but each one means that we will
not get what we asked for, and a feed with silent holes is worse than a reconnect), a closed channel, a second
UNAUTHORIZED. The text of the end names what was heard, and where.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from actors.feeds.dxlink_decode import FIELDS, Message

CHANNEL = 1
"""Clients use odd channels; we need one."""
_VERSION = "0.1-holdfast/0.1"
Say = dict[str, Any]


class State(StrEnum):
    """What we wait for."""

    SETUP = "SETUP"
    AUTH = "AUTH"
    VERDICT = "VERDICT"
    CHANNEL = "CHANNEL"
    OPEN = "OPEN"


class SessionEnded(Exception):
    """The server said no, or something that does not belong there."""


_NEXT = {
    (State.SETUP, "SETUP"): State.AUTH,
    (State.AUTH, "AUTH_STATE UNAUTHORIZED"): State.VERDICT,
    (State.AUTH, "AUTH_STATE AUTHORIZED"): State.CHANNEL,
    (State.VERDICT, "AUTH_STATE AUTHORIZED"): State.CHANNEL,
    (State.CHANNEL, "AUTH_STATE AUTHORIZED"): State.CHANNEL,
    (State.CHANNEL, "CHANNEL_OPENED"): State.OPEN,
    (State.OPEN, "FEED_CONFIG"): State.OPEN,
    (State.OPEN, "FEED_DATA"): State.OPEN,
}


class Handshake:
    """One session's opening. Feed it every message but data; send what it answers."""

    def __init__(
        self, token: str, subscriptions: Sequence[tuple[str, str]], *, silence_max_s: float, chunk: int
    ) -> None:
        self.state = State.SETUP
        self._token, self._subscriptions, self._chunk = token, subscriptions, chunk
        self._silence_max_s = silence_max_s

    def greeting(self) -> Say:
        """Return our first message. Within `silence_max_s` the server has to say something, if only KEEPALIVE."""
        timeout = max(1, int(self._silence_max_s))
        return _say("SETUP", 0, version=_VERSION, keepaliveTimeout=timeout, acceptKeepaliveTimeout=timeout)

    def on(self, message: Message) -> tuple[Say, ...]:
        """Return what to say to `message`. Raises `SessionEnded`."""
        if message.type == "ERROR":
            raise SessionEnded(f"{message.error}: {message.message}")
        heard = f"{message.type} {message.state}".strip()
        if heard == "KEEPALIVE":
            return ()
        before, after = self.state, _NEXT.get((self.state, heard))
        if after is None:
            raise SessionEnded(f"heard {heard} in {before}")
        self.state = after
        return () if before is after else tuple(self._entering(after))

    def _entering(self, state: State) -> Iterator[Say]:
        if state is State.VERDICT:
            yield _say("AUTH", 0, token=self._token)
        elif state is State.CHANNEL:
            yield _say("CHANNEL_REQUEST", CHANNEL, service="FEED", parameters={"contract": "AUTO"})
        elif state is State.OPEN:
            fields = {kind: list(names) for kind, names in FIELDS.items()}
            setup = {"acceptAggregationPeriod": 0, "acceptDataFormat": "COMPACT", "acceptEventFields": fields}
            yield _say("FEED_SETUP", CHANNEL, **setup)
            for start in range(0, len(self._subscriptions), self._chunk):
                wanted = self._subscriptions[start : start + self._chunk]
                yield _say("FEED_SUBSCRIPTION", CHANNEL, add=[{"type": kind, "symbol": name} for kind, name in wanted])


def keepalive() -> Say:
    """Return the message that says only that we are here."""
    return _say("KEEPALIVE", 0)


def _say(kind: str, channel: int, **rest: Any) -> Say:
    return {"type": kind, "channel": channel, **rest}
