"""The drills' own small log in the state folder: a line when one begins, and its whole card when it ended; durable.

A go-live gate reads it: which controls were seen to fire, when, on which configuration, and where the journal says so.
A drill that was begun and has no card was broken off, and proves nothing.
"""

from collections.abc import Iterator
from pathlib import Path

from supervisor.app.drills.card import DrillCard, told
from supervisor.event_log import EventLog, read_events

FILE = "drills.log.jsonl"
BEGUN, ENDED = "drill_begun", "drill_ended"


class DrillLog:
    """The log of one state folder, open for appending."""

    def __init__(self, state: Path) -> None:
        self._log = EventLog(state / FILE)

    def begun(self, name: str, ran_in: Path) -> None:
        """Note that a drill begins; `ran_in` is the state folder of the tree it is run on."""
        self._log.note(BEGUN, name, ran_in=str(ran_in))
        self._log.flush()

    def ended(self, card: DrillCard, ran_in: Path) -> None:
        """Note a card."""
        self._log.note(ENDED, card.drill, ran_in=str(ran_in), card=told(card))
        self._log.flush()

    def close(self) -> None:
        """Close the file."""
        self._log.close()


def cards(state: Path) -> Iterator[tuple[str, DrillCard]]:
    """Yield each card of a state folder with when it was written, oldest first."""
    for line in read_events(state / FILE):
        if line["event"] == ENDED and isinstance(line["card"], dict):
            figures = {key: line["card"][key] for key in DrillCard.model_fields}
            yield str(line["at"]), DrillCard.model_validate(figures)
