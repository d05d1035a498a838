"""Reads the margin rules from their file. What they mean is `actors.domain.risk.margin`'s business."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from actors.domain.risk.margin_table import MarginTable
from actors.products import BadTable


def load_margins(path: Path) -> MarginTable:
    """Return the margin rules of `path` (TOML). Raises `BadTable`, FileNotFoundError."""
    try:
        return MarginTable.model_validate(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadTable(f"{path}: {error}") from error
