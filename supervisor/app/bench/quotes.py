"""Finds how many quotes a second the tree takes: over the wire, through the checks, into the executor's marks.

A rate is held when the executor applied at least `SHARE_MIN` of it and 99 of 100 frames were applied within
`LAG_MAX_MS` of their arrival at the feed. Rates rise by steps until `MISSES_MAX` in a row are not held (one may be a
stall of the machine), or none is left.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from supervisor.app.bench.probe import Ages, ages_path
from supervisor.app.bench.tree import BenchTree

RATES = (100_000, 200_000, 250_000, 300_000, 350_000, 400_000, 450_000, 500_000)
SETTLE_S = 2.0
"""Before counting: the frames of a pace are encoded first."""
SHARE_MIN = 0.98
LAG_MAX_MS = 50.0
MISSES_MAX = 2
_UTIME, _STIME = 11, 12
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Held(BaseModel):
    """What one rate led to. `cpu` counts cores used by feed and executor."""

    asked_per_s: int
    per_s: int
    executor_lag_p50_ms: float
    executor_lag_p99_ms: float
    cpu: float
    cpu_feed: float
    cpu_executor: float

    @property
    def is_held(self) -> bool:
        """Whether the tree kept up."""
        return self.per_s >= SHARE_MIN * self.asked_per_s and self.executor_lag_p99_ms <= LAG_MAX_MS


def measure(tree: BenchTree, seconds: float, rates: Sequence[int] = RATES) -> tuple[Held | None, list[Held]]:
    """Return the highest rate that was held, and every rate tried."""
    ages = Ages(ages_path(tree.where))
    tried: list[Held] = []
    try:
        for rate in rates:
            tried.append(_at(tree, ages, rate, seconds))
            if not any(each.is_held for each in tried[-MISSES_MAX:]) and len(tried) >= MISSES_MAX:
                break
    finally:
        tree.pace(0)
    held = [each for each in tried if each.is_held]
    return (held[-1] if held else None), tried


def _at(tree: BenchTree, ages: Ages, rate: int, seconds: float) -> Held:
    tree.pace(rate)
    time.sleep(SETTLE_S)
    feed, executor = tree.process("data_feed"), tree.process("executor")
    frames, quotes, began = ages.frames, ages.quotes, time.perf_counter()
    feed_s, executor_s = _cpu_s(feed), _cpu_s(executor)
    time.sleep(seconds)
    passed = time.perf_counter() - began
    applied = ages.quotes - quotes
    lags = ages.since(frames) / 1e6
    feed_cores, executor_cores = (_cpu_s(feed) - feed_s) / passed, (_cpu_s(executor) - executor_s) / passed
    return Held(
        asked_per_s=rate,
        per_s=int(applied / passed),
        executor_lag_p50_ms=round(float(np.percentile(lags, 50)), 3) if len(lags) else float("inf"),
        executor_lag_p99_ms=round(float(np.percentile(lags, 99)), 3) if len(lags) else float("inf"),
        cpu=round(feed_cores + executor_cores, 2),
        cpu_feed=round(feed_cores, 2),
        cpu_executor=round(executor_cores, 2),
    )


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) * _TICK_S
