"""When a state folder was last backed up: a note of its own, for backups lie wherever a person wants them."""

import json
from datetime import datetime
from typing import Final

from actors.places import Places

FILE: Final = "last-backup.json"


def note_backup(where: Places, taken_at: datetime, sequence: int) -> None:
    """Note that a backup was made, and up to which event. Raises `OSError`."""
    (where.state / FILE).write_text(json.dumps({"taken_at": taken_at.isoformat(), "sequence": sequence}))


def last_backup(where: Places) -> datetime | None:
    """Return when the last backup was made; None where none is known of."""
    try:
        return datetime.fromisoformat(json.loads((where.state / FILE).read_bytes())["taken_at"])
    except (OSError, ValueError, KeyError):
        return None
