"""Many seeds of the order machine, on every core, as one tally."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from typing import Final

from supervisor.app.fault_tally import Tally, merged, tally
from supervisor.app.order_machine.play import play

CHUNK: Final = 250
FAILURES_KEPT: Final = 100
"""Failed seeds named in the tally; all are counted in its figures."""


def play_all(first_seed: int, seeds: int) -> Tally:
    """Play `seeds` seeds from `first_seed` on; return what they came to."""
    began = time.monotonic()
    workers = min(os.cpu_count() or 1, -(-seeds // CHUNK))
    if workers <= 1:
        return merged([play_some(first_seed, seeds)], time.monotonic() - began)
    # Fresh interpreters: nothing of the caller's threads and sockets is inherited.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        tallies = pool.starmap(play_some, _chunks(first_seed, seeds), chunksize=1)
    total = merged(tallies, time.monotonic() - began)
    return total.model_copy(update={"failures": total.failures[:FAILURES_KEPT]})


def play_some(first_seed: int, seeds: int) -> Tally:
    """Play seeds one after the other, in this process."""
    began = time.monotonic()
    results = [play(seed) for seed in range(first_seed, first_seed + seeds)]
    return tally(results, time.monotonic() - began)


def _chunks(first_seed: int, seeds: int) -> Iterator[tuple[int, int]]:
    for begun in range(0, seeds, CHUNK):
        yield first_seed + begun, min(CHUNK, seeds - begun)
