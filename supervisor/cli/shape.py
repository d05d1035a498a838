"""What a verb's --json holds, said shortly, and the JSON schema that is made of it.

str, int, float, bool, dict, list      itself; dict and list hold anything
{"key": SHAPE, "other?": SHAPE, ...}   an object with these keys and no others; one with a ? may be missing
[SHAPE]                                a list of such
Maybe(SHAPE)                           that or null
Each(SHAPE)                            an object whose every value is such, under any key
MONEY, TIME                            a decimal number as a string; an ISO 8601 time with its offset
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLAIN: Final[Mapping[Any, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
}


@dataclass(frozen=True, slots=True)
class Maybe:
    """Null, or what it holds."""

    shape: Any


@dataclass(frozen=True, slots=True)
class Each:
    """An object of any keys."""

    shape: Any


@dataclass(frozen=True, slots=True)
class Words:
    """A string of a pattern."""

    pattern: str


MONEY: Final = Words(r"^-?\d+(\.\d+)?(E[+-]?\d+)?$")
TIME: Final = Words(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


def json_schema(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of what carries `name` in its field `schema`."""
    found = compiled(dict(shape))
    found["properties"] = {"schema": {"const": name}, **found["properties"]}
    found["required"] = ["schema", *found["required"]]
    return found


def compiled(shape: Any) -> dict[str, Any]:
    """Return the JSON schema of a shape."""
    if isinstance(shape, Mapping):
        members = {key.removesuffix("?"): compiled(member) for key, member in shape.items()}
        required = [key for key in shape if not key.endswith("?")]
        return {"type": "object", "properties": members, "required": required, "additionalProperties": False}
    if isinstance(shape, list):
        return {"type": "array", "items": compiled(shape[0])}
    if isinstance(shape, Maybe):
        return {"anyOf": [compiled(shape.shape), {"type": "null"}]}
    if isinstance(shape, Each):
        return {"type": "object", "additionalProperties": compiled(shape.shape)}
    if isinstance(shape, Words):
        return {"type": "string", "pattern": shape.pattern}
    return {"type": _PLAIN[shape]}
