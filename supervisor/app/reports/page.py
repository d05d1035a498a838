"""A report as one HTML file that needs nothing else: no script, no host, its picture inside. Everything is escaped."""

import base64
import re
from pathlib import Path
from typing import Final

import jinja2

from supervisor.app.reports.sheet import Sheet

TEMPLATES: Final = Path(__file__).with_name("templates")
_NUMBER: Final = re.compile(r"^[+-]?[\d,]+(\.\d+)?%?( ms)?$")
_BAD: Final = frozenset({"FAIL", "WARN"})


def page(sheet: Sheet, picture: bytes | None = None) -> str:
    """Return the page. `picture`: a PNG."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell_class"] = cell_class
    mode = "live" if sheet.origin.startswith("LIVE") else "paper"
    inside = base64.b64encode(picture).decode() if picture is not None else ""
    return environment.get_template("report.html").render(sheet=sheet, mode=mode, picture=inside)


def cell_class(cell: str) -> str:
    """Return how a cell is set: numbers to the right, losses and failures marked, beside what they say themselves."""
    kinds = ["number"] if _NUMBER.match(cell) else []
    if cell in _BAD or (kinds and cell.startswith("-")):
        kinds.append("bad")
    return " ".join(kinds)
