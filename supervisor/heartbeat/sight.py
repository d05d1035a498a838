"""What is seen of a running tree from outside: signs of progress, and what is known to be wrong.

The sign of supervisor, risk, feed and notifier is the count of passes of their work loops; that of the journal is the
board of the executor, which alone writes the journal and replaces the board in the same loop, on whichever node it
runs; that of the quotes the feed's own word, as the executor heard it. `journal_fault` costs more, and is asked for
before each sign of life: whether the disk takes a durable write, and the journal holds all that was acknowledged.
"""

import json
import os
from collections.abc import Callable, Hashable, Iterator
from typing import Any, Final

import apsw

from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.domain.market.session import NEW_YORK, Session, Sessions
from actors.domain.value import Instant
from actors.places import Places
from supervisor import directory as directories
from supervisor.chain import JournalDamagedError
from supervisor.directory import Directory
from supervisor.heartbeat.liveness import Sight
from supervisor.journal import JournalReader
from supervisor.journal_file import JournalFullError, JournalNewerError, JournalUnwritableError
from supervisor.journal_head import acknowledged
from supervisor.runtime import NAME, read_mark
from supervisor.state_disk import MB
from supervisor.tree import ChildState

CHILDREN: Final = ("risk", "data_feed", "notifier")
"""Children whose marks are signs here; the executor's is its board."""
NEEDED: Final = (*CHILDREN, "executor")
RULE: Final = "equity_option"
UNREADABLE: Final = (JournalDamagedError, JournalUnwritableError, JournalFullError, JournalNewerError)
Board = dict[str, Any]


def look(where: Places, config: RuntimeConfig, sessions: Callable[[], Sessions], now: Instant, boot_ns: int) -> Sight:
    """Return one look at the tree."""
    directory, board = _directory(where), _board(where)
    feed = (board or {}).get("feed") or {}
    signs: dict[str, Hashable | None] = {NAME: _passes(where, NAME)}
    signs |= {name: _passes(where, name, directory) for name in CHILDREN}
    signs |= {"journal": board["at_ns"] if board else None, "quotes": feed.get("at_ns")}
    faults = (*_children(directory), *_quotes(feed, config, sessions, now, boot_ns), *_disk(where, config))
    return Sight(signs, faults)


def journal_fault(where: Places, write: Callable[[], None]) -> str:
    """Return why the journal does not count as live, empty where it does; `write` tries the disk under it."""
    try:
        write()
    except OSError as error:
        return f"journal: its disk takes no write: {error.strerror}"
    try:
        head, last = acknowledged(where.journal), _last(where)
    except (*UNREADABLE, apsw.Error, OSError) as error:
        return f"journal: cannot be read: {type(error).__name__}"
    if last < (head.sequence if head is not None else 0):
        return "journal: it lacks what was acknowledged"
    return "" if last else "journal: there is nothing in it yet"


def _last(where: Places) -> int:
    """Return the last event's number; 0 where there is none, or no journal."""
    try:
        reader = JournalReader(where.journal)
    except FileNotFoundError:
        return 0
    try:
        last = reader.last()
    finally:
        reader.close()
    return last.sequence if last else 0


def _children(directory: Directory | None) -> Iterator[str]:
    if directory is None:
        yield "supervisor: no tree stands in its directory"
        return
    for name in NEEDED:
        entry = directory.children.get(name)
        if entry is not None and entry.state is ChildState.AWAY:
            there = directories.elsewhere(directory, name)
            entry = there[1] if there is not None else None
        if entry is None:
            yield f"{name}: nobody says that it runs"
        elif entry.escalated:
            yield f"{name}: died too often: {entry.last_reason}"
        elif entry.state is not ChildState.RUNNING:
            yield f"{name}: {entry.state}"


def _quotes(
    feed: Board, config: RuntimeConfig, sessions: Callable[[], Sessions], now: Instant, boot_ns: int
) -> Iterator[str]:
    """Yield what the feed says is wrong. Between sessions no quotes come; a paper market makes its own hours."""
    if not feed:
        return
    if not feed["connected"]:
        yield f"quotes: {feed['reason'] or 'not connected'}"
    elif config.runtime.mode is not Mode.PAPER:
        age_s, limit_s = (boot_ns - feed["last_frame_ns"]) / 1e9, config.risk.feed_frame_max_s
        if age_s > limit_s and _is_open_since(sessions(), now, limit_s):
            yield f"quotes: the last came {age_s:.0f} s ago"


def _is_open_since(sessions: Sessions, now: Instant, seconds: float) -> bool:
    found = sessions.find(RULE, now.astimezone(NEW_YORK).date())
    return isinstance(found, Session) and seconds <= (now - found.opens_at).total_seconds() and now < found.closes_at


def _disk(where: Places, config: RuntimeConfig) -> Iterator[str]:
    found = os.statvfs(where.state)
    free, least = found.f_bavail * found.f_frsize, config.disk.free_min_mb * MB
    if free < least:
        yield f"journal: {free / MB:,.1f} MB free below it, {least / MB:,.1f} MB must be"


def _passes(where: Places, name: str, directory: Directory | None = None) -> Hashable | None:
    mark = read_mark(where, name)
    if mark is None or not mark.passes:
        return None
    if directory is not None:
        entry = directory.children.get(name)
        if entry is None or entry.incarnation != mark.incarnation:
            return None
    return mark.incarnation, mark.passes


def _directory(where: Places) -> Directory | None:
    try:
        return directories.read(where.directory)
    except (OSError, directories.DirectoryDamaged):
        return None


def _board(where: Places) -> Board | None:
    try:
        found = json.loads(where.routes.read_bytes())
    except (OSError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) and "at_ns" in found else None
