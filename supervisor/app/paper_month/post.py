"""Who hears whom in a paper month: what actors tell and publish, to whoever lives and is meant."""

from collections.abc import Callable
from functools import partial
from typing import Final

from actors.domain.alerts.alert import Alert
from actors.domain.value import Value
from actors.messages import AlertRaised, AskUniverse, BookChanged
from actors.ports import Arrival, Envelope, PeerUnavailable
from supervisor.app.order_machine.link import Link
from supervisor.app.paper_month.feed import NAME as FEED
from supervisor.app.paper_month.shells import EXECUTOR, NOTIFIER, Line

HOP_S: Final = 0.0005
"""How long a message to a connection takes."""
PERSON: Final = "a person"


class Post:
    """Carries messages. `lines` are the streams of the actors that live, `links` the connections by peer."""

    def __init__(self, later: Callable[[float, Callable[[], None]], None], ask_quotes: Callable[[str], None]) -> None:
        self._later, self._ask_quotes = later, ask_quotes
        self.lines: dict[str, Line] = {}
        self.links: dict[str, Link] = {}
        self.alerts: list[Alert] = []
        self.told_person: Value | None = None

    def arrive(self, name: str, *arrivals: Arrival) -> None:
        """Let an actor find something in its inbox, if it lives."""
        if name in self.lines:
            self.lines[name].inbox.extend(arrivals)

    def carry(self, sender: str, peer: str, message: Value) -> None:
        """Carry what an actor tells, or publishes (to nobody by name). Raises `PeerUnavailable`."""
        if isinstance(message, AlertRaised):
            self.alerts.append(message.alert)
        elif not peer:
            self._publish(sender, message)
        elif (link := self.links.get(peer)) is not None:
            if not link.is_up:
                raise PeerUnavailable(peer)
            self._later(HOP_S, partial(_deliver, link, link.incarnation, message))
        elif peer == FEED and isinstance(message, AskUniverse):
            self._ask_quotes(message.reply_to)
        elif peer in self.lines:
            self.arrive(peer, from_(sender, message))
        elif peer == PERSON:
            self.told_person = message
        elif peer != NOTIFIER:
            raise PeerUnavailable(peer)

    def _publish(self, sender: str, message: Value) -> None:
        if isinstance(message, BookChanged):
            for name in self.lines:
                if name != EXECUTOR:
                    self.arrive(name, from_(sender, message))


def from_(sender: str, message: Value) -> Envelope:
    """Return a message as it arrives."""
    return Envelope(sender=sender, incarnation=1, sequence=1, message=message)


def _deliver(link: Link, incarnation: int, message: Value) -> None:
    if link.is_up and link.incarnation == incarnation:
        link.hear(message)
