"""The executor's board, as whoever stops or resumes waits for it: a file that a living executor replaces at a pace.

That the executor lives is told by its board's being replaced while one looks, never by an age: the board of an executor
on another node bears the time of that node's boot.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from actors.places import Places

HEARD_S: Final = 3.0
"""How long a living executor may take to replace its board: six times its pace."""
LOOK_S: Final = 0.02
Board = dict[str, Any]


def read(where: Places) -> Board | None:
    """Return the board as it stands; None where there is none."""
    try:
        found: Board = json.loads(where.routes.read_bytes())
    except FileNotFoundError:
        return None
    return found


def follow(where: Places, wait_s: float, is_enough: Callable[[Board], bool] = lambda _: True) -> Board | None:
    """Return the first board written from now on that is enough, or after `wait_s` the last one.

    None: nobody wrote one in `HEARD_S`.
    """
    before, heard, began = read(where), None, time.monotonic()
    while True:
        seen = read(where)
        if seen is not None and seen != before and "open" in seen:  # not one of an older executor
            before = heard = seen
            if is_enough(seen):
                return seen
        waited_s = time.monotonic() - began
        if waited_s >= (HEARD_S if heard is None else wait_s):
            return heard
        time.sleep(LOOK_S)


def open_lines(board: Board) -> list[str]:
    """Return what is open, a line each: structures, orders that may still trade, underlyings that take no new risk."""
    seen = board["open"]
    lines = [
        f"Holds    {each['structure_id']} ({each['strategy']}, {each['account_domain']}): "
        f"{_called(each['holdings'])}" + ", ".join(f"{count:+d} {symbol}" for symbol, count in each["holdings"].items())
        for each in seen["structures"]
    ]
    lines += [order_line(each) for each in seen["orders"]]
    lines += [f"Reduces  {underlying}: {why}" for underlying, why in seen["quarantined"].items()]
    return lines or ["Holds    nothing, and no order works"]


def _called(holdings: dict[str, int]) -> str:
    from supervisor.cli.shape_words import shape_word  # orders and contracts, which no stop waits for

    word = shape_word(holdings.items())
    return f"{word}, " if word else ""


def order_line(order: dict[str, Any]) -> str:
    """Return one order that may still trade."""
    doubt = "  IN DOUBT: it may or may not exist" if order["in_doubt"] else ""
    where = f" at {order['route']}" if order["route"] else ""
    return f"Order    {order['cl_ord_id']} {order['intent'].lower()}s, {order['status']}{where}{doubt}"
