"""Reads the expiry table from its file. What its rows mean is `actors.domain.market.expiry_table`'s business."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from actors.domain.market.expiry_table import ExpiryTable
from actors.products import BadTable


def load_expiry(path: Path) -> ExpiryTable:
    """Return the expiry table of `path` (TOML). Raises `BadTable`, FileNotFoundError."""
    try:
        return ExpiryTable.model_validate(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadTable(f"{path}: {error}") from error
