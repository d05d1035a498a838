"""The pages as they are drawn: every number with its age, what is wrong in words, nothing from anywhere else."""

import json
import re
from datetime import UTC, datetime
from threading import Event

import pytest
from click.testing import CliRunner

from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.story import Moment, Story
from actors.domain.risk.exposure_limits import Grid
from supervisor.cli.main import main
from supervisor.cli.risk import exposure_board
from supervisor.panel import formats, order_page
from supervisor.panel.order_page import waterfall
from supervisor.panel.pages import PAGES
from supervisor.panel.risk_page import deviations, tables
from tests.fakes import START
from tests.supervisor.panel.conftest import until

FIRST_LOAD_MAX = 200_000
ASSETS = re.compile(r'(?:src|href)="(/static/[^"]+)"')
MENU = [page.name for page in PAGES.values() if page.in_menu]


@pytest.mark.parametrize("name", MENU)
def test_a_page_names_the_mode_the_account_and_itself(desk, inside, name):
    text = inside.get(f"/{name}").text
    assert "PAPER" in text
    assert "<small>tastytrade</small>" in text
    assert f'<a href="/{name}" data-key="{MENU.index(name) + 1}" aria-current="page">' in re.sub(r"\s+", " ", text)
    assert "cannot be drawn" not in text


def test_live_is_another_word_another_shape_and_asks_for_the_accounts_tail(desk, inside):
    desk.configure(is_live=True)
    try:
        text = inside.get("/stop").text
    finally:
        desk.configure()
    paper = inside.get("/stop").text
    assert ("LIVE<" in text.replace("\n", ""), "PAPER" in text) == (True, False)
    assert ('<rect width="12" height="12"/>' in text, '<circle cx="6" cy="6" r="4.6"/>' in text) == (True, False)
    assert ('<rect width="12" height="12"/>' in paper, '<circle cx="6" cy="6" r="4.6"/>' in paper) == (False, True)
    assert ('class="mode-live"' in text, 'class="mode-paper"' in paper) == (True, True)
    assert ("<title>LIVE ·" in text, "/static/live.svg" in text, "tastytrade ...0001" in text) == (True, True, True)
    assert "Type <code>0001</code>" in text


def test_every_card_of_figures_bears_their_age(desk, inside):
    desk.boards()
    for name in ("now", "risk"):
        text = inside.get(f"/{name}").text
        titles = re.findall(r"<h2 [^>]*>(.*?)</h2>", text, re.DOTALL)
        without = [title for title in titles if 'class="age' not in title]
        assert without == [], name


def test_the_first_load_of_now_is_small_and_comes_from_here_alone(inside):
    page = inside.get("/now", headers={"accept-encoding": "identity"})
    assets = ASSETS.findall(page.text)
    loads = [inside.get(path, headers={"accept-encoding": "identity"}) for path in assets]
    size = sum(len(each.content) for each in (page, *loads))
    print(f"first load of Now: {size:,} bytes, {1 + len(loads)} requests")
    assert {each.status_code for each in loads} == {200}
    assert size < FIRST_LOAD_MAX
    assert "//" not in re.sub(r"http://www.w3.org/2000/svg", "", "".join(ASSETS.findall(page.text)))


def test_what_does_not_change_is_kept_by_the_browser_and_figures_are_not(inside):
    (script,) = [path for path in ASSETS.findall(inside.get("/now").text) if "panel.js" in path]
    assert "immutable" in inside.get(script).headers["cache-control"]
    assert inside.get("/now").headers["cache-control"] == "no-store"


def test_a_dead_supervisor_and_a_silent_executor_are_said_in_words(where, desk, served, inside):
    desk.routes(age_s=60)
    assert "The executor is not heard" in inside.get("/now").text
    where.directory.unlink()
    try:
        assert "Its children trade on" not in inside.get("/tree").text
        assert "The supervisor is dead" in inside.get("/tree").text
    finally:
        desk.tree()


def test_what_works_is_named_however_long_ago_it_was_sent(desk, served, inside, monkeypatch):
    desk.boards()
    assert "At work since before these" not in inside.get("/orders").text
    monkeypatch.setattr(served.serving._panel.sources.seen(), "_orders", {})
    text = inside.get("/orders").text
    assert "At work since before these" in text
    assert f'<a href="/orders/{desk.working}">' in text


def test_an_order_shows_each_leg_from_decision_to_fill(desk, inside):
    text = inside.get(f"/orders/{desk.held}").text
    assert text.count('<svg class="lane"') == 5
    assert "SPXW 05 Jan 5,850 P" in text
    assert text.count('class="fill done"') >= 4
    assert "R003" in inside.get(f"/orders/{desk.refused}").text
    assert "No order or signal by that id" in inside.get("/orders/nobody").text


