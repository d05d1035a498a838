"""The pages for people: their links lead somewhere, and every verb stands in the README."""

import re
from pathlib import Path

import pytest

from supervisor.cli.exit_code import ExitCode
from supervisor.cli.main import VERBS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    missing = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert missing == []


def test_every_verb_stands_in_the_readme():
    said = (ROOT / "README.md").read_text("utf-8")
    rows = " ".join(re.findall(r"^\| (`.+?) \|", said, re.MULTILINE))
    assert [verb for verb in VERBS if not re.search(rf"[`, ]{verb}\b", rows)] == []


def test_the_page_says_every_exit_code_there_is():
    said = (ROOT / "supervisor" / "cli" / "README.md").read_text("utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", said, re.MULTILINE)] == sorted(ExitCode)
