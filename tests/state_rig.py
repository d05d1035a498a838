"""A rig over a whole state folder: journal and checkpoints are the real ones, and the files of a running tree."""

import time
from typing import Any

from actors.places import Places
from supervisor.app.event_schema import EVENTS
from supervisor.checkpoints import CheckpointStore
from supervisor.journal import JournalWriter
from tests.rig import Rig


class StateRig(Rig):
    """The executor of a rig, at home in a state folder; `close` before the next one."""

    def __init__(self, where: Places, checkpoint_events: int = 5, **desk: float) -> None:
        self._where = where
        super().__init__(checkpoint_events=checkpoint_events, **desk)

    def start(self) -> None:
        self.close()
        self.journal = self.open_journal()
        self.checkpoints = CheckpointStore(self._where.checkpoints("executor"))
        super().start()

    def open_journal(self) -> JournalWriter:
        return self.writer()

    def writer(self, **more: Any) -> JournalWriter:
        return JournalWriter(
            self._where.journal, epoch=self.epoch + 1, clock=time.time_ns, fence=lambda: None, schema=EVENTS, **more
        )

    def close(self) -> None:
        for each in (self.journal, self.checkpoints):
            if isinstance(each, JournalWriter | CheckpointStore):
                each.close()
