"""The words of each code, from `config/codes.toml`: what it means, why it exists, what one can do; read offline."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).resolve().parents[1] / "config" / "codes.toml"


@dataclass(frozen=True, slots=True)
class Words:
    """One code's words."""

    means: str
    why: str
    todo: str
    done: str = ""
    """What Holdfast has done by then; empty where each alert of the code says it, or nothing is done."""


UNKNOWN: Final = Words("This version has no words for it.", "It came from another version.", "See its release notes.")


def read_words(path: Path = TABLE) -> Mapping[str, Words]:
    """Return the table; a row that lacks a part or has another is an error."""
    return {code: Words(**row) for code, row in tomllib.loads(path.read_text("utf-8")).items()}


WORDS: Final = read_words()


def words_of(code: str) -> Words:
    """Return a code's words; a journal may hold one of a later version."""
    return WORDS.get(code, UNKNOWN)
