"""Faults of a configuration, told as a compiler would: where, what, the line with a mark, and what would be right.

Translates pydantic's errors; decides no rule. A line that should name a secret is never printed beyond its equals sign,
for it may hold the secret itself.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from actors.config_locator import Path, Places, locate
from actors.domain.value import Value
from actors.redaction import names_secret

_SYNTAX_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_SIMILARITY_MIN = 0.6


class FaultCode(StrEnum):
    """What kind of fault; `holdfast explain` prints the same words."""

    C001_UNREADABLE = "C001"
    C002_SYNTAX = "C002"
    C014_UNKNOWN_KEY = "C014"
    C015_MISSING_KEY = "C015"
    C021_IMPOSSIBLE_VALUE = "C021"


class Fault(Value):
    """One fault: where, what, and what would be right. `line` and `column` count from 1; 0 where there is no text."""

    code: FaultCode
    source: str
    line: int = 0
    column: int = 0
    width: int = 1
    key: str
    text: str
    hint: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        head = f"{place}: error[{self.code}]: {self.text}"
        if not self.excerpt:
            return head + (f"; {self.hint}" if self.hint else "")
        gutter = " " * len(str(self.line))
        mark = " " * (self.column - 1) + "^" * max(1, self.width)
        return f"{head}\n {self.line} | {self.excerpt}\n {gutter} | {mark} {self.hint}".rstrip()


class ConfigInvalid(Exception):
    """The configuration has faults; nothing may be started (exit code 9)."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        count = "1 error" if len(faults) == 1 else f"{len(faults)} errors"
        super().__init__("\n".join([*map(str, faults), f"{count}. Nothing was started."]))
        self.faults = faults


Located = tuple[Fault, Path]
"""A fault, and the key it belongs to."""


def translate(error: ValidationError, source: str, model: type[BaseModel], above: Path = ()) -> list[Located]:
    """Return the faults of a table read by `model`, which stands at `above`; its own and its members'."""
    details = error.errors(include_url=False)
    found: list[Located] = []
    for detail in details:
        if any(other["loc"][: len(detail["loc"])] == detail["loc"] and other is not detail for other in details):
            continue  # a table is at fault because of a member, and the member is told
        if detail["type"] == "contradiction":
            found += [(impossible(path, text, source), path) for path, text in detail["ctx"]["found"]]
        else:
            found.append((_fault(detail, source, model, above), above + detail["loc"]))
    return found


def impossible(path: Path, text: str, source: str) -> Fault:
    """Return the fault of a value that no rule of its own type refuses."""
    key = _dotted(path)
    return Fault(code=FaultCode.C021_IMPOSSIBLE_VALUE, source=source, key=key, text=f"{key}: {text}")


def _fault(detail: ErrorDetails, source: str, model: type[BaseModel], above: Path) -> Fault:
    inner = tuple(part for part in detail["loc"] if part != "[key]")
    path = above + inner
    key, table = _dotted(path), _dotted(path[:-1])
    if detail["type"] == "extra_forbidden":
        hint = nearest(str(path[-1]), _known_keys(model, inner[:-1]))
        text = unknown_key(str(path[-1]), table)
        return Fault(code=FaultCode.C014_UNKNOWN_KEY, source=source, key=key, text=text, hint=hint)
    if detail["type"] == "missing":
        return Fault(code=FaultCode.C015_MISSING_KEY, source=source, key=key, text=f'[{table}] needs "{path[-1]}"')
    value = "" if _is_secret(path) or isinstance(detail["input"], dict | list | tuple) else f" = {detail['input']!r}"
    text = f"{key}{value}: {_words(detail)}"
    return Fault(code=FaultCode.C021_IMPOSSIBLE_VALUE, source=source, key=key, text=text, hint=_allowed(detail))


def unknown_key(key: str, table: str) -> str:
    """Say that `table` (dotted; empty at the top) knows no such key."""
    return f'unknown key "{key}" in [{table}]' if table else f'unknown key "{key}" at the top'


def syntax_fault(text: str, source: str, error: tomllib.TOMLDecodeError) -> Fault:
    """Return the fault of a text that is no TOML."""
    message = str(error)
    found = _SYNTAX_PLACE.search(message)
    lines = text.splitlines() or [""]
    line = int(found[1]) if found and found[1] else len(lines)
    column = int(found[2]) if found and found[2] else len(lines[-1]) + 1
    return Fault(
        code=FaultCode.C002_SYNTAX,
        source=source,
        line=line,
        column=column,
        key="",
        text=_SYNTAX_PLACE.sub("", message),
        excerpt=_shown(lines[line - 1]) if line <= len(lines) else "",
    )


def _words(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch" and _is_secret(detail["loc"]):
        return "a secret is named here (an ENVIRONMENT_VARIABLE or file:PATH), never written"
    return detail["msg"][0].lower() + detail["msg"][1:]


def _allowed(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] in {"literal_error", "enum"}:
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return nearest(str(detail["input"]), choices)
    return ""


def nearest(word: str, known: list[str]) -> str:
    """Suggest the known word most like `word`, or list what is allowed."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=_SIMILARITY_MIN)
    return f'did you mean "{near[0]}"?' if near else f"allowed: {', '.join(known)}"


def _known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys of the section at `path`, by walking the models."""
    for part in path:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            members = (annotation, *get_args(annotation))
            model = next(member for member in members if isinstance(member, type) and issubclass(member, BaseModel))
    return list(model.model_fields)


def placed(faults: Iterable[Located], text: str) -> tuple[Fault, ...]:
    """Return the faults with line, column and the line of `text` itself, in the order of the text."""
    places = locate(text)
    lines = text.splitlines()
    found = [_placed(fault, path, places, lines) for fault, path in faults]
    return tuple(sorted(found, key=lambda fault: (fault.line, fault.column)))


def _placed(fault: Fault, path: Path, places: Places, lines: list[str]) -> Fault:
    """A missing key is shown at the table that lacks it."""
    known = path
    while known and known not in places:
        known = known[:-1]
    place = places.get(known)
    if place is None:
        return fault.model_copy(update={"line": 1, "column": 1})
    at_value = fault.code is FaultCode.C021_IMPOSSIBLE_VALUE and place.value_width and known == path
    line = place.value_line if at_value else place.line
    column = place.value_column if at_value else place.column
    width = place.value_width if at_value else place.width
    excerpt = lines[line - 1]
    if _is_secret(path) or _shown(excerpt) != excerpt:
        excerpt = _hidden(excerpt)
        column, width = 1, len(excerpt)
    return fault.model_copy(update={"line": line, "column": column, "width": width, "excerpt": excerpt})


def _shown(line: str) -> str:
    return _hidden(line) if names_secret(line.partition("=")[0]) else line


def _hidden(line: str) -> str:
    return line.partition("=")[0] + "= (not shown)" if "=" in line else "(not shown)"


def _is_secret(path: Path) -> bool:
    return any(isinstance(part, str) and (part == "targets" or names_secret(part)) for part in path)


def _dotted(path: Path) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
