"""`holdfast close ID`: ask the executor to close what is left of a structure, as a whole, and tell what became of it.

ID is the structure's: its opening order's. Without a price the close is meant to trade at once, bounded by the quotes.
Exit 0: closed; 6: refused, or it ended otherwise; 2: no such structure; 3: no executor; 8: asked, and not confirmed in
time: do not assume flat.
"""

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from actors.domain.orders.report import Status
from actors.domain.orders.signal import Close
from actors.domain.orders.story import Story
from actors.messages import SignalAnswered
from actors.places import places
from supervisor.cli import door
from supervisor.cli.cancel import follow
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, reason_option, state_option, wait_option
from supervisor.cli.records import records


class _Price(click.ParamType[Decimal]):
    """A finite decimal number."""

    name = "price"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the number; ends the verb where it is none."""
        try:
            price = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no price", param, ctx)
        if not price.is_finite():
            self.fail(f"{value!r} is no price", param, ctx)
        return price


@click.command(help="Close what is left of a structure through the executor, and say what became of it.")
@click.argument("identifier", metavar="ID")
@click.option("--price", type=_Price(), help="Net price per combo, a debit below 0; default: trade at once, bounded.")
@reason_option
@wait_option
@state_option
@json_option
def close(identifier: str, price: Decimal | None, reason: str, wait: float, state: Path, as_json: bool) -> None:
    """Find, ask, watch, tell."""
    where = places(state)
    with records(where) as found:
        name, before = found.find(identifier)
        structure = before.life.order.structure_id if before.life else name
        if structure != name:
            click.echo(f"{name} is an order of another structure; did you mean {structure}?", err=True)
            sys.exit(ExitCode.USAGE)
        request = Close(structure_id=name, net_price=price)
        asked = door.operator_signal(request, name, found.sequence(), reason, door.market_now(where))
        answer = door.send(asked, where)
        after = None
        if answer.cl_ord_id is not None:
            after = follow(found, answer.cl_ord_id, None, answer, wait, as_json=as_json)
        else:
            follow(found, asked.signal_id, None, answer, 0.0, as_json=as_json)
    sys.exit(_verdict(answer, after))


def _verdict(answer: SignalAnswered, after: Story | None) -> ExitCode:
    if not answer.admitted:
        return ExitCode.REFUSED
    if after is None or after.life is None or after.life.is_live:
        click.echo("not confirmed: do not assume flat; holdfast order ID tells more", err=True)
        return ExitCode.NOT_CONFIRMED
    return ExitCode.DONE if after.life.status is Status.FILLED else ExitCode.REFUSED
