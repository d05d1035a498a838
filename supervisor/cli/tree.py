"""`holdfast tree`: who runs, since when, how often it was restarted and why."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from actors.places import places
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.cli.screen import show
from supervisor.cli.snapshot import snapshot


@click.command(help="Draw the tree: each child's process, state, restarts.")
@state_option
@json_option
def tree(state: Path, as_json: bool) -> None:
    """Print the tree of one runtime."""
    seen = snapshot(places(state))
    if as_json:
        click.echo(json.dumps(seen))
    else:
        show(draw(seen, datetime.now(UTC)))
    raise SystemExit(ExitCode.NOT_RUNNING if seen["condition"] == "not running" else ExitCode.DONE)


def draw(seen: dict[str, Any], now: datetime) -> list[str]:
    """Return the tree, a line a process."""
    supervisor = seen["supervisor"]
    if seen["condition"] == "not running" or supervisor is None:
        return [f"{seen['condition']}: {seen['state_folder']}", *seen["faults"]]
    keeper = f"keeper {seen['keeper']['pid']}" if seen["keeper"] else "no keeper"
    head = f"supervisor  pid {supervisor['pid']}  {'up ' + _age(supervisor['since'], now)}  {keeper}"
    lines = [head if supervisor["alive"] else head.replace("up ", "DEAD, last up ")]
    children = list(seen["children"].items())
    wide = max((len(name) for name, _ in children), default=0)
    for number, (name, child) in enumerate(children, start=1):
        branch = "└─" if number == len(children) else "├─"
        lines.append(f"{branch} {name:<{wide}}  {_child(child, now)}")
    for name, node in seen["nodes"].items():
        lines.append(f"node {name}: {node['state']} for {_age(node['since'], now)}")
    return lines


def _child(child: dict[str, Any], now: datetime) -> str:
    state = child["state"] if child["alive"] or child["state"] == "down" else f"{child['state']}, DEAD"
    mark = "" if child["progress_age_s"] is None else f"progress {child['progress_age_s']:.1f} s ago"
    escalated = "  ESCALATED" if child["escalated"] else ""
    last = f"  last: {child['last_reason']}" if child["last_reason"] else ""
    pid = child["pid"] or "-"
    age = _age(child["since"], now)
    mark = f"on node {child['node']}" if child["node"] else mark
    return f"{state:<9} {age:>7}  pid {pid:<8} {mark:<22} restarts {child['restarts']}{escalated}{last}"


def _age(since: str, now: datetime) -> str:
    seconds = int((now - datetime.fromisoformat(since)).total_seconds())
    if seconds < 120:
        return f"{seconds}s"
    minutes = seconds // 60
    return f"{minutes}m" if minutes < 120 else f"{minutes // 60}h{minutes % 60:02d}m"
