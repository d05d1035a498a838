"""Who listens where on this machine: the kernel's own tables, joined with the processes that hold the sockets.

Sees TCP sockets of this user's processes. Assumes Linux's /proc; another network namespace's are not seen.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from supervisor.child_spec import Spec
from supervisor.process import Process, of_this_user

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENING = "0A"
SOCKET = re.compile(r"socket:\[(\d+)\]")


class Listener(Spec):
    """One listening socket."""

    host: str
    port: int
    process: Process
    command: str

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback


def listening(tables: Iterable[Path] = TABLES) -> Iterator[Listener]:
    """Yield every TCP socket that a process of this user listens at."""
    sockets = {inode: where for table in tables for inode, where in _rows(table)}
    for process, _, command in of_this_user():
        for inode in _inodes(process.pid):
            if inode in sockets:
                host, port = sockets[inode]
                yield Listener(host=host, port=port, process=process, command=" ".join(command))


def _rows(table: Path) -> Iterator[tuple[str, tuple[str, int]]]:
    try:
        lines = table.read_text().splitlines()[1:]
    except FileNotFoundError:
        return
    for fields in map(str.split, lines):
        if fields[3] == LISTENING:
            host, _, port = fields[1].partition(":")
            yield fields[9], (_address(host), int(port, 16))


def _address(text: str) -> str:
    """Return an address of the kernel's table: words of four bytes, each in the machine's own order."""
    raw = bytes.fromhex(text)
    words = (raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)  # an IPv4 address, as a socket for both kinds tells it
    return str(mapped or address)


def _inodes(pid: int) -> Iterator[str]:
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found = SOCKET.fullmatch(str(entry.readlink()))
            if found:
                yield found[1]
    except OSError:
        return  # the process, or one of its descriptors, ended while we looked
