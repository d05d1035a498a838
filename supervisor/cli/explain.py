"""`holdfast explain CODE`: what a refusal, an alert or a fault means, why it exists, what you can do. Needs nothing.

Exit 0: told; 2: no such code, with the nearest; `--all` lists every one.
"""

import difflib
import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

import click

from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option
from supervisor.words import WORDS, Words

SCHEMA: Final = "holdfast.explain/1"
_WIDTH: Final = 100
_KINDS: Final = {
    "R": "refusal",
    "C": "fault of the configuration",
    "A": "alert",
    "S": "alert of the supervisor",
    "N": "alert of the notifier",
}


@click.command(help="Say what a code means, why it exists and what you can do; works offline, needs no --state.")
@click.argument("code", required=False)
@click.option("--all", "is_all", is_flag=True, help="List every code with what it means.")
@json_option
def explain(code: str | None, is_all: bool, as_json: bool) -> None:
    """Look up, tell."""
    if is_all == (code is not None):
        click.echo("name one code, or --all", err=True)
        sys.exit(ExitCode.USAGE)
    names = sorted(WORDS) if code is None else [_found(code)]
    if as_json:
        told = {name: asdict(WORDS[name]) for name in names}
        click.echo(json.dumps({"schema": SCHEMA, "codes": told}))
    elif code is None:
        click.echo("\n".join(f"{name}  {WORDS[name].means}" for name in names))
    else:
        click.echo("\n".join(_lines(names[0], WORDS[names[0]])))


def page() -> str:
    """Return the page of all codes, `config/CODES.md`: the words that `explain` says, a section a code."""
    lines = [
        "# What each code means",
        "",
        "Written from `codes.toml` by `scripts/write_schema.py`; `holdfast explain CODE` says the same, offline.",
    ]
    for name in sorted(WORDS):
        words = WORDS[name]
        lines += ["", f"## {name}: {_KINDS[name[0]]}", "", words.means, "", f"*Why.* {words.why}", ""]
        lines += [f"*You can.* {words.todo}"]
    return "\n".join(lines) + "\n"


def _found(code: str) -> str:
    name = code.strip().upper().partition("_")[0]
    if name in WORDS:
        return name
    near = difflib.get_close_matches(name, WORDS, 3, 0.5)
    click.echo(f"no code {code}" + (f"; did you mean {' or '.join(near)}?" if near else ""), err=True)
    sys.exit(ExitCode.USAGE)


def _lines(name: str, words: Words) -> Iterator[str]:
    yield f"{name}  {_KINDS[name[0]]}"
    for head, text in (("Means", words.means), ("Why", words.why), ("Done", words.done), ("You can", words.todo)):
        yield from textwrap.wrap(text, _WIDTH, initial_indent=f"  {head:<8}", subsequent_indent=" " * 10)
