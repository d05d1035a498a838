"""`holdfast cancel ID`: ask the executor for the cancel of a working order, and tell what became of it.

The cancel goes to the route that owns the order, now or when it can be. Exit 0: the order works no more, what filled
of it is told; 6: refused, or it filled first; 2: no such order; 3: no executor; 8: asked, and not confirmed in time.
"""

import json
import sys
from pathlib import Path

import click

from actors.domain.orders.report import Status
from actors.domain.orders.signal import Cancel
from actors.domain.orders.story import Story
from actors.messages import SignalAnswered
from actors.places import places
from supervisor.cli import door
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, reason_option, state_option, wait_option
from supervisor.cli.order import as_object, moment_lines, summary
from supervisor.cli.records import Records, records


@click.command(help="Cancel a working order through the executor, and say what became of it.")
@click.argument("identifier", metavar="ID")
@reason_option
@wait_option
@state_option
@json_option
def cancel(identifier: str, reason: str, wait: float, state: Path, as_json: bool) -> None:
    """Find, ask, watch, tell."""
    where = places(state)
    with records(where) as found:
        name, before = found.find(identifier)
        request = Cancel(cl_ord_id=name)
        asked = door.operator_signal(request, name, found.sequence(), reason, door.market_now(where))
        answer = door.send(asked, where)
        after = follow(found, name, before, answer, wait if answer.admitted else 0.0, as_json=as_json)
    sys.exit(_verdict(answer, after))


def follow(
    found: Records, name: str, before: Story | None, answer: SignalAnswered, wait_s: float, *, as_json: bool
) -> Story | None:
    """Print an answer and what happens to the order until it is finished, or the whole as one object at the end."""
    printed = len(before.moments) if before else 0

    def told(story: Story) -> None:
        nonlocal printed
        if not as_json:
            for line in moment_lines(story.moments[printed:]):
                click.echo(line)
        printed = len(story.moments)

    if not as_json:
        door.tell(answer)
    after = door.watch(found, name, wait_s, told)
    if as_json:
        story = None if after is None else as_object(name, after, [])
        schema = {"schema": "holdfast.asked/1"}
        click.echo(json.dumps(schema | {"answer": door.as_object(answer), "order": story}))
    elif after is not None:
        click.echo(summary(name, after))
    return after


def _verdict(answer: SignalAnswered, after: Story | None) -> ExitCode:
    if not answer.admitted:
        return ExitCode.REFUSED
    if after is None or after.life is None or after.life.is_live:
        click.echo("not confirmed: do not assume that it is cancelled; holdfast order ID tells more", err=True)
        return ExitCode.NOT_CONFIRMED
    if after.life.status is Status.FILLED:
        click.echo("it filled before the cancel could take it", err=True)
        return ExitCode.REFUSED
    return ExitCode.DONE
