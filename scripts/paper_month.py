"""Trades a seeded paper month with crashes, gaps and a day of seven percent down, and says which rule did what.

    scripts/paper_month.py --seed 1 --json
    scripts/paper_month.py --seed 1 --seeds 5 --days 20 --config YOURS.toml

One process, no sockets, a virtual clock: the real executor, risk, strategies and venue (supervisor/app/paper_month).
Exit 0 only if, on every day, no account lost more than was configured and the gap itself, journal and venue agree to
the cent, and nothing was lost, doubled or left naked.
"""

import argparse
import json
import sys
import tempfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from actors.config import load  # noqa: E402 - the checkout must be found first
from supervisor.app.paper_month.month import MonthTold, play  # noqa: E402
from supervisor.app.paper_month.shells import Tables  # noqa: E402

FIRST_ON = date(2026, 11, 2)
"""Its month has a half day."""
DAYS = 20


def main() -> int:
    """Play the seeds; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many (default 1)")
    parser.add_argument("--days", type=int, default=DAYS, help=f"trading days of each (default {DAYS})")
    parser.add_argument("--from", dest="first_on", type=date.fromisoformat, default=FIRST_ON, help="the first of them")
    parser.add_argument("--config", type=Path, default=ROOT / "config" / "month.toml", help="what is traded")
    parser.add_argument("--json", action="store_true", help="print one object a seed, and nothing else")
    asked = parser.parse_args()
    config = load(asked.config)
    tables = Tables.shipped(Path(tempfile.gettempdir()) / "holdfast-exchange-days.json")
    held = True
    for seed in range(asked.seed, asked.seed + asked.seeds):
        told = play(seed, asked.days, asked.first_on, config, tables)
        held = held and told.is_held
        print(json.dumps(told.model_dump(mode="json")) if asked.json else _words(told), flush=True)
    return 0 if held else 1


def _words(told: MonthTold) -> str:
    lines = [f"SEED {told.seed}  {'HELD' if told.is_held else 'NOT HELD'}"]
    for day in told.days:
        name = "  CRASH" if day.is_crash else ""
        lines.append(f"  {day.session}  {day.move:+.2%} ({day.overnight:+.2%} over night), {day.deaths} deaths{name}")
        lines += [
            f"      {loss.account:<12} worst {loss.worst:,.2f} of {loss.limit:,.2f}, gap {loss.gap:,.2f}"
            for loss in day.losses
            if loss.crossed_at is not None or day.is_crash
        ]
    lines += [f"  {each.times:>5}  {each.rule:<48} {each.last}" for each in told.deeds]
    lines += [f"  {told.orders} orders, {told.fills} fills, {told.deaths} deaths; naked at most {told.naked_short_s} s"]
    lines += [f"  made by {name}: {pnl:+,.2f}" for name, pnl in told.pnl.items()]
    lines += [f"  worst structure {-told.worst_structure:+,.2f}"]
    return "\n".join([*lines, *(f"  FAULT  {fault}" for fault in told.faults)])


if __name__ == "__main__":
    sys.exit(main())
