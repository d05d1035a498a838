"""`holdfast halt`: as `reduce`, and risk's permit says HALTED. No stop keeps an exit in (law 7).

Exit 0: latched, obeyed, and no opening works; 3: latched, in a folder where nothing was ever traded, or a follower's;
8: latched, and not confirmed that no opening works, or not latched at all, which is then said.
"""

import sys
from pathlib import Path

import click

from actors.latch import StopLevel
from actors.places import places
from supervisor.cli.options import by_option, json_option, state_option, stop_reason_option, wait_option
from supervisor.cli.stops import stop


@click.command(help="Latch: trading is halted. Openings at work are cancelled, exits go on; only `resume` loosens it.")
@stop_reason_option
@by_option
@wait_option
@state_option
@json_option
def halt(reason: str, by: str, wait: float, state: Path, as_json: bool) -> None:
    """Latch, tell."""
    sys.exit(stop(StopLevel.HALT, by, reason, places(state), wait, as_json=as_json))
