"""Strategies that trade less than their full size, in a trader's words: by the journal, one indexed look a strategy."""

import json
from collections.abc import Sequence
from typing import Any

from actors.places import Places
from supervisor.app.event_schema import EVENTS
from supervisor.journal import JournalReader


def cut_sizes(where: Places) -> list[dict[str, Any]]:
    """Return the last move of each strategy whose size is cut, of those the runtime was last started with."""
    try:
        # As it was stored: the whole model of it would cost a screen half of its time.
        names = [strategy["name"] for strategy in json.loads(where.config.read_bytes())["strategies"]]
        reader = JournalReader(where.journal, EVENTS)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    try:
        newest = [list(reader.of(f"size-{name}"))[-1:] for name in names]
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
