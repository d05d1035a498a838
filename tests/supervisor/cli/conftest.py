"""What the verbs' tests share: a state folder, an executor over its journal, and one that lives beside the verb."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from actors.places import Places, places
from tests.filed_rig import FiledRig
from tests.rig import Rig
from tests.supervisor.cli.living import Living


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    found = places(tmp_path / "state")
    yield found
    for file in found.run.iterdir():
        file.unlink()
    found.run.rmdir()


@pytest.fixture
def rig(where) -> Iterator[FiledRig]:
    found = FiledRig(where.journal)
    yield found
    found.writer.close()


@pytest.fixture
def living(where, rig) -> Iterator[Callable[..., None]]:
    """Return a function that lets the rig's executor live."""
    found: list[Living] = []

    def start(play: Callable[[Rig], None] = lambda rig: None, *, is_deaf: bool = False) -> None:
        found.append(Living(where, rig, play, is_deaf=is_deaf))

    yield start
    for each in found:
        each.close()


PUBLISHED = Path(__file__).parents[3] / "config" / "cli.schema.json"


@cache
def validators() -> dict[str, jsonschema.Draft202012Validator]:
    """Return what is published of each name."""
    schemas = json.loads(PUBLISHED.read_text("utf-8"))["$defs"]
    return {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas.items()}


def faults(printed: dict[str, Any]) -> list[str]:
    """Return what is published against something that a verb printed."""
    name = printed.get("schema", "")
    made = [known for known in validators() if known.endswith("*") and name.startswith(known[:-1])]
    validator = validators().get(name) or (validators()[made[0]] if made else None)
    if validator is None:
        return [f"{name!r} is not published; scripts/write_schema.py does that"]
    return [f"{name} {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(printed)]


@pytest.fixture(autouse=True)
def _as_published(monkeypatch) -> Iterator[None]:
    """Hold every JSON object that a verb prints, in whatever test, against what is published of it."""
    wrong, echo = list[str](), click.echo

    def watched(message: Any = None, *rest: Any, **more: Any) -> None:
        if isinstance(message, str) and message.startswith("{"):
            printed = json.loads(message)
            wrong.extend(
                [] if "$defs" in printed else faults(printed)
            )  # the configuration's own schema is none of them
        echo(message, *rest, **more)

    monkeypatch.setattr(click, "echo", watched)
    yield
    assert wrong == []
