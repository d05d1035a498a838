"""`holdfast config`: check the configuration, show it with the origin of each value, compare it, print its schema.

Nothing is started and no state folder is needed, but by `diff`, which compares the file with what the runtime of one
was last started with.

Exit 0: sound, shown, no difference; 3: nothing was ever started there; 4: it differs; 9: it is invalid.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from actors import config as configuration
from actors.config import ConfigInvalid, ParametersOf, RuntimeConfig, assignment, find, load, with_overrides
from actors.config_locator import locate
from actors.places import places
from actors.redaction import Redactor
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.cli.screen import columns

CHECK: Final = "holdfast.config-check/1"
SHOW: Final = "holdfast.config-show/1"
DIFF: Final = "holdfast.config-diff/1"
DEFAULT: Final = "default"
COMMAND_LINE: Final = "command line"
file_option = click.option(
    "--config", "named", type=click.Path(dir_okay=False, path_type=Path), help="The file; default as of `up`."
)
set_option = click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="As of `up`; repeatable.")


@click.group(help="Check the configuration, show it, compare it, print its schema; `diff` alone takes --state.")
def config() -> None:
    """Group the verbs of the configuration."""


@config.command(help="Read it, its strategies' parameters too, and tell every fault as a compiler would.")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@file_option
@set_option
@json_option
def check(file: Path | None, named: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Read, tell."""
    path = find(file or named)
    settled(path, settings, CHECK if as_json else None)
    if as_json:
        click.echo(json.dumps({"schema": CHECK, "source": str(path), "sound": True, "faults": []}))
    else:
        click.echo(f"{path}: sound")


@config.command(help="Show every value in force; --origin: with where it is from.")
@click.option("--origin", is_flag=True, help="File and line, the command line, or the default.")
@file_option
@set_option
@json_option
def show(origin: bool, named: Path | None, settings: tuple[str, ...], as_json: bool) -> None:
    """Read, flatten, tell."""
    path = find(named)
    found = settled(path, settings, SHOW if as_json else None)
    origins = Origins(path, settings)
    rows = [(key, cleaned(value), origins.of(key)) for key, value in flat(found.model_dump(mode="json"))]
    if as_json:
        values = [{"key": key, "value": value, "origin": whence} for key, value, whence in rows]
        click.echo(json.dumps({"schema": SHOW, "source": str(path), "values": values}))
    elif origin:
        click.echo("\n".join(columns(("Key", "Value", "From"), [(k, json.dumps(v), whence) for k, v, whence in rows])))
    else:
        click.echo("\n".join(f"{key} = {json.dumps(value)}" for key, value, _ in rows))


@config.command(help="Say what differs between the file and what the runtime of --state was last started with.")
@file_option
@set_option
@state_option
@json_option
def diff(named: Path | None, settings: tuple[str, ...], state: Path, as_json: bool) -> None:
    """Read both, compare, tell."""
    kept = places(state).config
    if not kept.exists():
        click.echo(f"nothing was ever started in {state}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    now = dict(flat(settled(find(named), settings, DIFF if as_json else None).model_dump(mode="json")))
    then = dict(flat(json.loads(kept.read_bytes())))
    rows = [
        (key, cleaned(then.get(key)), cleaned(now.get(key)))
        for key in dict.fromkeys([*then, *now])
        if then.get(key) != now.get(key)
    ]
    if as_json:
        changes = [{"key": key, "running": before, "file": after} for key, before, after in rows]
        click.echo(json.dumps({"schema": DIFF, "changes": changes}))
    else:
        table = [(key, json.dumps(before), json.dumps(after)) for key, before, after in rows]
        click.echo("\n".join(columns(("Key", "Last started with", "File"), table)) if rows else "no difference")
    sys.exit(ExitCode.DEGRADED if rows else ExitCode.DONE)


@config.command(help="Print the JSON schema that editors check and complete the file with.")
def schema() -> None:
    """Print."""
    click.echo(configuration.schema(), nl=False)


def settled(path: Path, settings: tuple[str, ...], schema: str | None) -> RuntimeConfig:
    """Return the configuration, its strategies' parameters checked; ends the verb where it is invalid."""
    try:
        loaded = load(path, parameters_of())
        overrides = dict(assignment(text) for text in settings)
        return with_overrides(loaded, overrides, parameters_of()) if overrides else loaded
    except ConfigInvalid as error:
        _refuse(error, path, schema)


def parameters_of() -> ParametersOf:
    """Return what finds the model of a strategy's parameters."""
    from actors.strategies.base import load as load_strategy

    return lambda strategy: load_strategy(strategy).Parameters


def _refuse(error: ConfigInvalid, path: Path, schema: str | None) -> NoReturn:
    if schema is None:
        click.echo(str(error), err=True)
    else:
        faults = [fault.model_dump(mode="json") for fault in error.faults]
        click.echo(json.dumps({"schema": schema, "source": str(path), "sound": False, "faults": faults}))
    sys.exit(ExitCode.CONFIG_INVALID)


def flat(tree: Any, above: str = "") -> list[tuple[str, Any]]:
    """Return the leaves of plain JSON by dotted key; members of a list that have names go by these."""
    if isinstance(tree, Mapping) and tree:
        return [leaf for key, value in tree.items() for leaf in flat(value, f"{above}.{key}" if above else key)]
    if isinstance(tree, list) and tree and all(isinstance(each, Mapping) and "name" in each for each in tree):
        return [leaf for each in tree for leaf in flat(each, f"{above}.{each['name']}")]
    return [(above, tree)]


def cleaned(value: Any) -> Any:
    """Return a value as it may be shown: names of secrets are names, a password inside an address is not shown."""
    return Redactor().clean(value) if isinstance(value, str) and "://" in value else value


class Origins:
    """Tells where each value of a settled configuration is from: file and line, the command line, or the default."""

    def __init__(self, path: Path, settings: tuple[str, ...]) -> None:
        text = path.read_text("utf-8")
        self._path, self._tree, self._places = path, tomllib.loads(text), locate(text)
        self._given = [assignment(setting)[0] for setting in settings]

    def of(self, key: str) -> str:
        """Return where the value of a dotted key is from."""
        if any(key == name or key.startswith(f"{name}.") for name in self._given):
            return COMMAND_LINE
        at = whole = self._numbered(key.split("."))
        while at and at not in self._places:
            at = at[:-1]
        if not at:
            return DEFAULT
        place = self._places[at]
        is_inside = (place.line, place.column) != (place.value_line, place.value_column)  # a header holds no value
        return f"{self._path}:{place.line}" if at == whole or is_inside else DEFAULT

    def _numbered(self, parts: list[str]) -> tuple[str | int, ...]:
        """Return a dotted key as the locator has it: a named member of a list by its number."""
        node: Any = self._tree
        found: list[str | int] = []
        for part in parts:
            if isinstance(node, list):
                names = [each.get("name") if isinstance(each, Mapping) else None for each in node]
                number = names.index(part) if part in names else -1
                found.append(number)
                node = node[number] if number >= 0 else None
            else:
                found.append(part)
                node = node.get(part) if isinstance(node, Mapping) else None
        return tuple(found)
