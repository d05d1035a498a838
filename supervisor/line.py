"""One TCP line between a journal's leader and its follower, from either end: words in, words out, each wait bounded."""

import socket
import time
from collections import deque
from contextlib import suppress

from supervisor.replication import AnyWord, ProtocolBroken, Side, Talk

_CHUNK = 1 << 18


class LineLost(Exception):
    """The other end is gone, silent, or talks nonsense."""


class Line:
    """A connected socket and the talk on it."""

    def __init__(self, line: socket.socket, side: Side, timeout_s: float) -> None:
        self._socket, self._talk, self._timeout_s = line, Talk(side), timeout_s
        self._heard: deque[AnyWord] = deque()
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @classmethod
    def dial(cls, address: tuple[str, int], timeout_s: float) -> "Line":
        """Connect, as a leader. Raises `LineLost`."""
        try:
            return cls(socket.create_connection(address, timeout_s), Side.LEADER, timeout_s)
        except OSError as error:
            raise LineLost(str(error)) from None

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def say(self, word: AnyWord) -> None:
        """Send a word whole. Raises `LineLost`."""
        try:
            self._socket.settimeout(self._timeout_s)
            self._socket.sendall(self._talk.send(word))
        except OSError as error:
            raise LineLost(str(error)) from None

    def hear(self, timeout_s: float) -> list[AnyWord]:
        """Return the words that are there, waiting for the first until the time is up. Raises `LineLost`."""
        deadline = time.monotonic() + timeout_s
        while not self._heard:
            try:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.0))
                data = self._socket.recv(_CHUNK)
            except (BlockingIOError, TimeoutError):
                return []
            except OSError as error:
                raise LineLost(str(error)) from None
            if not data:
                raise LineLost("it closed the line")
            try:
                self._heard.extend(self._talk.receive(data))
            except ProtocolBroken as error:
                raise LineLost(str(error)) from None
        words = list(self._heard)
        self._heard.clear()
        return words

    def answer(self) -> AnyWord:
        """Return the next word, waited for as long as the line's own time. Raises `LineLost`."""
        words = self.hear(self._timeout_s)
        if not words:
            raise LineLost(f"no answer within {self._timeout_s:g} s")
        self._heard.extend(words[1:])
        return words[0]

    def close(self) -> None:
        """Close at once."""
        with suppress(OSError):
            self._socket.close()
