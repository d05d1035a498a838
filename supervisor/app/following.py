"""Builds the journal's follower as a child of the tree: its copy is the journal of this node's own folder."""

import socket
from threading import Event

from loguru import logger

from actors.ports import Shell
from actors.watermark import MappedWatermark
from supervisor.app.follower import Follower
from supervisor.app.replication import shared_token
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

_BACKLOG = 16
_NOTES = "following"


class Following:
    """The follower's work loop."""

    def __init__(self, follower: Follower, watermark: MappedWatermark) -> None:
        self._follower, self._watermark = follower, watermark

    def run(self, stop: Event) -> None:
        """Follow until stopped."""
        while not stop.is_set():
            self._follower.turn()
            self._watermark.advance()
        self._follower.close()


def follower(context: ChildContext) -> Shell:
    """Build it."""
    place = Workplace.child(context)
    section, notes = place.config.journal, place.places.run / _NOTES
    assert section.follower is not None
    assert section.token is not None
    token = shared_token(section.token)
    place.redactor.learn(token.decode())
    host, _, port = section.follower.rpartition(":")
    notes.mkdir(mode=0o700, exist_ok=True)
    door = socket.create_server((host, int(port)), backlog=_BACKLOG)
    return Following(Follower(place.places, door, token, logger.info, notes), place.watermark())
