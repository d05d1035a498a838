"""The gate of a node: carries the streams of its actors to those of another node, and theirs to here.

    actor -- socket in the run folder -- gate here == TCP, both proved == gate there -- door in the run folder -- actor

Rules of this file
1. An actor that finds no door by its own way knocks at a gate that leads to it (`actors.links`), and says for whom. The
   gate here dials the gate there, which dials the door there and no gate again; whoever is not there is a line closed,
   as a dead peer's is. From then on bytes pass as they are, and the end of one end is at once the end of the other.
2. Each proves to the other that it knows the token, over both nonces, for this door. A stranger gets nothing, and soon.
   What passes is not encrypted.
3. Nothing is kept but what is on its way: an end that does not read makes the other wait, so the bounds of the streams
   hold across nodes. A node that falls silent is a line broken after `SILENCE_S`, by the kernel.
4. From a node that is lost nobody is let in, its lines are cut, and nobody here finds a gate to it any more. What it
   might still say would be refused anyway.
"""

import asyncio
import hashlib
import hmac
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final

from loguru import logger

from actors.links import GATE, GATE_TO_ALL
from actors.places import Places
from actors.ports import Shell, Watermark
from supervisor import directory as directories
from supervisor.app.placement import EXECUTOR, NODE
from supervisor.app.replication import shared_token
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext
from supervisor.directory import NodeState

