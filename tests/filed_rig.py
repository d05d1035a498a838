"""A rig whose journal is a real file and whose door is a real socket, for verbs that speak to it from outside."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from actors.domain.value import Value
from actors.messages import SignalAnswered, SubmitSignal
from actors.places import Places
from actors.ports import Envelope
from actors.streams import LocalStream
from supervisor.app.event_schema import EVENTS
from supervisor.journal import JournalWriter
from tests.rig import Rig


class FiledRig(Rig):
    """The executor of a rig over the journal of a state folder."""

    def __init__(self, path: Path, **desk: object) -> None:
        self._path = path
        super().__init__(**desk)

    def start(self) -> None:
        if self.__dict__.get("writer") is not None:
            self.writer.close()
        self.journal = self.writer = JournalWriter(
            self._path, epoch=self.epoch + 1, clock=time.time_ns, fence=lambda: None, schema=EVENTS
        )
        super().start()


class Door:
    """Whoever asks through the socket is answered by the rig's executor; then `play` does what the brokers would."""

    def __init__(
        self,
        where: Places,
        rig: Rig,
        play: Callable[[Rig], None] = lambda rig: None,
        asked: type[Value] = SubmitSignal,
        answered: type[Value] = SignalAnswered,
    ) -> None:
        self._asked, self._answered = asked, answered
        self._stream = LocalStream(where, "executor", incarnation=1)
        self._rig, self._play, self._stop = rig, play, Event()
        self._thread = Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            for arrival in self._stream.receive(0.05):
                if isinstance(arrival, Envelope) and isinstance(arrival.message, self._asked):
                    self._rig.told(self._answered)
                    self._rig.hear(arrival.sender, arrival.message)
                    ((peer, answer),) = self._rig.told(self._answered)
                    self._stream.tell(peer, answer)
                    self._play(self._rig)
        self._stream.close()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
