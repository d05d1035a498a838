"""`holdfast demo`: the main job on the embedded default, in about 90 seconds, judged by what is on disk.

The whole tree on a private Ray, a synthetic market that runs faster than life, one strategy, two paper brokers. On the
way one actor is killed with an order working, and the primary route is cut while an order wants out. At the end the
stop is latched, both brokers are asked for their statements over their own protocols, and the scorecard is folded from
the journal, the supervisor's log and the statements. Exit 0 only if nothing was lost, doubled, left naked or left in
doubt, the cash agrees to the cent, and both disturbances were seen to be overcome.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import click

from actors.domain.market.session import NEW_YORK
from actors.domain.orders import event as happened
from actors.domain.orders.order import Intent, Order
from actors.domain.orders.route_event import RouteTurned
from actors.domain.orders.signal import Close, Open
from actors.domain.performance.scorecard import Scorecard
from actors.latch import Latch, StopLevel, tighten
from actors.places import Places, places
from actors.venue.faults import Fault, FaultKind, Route
from supervisor.app.drill import Found, JournalTail, Overdue, inject, kill, wait_for
from supervisor.app.statement import settled_scorecard
from supervisor.app.workplace import Workplace
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.retelling import retell, table
from supervisor.cli.signal import SignalFile

RUN_S: Final = 90.0
CUT_S: Final = 15.0
ACT_BY_S: Final = 60.0
QUIET_BY_S: Final = 60.0
VICTIM: Final = "executor"
PRICE_CUT: Final = Decimal("0.20")
ACCOUNTS: Final = 2
PRIMARY: Final = "tastytrade"
SETTINGS: Final = {
    "market.speed": "30",
    "market.interval_s": "2",
    "risk.quote_age_max_s": "60",
    "risk.leg_skew_max_s": "60",
    "strategies.condor.parameters.entry_from": "open+1",
    "strategies.condor.parameters.entries_max": "20",
    "strategies.condor.parameters.profit_target": "0.02",
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
    _holdfast("up", "--state", str(where.state), "--detach", *settings)
    try:
        card = _Play(where, say).run()
    except Overdue as error:
        click.echo(f"DEMO FAILED: {error}. The logs are in {where.logs}", err=True)
        sys.exit(ExitCode.BUG)
    finally:
        _holdfast("down", "--state", str(where.state))
    click.echo(card.model_dump_json(indent=1) if as_json else table(card))
    proved = card.is_clean and card.takeovers and card.failovers_ms and card.fills
    sys.exit(ExitCode.DONE if proved else ExitCode.BUG)


def _holdfast(*arguments: str) -> None:
    program = [sys.executable, "-m", "supervisor.cli.main", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"holdfast {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")


class _Play:
    """The acts, in order."""

    def __init__(self, where: Places, say: Callable[[str], None]) -> None:
        self._where, self._say, self._place = where, say, Workplace.visitor(where)
        self._tail = JournalTail(where, self._place.products)
        self._began = time.monotonic()
        self._agreed: set[str] = set()
        self._signals = 0
        self._primary_writes = True

    def run(self) -> Scorecard:
        """Play every act; return the scorecard."""
        order = self._until("an order at a broker", self._working_opening, ACT_BY_S)
        self._say(f"{self._clock()}  KILL      {VICTIM}, with {order.cl_ord_id} working")
        kill(self._where, VICTIM, ACT_BY_S)
        self._until("both accounts agreed again", lambda: len(self._agreed) >= ACCOUNTS or None, ACT_BY_S)
        self._cut(order)
        self._until("the end", lambda: time.monotonic() - self._began >= RUN_S or None, RUN_S)
        self._say(f"{self._clock()}  HALT      latched: openings are cancelled, exits go on")
        halt = Latch(level=StopLevel.HALT, reason="the demo is over", by="demo", at=datetime.now(UTC))
        tighten(self._where.latch, halt)
        self._until("everything closed", self._close_all, QUIET_BY_S)
        return settled_scorecard(self._place, QUIET_BY_S)

    def _cut(self, like: Order) -> None:
        """Cut the primary route and ask for one more opening."""
        self._say(f"{self._clock()}  CUT       the primary route refuses every connection for {CUT_S:.0f} s")
        inject(self._where, Fault(route=Route.TASTYTRADE, kind=FaultKind.REFUSE, duration_s=CUT_S))
        assert like.net_price is not None
        price = like.net_price - PRICE_CUT
        request = Open(underlying=like.underlying, legs=like.legs, order_qty=1, net_price=price)
        self._signal(request, "while the primary is cut")
        self._until("the primary seen to be cut", lambda: not self._primary_writes or None, ACT_BY_S)
        self._until("the primary back", lambda: self._primary_writes or None, ACT_BY_S)

    def _close_all(self) -> bool | None:
        """Ask for the close of whatever is held and not yet being closed; return whether all is flat and quiet."""
        book = self._tail.book
        for structure in book.structures.values():
            shorts = any(held < 0 for held in structure.holdings.values())
            if shorts and not book.live_orders(structure.structure_id):
                self._signal(Close(structure_id=structure.structure_id), "the demo is over")
                return None
        return not book.live_orders() or None

    def _signal(self, request: Open | Close, reason: str) -> None:
        """Send a signal as any other program would."""
        self._signals += 1
        asked = SignalFile(signal_id=f"demo-{self._signals}", strategy="demo", request=request, reason=reason)
        program = [sys.executable, "-m", "supervisor.cli.main", "signal", "-", "--state", str(self._where.state)]
        subprocess.run(program, input=asked.model_dump_json(), capture_output=True, text=True, check=False)

    def _working_opening(self) -> Order | None:
        for life in self._tail.book.live_orders():
            accepted = life.last is not None and life.last.broker_order_id is not None
            if life.order.intent is Intent.OPEN and accepted:
                return life.order
        return None

    def _until(self, what: str, look: Callable[[], Found | None], timeout_s: float) -> Found:
        """Wait for something, telling what the journal says meanwhile."""

        def watch() -> Found | None:
            for event in self._tail.read():
                self._note(event)
                if (line := retell(event)) is not None:
                    self._say(line)
            return look()

        return wait_for(what, watch, timeout_s)

    def _note(self, event: happened.Event) -> None:
        match event:
            case happened.ExecutorStarted():
                self._agreed = set()
            case happened.AccountAgreed(account_domain=domain):
                self._agreed.add(domain)
            case RouteTurned(route=route, writes=writes) if route == PRIMARY:
                self._primary_writes = writes

    def _clock(self) -> str:
        return f"{self._place.clock.market_now().astimezone(NEW_YORK):%H:%M:%S}"
