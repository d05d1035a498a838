"""Where reports are kept: `reports/` in the state folder, four files each, named by kind and New York date.

The JSON is the report; the others are made of it. A file is replaced whole. What is older than is asked for goes.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from actors.domain.performance.due import Kind
from actors.durable import replace
from actors.places import Places

FOLDER: Final = "reports"


def path(where: Places, kind: Kind, on: date, ending: str) -> Path:
    """Return the file of a report in one form: json, txt, html, png."""
    return where.state / FOLDER / f"{kind}-{on}.{ending}"


def keep(file: Path, content: bytes) -> Path:
    """Write one file whole, for its owner alone."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    replace(file, content)
    return file


def forget(where: Places, before: date) -> None:
    """Delete the reports of dates before one."""
    for file in (where.state / FOLDER).glob("*-????-??-??.*"):
        on = _date_of(file)
        if on is not None and on < before:
            file.unlink(missing_ok=True)


def evenings(where: Places, before: date) -> Iterator[tuple[date, Path]]:
    """Yield the evening reports of the sessions before a date, oldest first."""
    for file in sorted((where.state / FOLDER).glob(f"{Kind.EVENING}-*.json")):
        on = _date_of(file)
        if on is not None and on < before:
            yield on, file


def _date_of(file: Path) -> date | None:
    try:
        return date.fromisoformat(file.stem[-10:])
    except ValueError:
        return None


READ_FAILS: Final = (OSError, ValidationError)
"""What reading a kept report of another version, or a cut one, may raise."""
