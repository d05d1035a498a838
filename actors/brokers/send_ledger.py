"""The send ledger: which attempts a connection began to send, and how they ended. It outlives its process.

Rules of this file
* One file per connection incarnation, appended to by that incarnation alone. The header (boot id, incarnation) is
  fsynced when the file is made; the lines after it are one write(2) each: they survive `kill -9`, not the loss of the
  machine.
* `entry` comes before the first byte of an order, `outcome` after its answer, `forget` once the executor journaled it.
* A later incarnation is started only after its predecessor's confirmed death, so a predecessor's file is complete:

      outcome written                                     that outcome
      entry, no outcome                                   InDoubt
      no entry, file of this boot                         NotSent
      no entry, file of another boot, or no file          InDoubt: the line may have been lost with the machine

* An outcome that the executor confirmed is forgotten. Asked for all the same, it is InDoubt: the broker knows.

* An entry says whether it opens: where nobody else is left to cancel an opening, its connection does (`orphans`), and
  notes `cancelled` here. An entry that does not say is no opening.
* A torn last line is a write that a death cut short, and is skipped. Of an entry it means that no byte left, for the
  write comes first; of an outcome, that the attempt is in doubt.
* Each line carries its checksum. One that does not verify is damage, and nobody sends: its attempt might be taken for
  one that never began. Files of an older version have none, and end their first line with a brace.

Old files are removed when nothing in them is unanswered and newer ones stand in for them.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec
from pydantic import TypeAdapter, ValidationError

from actors.domain.orders.attempt import InDoubt, NotSent, SubmitOutcome
from actors.domain.value import Value
from actors.ports import DamagedState

FILES_KEPT = 16
"""Answered files kept, newest first: the executor may still ask about an attempt that never reached one of them."""

_OUTCOME: TypeAdapter[SubmitOutcome] = TypeAdapter(SubmitOutcome)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return what names this boot of this machine; empty where the system does not say, which proves nothing."""
    try:
        return _BOOT_ID.read_text().strip()
    except FileNotFoundError:
        return ""


class SendLedger:
    """The ledger of one incarnation, open for writing, with those of its predecessors, read once at the start."""

    def __init__(self, folder: Path, incarnation: int, boot: str) -> None:
        """Open a new file in `folder`. Raises `DamagedState` where this incarnation has been here before."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._incarnation, self._boot = incarnation, boot
        self._past = {page.incarnation: page for page in _pages(folder)}
        if incarnation in self._past:
            raise DamagedState(f"incarnation {incarnation} has a ledger already, in {folder}")
        _prune(folder, self._past)
        self._entries: set[str] = set()
        self._openings: set[str] = set()
        self._forgotten: set[str] = set()
        self._outcomes: dict[str, SubmitOutcome] = {}
        self._path = _path(folder, incarnation)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._size = 0
        self._write({"incarnation": incarnation, "boot": boot})
        os.fsync(self._file)
        _sync_folder(folder)

    @property
    def unanswered(self) -> dict[str, SubmitOutcome]:
        """Outcomes of this incarnation that the executor has not confirmed."""
        return dict(self._outcomes)

    @property
    def incarnation(self) -> int:
        """The connection's incarnation that writes this file."""
        return self._incarnation

    def knows(self, attempt_id: str) -> bool:
        """Return whether this incarnation or one before began to send the attempt, or answered for it."""
        pages = self._past.values()
        return (
            attempt_id in self._entries
            or attempt_id in self._outcomes
            or attempt_id in self._forgotten
            or any(attempt_id in page.entries or attempt_id in page.outcomes for page in pages)
        )

    def entry(self, attempt_id: str, *, opens: bool = False) -> None:
        """Note that the attempt is about to be sent. Raises `OSError`: then it must not be."""
        self._write({"entry": attempt_id, "opens": opens})
        self._entries.add(attempt_id)
        if opens:
            self._openings.add(attempt_id)

    def outcome(self, attempt_id: str, outcome: SubmitOutcome) -> None:
        """Note how the attempt ended."""
        self._outcomes[attempt_id] = outcome
        self._write({"attempt": attempt_id, "outcome": outcome.model_dump(mode="json")})

    def is_opening(self, attempt_id: str) -> bool:
        """Return whether this incarnation or one before began to send the attempt, as an opening."""
        return attempt_id in self._openings or any(attempt_id in page.openings for page in self._past.values())

    def cancelled(self, attempt_id: str, why: str) -> None:
        """Note that its cancel is asked for without the executor. Raises `OSError`."""
        self._write({"cancelled": attempt_id, "why": why})

    def forget(self, attempt_id: str) -> None:
        """Note that the executor has the outcome, wherever it was written."""
        self._outcomes.pop(attempt_id, None)
        self._forgotten.add(attempt_id)
        self._write({"forget": attempt_id})

    def outcome_of(self, attempt_id: str, sent_to: int) -> SubmitOutcome | None:
        """Return what became of an attempt sent to incarnation `sent_to` (0: not known); None while it is under way."""
        if attempt_id in self._outcomes:
            return self._outcomes[attempt_id]
        if attempt_id in self._forgotten:
            return InDoubt(cause="its outcome was confirmed and is forgotten here")
        if attempt_id in self._entries:
            return None
        for page in self._past.values():
            if attempt_id in page.outcomes:
                return page.outcomes[attempt_id]
            if attempt_id in page.entries:
                return InDoubt(cause="the connection ended while sending", evidence=f"incarnation {page.incarnation}")
        return self._never_begun(sent_to)

    def unwritable(self) -> str | None:
        """Return why its disk takes no entry; None where it does, or is merely full."""
        try:
            os.close(os.open(self._path, os.O_WRONLY | os.O_CLOEXEC))
        except OSError as error:
            return f"the send ledger cannot be written: {error.strerror}"
        return None

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _never_begun(self, sent_to: int) -> SubmitOutcome:
        boots = {page.incarnation: page.boot for page in self._past.values()} | {self._incarnation: self._boot}
        asked = set(boots.values()) if sent_to == 0 else {boots.get(sent_to, "")}
        if asked == {self._boot} and self._boot:
            return NotSent(cause="no connection of this boot began to send it")
        return InDoubt(cause="its ledger may have been lost with the machine", evidence=f"incarnation {sent_to}")

    def _write(self, line: dict[str, object]) -> None:
        text = msgspec.json.encode(line)
        data = b"%s %08x\n" % (text, crc32(text))
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self._size)  # or the next line would be glued to half of this one
            raise OSError(f"{written} of {len(data)} bytes written to the send ledger")
        self._size += written


