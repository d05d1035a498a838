"""Builds the journal's follower as a child of the tree: its copy is the journal of this node's own folder."""

import socket
from threading import Event

from loguru import logger

from actors.ports import Shell
from actors.watermark import MappedWatermark
from supervisor.app.copy_fold import CopyFold
from supervisor.app.follower import Follower
from supervisor.app.placement import EXECUTOR
from supervisor.app.replication import shared_token
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

_BACKLOG = 16
_NOTES = "following"


class Following:
    """The follower's work loop."""

    def __init__(self, follower: Follower, watermark: MappedWatermark, fold: CopyFold) -> None:
        self._follower, self._watermark, self._fold = follower, watermark, fold

    def run(self, stop: Event) -> None:
        """Follow until stopped."""
        while not stop.is_set():
            before = self._follower.end
            self._follower.turn()
            self._fold.look(self._follower.committed, is_quiet=self._follower.end == before)
            self._watermark.advance()
        self._fold.close()
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
    built = Follower(place.places, door, token, logger.info, notes)
    executor = place.config.executor
    fold = CopyFold(
        built.rows,
        place.checkpoints(actor=EXECUTOR),
        place.products,
        executor.sessions_kept,
        executor.checkpoint_events,
        logger.info,
    )
    return Following(built, place.watermark(), fold)
