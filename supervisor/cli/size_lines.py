"""Strategies that trade less than their full size, in a trader's words: by the journal, one indexed look a strategy."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from actors.config_model import RuntimeConfig
from actors.places import Places
from supervisor.app.event_schema import EVENTS
from supervisor.journal import JournalReader


def cut_sizes(where: Places) -> list[dict[str, Any]]:
    """Return the last move of each strategy whose size is cut, of those the runtime was last started with."""
    try:
        config = RuntimeConfig.model_validate_json(where.config.read_bytes())
        reader = JournalReader(where.journal, EVENTS)
    except (FileNotFoundError, ValidationError):
        return []
    try:
        newest = [list(reader.of(f"size-{strategy.name}"))[-1:] for strategy in config.strategies]
        moves = [json.loads(entry.body) for entries in newest for entry in entries]
    finally:
        reader.close()
    return [move for move in moves if move["quantity_max"] is not None]


def size_lines(cut: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line a cut size."""
    return [
        f"Size     {each['strategy']}: at most {each['quantity_max']} of {each['full_quantity']} combos: {each['text']}"
        for each in cut
    ]
