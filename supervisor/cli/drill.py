"""`holdfast drill NAME | all | list`: break one thing on paper on purpose, and score what follows.

Run on the paper tree of the state folder where one runs, else on a tree of the drill's own in a temporary folder. What
is scored was written down by the tree: its journal, the supervisor's log, the alerts that arrived, the brokers' own
statements. Each card is kept in `drills.log.jsonl` of the state folder. Exit 0: every drill passed; 1: one failed;
2: no such drill; 6: refused, for what runs there is not paper.
"""

import difflib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from actors.places import Places, places
from supervisor.app.drills import ground
from supervisor.app.drills.card import DrillCard, judge, told
from supervisor.app.drills.record import DrillLog
from supervisor.app.drills.runner import Runner
from supervisor.app.drills.spec import Drill
from supervisor.cli.drill_lines import card_lines, list_lines, table_lines
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option

ALL, LIST = "all", "list"

LISTED: Final = "holdfast.drill-list/1"


@click.command(help="Break one thing on paper, and score what follows. NAME, several of them, `all`, or `list`.")
@click.argument("names", nargs=-1, required=True)
@state_option
@click.option("--own", is_flag=True, help="In a tree of the drill's own, though one runs in the state folder.")
@click.option("--enclosed", is_flag=True, hidden=True, help="In a namespace where a small disk can be mounted.")
@json_option
def drill(names: tuple[str, ...], state: Path, own: bool, enclosed: bool, as_json: bool) -> None:
    """Find the ground, run, tell."""
    where = places(state)
    try:
        is_attached = not own and ground.runs(where)
    except ground.NotPaper as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(ExitCode.REFUSED)
    drills = ground.of(where) if is_attached else ground.known()
    if names == (LIST,):
        listed = [each.model_dump(mode="json") for each in drills.values()]
        told_of = {"schema": LISTED, "drills": listed}
        click.echo(json.dumps(told_of) if as_json else "\n".join(list_lines(drills.values())))
        return
    chosen = list(drills) if names == (ALL,) else list(names)
    _refuse_unknown(chosen, drills)
    cards = list(_run(chosen, where, is_attached=is_attached, is_enclosed=enclosed, as_json=as_json))
    if len(cards) > 1 and not as_json:
        click.echo("\n".join(table_lines(cards)))
    sys.exit(ExitCode.DONE if all(card.passed for card in cards) else ExitCode.BUG)


def _refuse_unknown(chosen: Iterable[str], drills: dict[str, Drill]) -> None:
    for name in chosen:
        if name not in drills:
            near = difflib.get_close_matches(name, drills, 1)
            click.echo(f"no drill {name}" + (f"; did you mean {near[0]}?" if near else "; see drill list"), err=True)
            sys.exit(ExitCode.USAGE)


def _run(
    names: list[str], where: Places, *, is_attached: bool, is_enclosed: bool, as_json: bool
) -> Iterator[DrillCard]:
    """Run each drill; those that may share a tree do, in their order, before those that may not."""
    drills = ground.of(where) if is_attached else ground.known()
    shared = [name for name in names if not drills[name].needs_own_tree]
    if shared:
        with _shared(where, is_attached=is_attached) as tree:
            yield from _on(tree, shared, where, as_json=as_json)
    for name in names:
        if drills[name].disk_mb is not None and not is_enclosed:
            yield _enclosed(drills[name], where, as_json=as_json)
        elif drills[name].needs_own_tree:
            with ground.own(drills[name].own_settings, drills[name].disk_mb) as tree:
                yield from _on(tree, [name], where, as_json=as_json)


def _enclosed(drill: Drill, where: Places, *, as_json: bool) -> DrillCard:
    """Have a drill run in a namespace of its own, which keeps its card; what kept it from running is told on one."""
    if not as_json:
        click.echo(f"DRILL {drill.name}    {drill.does}")
    done = subprocess.run(ground.enclosed(drill.name, where.state), capture_output=True, text=True, check=False)
    try:
        figures = json.loads(done.stdout)
        card = DrillCard.model_validate({key: figures[key] for key in DrillCard.model_fields})
    except (ValueError, KeyError):
        why = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        card = judge(drill, (), None, [f"it could not be run: {why}"])
    click.echo(json.dumps(told(card)) if as_json else "\n".join(card_lines(card)))
    return card


@contextmanager
def _shared(where: Places, *, is_attached: bool) -> Iterator[Places]:
    if is_attached:
        yield where
        return
    with ground.own() as tree:
        yield tree


def _on(tree: Places, names: list[str], where: Places, *, as_json: bool) -> Iterator[DrillCard]:
    drills, log = ground.of(tree), DrillLog(where.state)
    runner = Runner(tree, lambda text: None if as_json else click.echo(text))
    try:
        for name in names:
            log.begun(name, tree.state)
            card = runner.run(drills[name])
            log.ended(card, tree.state)
            click.echo(json.dumps(told(card)) if as_json else "\n".join(card_lines(card)))
            yield card
    finally:
        runner.close()
        log.close()
