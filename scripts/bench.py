"""Measures what trading is paced by, on this machine: `scripts/bench.py [SECTION ...] --json`.

Starts the whole tree on a private Ray in a temporary folder, between a measuring venue and a measuring strategy, and
ends it. What each section measures stands in `supervisor/app/bench/sections.py`. The unit is a bare Ray actor call made
in the same run. Run it with the project's Python, on a machine that does nothing else.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from supervisor.app.bench.sections import SECTIONS, Run, Sizes  # noqa: E402 - found through the line above
from supervisor.app.bench.tree import BenchTree  # noqa: E402
from supervisor.app.drill import Overdue  # noqa: E402
from supervisor.private_ray import environment  # noqa: E402


class Echo:
    """The bare actor."""

    def answer(self) -> None:
        """Do nothing."""


@contextmanager
def ray_call_at(tree: BenchTree) -> Iterator[Callable[[], None]]:
    """Give a function that makes one round trip to an actor that does nothing, on the tree's own Ray."""
    os.environ.update(environment(tree.where.state, private=True))
    import ray  # noqa: PLC0415, TID251 - reads its environment when it is imported; here it is what we compare with

    ray.init(address=tree.ray_address, namespace="bench", log_to_driver=False, configure_logging=False)
    actor = ray.remote(num_cpus=0)(Echo).remote()

    def call() -> None:
        ray.get(actor.answer.remote())

    call()
    try:
        yield call
    finally:
        ray.shutdown()  # before the tree's Ray ends, or this process ends with it


def bare_ray(*asked: object) -> Any:
    """Measure Ray by itself, in a process whose environment says nothing about Ray."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    command = [sys.executable, str(ROOT / "scripts" / "ray_baseline.py"), *map(str, asked)]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print one JSON object, a key per section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; none named: all")
    parser.add_argument("--json", action="store_true", help="one line, for programs")
    parser.add_argument("--tiny", action="store_true", help="a few samples, to see that it works: not figures to quote")
    asked = parser.parse_args()
    if unknown := set(asked.sections) - SECTIONS.keys():
        parser.error(f"no section {', '.join(sorted(unknown))}; there is {', '.join(SECTIONS)}")
    figures, late = dict[str, Any](), ""
    with Run(Sizes(tiny=asked.tiny), ray_call_at, bare_ray) as run:
        for name in asked.sections or SECTIONS:
            try:
                figures[name] = SECTIONS[name](run)
            except Overdue as overdue:  # what the others measured is not lost with it
                late += f"{name}: {overdue}\n"
            else:
                print(f"{name}: {json.dumps(figures[name])}", file=sys.stderr, flush=True)
    print(json.dumps(figures, indent=None if asked.json else 1))
    sys.exit(late or None)


if __name__ == "__main__":
    main()
