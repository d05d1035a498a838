"""`holdfast signal FILE`: put any other program's signal through the door that strategies use.

The file (or `-`, standard input) holds one JSON object:

    {"signal_id": "mine-20260105-1", "reason": "vega is cheap", "expires_s": 60,
     "request": {"kind": "open", "underlying": "SPX", "order_qty": 1, "net_price": "1.95",
                 "legs": [{"symbol": "SPXW  260105P05800000", "action": "BUY_TO_OPEN"}, ...]}}

`kind` is open, close, complex (OCO, OTO, OTOCO), replace or cancel; an opening or a close may have a `stop`. The same
id again gets the first answer and moves nothing. Exit 0: admitted; 6: refused, with every check that failed; 2: not
understood, with its field; 3: no executor; 8: sent, and no answer came.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import IO, Final

import click
from pydantic import Field, ValidationError

from actors.domain.orders.refusal import Code
from actors.domain.orders.signal import Request, Signal, SignalId
from actors.domain.value import Value
from actors.places import Places, places
from supervisor.cli import door
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option

SCHEMA: Final = "holdfast.signal/1"


class SignalFile(Value):
    """What the file holds."""

    signal_id: SignalId
    strategy: str = Field(default="signal", pattern=r"^[a-z][a-z0-9_]{0,31}$")
    request: Request
    reason: str = "by hand"
    expires_s: float = Field(default=60.0, gt=0, le=86_400)
    """On the market's clock."""


@click.command(help="Send one signal (a JSON file, or - for standard input) through the executor's gate.")
@click.argument("file", type=click.File("rb"))
@state_option
@json_option
def signal(file: IO[bytes], state: Path, as_json: bool) -> None:
    """Read, send, wait, tell."""
    where = places(state)
    asked = _parse(file.read(), where)
    answer = door.send(asked, where)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, **door.as_object(answer)}))
    else:
        door.tell(answer)
    sys.exit(ExitCode.DONE if answer.admitted else ExitCode.REFUSED)


def _parse(text: bytes, where: Places) -> Signal:
    try:
        read, now = SignalFile.model_validate_json(text), door.market_now(where)
        return Signal(
            signal_id=read.signal_id,
            strategy=read.strategy,
            request=read.request,
            reason=read.reason,
            created_at=now,
            expires_at=now + timedelta(seconds=read.expires_s),
        )
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            place = ".".join(str(step) for step in fault["loc"]) or "the file"
            click.echo(f"{Code.R001_MALFORMED.value} {place}: {fault['msg']}", err=True)
        sys.exit(ExitCode.USAGE)