def test_a_name_from_outside_is_text_and_never_markup(inside):
    text = inside.get("/orders/%3Cscript%3Ealert(1)%3C%2Fscript%3E").text
    assert "<script>alert" not in text
    assert "<script>alert" not in inside.get("/whatif", params={"spot": '"><script>alert(1)</script>'}).text


def test_a_move_is_repriced_or_said_not_to_be(where, desk, inside):
    desk.boards()
    asked = {"spot": "-3", "iv": "+6", "days": "0.1"}
    assert "Nothing was measured" in inside.get("/whatif", params=asked).text
    desk.tables()
    sequence = desk.rig.writer.sequence
    text = inside.get("/whatif", params=asked).text
    told = json.loads(
        CliRunner().invoke(main, ["whatif", *_words(asked), "--state", str(where.state), "--json"]).stdout
    )
    assert formats.money(told["change"], 0) in text
    assert "spot -3.0%, volatility +6 points, 0.1 days on" in text
    assert "Nothing was sent" in text
    assert desk.rig.writer.sequence == sequence
    wrong = inside.get("/whatif", params={"spot": "all", "iv": "6"}).text
    assert "No market moves so" in wrong
    assert "Nothing was sent" not in wrong


def _words(asked: dict[str, str]) -> list[str]:
    return [word for name, text in asked.items() for word in (f"--{name}", text)]


@pytest.fixture
def life(desk) -> OrderLife:
    return desk.rig.book.orders[desk.held]


def test_marks_lie_where_their_time_does_where_they_can_be_told_apart(life):
    second = [datetime.fromtimestamp(START.timestamp() + each, UTC) for each in (0, 1, 3, 10)]
    words = ("PLACED", "SEND", "ACCEPTED", "FILL")
    fill = life.fills[0].model_copy(update={"at": second[3]})
    story = Story(
        life=life.model_copy(update={"fills": (fill,)}),
        moments=tuple(
            Moment(at=at, word=word, text=f"x, {fill.exec_id}") for at, word in zip(second, words, strict=True)
        ),
    )
    fall = waterfall(story)
    assert fall is not None
    assert fall["is_timed"]
    assert [round(mark["x"], 1) for mark in fall["own"]] == [1.5, 11.2, 30.6]
    assert [lane["end"] for lane in fall["legs"]] == [98.5, None, None, None]


def test_marks_that_would_cover_each_other_stand_in_their_order_instead(life):
    moments = tuple(Moment(at=START, word=word, text=word) for word in ("PLACED", "SEND", "NAKED"))
    fall = waterfall(Story(life=life, moments=moments))
    assert fall is not None
    assert not fall["is_timed"]
    assert [(mark["x"], mark["is_flaw"]) for mark in fall["own"]] == [(1.5, False), (50.0, False), (98.5, True)]


@pytest.mark.parametrize(
    ("symbol", "far"),
    [("SPXW  260105P05900000", 1.25), ("SPXW  260105C05990000", 1.0), ("SPXW  260106P05900000", None), ("SPX", None)],
)
def test_a_strikes_distance_is_told_in_the_moves_that_are_expected(symbol, far):
    move = {"root": "SPXW", "expires_on": "2026-01-05", "forward": 5950.0, "expected_move": 40.0}
    assert deviations({"symbol": symbol}, {("SPXW", "2026-01-05"): move}) == far


def test_the_stress_grid_is_a_table_a_day_and_its_worst_cell_is_marked(where, desk):
    board = exposure_board(where)
    found = tables(board)
    grid = Grid.model_validate(board["limits"]["grid"])
    assert [table["days"] for table in found] == list(grid.days)
    cells = [
        (row["volatility"], spot, table["days"], cell)
        for table in found
        for row in table["rows"]
        for spot, cell in zip(table["spots"], row["cells"], strict=True)
    ]
    placed = {(spot, volatility, days): cell["value"] for volatility, spot, days, cell in cells}
    assert placed == {grid.point(place): value for place, value in enumerate(board["whole"]["cells"])}
    (worst,) = [cell for *_, cell in cells if cell["is_worst"]]
    assert (worst["value"], worst["shade"]) == (min(board["whole"]["cells"]), "loss-4")
    board["whole"]["cells"][0] = None
    assert tables(board)[0]["rows"][0]["cells"][0] == {"value": None, "shade": "", "is_worst": False}


def test_an_order_that_takes_long_to_find_keeps_nobody_waiting_and_comes_by_itself(desk, inside, monkeypatch):
    go, look = Event(), order_page._told

    def slowly(reader: object, name: str) -> dict:
        go.wait(60)
        return look(reader, name)

    monkeypatch.setattr(order_page, "_told", slowly)
    name = f"{desk.held}-r1"
    assert "The journal is being read" in inside.get(f"/orders/{name}").text
    assert "cannot be drawn" not in inside.get("/now").text
    go.set()
    until(lambda: "From decision to fill" in inside.get(f"/orders/{name}").text)
