"""What is true of the whole, in words and figures that several pages show: the stop, the day, limits, what is held."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from actors.domain.orders.breaker_event import Measure
from actors.latch import Latch
from supervisor.cli.shape_words import shape_word
from supervisor.cli.stops import obeys, openings

ROUTES_STALE_S: Final = 3.0
RISK_STALE_S: Final = 10.0
Told = dict[str, Any]
_MEASURES: Final = {
    Measure.LOSS_DAY: "loss of the day",
    Measure.DRAWDOWN: "drawdown of the day",
    Measure.LOSSES_IN_A_ROW: "losses in a row",
    Measure.LOSS_SESSIONS: "loss of five sessions",
}


def stop(status: Told) -> Told | None:
    """Return the stop in force and what is obeyed of it; None where there is none."""
    held = Latch.model_validate(status["latch"])
    if held.words is None:
        return None
    board = status["routes"]
    is_heard = board is not None and board["age_s"] <= ROUTES_STALE_S
    return {
        "level": held.level.value,
        "by": held.by,
        "reason": held.reason,
        "at": held.at,
        "is_heard": is_heard,
        "is_obeyed": is_heard and obeys(board, held),
        "openings": openings(board) if is_heard else [],
    }


def day(status: Told) -> Told | None:
    """Return the session's result, its baseline and share; None before any account has one."""
    board = status["routes"]
    found = None if board is None else board.get("day")
    if board is None or found is None:
        return None
    baseline = Decimal(found["baseline"])
    pnl = None if found["pnl"] is None else Decimal(found["pnl"])
    return {
        "pnl": pnl,
        "baseline": baseline,
        "equity": None if pnl is None else baseline + pnl,
        "share": None if pnl is None or not baseline else pnl / baseline,
        "without": found["without"],
        "age_s": board["age_s"],
    }


def gauges(board: Told | None) -> list[Told]:
    """Return each limit on losses with what is used of it, the fullest first; unknown before all."""
    if board is None:
        return []
    found = [{**gauge, "used": _used(gauge), **_told(gauge["measure"])} for gauge in board["gauges"]]
    return sorted(found, key=lambda gauge: -(float("inf") if gauge["used"] is None else gauge["used"]))


def _told(measure: str) -> Told:
    return {"called": _MEASURES[Measure(measure)], "digits": 0 if measure == Measure.LOSSES_IN_A_ROW else 2}


def _used(gauge: Told) -> float | None:
    limit = Decimal(gauge["limit"])
    return None if gauge["value"] is None or limit <= 0 else float(max(Decimal(gauge["value"]), Decimal(0)) / limit)


def held(status: Told, expiring: Told | None) -> list[Told]:
    """Return each structure that holds something, with its nearest end and what is said against it."""
    board = status["routes"]
    legs = [] if expiring is None else expiring["legs"]
    concerns = [] if expiring is None else expiring["concerns"]
    return [
        {
            **each,
            "called": shape_word(each["holdings"].items()),
            "until": _nearest(leg for leg in legs if leg["structure_id"] == each["structure_id"]),
            "concerns": [told for told in concerns if told["structure_id"] == each["structure_id"]],
        }
        for each in ([] if board is None else board["open"]["structures"])
    ]


def _nearest(legs: Iterator[Told]) -> str | None:
    return min((leg["must_end_at"] for leg in legs if leg["must_end_at"]), default=None)


def ailments(status: Told, alerts: Sequence[Told]) -> list[str]:
    """Return what is wrong now, a sentence each, the worst first; none: nothing is."""
    found = []
    if status["condition"] == "not running":
        found.append("Nothing runs: what is shown is what was last written.")
    elif status["supervisor"] is None or not status["supervisor"]["alive"]:
        found.append("The supervisor is dead: its children trade on, nobody restarts them.")
    board = status["routes"]
    if board is not None:
        if board["age_s"] > ROUTES_STALE_S:
            found.append("The executor is not heard: its figures are as it last knew them.")
        found += [f"{order['cl_ord_id']} is in doubt." for order in board["open"]["orders"] if order["in_doubt"]]
        found += [f"{name} takes no new risk: {why}" for name, why in board["open"]["quarantined"].items()]
        for route in board["routes"]:
            sick = [path for path in ("reads", "writes", "stream") if not route[path]]
            if sick:
                found.append(f"{route['name']}: {', '.join(sick)} sick. {route['reason']}".strip())
    down = [name for name, child in status["children"].items() if child["wanted"] and not child["alive"]]
    found += [f"{name} does not run." for name in down if status["condition"] != "not running"]
    unread = [each for each in alerts if each["level"] == "P0" and each["open"]]
    return [*found, *(f"{each['code']} waits to be acknowledged: {each['subject']}" for each in unread)]
