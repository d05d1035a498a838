"""One sender (law 9): the number of the process that may send, in one fsynced file.

A taker adds one under a lock; whoever is about to write to a broker or to the journal reads it and compares. That
narrows the race with a predecessor and does not close it: a taker must know its predecessor dead.

A lost file must not give out old numbers again, so the taker passes `above`, the highest epoch its journal knows.
"""

import zlib
from pathlib import Path

from actors.durable import locked, replace
from actors.ports import DamagedState


def take_epoch(path: Path, above: int = 0) -> int:
    """Take and return the next epoch, larger than `above`; durable on return. Raises `DamagedState`."""
    with locked(path):
        epoch = max(read_epoch(path), above) + 1
        number = b"%d" % epoch
        replace(path, b"%s %08x\n" % (number, zlib.crc32(number)))
    return epoch


def read_epoch(path: Path) -> int:
    """Return the epoch in force, 0 where none was ever taken. Raises `DamagedState`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return 0
    number, _, check = content.partition(b" ")
    if not number.isdigit() or check != b"%08x\n" % zlib.crc32(number):
        raise DamagedState(f"{path}: not an epoch: {content[:40]!r}")
    return int(number)