TURN_S: Final = 0.1
MEET_S: Final = 2.0
SILENCE_S: Final = 3
REST_S: Final = 0.1
"""How long a knock that came to nothing waits for its answer: whoever knocks tries again at once."""
_CHUNK: Final = 1 << 16
_NONCE: Final = 16
_PROOF: Final = 32
_NAME_BYTES_MAX: Final = 128
_DIALS, _OPENS = b"dials", b"opens"
_COMES_TO_NOTHING: Final = (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Gate:
    """One node's gate. `inside`: the socket at which actors knock; `leads_to`: whether for this door they may."""

    def __init__(
        self,
        inside: Path,
        listens: tuple[str, int],
        other: tuple[str, int],
        token: bytes,
        leads_to: Callable[[str], bool],
        is_lost: Callable[[], bool] = lambda: False,
    ) -> None:
        self._inside, self._listens, self._other, self._token = inside, listens, other, token
        self._leads_to, self._is_lost = leads_to, is_lost
        self._lines: set[asyncio.StreamWriter] = set()

    async def work(self, stop: Event, turned: Callable[[], None]) -> None:
        """Carry until stopped; `turned` is called at each pass."""
        self._inside.unlink(missing_ok=True)
        inside = await asyncio.start_unix_server(self._knocked, self._inside)
        outside = await asyncio.start_server(self._reached, *self._listens)
        async with inside, outside:
            while not stop.is_set():
                await asyncio.sleep(TURN_S)
                turned()
                if self._is_lost():
                    inside.close()
                    self._inside.unlink(missing_ok=True)
                    for line in tuple(self._lines):
                        line.transport.abort()
        self._inside.unlink(missing_ok=True)

    async def _knocked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """An actor here asks for a door there."""
        try:
            async with asyncio.timeout(MEET_S):
                name = await _name(reader)
                there = await self._dial(name) if self._leads_to(name) and not self._is_lost() else None
        except _COMES_TO_NOTHING:
            there = None
        if there is None:
            await asyncio.sleep(REST_S)
            writer.transport.abort()
            return
        await self._carry((reader, writer), there)

    async def _reached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The gate there asks for a door here."""
        try:
            async with asyncio.timeout(MEET_S):
                door = None if self._is_lost() else await self._open((reader, writer))
        except _COMES_TO_NOTHING:
            door = None
        if door is None:
            writer.transport.abort()
            return
        await self._carry((reader, writer), door)

    async def _dial(self, name: str) -> Streams | None:
        """Return a line to a door there; None where the other gate cannot prove itself."""
        reader, writer = await asyncio.open_connection(*self._other)
        self._lines.add(writer)
        try:
            _watch_over(writer)
            theirs, ours = await reader.readexactly(_NONCE), secrets.token_bytes(_NONCE)
            writer.write(ours + self._proof(_DIALS, theirs, ours, name) + name.encode() + b"\n")
            shown = await reader.readexactly(_PROOF)
        except BaseException:
            self._drop(writer)
            raise
        if not hmac.compare_digest(shown, self._proof(_OPENS, theirs, ours, name)):
            logger.error("the gate at {}:{} does not know the token", *self._other)
            self._drop(writer)
            return None
        return reader, writer

    async def _open(self, line: Streams) -> Streams | None:
        """Return the door here that somebody may pass; None for a stranger."""
        reader, writer = line
        _watch_over(writer)
        ours = secrets.token_bytes(_NONCE)
        writer.write(ours)
        theirs, shown = await reader.readexactly(_NONCE), await reader.readexactly(_PROOF)
        name = await _name(reader)
        if not hmac.compare_digest(shown, self._proof(_DIALS, ours, theirs, name)):
            logger.error("a stranger at the gate")
            return None
        door = await asyncio.open_unix_connection(self._inside.with_name(name))
        writer.write(self._proof(_OPENS, ours, theirs, name))
        self._lines.add(writer)
        return door

    async def _carry(self, one: Streams, other: Streams) -> None:
        """Pass bytes both ways until one end is closed; then close the other."""
        ways = [asyncio.create_task(_pass(one[0], other[1])), asyncio.create_task(_pass(other[0], one[1]))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for _, writer in (one, other):
                self._drop(writer)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._lines.discard(writer)
        writer.close()

    def _proof(self, side: bytes, first: bytes, second: bytes, name: str) -> bytes:
        return hmac.digest(self._token, side + first + second + name.encode(), hashlib.sha256)


class GateShell:
    """The gate as a child."""

    def __init__(self, gate: Gate, watermark: Watermark) -> None:
        self._gate, self._watermark = gate, watermark

    def run(self, stop: Event) -> None:
        """Work until stopped."""
        asyncio.run(self._gate.work(stop, self._watermark.advance))


def gate(context: ChildContext) -> Shell:
    """Build the gate of a node."""
    place = Workplace.child(context)
    section = place.config.nodes
    assert section.gate is not None
    assert section.token is not None
    token = shared_token(section.token)
    place.redactor.learn(token.decode())
    away = next(node for node in section.away if node.name == section.executor)
    home, there, executor = _address(section.gate), _address(away.gate), place.places.socket(EXECUTOR)
    if NODE in place.arguments:
        made = Gate(executor.with_name(GATE_TO_ALL), there, home, token, lambda name: name != executor.name)
    else:
        lost = _Lost(place.places, away.name)
        made = Gate(executor.with_suffix(GATE), home, there, token, lambda name: name == executor.name, lost)
    return GateShell(made, place.watermark())


class _Lost:
    """Whether another node is lost, as the directory says; read again where that was replaced."""

    def __init__(self, where: Places, node: str) -> None:
        self._path, self._node = where.directory, node
        self._seen, self._is_lost = 0, False

    def __call__(self) -> bool:
        with suppress(FileNotFoundError, directories.DirectoryDamaged):
            seen = self._path.stat().st_mtime_ns
            if seen != self._seen:
                directory = directories.read(self._path)
                entry = directory.nodes.get(self._node) if directory is not None else None
                self._seen = seen
                self._is_lost = entry is not None and entry.state in (NodeState.LOST, NodeState.DEAD)
        return self._is_lost


async def _name(reader: asyncio.StreamReader) -> str:
    """Return the door that is asked for: a name in the run folder, and no path."""
    name = (await reader.readuntil(b"\n"))[:-1].decode()
    if len(name) > _NAME_BYTES_MAX or "/" in name or not name.endswith(".door"):
        raise ValueError(name[:_NAME_BYTES_MAX])
    return name


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


def _watch_over(writer: asyncio.StreamWriter) -> None:
    """Have the kernel break a line whose other end is silent, idle or not."""
    line: socket.socket = writer.get_extra_info("socket")
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, SILENCE_S - 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_S * 1000)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)
