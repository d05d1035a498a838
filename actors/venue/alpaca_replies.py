"""The second broker's answers: JSON, errors in its shape, and what a query asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import InvalidOperation
from http import HTTPStatus

import msgspec
from aiohttp import web

from actors.venue.alpaca_shapes import Unprocessable


class Refused(Exception):
    """An answer that is an error, in the broker's shape."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body = {"code": code, "message": message}


@contextmanager
def understood() -> Iterator[None]:
    """Turn what a request that makes no sense raises while it is read into the broker's refusal."""
    try:
        yield
    except (msgspec.DecodeError, InvalidOperation, KeyError, TypeError, AttributeError, ValueError) as error:
        raise Unprocessable(f"request format is invalid: {error!r}") from error


def at_of(text: str | None) -> datetime | None:
    """Return the time a query names; None where it names none. UTC where it says no zone."""
    if not text:
        return None
    with understood():
        at = datetime.fromisoformat(text.replace(" ", "+"))
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def count_of(request: web.Request, key: str, default: int, most: int) -> int:
    """Return a number of the query, at most `most`."""
    with understood():
        return min(int(request.query.get(key) or default), most)


def json_answer(body: object, status: int = HTTPStatus.OK) -> web.Response:
    """Return a JSON answer."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
