"""The go-live gate as a state folder proves it: its journal, and its drills' cards.

On paper the folder's own. In mode live that of `[gate] paper`, for live never shares its folder with paper; what was
found there is kept beside the signature, and serves until that journal, its drills or what is asked for change: a start
in the session does not wait for a year's journal.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.domain.performance.graduation import GateFold, GateTerms, Graduation, asked_of, graduation
from actors.domain.value import Value
from actors.durable import replace
from actors.places import Places
from supervisor.app.drills.record import FILE as DRILLS
from supervisor.app.drills.record import cards
from supervisor.app.reports.reading import read
from supervisor.journal import JournalReader

KEPT: Final = "gate-proof.json"
JOURNAL: Final = "journal.sqlite"
Tell = Callable[[int, int], None]


class Kept(Value):
    """What was found, and of what."""

    of: str
    found: Graduation


def folder(config: RuntimeConfig, where: Places) -> Path:
    """Return the state folder that proves the gate."""
    return config.gate.paper if config.runtime.mode is Mode.LIVE else where.state


def proved(config: RuntimeConfig, where: Places, tell: Tell = lambda _done, _of: None) -> Graduation:
    """Return how far the gate is; a folder without a journal proves nothing."""
    paper, terms = folder(config, where), _terms(config)
    has_backup = any(route.role == "backup" for route in config.routes)
    known = f"{paper} {_sequence(paper)} {_stamp(paper / DRILLS)} {has_backup} {terms.model_dump_json()}"
    kept = _kept(where.state / KEPT)
    if kept is not None and kept.of == known:
        return kept.found
    fold = GateFold(terms)
    if (paper / JOURNAL).exists():
        read(paper / JOURNAL, [fold], tell)
    passed = [(written_at, card.drill) for written_at, card in cards(paper) if card.passed]
    found = graduation(fold, passed, terms, asked_of(has_backup=has_backup))
    replace(where.state / KEPT, Kept(of=known, found=found).model_dump_json().encode())
    return found


def _terms(config: RuntimeConfig) -> GateTerms:
    return GateTerms(**config.gate.model_dump(include=set(GateTerms.model_fields)))


def _sequence(paper: Path) -> int:
    try:
        reader = JournalReader(paper / JOURNAL)
    except FileNotFoundError:
        return 0
    last = reader.last()
    reader.close()
    return last.sequence if last is not None else 0


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except FileNotFoundError:
        return "-"
    return f"{found.st_size}-{found.st_mtime_ns}"


def _kept(path: Path) -> Kept | None:
    try:
        return Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
