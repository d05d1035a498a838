"""One socket of a stream, from either end: what is read comes out as whole frames, what is written never waits.

Nothing here blocks. A frame that the socket does not take at once is kept, up to a bound, and goes on when the socket
is writable again; what is kept dies with the link. A frame is on its way once its first byte was taken: from then on
it is sent whole or the link is broken.
"""

import socket
from collections import deque
from contextlib import suppress
from pathlib import Path

from pydantic import Field

from actors.domain.value import Value
from actors.frames import LENGTH, Frame

_CHUNK = 1 << 16
_BACKLOG = 128
GATE, GATE_TO_ALL = ".gate", "all.gate"
"""A socket beside the doors that leads to one door on another node, and one that leads to any."""
FRAME_BYTES_MAX = 1 << 28
"""A length beyond it is no frame of ours."""


class StreamLimits(Value):
    """How much a stream holds before it says no."""

    inbox_messages: int = Field(default=10_000, gt=0)
    """Told to one peer and not yet taken by its socket."""
    publication_messages: int = Field(default=2_000, gt=0)
    """Published and not yet taken by one hearer's socket; then the oldest go."""
    publication_frames: int = Field(default=64, gt=0)
    """The same of quotes: they are large, and the newest is worth the most."""
    receive_messages: int = Field(default=256, gt=0)
    """Most that one `receive` returns."""
    redial_ms: int = Field(default=10, gt=0)
    """Pace at which a peer that is to be heard or watched is looked for."""


class LinkBroken(Exception):
    """The other end is gone."""


def listen(path: Path) -> socket.socket:
    """Return a listening socket at `path`; an old one there stands until the new one is open."""
    fresh = path.with_name(f"{path.name}+")
    fresh.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.settimeout(0)
    door.bind(str(fresh))
    door.listen(_BACKLOG)
    fresh.rename(path)
    return door


def dial(path: Path, purpose: bytes) -> socket.socket:
    """Return a socket to the door at `path`, its purpose said. Raises `LinkBroken` where nobody listens.

    Where there is no such door, and this node has a gate that leads to it, the line goes through that: to the door on
    another node, or to an end soon.
    """
    try:
        return _connect(path, purpose)
    except OSError as error:
        for gate in (path.with_suffix(GATE), path.with_name(GATE_TO_ALL)):
            with suppress(OSError):
                return _connect(gate, path.name.encode() + b"\n" + purpose)
        raise LinkBroken(str(error)) from None


def _connect(path: Path, said: bytes) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(0)
    try:
        line.connect(str(path))
        line.send(said)
    except OSError:
        line.close()
        raise
    return line


def has_ended(line: socket.socket) -> bool:
    """Whether the other end of a line that only carries our words is gone."""
    try:
        return not line.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True


class Outflow:
    """Frames to one peer, in order. `kept_max` bounds those the socket did not take yet."""

    def __init__(self, line: socket.socket, kept_max: int) -> None:
        self.line = line
        self.sequence = 0
        self._kept: deque[bytes] = deque()
        self._kept_max = kept_max
        self._rest = memoryview(b"")

    @property
    def is_waiting(self) -> bool:
        """Whether something is kept that the socket must become writable for."""
        return bool(self._rest)

    @property
    def is_full(self) -> bool:
        """Whether one more frame would be one too many."""
        return len(self._kept) >= self._kept_max

    def send(self, frame: bytes) -> None:
        """Send, or keep. The oldest kept frame is dropped for a newer one. Raises `LinkBroken`."""
        if self._rest:
            if self.is_full:
                self._kept.popleft()
            self._kept.append(frame)
            return
        self._rest = memoryview(frame)
        self.flush()

    def flush(self) -> None:
        """Send what the socket takes now. Raises `LinkBroken`."""
        try:
            while self._rest:
                self._rest = self._rest[self.line.send(self._rest) :]
                if not self._rest and self._kept:
                    self._rest = memoryview(self._kept.popleft())
        except BlockingIOError:
            return
        except OSError as error:
            raise LinkBroken(str(error)) from None


class Inflow:
    """Frames from one peer."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self._read, self._at = b"", 0
        self._large, self._filled = bytearray(), 0
        """A frame longer than a chunk is read straight into its own place."""

    def fill(self) -> None:
        """Read what is there, a chunk at most. Raises `LinkBroken` at the end of the other side."""
        try:
            if self._large:
                count = self.line.recv_into(memoryview(self._large)[self._filled :])
                self._filled += count
            else:
                chunk = self.line.recv(_CHUNK)
                self._read, self._at, count = self._read[self._at :] + chunk, 0, len(chunk)
        except BlockingIOError:
            return
        except OSError as error:
            raise LinkBroken(str(error)) from None
        if not count:
            raise LinkBroken("closed")

    def take(self) -> Frame | None:
        """Return the next whole frame; None until more is read. Raises `LinkBroken` for what is no frame."""
        if self._large:
            return self._taken_large()
        start = self._at + LENGTH.size
        if len(self._read) < start:
            return None
        (length,) = LENGTH.unpack_from(self._read, self._at)
        if not 0 < length <= FRAME_BYTES_MAX:
            raise LinkBroken(f"a frame of {length} bytes")
        end = start + length
        if end <= len(self._read):
            self._at = end
            return self._read[start:end]
        if length > _CHUNK:
            self._large, self._filled = bytearray(length), len(self._read) - start
            self._large[: self._filled] = self._read[start:]
            self._read, self._at = b"", 0
        return None

    def _taken_large(self) -> Frame | None:
        if self._filled < len(self._large):
            return None
        frame, self._large, self._filled = self._large, bytearray(), 0
        return frame
