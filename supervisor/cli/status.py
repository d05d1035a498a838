"""`holdfast status`: where do I stand right now? Exit 0 when it could tell; with --check the code says how it is."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from actors.places import places
from supervisor.cli.breaker_lines import board_lines
from supervisor.cli.options import json_option, state_option
from supervisor.cli.route_lines import backing_lines, route_lines
from supervisor.cli.screen import new_york, now_words, show
from supervisor.cli.size_lines import size_lines
from supervisor.cli.snapshot import CONDITION, snapshot


@click.command(help="Say what runs, how it is, and what stops are latched.")
@state_option
@json_option
@click.option("--check", is_flag=True, help="Exit 3 not running, 4 degraded, 5 halted.")
def status(state: Path, as_json: bool, check: bool) -> None:
    """Print one runtime's condition."""
    seen = snapshot(places(state))
    if as_json:
        click.echo(json.dumps(seen))
    else:
        show([f"{_mode(seen)}{now_words()}", *lines(seen)])
    sys.exit(CONDITION[seen["condition"]] if check else 0)


def _mode(seen: dict[str, Any]) -> str:
    return f"{seen['mode'].upper():<9}" if seen["mode"] else ""


def still_words(still: dict[str, float]) -> str:
    """Return who makes no progress, and for how long."""
    return ", ".join(f"{name} {age_s:.0f} s" for name, age_s in still.items())


def lines(seen: dict[str, Any]) -> list[str]:
    """Return one runtime's condition in a trader's words."""
    found = [f"State    {seen['condition'].upper():<12} {seen['state_folder']}"]
    latch = seen["latch"]
    if latch["level"] != "none":
        found.append(
            f"Latch    {latch['level'].upper():<12} {latch['reason']} (by {latch['by']}, {new_york(latch['at'])})"
        )
    if seen["armed"]:
        armed = seen["armed"]
        until = f"until {new_york(armed['until'])}" if armed["until"] else "NO"
        found.append(f"Armed    {until:<12} {armed['reason']} (by {armed['by']})")
    if seen["ray"]:
        ray = seen["ray"]
        kind = "private" if ray["private"] else "joined"
        found.append(f"Ray      {'up' if ray['alive'] else 'GONE':<12} {kind}, {ray['address']}")
    children = seen["children"].values()
    if children:
        up = sum(child["state"] == "running" and child["alive"] for child in children)
        restarts = sum(child["restarts"] for child in children)
        found.append(f"Tree     {up} of {len(seen['children'])} running, {restarts} restarts; more: holdfast tree")
    found += [f"Fault    {each}" for each in seen["faults"]]
    if seen["still"]:
        found.append(f"Still    NO PROGRESS of {still_words(seen['still'])}")
    if seen["journal"]:
        found.append("Journal  " + ", ".join(f"{key} {value}" for key, value in seen["journal"].items()))
    found += [*board_lines(seen["breakers"], worth_a_look=True), *size_lines(seen["sizes"])]
    return [*found, *route_lines(seen["routes"]), *backing_lines(seen["backing"])]