class _Page(Value):
    """One finished file."""

    incarnation: int
    boot: str
    entries: frozenset[str]
    openings: frozenset[str]
    outcomes: dict[str, SubmitOutcome]
    forgotten: frozenset[str]


def _pages(folder: Path) -> Iterator[_Page]:
    for path in sorted(folder.glob("*.ledger")):
        page = _page(path)
        if page is not None:
            yield page


def _page(path: Path) -> _Page | None:
    *lines, torn = path.read_bytes().split(b"\n")
    if _verifies(torn):
        lines.append(torn)  # all but its end: it counts, for it may have been acted upon
    elif _verifies(torn[:-1]):
        raise DamagedState(f"{path}: its last line does not end as one")
    if not lines:
        return None  # it died before its header: it never said it was there, so nothing was sent to it
    try:
        is_checked = not lines[0].endswith(b"}")
        head, *rest = [json.loads(_checked(line) if is_checked else line) for line in lines]
        outcomes = {line["attempt"]: _OUTCOME.validate_python(line["outcome"]) for line in rest if "outcome" in line}
        return _Page(
            incarnation=head["incarnation"],
            boot=head["boot"],
            entries=frozenset(line["entry"] for line in rest if "entry" in line),
            openings=frozenset(line["entry"] for line in rest if line.get("opens")),
            outcomes=outcomes,
            forgotten=frozenset(line["forget"] for line in rest if "forget" in line),
        )
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise DamagedState(f"{path}: {error}") from error


def _checked(line: bytes) -> bytes:
    if not _verifies(line):
        raise ValueError(f"a line does not verify: {line[:80]!r}")
    return line.rpartition(b" ")[0]


def _verifies(line: bytes) -> bool:
    text, _, check = line.rpartition(b" ")
    return bool(text) and check == b"%08x" % crc32(text)


def _prune(folder: Path, past: dict[int, _Page]) -> None:
    forgotten = frozenset[str]().union(*(page.forgotten for page in past.values()))
    answered = [page for page in past.values() if page.entries <= forgotten]
    for page in sorted(answered, key=lambda page: page.incarnation)[:-FILES_KEPT]:
        _path(folder, page.incarnation).unlink()


def _path(folder: Path, incarnation: int) -> Path:
    return folder / f"{incarnation:012d}.ledger"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
