"""Ports for doors of our own, below those that the kernel gives to whoever connects somewhere.

A door of the kernel's own range can be lost between the death of its server and the successor's start: any program that
connects may be given its number, and on loopback even the one that knocks at that very door, which then talks to itself
and keeps it. Seen in a fault run, where the venue's successors died of it until it was escalated.
"""

import secrets
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST: Final = 15_000
_KERNELS: Final = 32_768
"""Where the kernel's own begin if it does not say so; elsewhere than on Linux they begin higher."""


def kernels_first() -> int:
    """Return the first port that the kernel gives to outgoing connections."""
    with suppress(OSError):
        return int(_RANGE.read_text().split()[0])
    return _KERNELS


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now; held open together, so that no two are the same. Raises `OSError`."""
    numbers = range(_FIRST, max(kernels_first(), _FIRST + 1))
    found: list[int] = []
    with ExitStack() as held:
        for port in secrets.SystemRandom().sample(numbers, len(numbers)):
            if len(found) == count:
                return found
            door = held.enter_context(socket.socket())
            with suppress(OSError):
                door.bind(("127.0.0.1", port))
                found.append(port)
        while len(found) < count:  # the kernel has all of them
            door = held.enter_context(socket.socket())
            door.bind(("127.0.0.1", 0))
            found.append(door.getsockname()[1])
    return found
