"""A rig's executor that lives beside a verb: it reads the real latch file, and replaces the real board at each turn."""

from collections.abc import Callable
from threading import Event, Thread

from actors.latch import read_latch
from actors.places import Places
from actors.route_board import write_board
from tests.rig import Rig


class Living:
    """Turns the rig on a thread of its own until it is closed; `play` does what the brokers would."""

    def __init__(self, where: Places, rig: Rig, play: Callable[[Rig], None], *, is_deaf: bool = False) -> None:
        self._where, self._rig, self._play, self._is_deaf = where, rig, play, is_deaf
        self._stop = Event()
        self.turn()
        self._thread = Thread(target=self._work)
        self._thread.start()

    def turn(self) -> None:
        if not self._is_deaf:
            self._rig.stop = read_latch(self._where.latch).words
        self._rig.after(0.1)
        self._play(self._rig)
        write_board(self._where.routes, self._rig.executor._board.view())

    def _work(self) -> None:
        while not self._stop.wait(0.02):
            self.turn()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
