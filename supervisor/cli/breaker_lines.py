"""The breakers on losses in a trader's words: what is tripped, and what risk's board says is used of each limit."""

import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from actors.domain.market.new_york import NEW_YORK
from actors.places import Places

STALE_S: Final = 10.0
WARNED: Final = Decimal("0.5")
"""From this part of a limit on `status` shows it."""
_BAR: Final = 10


def breaker_board(where: Places) -> dict[str, Any] | None:
    """Return risk's board with its age; None where none was written since boot."""
    try:
        board: dict[str, Any] = json.loads(where.breakers.read_bytes())
    except FileNotFoundError:
        return None
    age_s = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - board.pop("at_ns")) / 1e9
    return {"age_s": round(max(age_s, 0), 1), **board}


def trip_lines(trips: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line a tripped breaker: since when, at what, and how it ends."""
    return [
        f"TRIPPED  {trip['name']}  {datetime.fromisoformat(trip['at']).astimezone(NEW_YORK):%d %b %H:%M:%S}  "
        f"{trip['text']}; reset by a person{' or the next session' if trip['reset'] == 'session' else ''}"
        for trip in trips
    ]


def board_lines(board: dict[str, Any] | None, *, worth_a_look: bool = False) -> list[str]:
    """Return the lines of risk's board; `worth_a_look`: those alone that are tripped, warned of, or not known."""
    if board is None:
        return []
    shown = [gauge for gauge in board["gauges"] if not worth_a_look or _is_worth_a_look(gauge)]
    lines = [*(f"UNKNOWN  {line}" for line in board["unknown"]), *(line for gauge in shown for line in _gauge(gauge))]
    stale = [f"Limits   as risk last knew them, {board['age_s']:.0f} s ago"] if board["age_s"] > STALE_S else []
    return [*stale, *lines] if lines else []


def _is_worth_a_look(gauge: dict[str, Any]) -> bool:
    used = _used(gauge)
    return gauge["is_tripped"] or (used is not None and used >= WARNED)


def _used(gauge: dict[str, Any]) -> Decimal | None:
    limit = Decimal(gauge["limit"])
    return None if gauge["value"] is None or limit <= 0 else max(Decimal(gauge["value"]), Decimal(0)) / limit


def _gauge(gauge: dict[str, Any]) -> Iterator[str]:
    used = _used(gauge)
    bar, share = "?" * _BAR, "unknown"
    if used is not None:
        full = min(_BAR, int(used * _BAR))
        bar, share = "#" * full + "-" * (_BAR - full), f"{used:.0%}"
    numbers = (
        "unknown" if gauge["value"] is None else f"{Decimal(gauge['value']):,.2f} of {Decimal(gauge['limit']):,.2f}"
    )
    state = "  TRIPPED" if gauge["is_tripped"] else ""
    yield f"Breaker  {gauge['name']:<40} {share:>7} [{bar}]  {numbers}{state}"
