"""Every quote row accounted for: what the venue played against what the feed received, accepted and rejected.

The venue counts rows as it plays them; the feed counts events as they arrive. They agree when

    rows of the market = rows played + rows that lay before the beginning (they stand on the board at once)
    sent               = rows played, to each client from its subscription on
    received           = sent + the snapshot a subscription begins with
    received           = accepted + rejected, by reason
"""

import json
import time
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.domain.orders.event import OrderPlaced, parse_event
from actors.domain.value import Value
from actors.messages import FeedState
from actors.ports import Envelope
from actors.streams import LocalStream
from supervisor.app.event_schema import EVENTS
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader

ANSWER_TIMEOUT_S = 5.0


class QuoteAccounts(Value):
    """The counts of one session so far."""

    rows_played: int
    rows_before: int
    rows_skipped: int
    sent: int
    snapshots: int
    received: int
    accepted: int
    rejected: Mapping[str, int]
    orders_after_close: int
    session: str
    closes_at: datetime

    @property
    def balance(self) -> bool:
        """Whether every row is accounted for."""
        return (
            self.sent == self.rows_played
            and self.received == self.sent + self.snapshots
            and self.received == self.accepted + sum(self.rejected.values())
        )


class NoAnswer(Exception):
    """The venue or the feed did not say its counts."""


def quote_accounts(place: Workplace) -> QuoteAccounts:
    """Read the counts of the running venue and feed. Raises `NoAnswer`."""
    status, feed = _venue_status(place), _feed_state(place)
    clients = status["quotes"]["clients"]
    client = max(clients, key=lambda each: each["quotes"], default={"quotes": 0, "trades": 0, "snapshots": 0})
    closes_at = datetime.fromisoformat(status["closes_at"])
    return QuoteAccounts(
        rows_played=status["rows"],
        rows_before=status["rows_before"],
        rows_skipped=status["rows_skipped"],
        sent=client["quotes"] + client["trades"],
        snapshots=client["snapshots"],
        received=feed.received,
        accepted=feed.accepted,
        rejected=feed.rejected,
        orders_after_close=_orders_from(place, closes_at),
        session=status["session"],
        closes_at=closes_at,
    )


def _venue_status(place: Workplace) -> dict[str, Any]:
    venue = place.venue
    request = urllib.request.Request(  # noqa: S310 - the venue's own door, on loopback
        f"{venue.control}/status", headers={"Authorization": f"Bearer {venue.control_token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:  # noqa: S310
            status: dict[str, Any] = json.load(answer)
    except OSError as error:
        raise NoAnswer(f"venue: {error}") from error
    return status


def _feed_state(place: Workplace) -> FeedState:
    name = f"accounts-{time.monotonic_ns()}"
    stream = LocalStream(place.places, name, incarnation=1, hears=("data_feed",))
    try:
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while (left := deadline - time.monotonic()) > 0:
            for arrival in stream.receive(left):
                if isinstance(arrival, Envelope) and isinstance(arrival.message, FeedState):
                    return arrival.message
    finally:
        stream.close()
    raise NoAnswer("data_feed said nothing")


def _orders_from(place: Workplace, closes_at: datetime) -> int:
    """Return how many orders were placed at or after the close."""
    reader = JournalReader(place.places.journal, EVENTS)
    try:
        placed = [parse_event(entry.body) for entry in reader.read(kinds=["order_placed"])]
    finally:
        reader.close()
    return sum(isinstance(event, OrderPlaced) and event.at >= closes_at for event in placed)
