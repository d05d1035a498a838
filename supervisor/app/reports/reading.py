"""Folds the journal of a state folder for those who report on it; nothing here writes."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

from actors.config_model import RuntimeConfig
from actors.domain.market.contract import Products
from actors.domain.orders.event import parse_event
from actors.domain.performance.day_fold import DAYS_MAX, DayFold
from actors.domain.performance.naked_shorts import Recorded
from actors.executor_settings import ExecutorSettings
from actors.places import Places
from supervisor.app.event_schema import EVENTS
from supervisor.journal import JournalReader

TELL_EVERY: Final = 5_000
"""Events between two words about the progress."""


class Folds(Protocol):
    """Takes in recorded events."""

    def hear(self, recorded: Recorded, sequence: int) -> None:
        """Take in one event."""
        ...


def read(journal: Path, folds: Sequence[Folds], tell: Callable[[int, int], None] = lambda _done, _of: None) -> None:
    """Let each fold hear the whole journal; `tell`: events done, of how many. Raises `FileNotFoundError`."""
    with closing(JournalReader(journal, EVENTS)) as reader:
        last = reader.last()
        end = last.sequence if last is not None else 0
        for entry in reader.read():
            recorded = Recorded(event=parse_event(entry.body), written_ns=entry.written_ns)
            for fold in folds:
                fold.hear(recorded, entry.sequence)
            if entry.sequence % TELL_EVERY == 0:
                tell(entry.sequence, end)


def day_fold(products: Products, days_max: int = DAYS_MAX) -> DayFold:
    """Return a fold of sessions whose book forgets as the executor's own does."""
    return DayFold(products, ExecutorSettings().sessions_kept, days_max)


def settled(where: Places) -> RuntimeConfig | None:
    """Return the configuration that the runtime was last started with; None where it never was."""
    try:
        return RuntimeConfig.model_validate_json(where.config.read_bytes())
    except FileNotFoundError:
        return None
