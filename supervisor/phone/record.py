"""What was said and done by phone, written ahead: `phone.log.jsonl` in the state folder, durable, a line each.

Rules of this file
1. A command is `heard` on disk before anything is done about it, and `done` once it was. Only what is done is
   confirmed to the server, so a restart neither loses a command nor does one twice: what was heard and not done comes
   again, and what it latched is latched already.
2. A command over which the process died `TRIES_MAX` times is given up, and said so.
3. A code that was told is `asked`, and good after a restart; it is spent with the command that was done over it.
4. After a week without news the server counts its updates from anywhere: then none is named, and those that were done
   are known by their numbers.
"""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from loguru import logger

from actors.places import Places
from supervisor.event_log import EventLog, read_events
from supervisor.phone.admission import Said
from supervisor.phone.confirmation import Asked, Confirmations

TRIES_MAX: Final = 3
DONE_KEPT: Final = 1_000
BYTES_MAX: Final = 2_000_000
WEEK: Final = timedelta(days=6)
"""A day short of the server's own."""
TEXT_KEPT: Final = 300


class Record:
    """The record, open for writing."""

    def __init__(self, where: Places, confirmations: Confirmations) -> None:
        self._path = where.state / "phone.log.jsonl"
        self._done: deque[int] = deque(maxlen=DONE_KEPT)
        self._heard: dict[int, list[datetime]] = {}
        self._last_at: datetime | None = None
        for line in _lines(self._path):
            self._fold(line, confirmations)
        if self._path.exists() and self._path.stat().st_size > BYTES_MAX:
            self._path.replace(self._path.with_suffix(".old.jsonl"))
        self._log = EventLog(self._path)
        if self._done:
            self._note("continued", updates=list(self._done))

    def offset(self, now: datetime) -> int | None:
        """Return from which update on there may be news; None where the server is to say."""
        if not self._done or self._last_at is None or now - self._last_at > WEEK:
            return None
        return self._done[-1] + 1

    def is_done(self, update: int) -> bool:
        """Whether it was done before."""
        return update in self._done

    def hear(self, said: Said, verdict: str, name: str, now: datetime) -> tuple[int, datetime]:
        """Note what was heard, durable; return how often it was by now, and when first."""
        times = self._heard.setdefault(said.update, [])
        times.append(now)
        self._note(
            "heard",
            update=said.update,
            chat=said.chat,
            user=said.user,
            by=name,
            verdict=verdict,
            text=said.text[:TEXT_KEPT],
            written_at=said.written_at.isoformat(),
        )
        return len(times), times[0]

    def first_heard(self, update: int) -> datetime | None:
        """Return when an update that was not done was first heard."""
        return self._heard.get(update, [None])[0]

    def ask(self, asked: Asked) -> None:
        """Note that a code was told, durable."""
        self._note("asked", **asked.model_dump(mode="json"))

    def do(self, update: int, answer: str = "", spent: int = 0) -> None:
        """Note that an update is done, durable; `spent` is the user whose code it was done over."""
        self._note("done", update=update, answer=answer[:TEXT_KEPT], spent=spent)
        self._settle(update, datetime.now(UTC))

    def pass_over(self, update: int) -> None:
        """Take an update for done that asks for nothing; not written down."""
        self._settle(update, datetime.now(UTC))

    def close(self) -> None:
        """Close the file."""
        self._log.close()

    def _settle(self, update: int, at: datetime) -> None:
        self._heard.pop(update, None)
        self._last_at = at
        self._done.append(update)

    def _note(self, event: str, **fields: Any) -> None:
        self._log.note(event, **fields)
        try:
            self._log.flush()
        except OSError as error:  # a full disk must not keep a stop from being latched: that has a reserve
            logger.error("{} is not written: {}", self._path, error.strerror)

    def _fold(self, line: dict[str, Any], confirmations: Confirmations) -> None:
        at = datetime.fromisoformat(line["at"])
        match line["event"]:
            case "heard":
                self._heard.setdefault(line["update"], []).append(at)
            case "asked":
                confirmations.ask(Asked.model_validate({name: line[name] for name in Asked.model_fields}))
            case "done":
                self._settle(line["update"], at)
                if line["spent"]:
                    confirmations.spend(line["spent"])
            case "continued":
                for update in line["updates"]:
                    self._settle(update, at)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in read_events(path):
        if isinstance(line, dict) and {"at", "event"} <= line.keys():
            yield line
