"""What Ray does by itself on this machine, with its own defaults: the figures that ours are put beside.

    restart N        kill -9 of a bare actor until it answers again, milliseconds, N times
    idle N SECONDS   processor time and memory of N bare idle actors and their driver

Prints JSON. A process of its own, because Ray reads its settings from the environment when it is imported.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray  # noqa: TID251 - this is what is measured
from ray.exceptions import RayError  # noqa: TID251

PAUSE_S = 0.5
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Bare:
    """The bare actor."""

    def process(self) -> int:
        """Return its process number."""
        return os.getpid()


def restart(count: int) -> list[float]:
    """Kill a bare actor that Ray restarts, `count` times."""
    actor = ray.remote(num_cpus=0, max_restarts=-1)(Bare).remote()
    return [_restarted_ms(actor) for _ in range(count)]


def _restarted_ms(actor: Any) -> float:
    pid = ray.get(actor.process.remote())
    time.sleep(PAUSE_S)
    os.kill(pid, signal.SIGKILL)
    began = time.perf_counter()
    while True:
        try:
            ray.get(actor.process.remote())
        except RayError:
            time.sleep(0.001)
        else:
            return (time.perf_counter() - began) * 1e3


def idle(actors: int, seconds: float) -> dict[str, float]:
    """Leave `actors` bare actors idle for `seconds`."""
    bare = [ray.remote(num_cpus=0)(Bare).remote() for _ in range(actors)]
    pids = [os.getpid(), *ray.get([actor.process.remote() for actor in bare])]
    time.sleep(PAUSE_S)
    before = cpu_s(pids)
    time.sleep(seconds)
    return {"cpu_pct": 100 * (cpu_s(pids) - before) / seconds, "rss_mb": rss_mb(pids)}


def cpu_s(pids: Sequence[int]) -> float:
    """Return the processor seconds of processes so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_S


def rss_mb(pids: Sequence[int]) -> float:
    """Return the memory of processes now."""
    pages = 0
    for pid in pids:
        pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * PAGE / 1e6


def main() -> None:
    """Measure what the arguments ask for."""
    ray.init(address="local", log_to_driver=False, configure_logging=False, include_dashboard=False)
    try:
        what, *numbers = sys.argv[1:]
        found = restart(int(numbers[0])) if what == "restart" else idle(int(numbers[0]), float(numbers[1]))
    finally:
        ray.shutdown()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
