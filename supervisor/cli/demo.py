"""`holdfast demo`: the main job on the embedded default, in about 90 seconds, judged by what is on disk.

The whole tree on a private Ray, a synthetic market that runs faster than life, one strategy, two paper brokers. On the
way two drills are run: the executor is killed with an order working, and the primary route is cut while orders want
out. At the end the stop is latched, both brokers are asked for their statements over their own protocols, and the
scorecard is folded from the journal, the supervisor's log and the statements. Exit 0 only if nothing was lost, doubled,
left naked or left in doubt, the cash agrees to the cent, and both drills passed.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from actors.config import SHIPPED
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.event import Event
from actors.domain.orders.signal import Close
from actors.domain.performance.scorecard import Scorecard
from actors.latch import Latch, StopLevel, tighten
from actors.places import Places, places
from supervisor.app.drill import Overdue, holdfast
from supervisor.app.drills import ground
from supervisor.app.drills.card import DrillCard
from supervisor.app.drills.runner import Runner
from supervisor.app.statement import settled_scorecard
from supervisor.app.workplace import Workplace
from supervisor.cli.drill_lines import card_lines
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.retelling import retell, table
from supervisor.cli.signal import SignalFile

RUN_S: Final = 90.0
SCHEMA: Final = "holdfast.demo/1"
QUIET_BY_S: Final = 60.0
DRILLS: Final = ("kill-executor", "primary-down")
SETTINGS: Final = {
    "market.speed": "30",
    "market.interval_s": "2",
    "risk.quote_age_max_s": "60",
    "risk.leg_skew_max_s": "60",
    "strategies.condor.parameters.entry_from": "open+1",
    "strategies.condor.parameters.entries_max": "20",
    "strategies.condor.parameters.profit_target": "0.02",
    "strategies.condor.breakers": "{}",  # twenty small trades in a row, and each of them pays the spread
}


@click.command(help="Trade a synthetic day for about 90 seconds, with a kill and a cut on the way, and score it.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Default: a new temporary folder.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the market.")
@click.option("--json", "as_json", is_flag=True, help="Print the scorecard as one JSON object, and nothing else.")
def demo(state: Path | None, seed: int, as_json: bool) -> None:
    """Run, disturb, stop, score."""
    where = places(state or Path(tempfile.mkdtemp(prefix="holdfast-demo-")))

    def say(text: str) -> None:
        if not as_json:
            click.echo(text)

    say(f"The tree starts; its state lies in {where.state}")
    settings = [f"--set={key}={value}" for key, value in (SETTINGS | {"market.seed": str(seed)}).items()]
    if failure := holdfast("up", where, "--detach", f"--config={SHIPPED / 'holdfast.toml'}", *settings):
        raise click.ClickException(f"holdfast up {failure}")
    try:
        card, drills = _Play(where, say).run()
    except Overdue as error:
        click.echo(f"DEMO FAILED: {error}. The logs are in {where.logs}", err=True)
        sys.exit(ExitCode.BUG)
    finally:
        holdfast("down", where)
    click.echo(json.dumps({"schema": SCHEMA, **card.model_dump(mode="json")}) if as_json else table(card))
    proved = card.is_clean and card.fills and all(each.passed for each in drills)
    sys.exit(ExitCode.DONE if proved else ExitCode.BUG)


class _Play:
    """The acts, in order: two drills while the strategy trades, then its day goes on, and ends."""

    def __init__(self, where: Places, say: Callable[[str], None]) -> None:
        self._where, self._say, self._place = where, say, Workplace.visitor(where)
        self._runner = Runner(where, say, self._retell)
        self._began = time.monotonic()
        self._signals = 0

    def run(self) -> tuple[Scorecard, list[DrillCard]]:
        """Play every act; return the scorecard, and the drills'."""
        try:
            cards = [self._drill(name) for name in DRILLS]
            self._runner.watch("the end", lambda: time.monotonic() - self._began >= RUN_S, RUN_S)
            self._say(f"{self._clock()}  HALT      latched: openings are cancelled, exits go on")
            halt = Latch(level=StopLevel.HALT, reason="the demo is over", by="demo", at=datetime.now(UTC))
            tighten(self._where.latch, halt)
            self._runner.watch("everything closed", self._close_all, QUIET_BY_S)
        finally:
            self._runner.close()
        return settled_scorecard(self._place, QUIET_BY_S), cards

    def _drill(self, name: str) -> DrillCard:
        card = self._runner.run(ground.of(self._where)[name])
        self._say("\n".join(card_lines(card)))
        return card

    def _close_all(self) -> bool:
        """Ask for the close of whatever is held and not yet being closed; return whether all is flat and quiet."""
        book = self._runner.book
        for structure in book.structures.values():
            shorts = any(held < 0 for held in structure.holdings.values())
            if shorts and not book.live_orders(structure.structure_id):
                self._signal(Close(structure_id=structure.structure_id), "the demo is over")
                return False
        return not book.live_orders()

    def _signal(self, request: Close, reason: str) -> None:
        """Send a signal as any other program would."""
        self._signals += 1
        asked = SignalFile(signal_id=f"demo-{self._signals}", strategy="demo", request=request, reason=reason)
        program = [sys.executable, "-m", "supervisor.cli.main", "signal", "-", "--state", str(self._where.state)]
        subprocess.run(program, input=asked.model_dump_json(), capture_output=True, text=True, check=False)

    def _retell(self, event: Event) -> None:
        if (line := retell(event)) is not None:
            self._say(line)

    def _clock(self) -> str:
        return f"{self._place.clock.market_now().astimezone(NEW_YORK):%H:%M:%S}"
