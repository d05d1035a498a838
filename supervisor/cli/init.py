"""`holdfast init`: a few questions, and a commented configuration, checked before it is written; never over another.

It is the shipped example with the answers in their places, so every comment stays; `holdfast config check` reads it
again. Secrets are named, never asked for. Answers may be given as options; `--yes` takes the rest as proposed.

Exit 0: written; 2: an answer that cannot be; 6: there is a file already, and nothing was changed.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from actors.config import SHIPPED, ConfigInvalid, parse, personal
from actors.config_locator import Path as Key
from actors.config_locator import locate
from supervisor.cli.config import parameters_of
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option

SCHEMA: Final = "holdfast.init/1"
MODES: Final = ("paper", "sandbox", "live")
PAPER: Final = "paper"
NOTHING: Final = ""
"""Proposed where only a person knows."""
_LIVE_VALUE: Final = re.compile(r'^(\w+ = )"[^"]*"\s*# live: ("[^"]*");?[ ]*(.*)$', re.MULTILINE)
_LIVE_LINE: Final = re.compile(r"^(\w+) = .*\n# live: (\1 = .*)$", re.MULTILINE)
_HEADER: Final = "#:schema ./holdfast.schema.json"


@click.command(help="Write a commented configuration from a few questions; needs no --state.")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Where; default as `up` looks for it.")
@click.option("--mode", type=click.Choice(MODES), help="paper: our own venue; sandbox: the broker's; live: your money.")
@click.option("--underlying", help="What the strategy trades.")
@click.option("--account", help="The account's number; sandbox and live.")
@click.option("--structure-loss", help="Dollars that one structure may lose at expiry.")
@click.option("--account-loss", help="Dollars that all of them may lose together.")
@click.option("--structures", help="How many structures may be open at a time.")
@click.option("--page", help="The NAME of the variable or file: that holds an Apprise URL for pages; empty: none.")
@click.option("--yes", is_flag=True, help="Take what is proposed for every question that no option answers.")
@json_option
def init(file: Path | None, yes: bool, as_json: bool, **given: str | None) -> None:
    """Ask, check, write."""
    path = (file or personal()).expanduser().resolve()
    if path.exists():
        click.echo(f"{path} is there already; nothing was changed. Name another with --file.", err=True)
        sys.exit(ExitCode.REFUSED)
    mode = given["mode"] or (PAPER if yes else click.prompt("Mode", type=click.Choice(MODES), default=PAPER, err=True))
    asked = _questions(mode)
    answers = {name: _answer(given[name], text, proposed, yes=yes) for name, (text, proposed) in asked.items()}
    text = written(mode, answers)
    try:
        parse(text, str(path), path.parent, parameters_of())
    except ConfigInvalid as error:
        click.echo(f"{error}\nNothing was written.", err=True)
        sys.exit(ExitCode.USAGE)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    _tell(path, mode, as_json=as_json)


def _questions(mode: str) -> Mapping[str, tuple[str, str]]:
    """Return what is asked, with what is proposed, by the options' names. Whose money it is, is never proposed."""
    is_paper = mode == PAPER
    found = {
        "underlying": ("What does the strategy trade", "SPX"),
        "structure_loss": ("Dollars that one structure may lose at expiry", "2500" if is_paper else "1000"),
        "account_loss": ("Dollars that all of them may lose together", "10000" if is_paper else "2000"),
        "structures": ("How many structures may be open at a time", "4" if is_paper else "1"),
    }
    if is_paper:
        return found
    page = ("NAME of the variable that holds an Apprise URL for pages (never the URL)", "HOLDFAST_PAGE_URL")
    return {"account": ("Number of your account at tastytrade", NOTHING), **found, "page": page}


def _answer(given: str | None, text: str, proposed: str, *, yes: bool) -> str:
    if given is not None:
        return given
    if proposed == NOTHING and yes:
        raise click.UsageError(f"{text}: this is never guessed, and needs its option")
    return proposed if yes else str(click.prompt(text, default=proposed or None, err=True))


def written(mode: str, answers: Mapping[str, str]) -> str:
    """Return the example of a mode with the answers in their places; the comments stay."""
    is_paper = mode == PAPER
    text = (SHIPPED / ("holdfast.toml" if is_paper else "live.example.toml")).read_text("utf-8")
    text = text.replace(_HEADER, f"#:schema {SHIPPED / 'holdfast.schema.json'}", 1)
    if mode == "live":
        text = _LIVE_LINE.sub(r"\2", _LIVE_VALUE.sub(_as_live, text))
    underlying = answers["underlying"]
    places: dict[Key, Any] = {
        ("risk", "structure_loss_max"): answers["structure_loss"],
        ("risk", "account_loss_max"): answers["account_loss"],
        ("risk", "structures_max"): _whole(answers["structures"]),
        ("strategies", 0, "underlying"): underlying,
    }
    if is_paper:
        places[("market", "underlying")] = underlying
    else:
        places[("routes", 0, "account")] = answers["account"]
        places[("feed", "underlyings")] = [underlying]
        if answers.get("page"):
            places[("notifier", "targets", "P0")] = [answers["page"]]
    return _placed(text, places)


def _as_live(found: re.Match[str]) -> str:
    """Return a line with the live value that its comment names; what else the comment says stays one."""
    key, value, rest = found.groups()
    return f"{key}{value}" + (f"  # {rest}" if rest else "")


def _whole(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _placed(text: str, values: Mapping[Key, Any]) -> str:
    """Return a TOML text with other values at some keys; the rest of each line stays."""
    lines, known = text.splitlines(keepends=True), locate(text)
    for key, value in values.items():
        place = known[key]
        line = lines[place.value_line - 1]
        start = place.value_column - 1
        lines[place.value_line - 1] = line[:start] + json.dumps(value) + line[start + place.value_width :]
    return "".join(lines)


def _tell(path: Path, mode: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "path": str(path), "mode": mode}))
        return
    click.echo(f"{path}: written, for mode {mode}. Every limit stands there with what it means: read it once.")
    click.echo(f"Next: holdfast config check --config {path}")
    if mode != PAPER:
        click.echo(f"      holdfast secrets test --config {path}")
    click.echo(f"      holdfast {'up' if mode != 'live' else 'arm --reason WHY'} --config {path}")
