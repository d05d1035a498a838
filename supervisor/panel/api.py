"""`/api/v1/...`: what the verbs say with `--json`, by the verbs' own functions. It reads, and changes nothing.

404: there is nothing to tell, or nothing by that id; the body says so.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from actors.places import Places
from supervisor.app.event_schema import EVENTS
from supervisor.cli import breaker, expiring, order, orders, performance, pnl, positions, risk, why
from supervisor.cli.breaker_lines import breaker_board
from supervisor.cli.records import Records
from supervisor.cli.sighting import Sighting, sight
from supervisor.cli.snapshot import snapshot
from supervisor.journal import JournalReader

Told = dict[str, Any] | None


def _risk(where: Places) -> Told:
    boards = risk.exposure_board(where), breaker_board(where)
    return None if boards == (None, None) else risk.as_object(*boards)


def _expiring(where: Places) -> Told:
    board = expiring.expiry_board(where)
    return None if board is None else expiring.as_object(board)


def _performance(where: Places) -> Told:
    return performance.as_object(performance.fold(where), performance.limits(where))


def _breaker(where: Places) -> Told:
    return breaker.as_object(breaker.tripped(where), breaker_board(where))


def _seen(tell: Callable[[Sighting], Told]) -> Callable[[Places], Told]:
    """Return what tells of a runtime's book; nothing where nothing was ever traded."""
    return lambda where: tell(sight(where)) if where.journal.exists() else None


WHOLE: Final[Mapping[str, Callable[[Places], Told]]] = {
    "status": snapshot,
    "tree": snapshot,
    "positions": _seen(positions.as_object),
    "orders": _seen(lambda seen: orders.as_object(seen, is_all=False)),
    "pnl": _seen(pnl.as_object),
    "risk": _risk,
    "expiring": _expiring,
    "performance": _performance,
    "breaker": _breaker,
}
BY_ID: Final[Mapping[str, Callable[[Records, str], Told]]] = {"why": why.told, "order": order.told}


def routes(where: Places) -> list[Route]:
    """Return the addresses."""

    async def whole(request: Request) -> JSONResponse:
        tell = WHOLE.get(request.path_params["verb"])
        return await _answer(lambda: None if tell is None else tell(where))

    async def by_id(request: Request) -> JSONResponse:
        tell = BY_ID.get(request.path_params["verb"])
        return await _answer(lambda: None if tell is None else _named(where, tell, request.path_params["name"]))

    return [Route("/api/v1/{verb}", whole), Route("/api/v1/{verb}/{name}", by_id)]


def _named(where: Places, tell: Callable[[Records, str], Told], name: str) -> Told:
    reader = JournalReader(where.journal, EVENTS)
    try:
        return tell(Records(reader), name)
    finally:
        reader.close()


async def _answer(tell: Callable[[], Told]) -> JSONResponse:
    try:
        told = await run_in_threadpool(tell)
    except FileNotFoundError:
        told = None
    if told is None:
        return JSONResponse({"schema": "holdfast.nothing/1", "text": "there is nothing to tell"}, 404)
    return JSONResponse(told)
