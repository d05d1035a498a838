"""Reads the configuration: one TOML file, and what the command line adds, to one frozen `RuntimeConfig`.

Found by `--config`, $HOLDFAST_CONFIG, ./config/holdfast.toml, ~/.config/holdfast/holdfast.toml, or the one shipped, in
this order. A relative path in the file counts from the file's own folder, one from the command line from the working
directory. Every fault of a file is collected and told as a compiler would tell it: file, line, column, key, the line
with a mark, the nearest spelling, what is allowed. A line that should name a secret is never printed beyond its equals
sign: it may hold the secret.
"""

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from actors.config_faults import (
    ConfigInvalid,
    Fault,
    FaultCode,
    Located,
    impossible,
    nearest,
    placed,
    syntax_fault,
    translate,
    unknown_key,
)
from actors.config_model import RuntimeConfig

__all__ = [
    "ConfigInvalid",
    "Fault",
    "FaultCode",
    "ParametersOf",
    "RuntimeConfig",
    "assignment",
    "find",
    "load",
    "parse",
    "personal",
    "schema",
    "with_overrides",
]

ENVIRONMENT_NAME = "HOLDFAST_CONFIG"
DEFAULT_PLACE = Path("config/holdfast.toml")
SHIPPED = Path(__file__).resolve().parents[1] / "config"
COMMAND_LINE = "command line"

ParametersOf = Callable[[str], type[BaseModel]]
"""Finds the model of a strategy's parameters by its import path. Raises `ValueError` where there is none."""


def find(named: Path | None = None) -> Path:
    """Return the file to read: the one named, else the first there is of those the head of this file lists."""
    if named is not None:
        return named
    if path := os.environ.get(ENVIRONMENT_NAME):
        return Path(path)
    shipped = SHIPPED / DEFAULT_PLACE.name
    is_own = DEFAULT_PLACE.exists() and not DEFAULT_PLACE.samefile(
        shipped
    )  # whoever stands in a checkout named nothing
    here = DEFAULT_PLACE if DEFAULT_PLACE.exists() else shipped
    return DEFAULT_PLACE if is_own else personal() if personal().exists() else here


def personal() -> Path:
    """Return where a user's own configuration lies: `holdfast/holdfast.toml` in $XDG_CONFIG_HOME, or ~/.config."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "holdfast" / DEFAULT_PLACE.name


def load(named: Path | None = None, parameters_of: ParametersOf | None = None) -> RuntimeConfig:
    """Read and check the configuration file. Raises `ConfigInvalid` with every fault.

    Given `parameters_of`, each strategy's parameters are checked by the strategy's own model as well.
    """
    path = find(named)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        fault = Fault(code=FaultCode.C001_UNREADABLE, source=str(path), key="", text=f"cannot be read: {why}")
        raise ConfigInvalid((fault,)) from None
    return parse(text, str(path), path.resolve().parent, parameters_of)


def parse(text: str, source: str, folder: Path, parameters_of: ParametersOf | None = None) -> RuntimeConfig:
    """Check a configuration's text; relative paths count from `folder`. Raises `ConfigInvalid` with every fault."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid((syntax_fault(text, source, error),)) from None
    config, faults = _checked(raw, source, folder, parameters_of)
    if config is None or faults:
        raise ConfigInvalid(placed(faults, text))
    return config


def with_overrides(
    config: RuntimeConfig, overrides: Mapping[str, Any], parameters_of: ParametersOf | None = None
) -> RuntimeConfig:
    """Return `config` with values set by dotted key; routes and strategies go by name (`routes.main.url`).

    Everything is checked again as a whole. Raises `ConfigInvalid`.
    """
    raw = config.model_dump()
    unknown = [fault for key, value in overrides.items() if (fault := _set(raw, key, value))]
    if unknown:
        raise ConfigInvalid(tuple(unknown))
    changed, faults = _checked(raw, COMMAND_LINE, Path.cwd(), parameters_of)
    if changed is None or faults:
        raise ConfigInvalid(tuple(fault for fault, _ in faults))
    return changed


def _checked(
    raw: dict[str, Any], source: str, folder: Path, parameters_of: ParametersOf | None
) -> tuple[RuntimeConfig | None, list[Located]]:
    """Return the configuration and what is wrong with it; without the first there is always the second."""
    try:
        config = RuntimeConfig.model_validate(raw, context={"folder": folder})
    except ValidationError as error:
        return None, translate(error, source, RuntimeConfig)
    return config, _strategy_faults(config, source, parameters_of) if parameters_of else []


def _strategy_faults(config: RuntimeConfig, source: str, parameters_of: ParametersOf) -> list[Located]:
    found: list[Located] = []
    for number, section in enumerate(config.strategies):
        try:
            model = parameters_of(section.strategy)
        except ValueError as error:
            path = ("strategies", number, "strategy")
            found.append((impossible(path, str(error), source), path))
            continue
        try:
            model.model_validate(section.parameters)
        except ValidationError as error:
            found += translate(error, source, model, ("strategies", number, "parameters"))
    return found


def assignment(text: str) -> tuple[str, Any]:
    """Split `key=value`; the value is read as TOML, else taken as a string. Raises `ConfigInvalid`."""
    key, equals, value = text.partition("=")
    if not equals:
        fault = Fault(
            code=FaultCode.C002_SYNTAX, source=COMMAND_LINE, key=text, text=f'"{text}" is not of the form key=value'
        )
        raise ConfigInvalid((fault,))
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value


def schema() -> str:
    """Return the JSON schema that editors use, as the text of `config/holdfast.schema.json`."""
    return json.dumps(RuntimeConfig.model_json_schema(), indent=1, sort_keys=True) + "\n"


def _set(raw: dict[str, Any], key: str, value: Any) -> Fault | None:
    """Set one dotted key in a dumped configuration; return the fault where a part of it does not exist."""
    node: Any = raw
    parts = key.split(".")
    for number, part in enumerate(parts):
        known = {member["name"]: member for member in node} if isinstance(node, tuple) else node
        is_last = number == len(parts) - 1
        if not isinstance(known, dict) or (part not in known and not is_last) or (is_last and known is not node):
            return _unknown(key, part, parts[:number], known)
        if not is_last:
            node = known[part]
    node[parts[-1]] = value
    return None


def _unknown(key: str, part: str, above: list[str], known: Any) -> Fault:
    names = [str(name) for name in known] if isinstance(known, dict) else []
    return Fault(
        code=FaultCode.C014_UNKNOWN_KEY,
        source=COMMAND_LINE,
        key=key,
        text=unknown_key(part, ".".join(above)),
        hint=nearest(part, names) if names else "",
    )
