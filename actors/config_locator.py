"""Where each key of a TOML text stands, for error messages: tomllib tells values, not places.

Assumes text that tomllib has already accepted, so this reader may be lenient: it follows strings, arrays, inline
tables and headers far enough to name places, and interprets no value. Lines and columns count from 1. A table's own
place is its header; an array's elements have places of their own, under their number.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_ESCAPED = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Place:
    """One key and its value: where both begin, and how wide they are on that line. A header has no value."""

    line: int
    column: int
    width: int
    value_line: int
    value_column: int
    value_width: int


Places = dict[Path, Place]


def locate(text: str) -> Places:
    """Return the place of every key, table and array element of a valid TOML `text`."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: Places = {}
        self._counts: dict[Path, int] = {}

    def read(self) -> Places:
        table: Path = ()
        self._match(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._match(_BLANK)
        return self._places

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise ValueError(f"not TOML at offset {self._at}")
        self._at = found.end()
        return found[0]

    def _header(self) -> Path:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        path = self._resolve(self._key())
        self._at += 2 if is_array else 1
        if is_array:
            self._note(path, start, start, start)
            number = self._counts.get(path, 0)
            self._counts[path] = number + 1
            path = (*path, number)
        self._note(path, start, start, start)
        return path

    def _resolve(self, key: list[str]) -> Path:
        """Put the current element's number behind each array of tables that `key` passes through."""
        path: Path = ()
        for part in key[:-1]:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return (*path, key[-1])

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._match(_SPACE)
            quoted = self._text[self._at] in "\"'"
            part = self._match(_STRING if quoted else _BARE_KEY)
            parts.append(_ESCAPED.sub(r"\1", part[1:-1]) if quoted else part)
            self._match(_SPACE)
            if self._text[self._at] != ".":
                return parts
            self._at += 1

    def _pair(self, table: Path) -> None:
        start = self._at
        key = self._key()
        end = start + len(self._text[start : self._at].rstrip())
        self._at += 1  # the equals sign
        self._match(_SPACE)
        path = (*table, *key)
        value_start = self._at
        self._value(path)
        self._note(path, start, end, value_start)

    def _value(self, path: Path) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._match(_STRING)
        elif first == "[":
            self._group("]", lambda number: self._element((*path, number)))
        elif first == "{":
            self._group("}", lambda _: self._pair(path))
        else:
            value = self._match(_BARE_VALUE)
            self._at -= len(value) - len(value.rstrip())

    def _group(self, closing: str, member: Callable[[int], None]) -> None:
        self._at += 1
        number = 0
        self._match(_BLANK)
        while self._text[self._at] != closing:
            member(number)
            number += 1
            self._match(_BLANK)
            if self._text[self._at] == ",":
                self._at += 1
                self._match(_BLANK)
        self._at += 1

    def _element(self, path: Path) -> None:
        start = self._at
        self._value(path)
        self._note(path, start, start, start)

    def _note(self, path: Path, start: int, end: int, value_start: int) -> None:
        line, column = self._position(start)
        value_line, value_column = self._position(value_start)
        stop = self._text.find("\n", start)
        limit = len(self._text) if stop < 0 else stop
        width = (end if end > start else min(self._at, limit)) - start
        value_stop = self._text.find("\n", value_start)
        value_limit = len(self._text) if value_stop < 0 else value_stop
        value_width = min(self._at, value_limit) - value_start
        self._places.setdefault(path, Place(line, column, width, value_line, value_column, value_width))

    def _position(self, offset: int) -> tuple[int, int]:
        before = self._text.count("\n", 0, offset)
        return before + 1, offset - self._text.rfind("\n", 0, offset)
