"""tastytrade's envelopes: data, items with pagination, and errors, as answers of aiohttp.

A handler raises `Refused` for every expected no; the middleware here turns it, and what a malformed request makes the
shapes raise, into the broker's error body.
"""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from actors.venue.tastytrade_shapes import PreflightFailed

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PER_PAGE_MAX = 2000


class Refused(Exception):
    """An answer that is an error: HTTP status, code, message, and single errors where the broker lists them."""

    def __init__(self, status: int, code: str, message: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.body: Json = {"error": {"code": code, "message": message}}
        if errors:
            self.body["error"]["errors"] = [{"code": each, "message": text} for each, text in errors]


def preflight(code: str, text: str) -> Refused:
    """Return a business refusal: 422 with its one error."""
    return Refused(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "preflight_check_failure",
        "One or more preflight checks failed",
        ((code, text),),
    )


def not_found(what: str) -> Refused:
    """Return a 404."""
    return Refused(HTTPStatus.NOT_FOUND, "record_not_found", f"Couldn't find {what}")


def json_answer(body: Json, status: int = HTTPStatus.OK) -> web.Response:
    """Return a JSON answer."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def data(request: web.Request, shown: Json, status: int = HTTPStatus.OK) -> web.Response:
    """Return one object."""
    return json_answer({"data": shown, "context": request.path}, status)


def items(request: web.Request, shown: list[Json]) -> web.Response:
    """Return a whole list."""
    return data(request, {"items": shown})


def page(request: web.Request, found: Sequence[Any], show: Callable[[Any], Json], per_page: int) -> web.Response:
    """Return the page of `found` that the query asks for, `per_page` entries where it names no number."""
    size = min(max(_whole(request, "per-page", per_page), 1), PER_PAGE_MAX)
    offset = max(_whole(request, "page-offset", 0), 0)
    shown = [show(entry) for entry in found[offset * size : (offset + 1) * size]]
    pagination = {
        "per-page": size,
        "page-offset": offset,
        "item-offset": offset * size,
        "total-items": len(found),
        "total-pages": -(-len(found) // size),
        "current-item-count": len(shown),
        "previous-link": None,
        "next-link": None,
        "paging-link-template": None,
    }
    return json_answer({"data": {"items": shown}, "context": request.path, "pagination": pagination})


def _whole(request: web.Request, key: str, default: int) -> int:
    try:
        return int(request.query.get(key, default))
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid_parameter", f"{key} is not a number") from None


async def body_of(request: web.Request) -> Json:
    """Return the request's JSON object."""
    try:
        body = msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid_json", str(error)) from error
    if not isinstance(body, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, "invalid_json", "an object is expected")
    return body


@web.middleware
async def answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals into the broker's error bodies."""
    try:
        return await handler(request)
    except Refused as refused:
        answer = refused
    except PreflightFailed as failed:
        answer = preflight(failed.code, failed.text)
    except web.HTTPNotFound:
        answer = not_found("the requested path")
    return json_answer(answer.body, answer.status)
