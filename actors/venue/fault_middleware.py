"""Request faults on the wire: the thin shell that does to an answer what the fault book says.

It wraps a whole server, the opening requests of its websockets included. Cutting means aborting the transport: the
peer sees the end of the connection and no byte of an answer.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from actors.venue.faults import REQUEST_KINDS, Fault, FaultBook, FaultKind, Route

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
GARBAGE = b"<html>\x00\xff upstream said nothing of use"


def fault_middleware(book: FaultBook, route: Route) -> Middleware:
    """Return the middleware that injects the book's request faults into one route."""

    @web.middleware
    async def inject(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = book.strike(route, REQUEST_KINDS, request.method, request.path)
        return await handler(request) if fault is None else await _ACTS[fault.kind](request, handler, fault)

    return inject


async def _drop(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    if fault.after:
        await handler(request)
    _cut(request)
    return web.Response()


async def _delay(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    if not fault.after:
        await request.read()  # it has arrived whole, and will be processed though the client be gone
        await asyncio.sleep(fault.delay_s)
        return await handler(request)
    answer = await handler(request)
    await asyncio.sleep(fault.delay_s)
    return answer


async def _status(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    if fault.after:
        await handler(request)
    words = {"code": f"injected_{fault.status}", "message": "Injected by the paper venue"}
    return web.json_response({"error": words, **words}, status=fault.status)


async def _garbage(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    if fault.after:
        await handler(request)
    return web.Response(body=GARBAGE, content_type="application/json")


async def _half_body(request: web.Request, handler: Handler, _: Fault) -> web.StreamResponse:
    answer = await handler(request)
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else GARBAGE
    head = (
        f"HTTP/1.1 {answer.status} {answer.reason}\r\n"
        f"Content-Type: {answer.content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    if request.transport is not None:
        request.transport.write(head.encode() + body[: len(body) // 2])
        request.transport.close()
    return web.Response()


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


_ACTS: dict[FaultKind, Callable[[web.Request, Handler, Fault], Awaitable[web.StreamResponse]]] = {
    FaultKind.DROP: _drop,
    FaultKind.DELAY: _delay,
    FaultKind.STATUS: _status,
    FaultKind.GARBAGE: _garbage,
    FaultKind.HALF_BODY: _half_body,
}
