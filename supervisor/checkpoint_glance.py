"""Reads an actor's newest checkpoint beside it, for whoever only looks: nothing is written, moved or waited for.

What does not verify is passed over, never set aside: that is its owner's business.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from diskcache.core import DBNAME
from pydantic import BaseModel

from supervisor.checkpoint_record import opened

M = TypeVar("M", bound=BaseModel)
TIMEOUT_S: Final = 1.0


def glance(folder: Path, kind: type[M]) -> tuple[M, int] | None:
    """Return the newest sound generation and its journal sequence; None where there is none to be had."""
    try:
        key = (folder / "key").read_bytes()
        with closing(sqlite3.connect(f"file:{folder / DBNAME}?mode=ro", uri=True, timeout=TIMEOUT_S)) as file:
            rows = file.execute("SELECT key, value FROM Cache WHERE key LIKE 'slot-%'").fetchall()
    except (OSError, sqlite3.Error):
        return None
    said = [(str(held).partition(" ")[0], name, str(held)) for name, held in rows]
    slots = sorted(((int(number), name, held) for number, name, held in said if number.isdigit()), reverse=True)
    for number, name, held in slots:
        try:
            return opened(key, name, held, number, kind)
        except ValueError:
            continue
    return None
