"""Every code of the program has its words, and every word its code."""

import re
from pathlib import Path

import pytest

from actors.config_faults import FaultCode
from actors.domain.orders.refusal import Code
from supervisor.cli.explain import page
from supervisor.words import UNKNOWN, WORDS, read_words, words_of

ROOT = Path(__file__).resolve().parents[2]
RAISED = re.compile(r'"([ANS]\d{3})"|code="([A-Z][A-Z_]{3,})"')


def raised() -> set[str]:
    """The codes of alerts that stand in the program, quoted."""
    texts = [path.read_text("utf-8") for package in ("actors", "supervisor") for path in (ROOT / package).rglob("*.py")]
    return {one or other for text in texts for one, other in RAISED.findall(text)}


def test_every_refusal_and_alert_has_its_words_and_no_words_are_without_one():
    assert raised() >= {"A010", "A051", "A141", "N001", "S001", "S031"}
    assert set(WORDS) == raised() | {code.value for kind in (Code, FaultCode) for code in kind}


@pytest.mark.parametrize("code", WORDS)
def test_each_says_what_it_means_why_it_exists_and_what_one_can_do(code):
    words = WORDS[code]
    for text in (words.means, words.why, words.todo, *([words.done] if words.done else [])):
        assert text.strip().endswith(".")
        assert len(text) <= 220


def test_a_code_of_another_version_is_no_crash():
    assert words_of("R999") is UNKNOWN
    assert words_of("R010") is WORDS["R010"]


def test_a_row_that_lacks_a_part_is_an_error(tmp_path):
    broken = tmp_path / "codes.toml"
    broken.write_text('[R010]\nmeans = "x"\n')
    with pytest.raises(TypeError, match="why"):
        read_words(broken)


def test_the_page_of_all_codes_is_what_explain_says():
    """`scripts/write_schema.py` writes it."""
    assert (ROOT / "config" / "CODES.md").read_text("utf-8") == page()
