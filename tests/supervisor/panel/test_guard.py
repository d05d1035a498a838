"""Who gets in and who may act, over real sockets: what a hostile site, a stranger and a mere look can bring about."""

import hashlib

import httpx2
import pytest

from actors.latch import read_latch
from supervisor.panel.guard import HEADERS
from supervisor.panel.pages import PAGES

LOOKS = [f"/{page.name}" for page in PAGES.values() if page.in_menu] + [
    *("/", "/login", "/stop", "/whatif", "/data/day", "/data/equity", "/healthz", "/metrics"),
    *("/api/v1/status", "/api/v1/tree", "/api/v1/risk", "/api/v1/expiring", "/api/v1/performance", "/api/v1/breaker"),
    *("/orders/condor-20260105-90", "/api/v1/why/condor-20260105-90", "/static/panel.js", "/nowhere"),
]
POSTS = ["/stop", "/alerts/acknowledge", "/alerts/silence", "/logout"]
HALT = {"level": "halt", "typed": "tastytrade", "reason": "test"}


@pytest.fixture
def stranger(served):
    with httpx2.Client(base_url=served.url, timeout=20) as found:
        yield found


def state_of(where) -> dict[str, str]:
    """Every file of the state folder but SQLite's own index of its log, by what it holds."""
    files = (path for path in where.state.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8710", "127.0.0.1.evil.example", "", "[", "localhost.evil"]
)
def test_a_page_called_by_another_name_is_not_there(served, inside, host):
    answer = inside.get("/now", headers={"host": host})
    assert (answer.status_code, "P&amp;L" in answer.text) == (400, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9999", "[::1]:1"])
def test_this_machines_own_names_are_its_names_whatever_a_tunnel_makes_of_the_port(inside, host):
    assert inside.get("/now", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", [path for path in LOOKS if path not in {"/login", "/healthz", "/static/panel.js"}])
def test_a_stranger_sees_nothing_of_the_money(served, stranger, path):
    answer = stranger.get(path)
    assert (answer.status_code, answer.text) == (401, "Not logged in.")
    page = stranger.get(path, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login")


@pytest.mark.parametrize("path", LOOKS)
def test_every_answer_forbids_what_no_page_of_ours_needs(inside, path):
    answer = inside.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_no_page_holds_a_script_or_a_style_of_its_own(inside):
    for path in LOOKS:
        text = inside.get(path).text
        if text.startswith("<!doctype"):
            assert "<style" not in text
            assert " style=" not in text
            assert "<script>" not in text
            assert " onclick" not in text


def test_looking_changes_nothing(where, served, inside):
    for path in LOOKS:
        inside.get(path)
    before = state_of(where)
    for path in LOOKS:
        inside.get(path, params=HALT | {"token": served.token(), "alert": "A020-2", "code": "A020", "minutes": "5"})
    assert state_of(where) == before


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_what_acts_is_a_post_and_nothing_else(inside, path, method):
    assert inside.request(method, path, headers={"origin": str(inside.base_url).rstrip("/")}).status_code == 405


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_another_site_makes_nobody_act(where, served, inside, path, headers):
    answer = served.post(path, HALT | {"token": served.token()}, **headers)
    assert answer.status_code == 403
    assert read_latch(where.latch).words is None


@pytest.mark.parametrize("path", POSTS)
def test_without_the_token_of_a_form_nothing_is_done(where, served, inside, path):
    for token in ({}, {"token": ""}, {"token": "0" * 64}):
        assert served.post(path, HALT | token).status_code == 403
    assert read_latch(where.latch).words is None


def test_another_sessions_form_is_no_form_of_this_one(where, served, inside):
    token = served.token()
    served.log_in()
    assert served.post("/stop", HALT | {"token": token}).status_code == 403
    assert read_latch(where.latch).words is None


def test_a_stranger_with_a_right_origin_acts_on_nothing(where, served, stranger):
    answer = stranger.post("/stop", data=HALT, headers={"origin": served.url})
    assert answer.status_code == 401
    assert read_latch(where.latch).words is None


def test_a_program_reads_with_its_token_and_acts_with_none(where, served, stranger):
    token = (where.state / "panel" / "token").read_text()
    bearer = {"authorization": f"Bearer {token}"}
    assert stranger.get("/metrics", headers=bearer).status_code == 200
    assert stranger.get("/metrics", headers={"authorization": f"Bearer {token}x"}).status_code == 401
    assert stranger.post("/stop", data=HALT, headers=bearer | {"origin": served.url}).status_code == 401


def test_a_fetch_of_another_port_of_this_machine_gets_nothing(inside):
    asked = {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}
    assert inside.get("/api/v1/status", headers=asked).status_code == 403


def test_more_than_a_form_holds_is_not_read(served, inside):
    assert served.post("/stop", {"token": served.token(), "reason": "x" * 20_000}).status_code == 413


def test_a_link_lets_in_once_and_only_by_being_clicked(served, stranger):
    link = served.serving.link()
    secret = link.partition("link=")[2]
    assert [stranger.get(link).status_code for _ in range(2)] == [200, 200]
    first = stranger.post("/login", data={"link": secret}, headers={"origin": served.url})
    assert (first.status_code, first.headers["location"]) == (303, "/now")
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/now").status_code == 200
    stranger.cookies.clear()
    assert stranger.post("/login", data={"link": secret}, headers={"origin": served.url}).status_code == 403
    assert stranger.get("/now").status_code == 401


def test_another_site_cannot_log_a_browser_in(served, stranger):
    secret = served.serving.link().partition("link=")[2]
    assert stranger.post("/login", data={"link": secret}, headers={"origin": "https://evil.example"}).status_code == 403
    assert served.serving._panel.entry.use(secret), "and the link is still good"
