"""What stands before every page: who is called, who calls, who is in; and what the browser is told to forbid.

Rules of this file:
* Host is one of this machine's own names, or one that the configuration adds: another site's name that points here
  (DNS rebinding) gets nothing.
* A request that another site makes (Sec-Fetch-Site) gets nothing but a page to look at; another port of this machine is
  another site.
* What changes anything is a POST, of a session, with the Origin of the page itself and the token of a form of that
  session. Missing is wrong.
* A program reads with the token of the folder, as a bearer; it changes nothing.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from supervisor.panel.entry import Entry

OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN: Final = ("/healthz", "/login", "/static/")
"""What may be read without being let in: nothing there is about money."""
KEPT: Final = "public, max-age=31536000, immutable"
BODY_MAX: Final = 10_000
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # none at all would make a browser say Origin: null of our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class Guard:
    """The gate, as a layer around the pages. Puts `session` and `form` into what the pages see."""

    def __init__(self, app: ASGIApp, entry: Entry, hosts: frozenset[str]) -> None:
        self._app, self._entry, self._hosts = app, entry, OWN_NAMES | hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on; every answer bears the headers."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", KEPT if _is_kept(scope) else "no-store")
            await send(message)

        request = Request(scope, receive)
        answer: ASGIApp = await self._refusal(request) or self._app
        await answer(scope, receive, headed)

    async def _refusal(self, request: Request) -> Response | None:
        """Return why not; None where it may pass."""
        if _name(request.headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("This panel is not called so.", 400)
        site = request.headers.get("sec-fetch-site", "none")
        is_visit = request.method == "GET" and request.headers.get("sec-fetch-mode", "navigate") == "navigate"
        if site not in {"same-origin", "none"} and not is_visit:
            return PlainTextResponse("Another site asks for this.", 403)
        session = self._entry.session(request.cookies.get(self._entry.cookie))
        request.state.session = session
        if request.method in {"GET", "HEAD"}:
            return None if session or self._may_read(request) else _outside(request)
        if request.method != "POST":
            return PlainTextResponse("GET to look, POST to act.", 405)
        return await self._act_refusal(request, session)

    async def _act_refusal(self, request: Request, session: str | None) -> Response | None:
        origin = request.headers.get("origin", "")
        if not origin or urlsplit(origin).netloc != request.headers["host"]:
            return PlainTextResponse("This does not come from the panel's own page.", 403)
        form = await _form(request)
        if form is None:
            return PlainTextResponse("That is more than a form holds.", 413)
        request.state.form = form
        if request.url.path == "/login":
            return None
        if session is None:
            return PlainTextResponse("Not logged in.", 401)
        if not self._entry.is_form_of(session, form.get("token", "")):
            return PlainTextResponse("This form is not of this session: load the page again.", 403)
        return None

    def _may_read(self, request: Request) -> bool:
        if request.url.path.startswith(OPEN):
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._entry.may_read(token.strip())


def _outside(request: Request) -> Response:
    wants_page = "text/html" in request.headers.get("accept", "")
    return RedirectResponse("/login", 303) if wants_page else PlainTextResponse("Not logged in.", 401)


def _is_kept(scope: Scope) -> bool:
    """Whether a file is asked for by its version: then it never changes."""
    return bool(scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v="))


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _form(request: Request) -> dict[str, str] | None:
    """Return the fields of a form, the first of each name; None where it is too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}
