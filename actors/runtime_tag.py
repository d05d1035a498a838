"""The tag that tells one runtime's orders from another's: eight hex digits, made once for a state folder, durable.

Order ids are derived (law 1), so two runtimes with the same strategies derive the same ones: without a tag each would
take the other's orders for its own. The tag goes out behind the attempt's id, to the broker and nowhere else; journal,
ledger and screens know the id alone. It follows the state folder: restored on another machine, it finds its own orders
again. Two copies of one folder at work at once cannot be told apart by it.
"""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

FILE = "runtime-tag"
LENGTH = 8
_WIRE = re.compile(rf"(?P<attempt>.+-r\d+)\.(?P<tag>[0-9a-f]{{{LENGTH}}})")
_TAG = re.compile(rf"[0-9a-f]{{{LENGTH}}}")


class TagDamaged(Exception):
    """The file of the tag cannot be understood. Another tag would make strangers of our own orders."""


class Mark(NamedTuple):
    """What an order's id at a broker says: our attempt id, or another runtime's tag; neither for other programs'."""

    attempt_id: str | None
    other: str | None


def runtime_tag(state: Path) -> str:
    """Return the tag of a state folder, made where there is none. Raises `TagDamaged`."""
    path = state / FILE
    if not path.exists():
        _make(path)
    tag = path.read_text().strip()
    if not _TAG.fullmatch(tag):
        raise TagDamaged(f"{path} holds no tag")
    return tag


def on_wire(attempt_id: str, tag: str) -> str:
    """Return the id an attempt goes out with."""
    return f"{attempt_id}.{tag}"


def read_mark(identifier: str | None, tag: str) -> Mark:
    """Return what an id that a broker told says. One without a tag is as it is: it was sent before there were tags."""
    found = _WIRE.fullmatch(identifier or "")
    if found is None:
        return Mark(identifier, None)
    return Mark(found["attempt"], None) if found["tag"] == tag else Mark(None, found["tag"])


def _make(path: Path) -> None:
    fresh = path.with_name(f"{FILE}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(LENGTH // 2))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(fresh, path)  # whoever comes first makes it; nobody ever replaces it
    fresh.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
