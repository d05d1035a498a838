"""Older events brought forward, one version at a time, as they are read. What is written is never changed.

Rules of this file:
* An event's class says what is written today. What older journals lack is filled in here, in a table by kind and the
  version it leads away from, and not by a default that would let today's code leave it out.
* `VERSION` counts the shapes of all events together. Whoever changes a shape so that an old body means something else
  now, or does not read, raises it and adds a row. A new kind, or a new field whose absence is its meaning, needs none.
* Of a version that is not here nothing is read: the journal refuses it by name.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

VERSION: Final = 2

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


def _account_adopted(body: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say which orders were there before us, nor since when an account had been read."""
    return {"orders": [], "since": None} | body


UPCASTS: Final[Mapping[tuple[str, int], Upcast]] = {("account_adopted", 1): _account_adopted}


def upcast(kind: str, version: int, body: bytes, table: Mapping[tuple[str, int], Upcast] = UPCASTS) -> bytes:
    """Return the JSON of an event of `version` as it would be written today."""
    due = [table[kind, each] for each in range(version, VERSION) if (kind, each) in table]
    if not due:
        return body
    told = json.loads(body)
    for change in due:
        told = change(told)
    return json.dumps(told).encode()
