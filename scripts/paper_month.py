"""Trades a seeded paper month with crashes, gaps and a day of seven percent down, and says which rule did what.

    scripts/paper_month.py --seed 1 --json
    scripts/paper_month.py --seed 1 --seeds 5 --days 20 --config YOURS.toml
    scripts/paper_month.py --seeds 200 --config YOURS.toml --json --ray-address auto --ray-resource research

One process, no sockets, a virtual clock: the real executor, risk, strategies and venue (supervisor/app/paper_month).
With --ray-address each seed is a task of that Ray, on whatever nodes it has, at the lowest priority; they are told as
they end.

Exit 0 only if, on every day, no account lost more than was configured and the gap itself, journal and venue agree to
the cent, and nothing was lost, doubled or left naked.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from actors.config import load  # noqa: E402 - the checkout must be found first
from supervisor.app.paper_month.asked import JOB, MonthAsked  # noqa: E402
from supervisor.app.paper_month.month import MonthTold, play  # noqa: E402
from supervisor.app.paper_month.shells import Tables  # noqa: E402
from supervisor.private_ray import RayUnavailable  # noqa: E402
from supervisor.ray_settings import OURS  # noqa: E402

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
    parser.add_argument("--ray-address", help='play the seeds as tasks of this Ray: "host:port", or "auto"')
    parser.add_argument("--ray-resource", default="", help="only on nodes of it that have this resource")
    asked = parser.parse_args()
    try:
        return _tell(asked, sys.stdout)
    except RayUnavailable as error:
        print(error, file=sys.stderr)
        return 2


def _tell(asked: argparse.Namespace, answers: TextIO) -> int:
    held = True
    for told in _fanned_out(asked) if asked.ray_address else _in_turn(asked):
        if isinstance(told, str):
            print(told, file=sys.stderr, flush=True)
            held = False
            continue
        held = held and told.is_held
        print(json.dumps(told.model_dump(mode="json")) if asked.json else _words(told), file=answers, flush=True)
    return 0 if held else 1


def _in_turn(asked: argparse.Namespace) -> Iterator[MonthTold]:
    config = load(asked.config)
    tables = Tables.shipped(Path(tempfile.gettempdir()) / "holdfast-exchange-days.json")
    for seed in range(asked.seed, asked.seed + asked.seeds):
        yield play(seed, asked.days, asked.first_on, config, tables)


def _fanned_out(asked: argparse.Namespace) -> Iterator[MonthTold | str]:
    """Play the seeds on a Ray; of one that could not be played, say why."""
    os.environ.update({setting.name: setting.value for setting in OURS})
    sys.stdout = sys.stderr  # where Ray may say what it likes
    from supervisor.fan_out import fan_out  # noqa: PLC0415 - Ray reads the environment as it is imported

    month = MonthAsked(seed=asked.seed, days=asked.days, first_on=asked.first_on, config=load(asked.config))
    seeds = [asked.seed + number for number in range(asked.seeds)]
    jobs = [month.model_copy(update={"seed": seed}).model_dump_json() for seed in seeds]
    for done in fan_out(asked.ray_address, JOB, jobs, asked.ray_resource):
        yield f"seed {seeds[done.place]}: {done.why}" if done.why else MonthTold.model_validate_json(done.text)


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
