"""The panel put together: the pages, the stream of what moves on them, the levers, the JSON; behind the guard."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from actors.config_panel import PanelSection
from actors.places import Places
from supervisor.cli import graduate
from supervisor.panel import api, levers, metrics, risk_page
from supervisor.panel.broadcast import Broadcast
from supervisor.panel.entry import Entry
from supervisor.panel.guard import Guard
from supervisor.panel.identity import settings as settings_of
from supervisor.panel.pages import PAGES, Drawing
from supervisor.panel.results import equity
from supervisor.panel.slow import Slow
from supervisor.panel.sources import Sources

STATIC: Final = Path(__file__).parent / "static"
FOLDER: Final = "panel"
RETRY_MS: Final = 400
"""How soon a page that lost the server tries again."""
VERSION: Final = sha256(b"".join(path.read_bytes() for path in sorted(STATIC.rglob("*.*")))).hexdigest()[:10]
"""Of scripts and styles: a page of another one loads itself anew."""


def entry_of(where: Places, settings: PanelSection) -> Entry:
    """Return the keys of a state folder's panel."""
    return Entry(where.state / FOLDER, link_s=settings.link_s, session_s=settings.session_h * 3600)


@dataclass(frozen=True, slots=True)
class Panel:
    """The pieces that the handlers share."""

    where: Places
    entry: Entry
    sources: Sources
    drawing: Drawing
    broadcast: Broadcast

    async def look(self, request: Request) -> Response:
        """Draw a page whole."""
        page = PAGES.get(request.path_params["page"])
        if page is None or page.in_menu == ("name" in request.path_params):
            return PlainTextResponse("No such page.", 404)
        argument = request.path_params.get("name", "")
        live = await run_in_threadpool(self.broadcast.drawn, (page.name, argument))
        return self._page(request, "page.html", page=page, argument=argument, live=live)

    async def order(self, request: Request) -> Response:
        """Draw one order's page."""
        request.path_params["page"] = "order"
        return await self.look(request)

    async def stream(self, request: Request) -> Response:
        """Tell a tab what moves on its page, for as long as it listens."""
        page = PAGES.get(request.query_params.get("page", ""))
        if page is None:
            return PlainTextResponse("No such page.", 404)
        view = (page.name, request.query_params.get("of", ""))
        return StreamingResponse(self._told(view), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _told(self, view: tuple[str, str]) -> AsyncIterator[str]:
        with self.broadcast.viewer(view) as viewer:
            yield f"retry: {RETRY_MS}\nevent: hello\ndata: {json.dumps({'version': VERSION, 'now': time.time()})}\n\n"
            while True:
                try:
                    drawn = await viewer.next()
                except StopAsyncIteration:
                    return
                yield f"event: beat\ndata: {time.time():.3f}\n\n"
                if drawn is not None:
                    number, html = drawn
                    lines = "\n".join(f"data: {line}" for line in html.splitlines())
                    yield f"id: {number}\nevent: page\n{lines}\n\n"

    async def stop_form(self, request: Request) -> Response:
        """Show the levers."""
        return self._stop_page(request, request.query_params.get("level", "halt"), "")

    async def stop(self, request: Request) -> Response:
        """Latch, then show what becomes of it."""
        form = request.state.form
        identity = self.sources.identity()
        done = await asyncio.to_thread(levers.stop, self.where, identity, form)  # no page's thread: those may all wait
        if done.is_done:
            return RedirectResponse("/now", 303)
        return self._stop_page(request, form.get("level", ""), done.text, 422)

    def _stop_page(self, request: Request, level: str, said: str, code: int = 200) -> Response:
        chosen = level if level in {each.value for each in levers.LEVELS} else "halt"
        identity = self.sources.identity()
        typed = {each.value: levers.confirmation(identity, each.value) for each in levers.LEVELS}
        return self._page(request, "stop.html", code, chosen=chosen, said=said, typed=typed)

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge an alert."""
        return self._said(request, await run_in_threadpool(levers.acknowledge, self.sources.alerts, request.state.form))

    async def silence(self, request: Request) -> Response:
        """Silence a code."""
        return self._said(request, await run_in_threadpool(levers.silence, self.sources.alerts, request.state.form))

    def _said(self, request: Request, done: levers.Done) -> Response:
        return self._page(request, "said.html", 200 if done.is_done else 422, done=done)

    async def what_if(self, request: Request) -> Response:
        """Reprice the book; sends nothing."""
        told = await run_in_threadpool(risk_page.what_if, self.sources, dict(request.query_params))
        return self._page(request, "whatif.html", **told)

    async def login_form(self, request: Request) -> Response:
        """Show the door: a link is used by a click, never by being looked at."""
        return self._page(request, "login.html", link=request.query_params.get("link", ""), said="")

    async def login(self, request: Request) -> Response:
        """Let in whoever has a link that nobody used."""
        if not await run_in_threadpool(self.entry.use, request.state.form.get("link", "")):
            said = "This link was used, or is too old. `holdfast panel` prints another."
            return self._page(request, "login.html", 403, link="", said=said)
        answer = RedirectResponse("/now", 303)
        answer.set_cookie(self.entry.cookie, self.entry.admit(), httponly=True, samesite="strict", path="/")
        return answer

    async def logout(self, _: Request) -> Response:
        """Let the browser forget."""
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(self.entry.cookie, httponly=True, samesite="strict", path="/")
        return answer

    async def day(self, _: Request) -> Response:
        """Return the line of the day."""
        points = list(self.sources.day)
        return JSONResponse([[at for at, _ in points], [pnl for _, pnl in points]])

    async def equity(self, _: Request) -> Response:
        """Return equity and drawdown, structure after structure."""
        return JSONResponse(equity(self.sources.results.read()[1]))

    async def healthz(self, _: Request) -> Response:
        """Say whether the server watches."""
        return PlainTextResponse("ok\n")

    async def metrics(self, _: Request) -> Response:
        """Return the samples."""
        return Response(await run_in_threadpool(metrics.metrics, self.where), media_type=metrics.CONTENT_TYPE)

    def _page(self, request: Request, template: str, code: int = 200, **more: object) -> HTMLResponse:
        session = request.state.session
        token = self.entry.form_token(session) if session else ""
        shown = {"page": None, "argument": "", "token": token, "is_in": session is not None, "version": VERSION} | more
        return HTMLResponse(self.drawing.framed(template, **shown), code)

    def routes(self) -> list[Route | Mount]:
        """Return the addresses: who only looks gets, who changes something posts."""
        gets = {
            "/login": self.login_form,
            "/stop": self.stop_form,
            "/stream": self.stream,
            "/whatif": self.what_if,
            "/data/day": self.day,
            "/data/equity": self.equity,
            "/healthz": self.healthz,
            "/metrics": self.metrics,
        }
        posts = {
            "/login": self.login,
            "/logout": self.logout,
            "/stop": self.stop,
            "/alerts/acknowledge": self.acknowledge,
            "/alerts/silence": self.silence,
        }
        return [
            Route("/", lambda _: RedirectResponse("/now", 303)),
            *(Route(path, handler, methods=["GET"]) for path, handler in gets.items()),
            *(Route(path, handler, methods=["POST"]) for path, handler in posts.items()),
            *api.routes(self.where),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/orders/{name}", self.order),
            Route("/{page}", self.look),
        ]


def build(panel: Panel, settings: PanelSection) -> Starlette:
    """Return the application; it watches for as long as it is served."""

    @asynccontextmanager
    async def served(_: Starlette) -> AsyncIterator[None]:
        panel.broadcast.start()
        yield
        await run_in_threadpool(panel.broadcast.close)
        await run_in_threadpool(panel.sources.close)

    guard = Middleware(Guard, entry=panel.entry, hosts=frozenset(map(str.lower, settings.hosts)))
    return Starlette(routes=panel.routes(), middleware=[guard], lifespan=served)


def panel_of(where: Places, settings: PanelSection) -> Panel:
    """Return the panel of a state folder."""
    config, sources = settings_of(where), Sources(where)
    if config is not None:
        sources.gate = Slow(lambda: graduate.board(config, where))
    drawing = Drawing(sources)
    return Panel(where, entry_of(where, settings), sources, drawing, Broadcast(sources, drawing))
