"""`holdfast reduce`: no new risk from now on, whatever runs or does not. Openings at work are cancelled, exits go on.

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


@click.command(help="Latch: no new risk. Openings at work are cancelled, exits go on; only `resume` loosens it.")
@stop_reason_option
@by_option
@wait_option
@state_option
@json_option
def reduce(reason: str, by: str, wait: float, state: Path, as_json: bool) -> None:
    """Latch, tell."""
    sys.exit(stop(StopLevel.REDUCE, by, reason, places(state), wait, as_json=as_json))
