"""`holdfast report`: from a real journal with nothing running, the same figures in every form."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from actors.config import load
from actors.domain.performance.due import Due, Kind
from actors.places import Places, places
from supervisor.app.reports import kept, making
from supervisor.app.reports.evening import Evening
from supervisor.app.reports.picture import main as drawn
from supervisor.cli.main import main
from tests.report_journal import MONDAY, TUESDAY, WEDNESDAY, written

ROOT = Path(__file__).resolve().parents[3]
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def where(tmp_path_factory) -> Places:
    """A state folder whose runtime traded three days on paper, and runs no more."""
    found = places(tmp_path_factory.mktemp("reports") / "state")
    found.config.write_text(load(ROOT / "config" / "holdfast.toml").model_dump_json())
    written(found)
    yield found
    found.run.rmdir()


def run(where: Places, *words: object) -> Result:
    result = CliRunner().invoke(main, ["report", *map(str, words), "--state", str(where.state)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def told(where: Places, *words: object) -> dict:
    return json.loads(run(where, *words, "--json").stdout)


def test_the_evening_tells_the_last_session_and_json_the_same_figures(where):
    text, plain = run(where, "evening").stdout, told(where, "evening")
    assert plain["schema"] == "holdfast.report-evening/1"
    assert plain["day"]["session"] == str(WEDNESDAY)
    result = float(plain["figures"]["result"])
    assert f"PAPER  tastytrade  Evening of {WEDNESDAY:%a %d %b %Y}" in text
    assert f"{result:+,.2f} of 12 structures that ended, after every fee" in text
    assert re.search(rf"condor +{re.escape(f'{result:+,.2f}')} +12 ", text), "by strategy"


def test_it_tells_refusals_by_rule_incidents_costs_and_the_next_session(where):
    text = run(where, "evening").stdout
    assert re.search(r"route failed over +tastytrade +openings go to alpaca: refused", text)
    assert "4 losses in a row" in text
    assert re.search(r"R034 +20  .*\n +R042 +5  ", text)
    assert "20 signals were refused; one may fail several rules" in text
    assert re.search(r"fees +\d+\.\d\d +\d+\.\d\d +[+-]", text)
    assert "session  Thu 09 Jan 09:30 to 16:00 ET" in text
    assert "nobody quotes it here" in text, "no price of the benchmark is made up"


def test_another_session_is_told_by_its_date_and_one_that_never_was_is_an_error(where):
    assert told(where, "evening", "--date", MONDAY)["day"]["session"] == str(MONDAY)
    done = run(where, "evening", "--date", "2020-01-04")
    assert (done.exit_code, "knows no session of 2020-01-04" in done.output) == (2, True)


def test_the_week_adds_its_evenings_up_and_places_them_by_weekday_and_hour(where):
    plain = told(where, "week")
    evenings = [told(where, "evening", "--date", on)["figures"]["result"] for on in (MONDAY, TUESDAY, WEDNESDAY)]
    assert sum(map(float, evenings)) == pytest.approx(float(plain["figures"]["result"]), abs=0.001)
    assert {each["weekday"] for each in plain["week"]["hours"]} == {0, 1, 2}
    text = run(where, "week").stdout
    assert "BY WEEKDAY AND HOUR OF NEW YORK" in text
    assert re.search(r"09:00 +[+-][\d,]+\.\d\d \(\d+\)", text)


def test_the_morning_holds_the_preflight_and_what_changed_overnight(where):
    done = run(where, "morning", "--date", "2020-01-08")
    assert done.exit_code == 0
    for words in ("PREFLIGHT AT", "TODAY", "MARGIN", "SINCE TUE 07 JAN 16:15 ET", "LAST SESSIONS", "go-live gate"):
        assert words in done.stdout
    assert re.search(r"starts of the executor +1\b", done.stdout), "Wednesday's start lies after Tuesday's close"


def test_page_and_picture_are_written_where_they_are_asked_for(where, tmp_path):
    page, picture = tmp_path / "week.html", tmp_path / "week.png"
    assert run(where, "week", "--html", page, "--png", picture).exit_code == 0
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_mode & 0o777 == 0o600
    assert "data:image/png;base64,iVBOR" in page.read_text("utf-8")


def test_the_morning_is_drawn_too(where):
    plain = told(where, "morning", "--date", WEDNESDAY)
    content = {key: plain[key] for key in plain if key not in {"schema", "go"}}
    assert drawn(Kind.MORNING, json.dumps(content).encode()).startswith(PNG)


def test_the_reporters_process_keeps_every_form_and_the_next_evening_knows_the_last(where):
    asked = Due(Kind.EVENING, TUESDAY)
    assert making.made(where, asked) is None
    process = making.Process(where, asked)
    process._process.wait(120)
    assert process.poll() == "", (where.logs / making.LOG).read_text()
    made = making.made(where, asked)
    assert made.text.startswith("PAPER  tastytrade  Evening of Tue 07 Jan 2020")
    assert [Path(file).suffix for file in made.attach] == [".html", ".png"]
    text = Path(made.attach[0]).read_text("utf-8")
    assert text.startswith("<!doctype html>")
    assert not re.search(r"<script|https?://", text), "it needs nothing else"
    kept_one = Evening.model_validate_json(kept.path(where, Kind.EVENING, TUESDAY, "json").read_bytes())
    assert kept_one.day.session == TUESDAY
    history = told(where, "evening")["history"]
    assert [(each["session"], each["benchmark"]) for each in history] == [(str(TUESDAY), None)]


def test_neither_ray_nor_what_draws_is_imported_by_whoever_asks_for_a_report():
    code = "import sys, supervisor.cli.report, supervisor.app.reports.picture as drawn; drawn.draw"
    seen = f"{code}; print(sorted({{'ray', 'matplotlib', 'jinja2'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", seen], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_where_nothing_was_started_it_says_so(tmp_path):
    found = places(tmp_path / "empty")
    assert run(found, "evening").exit_code == 3
    found.run.rmdir()
