"""Lines of every process's log, of the supervisor's, and of the journal, as one kind of line, oldest first.

Each is read where it lies: `logs/NAME.jsonl` with those it was rotated to, `supervisor.log.jsonl`, `journal.sqlite`. A
line that does not read (a process died inside it) is passed over and counted.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from actors.domain.market.new_york import NEW_YORK
from actors.places import Places
from supervisor.journal import JournalReader

LEVELS: Final = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
SUPERVISOR: Final = "supervisor"
JOURNAL: Final = "journal"
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LEFT_OUT: Final = frozenset({"at", "kind"})
_INNER: Final = ("kind", "number", "route", "status", "broker_order_id", "cause", "reason", "text")
_GRAVE: Final = frozenset({"died", "escalated", "gave_up", "node_lost", "lines_lost", "hung"})


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line. `correlation`: the order or signal it belongs to, where it says so; `whole`: what was written."""

    at: datetime
    process: str
    level: str
    text: str
    correlation: str
    whole: str

    def mentions(self, name: str) -> bool:
        """Whether it is about an order or signal, or names it or an attempt of it."""
        return (
            self.correlation == name
            or re.search(rf"(?<![\w-]){re.escape(name)}(?:-r\d+)?(?![\w-])", self.whole) is not None
        )


def files(where: Places) -> list[Path]:
    """Return every log there is, the rotated ones included."""
    own = where.state / "supervisor.log.jsonl"
    return [*sorted(where.logs.glob("*.jsonl")), *([own] if own.exists() else [])]


def process_of(path: Path) -> str:
    """Return whose log a file is: `executor.2026-11-30_09-30-00_1.jsonl` is the executor's."""
    if path.name == "supervisor.log.jsonl":
        return SUPERVISOR
    found = re.match(r"(.+?)(?:\.\d{4}-\d\d-\d\d_.+)?\.jsonl$", path.name)
    return found[1] if found else path.stem


def parsed(text: str, process: str) -> Line | None:
    """Return a line of a log; None where it does not read."""
    try:
        entry = json.loads(text)
        at = datetime.fromisoformat(entry["at"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError):
        return None
    if "event" in entry:
        return Line(at, process, _level(entry["event"]), _event_words(entry), "", text)
    bound = entry.get("bound") or {}
    told = str(entry.get("text", ""))
    if entry.get("exception"):
        told += "\n" + str(entry["exception"]).rstrip()
    about = next((str(bound[key]) for key in ("correlation", "order", "signal") if key in bound), "")
    return Line(at, process, str(entry.get("level", "INFO")), told, about, text)


def journaled(reader: JournalReader, name: str, after: int) -> Iterator[tuple[int, Line]]:
    """Yield sequence and line of each event of one order or signal after `after`."""
    for entry in reader.of(name):
        if entry.sequence <= after:
            continue
        body: dict[str, Any] = json.loads(entry.body)
        at = datetime.fromtimestamp(entry.written_ns / 1e9, UTC)
        told = {"at": at.isoformat(), "process": JOURNAL, "sequence": entry.sequence, "kind": entry.kind}
        whole = json.dumps({**told, "correlation": entry.correlation, "body": body})
        text = f"{entry.sequence} {entry.kind}  {_scalars(body)}".rstrip()
        yield entry.sequence, Line(at, JOURNAL, "INFO", text, entry.correlation, whole)


def since(words: str, now: datetime) -> datetime:
    """Return the time that `10m`, `2h`, `09:30` (New York, today) or an ISO time names. Raises `ValueError`."""
    if (span := _SPAN.fullmatch(words)) is not None:
        return now - timedelta(**{_UNITS[span[2]]: float(span[1])})
    if (clock := _CLOCK.fullmatch(words)) is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return now.astimezone(NEW_YORK).replace(hour=hour, minute=minute, second=second, microsecond=0)
    found = datetime.fromisoformat(words)
    return found if found.tzinfo is not None else found.replace(tzinfo=NEW_YORK)


class Tail:
    """One file from its beginning on, or its last `bytes_max`, through its rotation; only lines that hold `needle`."""

    def __init__(self, path: Path, *, bytes_max: int | None = None, needle: str = "") -> None:
        self.path, self.process = path, process_of(path)
        self.damaged = 0
        self._file, self._part, self._needle = path.open("rb"), b"", needle.encode()
        if bytes_max is not None and self._file.seek(0, os.SEEK_END) > bytes_max:
            self._file.seek(-bytes_max, os.SEEK_END)
            self._file.readline()  # the rest of a line
        elif bytes_max is not None:
            self._file.seek(0)

    def lines(self) -> Iterator[Line]:
        """Yield what came since the last time."""
        yield from self._rest()
        if self._is_replaced():
            self._file.close()
            self._file, self._part = self.path.open("rb"), b""
            yield from self._rest()

    def _rest(self) -> Iterator[Line]:
        *whole, self._part = (self._part + self._file.read()).split(b"\n")
        for each in whole:
            if not each or self._needle not in each:
                continue
            if (line := parsed(each.decode("utf-8", "replace"), self.process)) is None:
                self.damaged += 1
            else:
                yield line

    def _is_replaced(self) -> bool:
        try:
            return self.path.stat().st_ino != Path(f"/proc/self/fd/{self._file.fileno()}").stat().st_ino
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Close it."""
        self._file.close()


def wanted(lines: Sequence[Line], actors: Sequence[str], level: str, name: str) -> list[Line]:
    """Return those of some processes, grave enough, about one order; empty words leave none out. Oldest first."""
    least = LEVELS.index(level)
    found = [
        line
        for line in lines
        if (not actors or line.process in actors)
        and (line.level not in LEVELS or LEVELS.index(line.level) >= least)
        and (not name or line.mentions(name))
    ]
    return sorted(found)


def _level(event: str) -> str:
    return "WARNING" if event in _GRAVE else "INFO"


def _event_words(entry: dict[str, Any]) -> str:
    rest = {key: value for key, value in entry.items() if key not in {"at", "event", "name"}}
    name = f" {entry['name']}" if entry.get("name") else ""
    return f"{entry['event']}{name}  {_scalars(rest)}".rstrip()


def _scalars(body: dict[str, Any]) -> str:
    """Return what a line shows of an event: its plain members, and of those inside it what a trader looks for."""
    shown = {key: value for key, value in body.items() if key not in _LEFT_OUT and _is_plain(value)}
    for key, inner in body.items():
        if isinstance(inner, dict):
            shown |= {f"{key}.{each}": inner[each] for each in _INNER if _is_plain(inner.get(each))}
    return ", ".join(f"{key} {value}" for key, value in shown.items())


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and value != ""
