"""`holdfast top`: status, positions and orders, drawn again and again by the verbs' own hands, until you stop it.

Reads what they read: files alone; of the journal, from the second look on, what came since. Where nothing was traded
yet, status stands alone. With --json one object a line.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click

from actors.places import Places, places
from supervisor.cli import orders, positions
from supervisor.cli.options import state_option
from supervisor.cli.screen import now_words, painted
from supervisor.cli.sighting import Sighting, sight
from supervisor.cli.snapshot import snapshot
from supervisor.cli.status import lines as status_lines

SCHEMA: Final = "holdfast.top/1"


@click.command(help="Show status, positions and orders, again and again, until you stop it with Ctrl-C.")
@click.option("--every", default=1.0, show_default=True, type=click.FloatRange(0.1), help="Seconds.")
@click.option("--count", type=click.IntRange(1), help="End after so many times.")
@state_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def top(every: float, count: int | None, state: Path, as_json: bool) -> None:
    """Look, draw, wait."""
    where = places(state)
    try:
        if sys.stdout.isatty() and not as_json:
            _draw(where, every, count)
        else:
            _print(where, every, count, as_json=as_json)
    except KeyboardInterrupt:
        return


class Looks:
    """Looks at one runtime, again and again."""

    def __init__(self, where: Places) -> None:
        self._where = where
        self._seen: Sighting | None = None

    def look(self) -> dict[str, Any]:
        """Return one look as plain JSON."""
        if self._where.journal.exists():
            self._seen = sight(self._where, self._seen)
        seen = self._seen
        return {
            "schema": SCHEMA,
            "status": snapshot(self._where),
            "positions": None if seen is None else positions.as_object(seen),
            "orders": None if seen is None else orders.as_object(seen, is_all=False),
            "source": "" if seen is None else seen.words(),
        }


def lines(told: dict[str, Any]) -> list[str]:
    """Return one look, a block a verb."""
    found = [f"Holdfast  {now_words()}", "", *status_lines(told["status"])]
    if told["positions"] is None:
        return [*found, "", "nothing was ever traded here"]
    return [*found, "", *positions.lines(told["positions"]), "", *orders.lines(told["orders"]), "", told["source"]]


def _print(where: Places, every: float, count: int | None, *, as_json: bool) -> None:
    looks = Looks(where)
    for number in _numbers(count):
        if number:
            time.sleep(every)
        told = looks.look()
        click.echo(json.dumps(told) if as_json else "\n".join(lines(told)))


def _draw(where: Places, every: float, count: int | None) -> None:
    from rich.live import Live
    from rich.text import Text

    looks = Looks(where)
    with Live(auto_refresh=False, screen=count is None) as live:
        for number in _numbers(count):
            if number:
                time.sleep(every)
            live.update(Text.from_ansi(painted(lines(looks.look())), no_wrap=True), refresh=True)


def _numbers(count: int | None) -> Iterable[int]:
    return itertools.count() if count is None else range(count)
