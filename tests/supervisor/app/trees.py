"""Paper trees of all that trades but strategies, started by `holdfast up`; one order that rests in their market."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from types import MappingProxyType

from actors.config import load, with_overrides
from actors.domain.market.contract import Right
from actors.domain.orders.event import Event, parse_event
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.signal import Open
from actors.messages import SignalAnswered
from actors.places import Places
from actors.streams import LocalStream
from supervisor.app import plan as plans
from supervisor.app.drill import JournalTail
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.workplace import Workplace
from supervisor.journal import JournalReader

ROOT = Path(__file__).resolve().parents[3]
STEP = Decimal("0.10")
NO_SPARES: Mapping[str, object] = MappingProxyType({"supervisor.spares": 0})
"""A process costs seconds of a processor: these trees have no spares, and no analyst, whom their tests do not ask."""
NOTHING: Mapping[str, object] = MappingProxyType({})


def holdfast(*arguments: object, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "supervisor.cli.main", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)


def until(true: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def events(where: Places, *kinds: type[Event]) -> list[Event]:
    try:
        reader = JournalReader(where.journal)
    except FileNotFoundError:
        return []
    found = [event for entry in reader.read() if isinstance(event := parse_event(entry.body), kinds)]
    reader.close()
    return found


def up(
    where: Places,
    *,
    venue_of: Places | None = None,
    settings: Mapping[str, object] = NOTHING,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Start a tree; `venue_of` names whose venue it trades at instead of one of its own."""
    where.run.mkdir(mode=0o700, exist_ok=True)
    shipped = load(None)
    feed = shipped.feed.model_copy(update={"underlyings": ("SPX",)})
    bare = shipped.model_copy(update={"strategies": (), "feed": feed})
    settled = plans.settle(
        with_overrides(bare, {"runtime.state": where.state, **NO_SPARES, **settings}), datetime.now(UTC)
    )
    plans.store(settled, where)
    plan = plans.plan(settled)
    left_out = {"looking"} if venue_of is None else {"looking", "venue"}
    plan = plan.model_copy(update={"groups": tuple(group for group in plan.groups if group.name not in left_out)})
    if venue_of is not None:
        for name in ("venue.json", "market-clock"):
            (where.run / name).symlink_to(venue_of.run / name)
    file = where.state / "a-plan.json"
    file.write_text(plan.model_dump_json())
    done = holdfast("up", "--state", where.state, "--plan", file, "--detach", environment=environment)
    assert done.returncode == 0, done.stderr


def down(where: Places) -> None:
    holdfast("down", "--state", where.state)
    shutil.rmtree(where.run, ignore_errors=True)


def rest_an_order(
    where: Places, prefix: str = "alone", *, share: str = "0.5", worth: int = 1, takes_no: bool = False
) -> SignalAnswered:
    """Have one call bought at a share of its bid, so that it rests; return once it was admitted, or answered at all.

    Above 1 it fills: then of a call that is worth enough for its spread to be narrow.
    """
    place = Workplace.visitor(where)
    stream = LocalStream(where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED)
    trader = FaultTrader(stream, place.clock, JournalTail(where, place.products), 0, "SPX")
    deadline, count = time.monotonic() + 90, 0
    try:
        while True:
            trader.turn(0.05)
            for answer in trader.answers.values():
                if answer.admitted or takes_no:
                    return answer
            assert time.monotonic() < deadline, [answer.checks for answer in trader.answers.values()][-1:]
            bids = _bids(trader) if trader.has_quotes and not trader.waits else {}
            if bids:
                symbol, count = min(bids, key=lambda each: abs(bids[each] - worth)), count + 1
                price = -max((bids[symbol] * Decimal(share) / STEP).to_integral_value(ROUND_FLOOR) * STEP, STEP)
                leg = Leg(symbol=symbol, action=Action.BUY_TO_OPEN)
                trader.ask(f"{prefix}-{count}", Open(underlying="SPX", legs=(leg,), order_qty=1, net_price=price))
    finally:
        stream.close()


def _bids(trader: FaultTrader) -> dict[str, Decimal]:
    quotes = trader.quotes
    calls = [each.symbol for each in quotes.universe.contracts if each.right is Right.CALL]
    found = {symbol: quote.bid for symbol in calls if (quote := quotes.quote(symbol)) is not None}
    return {symbol: bid for symbol, bid in found.items() if bid is not None and bid >= 1}
