"""Kills every process of the tree at seeded moments of short paper days, and says whether anything was lost or doubled.

    scripts/fault_run.py --seeds 50 --first-seed 1 --json
    scripts/fault_run.py --in-process --seeds 100000 --json
    scripts/fault_run.py --week --kills 1000 --json

With --in-process the order logic alone runs, many seeds a second on every core: a real executor among modelled brokers,
on a virtual clock (supervisor/app/order_machine).

Each seed: a tree of its own on a private Ray, about 25 s of a fast synthetic market, a stream of signals, `kill -9` of
every process at least once, faults on the brokers' order routes; then journal, executor and brokers are compared order
by order and fill by fill. With --week it is one state over five sessions, struck a thousand times, kills and hangs, and
compared after each. Prints one object; exit 0 only if every figure that must be zero is. What failed keeps its state
folder, and the same seed draws the same kills, faults and orders again.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from supervisor.app.fault_day import FIRST_DAY, days  # noqa: E402 - the checkout must be found first
from supervisor.app.fault_run import LENGTH_S, SeedResult, run_seed  # noqa: E402
from supervisor.app.fault_tally import tally  # noqa: E402
from supervisor.app.fault_week import KILLS, SESSIONS, SessionResult, run_session  # noqa: E402
from supervisor.app.order_machine.seeds import play_all  # noqa: E402


def main() -> int:
    """Run the seeds; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them (default 1)")
    parser.add_argument("--length", type=float, default=LENGTH_S, help=f"seconds of trading a seed ({LENGTH_S:g})")
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once, each a tree of its own (default 1)")
    parser.add_argument("--state", type=Path, help="where the state folders go; default a new temporary folder")
    parser.add_argument("--json", action="store_true", help="print the one object, and nothing else")
    parser.add_argument("--in-process", action="store_true", help="the order logic alone, on a virtual clock")
    parser.add_argument(
        "--week", action="store_true", help="five sessions of one state folder, compared after each blow"
    )
    parser.add_argument("--kills", type=int, default=KILLS, help=f"kills and hangs of the week ({KILLS})")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"sessions of the week ({SESSIONS})")
    asked = parser.parse_args()
    if asked.in_process:
        total = play_all(asked.first_seed, asked.seeds)
        print(json.dumps(total.model_dump(mode="json"), indent=None if asked.json else 1))
        return 0 if total.is_clean else 1
    if asked.week:
        return _week(asked)
    began = time.monotonic()
    folder = asked.state or Path(tempfile.mkdtemp(prefix="holdfast-faults-"))
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    with ThreadPoolExecutor(asked.jobs) as pool:
        running = pool.map(lambda seed: run_seed(seed, folder / f"seed-{seed}", asked.length), seeds)
        results = [_seen(result, quiet=asked.json) for result in running]
    total = tally(results, time.monotonic() - began)
    print(json.dumps(total.model_dump(mode="json"), indent=None if asked.json else 1))
    return 0 if total.is_clean else 1


def _week(asked: argparse.Namespace) -> int:
    """Run the sessions of one week, until one fails; return the exit code."""
    began = time.monotonic()
    state = (asked.state or Path(tempfile.mkdtemp(prefix="holdfast-week-"))) / "state"
    results: list[SessionResult] = []
    for number in range(asked.sessions):
        blows = asked.kills * (number + 1) // asked.sessions - asked.kills * number // asked.sessions
        level = results[-1].level if results else None
        result = run_session(asked.first_seed, days(FIRST_DAY, number), state, blows, level)
        results.append(result)
        if not asked.json:
            print(_words(result), *result.failures, sep="\n           ", flush=True)
        if result.failures:
            break
    total = tally(results, time.monotonic() - began)
    more = {name: sum(getattr(each, name) for each in results) for name in ("hangs", "audits")}
    print(json.dumps(total.model_dump(mode="json") | more, indent=None if asked.json else 1))
    if total.is_clean and asked.state is None:
        shutil.rmtree(state.parent)
    return 0 if total.is_clean else 1


def _words(result: SessionResult) -> str:
    found = f"{result.orders} orders, {result.fills} fills, {result.kills} kills ({result.hangs} hangs)"
    return f"{result.session}: {found}, compared {result.audits} times: {'FAILED' if result.failures else 'clean'}"


def _seen(result: SeedResult, *, quiet: bool) -> SeedResult:
    if not quiet:
        _tell(result)
    if not result.failures:
        shutil.rmtree(result.state)
    return result


def _tell(result: SeedResult) -> None:
    words = "clean" if not result.failures else f"FAILED, see {result.state}"
    print(
        f"seed {result.seed:>4}: {result.orders} orders, {result.fills} fills, {result.kills} kills, "
        f"{result.faults} faults, {result.seconds:.0f} s: {words}",
        flush=True,
    )
    for failure in result.failures:
        print(f"           {failure}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
