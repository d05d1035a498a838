"""The sections of `scripts/bench.py`: what each measures, as one function in a table, and what it prints.

Ratios come first: absolute times move by half between a quiet and a busy machine, the ratios of one run do not. Every
section of one run sees the same tree, started when the first of them asks for it.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from supervisor.app.bench import failover, journal, orders, quotes, rebuild
from supervisor.app.bench.tree import BenchTree, running

RayCall = Callable[[], None]
Figures = dict[str, Any]


class Sizes:
    """How much a run measures."""

    def __init__(self, *, tiny: bool) -> None:
        self.orders = 5 if tiny else 300
        self.appends = 20 if tiny else 1_000
        self.rates = (20_000,) if tiny else quotes.RATES
        self.seconds = 1.0 if tiny else 10.0
        self.cuts = 1 if tiny else 20
        self.deaths = 1 if tiny else 5


class Run:
    """One run: its sizes, its tree once somebody asked for it, and what was measured already."""

    def __init__(self, sizes: Sizes, ray_call_at: Callable[[BenchTree], AbstractContextManager[RayCall]]) -> None:
        self.sizes, self._ray_call_at = sizes, ray_call_at
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-bench-")))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def tree(self) -> BenchTree:
        """The measuring tree."""
        return self._stack.enter_context(running(self.folder))

    @cached_property
    def deaths(self) -> rebuild.Deaths:
        """What lies under the tree killed, measured once for all sections that tell of it."""
        return rebuild.measure(self.folder, self.sizes.deaths)

    @cached_property
    def orders(self) -> orders.Timings:
        """The timed orders, measured once for all sections that tell of them."""
        with self._ray_call_at(self.tree) as ray_call:
            return orders.measure(self.tree, ray_call, self.sizes.orders)


def order_path(run: Run) -> Figures:
    """Time quote received to order bytes on the wire, over a bare Ray call."""
    timed = run.orders
    return _over(timed.quote_to_wire, timed.ray_call) | {
        "from_frame_p50_over_ray_call": _ratio(timed.frame_to_wire, timed.ray_call, 50),
        "from_frame_p50_ms": _at(timed.frame_to_wire, 50),
        "ray_call_p50_ms": _at(timed.ray_call, 50),
        "ray_call_p99_ms": _at(timed.ray_call, 99),
        "orders": len(timed.quote_to_wire),
    }


def ack(run: Run) -> Figures:
    """Time quote received to the venue's answer in the executor's journal, over a bare Ray call."""
    timed = run.orders
    return _over(timed.quote_to_answer, timed.ray_call)


def journal_section(run: Run) -> Figures:
    """Time a durable append over a bare fsync of the same bytes."""
    appended, synced = journal.measure(run.folder, run.sizes.appends)
    return {
        "append_over_fsync": _ratio(appended, synced, 50),
        "append_p50_ms": _at(appended, 50),
        "append_p99_ms": _at(appended, 99),
        "fsync_p50_ms": _at(synced, 50),
    }


def quotes_section(run: Run) -> Figures:
    """Find the highest rate of quotes through feed, checks and book marks."""
    best, tried = quotes.measure(run.tree, run.sizes.seconds, run.sizes.rates)
    figures: Figures = best.model_dump(exclude={"asked_per_s"}) if best else dict.fromkeys(quotes.Held.model_fields)
    return figures | {"tried": [each.model_dump() for each in tried]}


def failover_section(run: Run) -> Figures:
    """Time a cut of the primary's write path to the first new opening's yes at the backup."""
    found = failover.measure(run.folder, run.sizes.cuts)
    every = [each for seconds in found.seconds.values() for each in seconds]
    return {
        **_seconds(every),
        **{how: _seconds(seconds) for how, seconds in found.seconds.items()},
        "repetitions": len(every),
        "in_flight_at_both": len(found.at_both),
        "lost": len(found.card.lost),
        "doubled": len(found.card.doubled),
        "in_doubt": len(found.card.in_doubt),
    }


def adopt(run: Run) -> Figures:
    """Time a killed supervisor until the next one has adopted every child, untouched."""
    return _death(run, "adopt")


def gcs(run: Run) -> Figures:
    """Time a killed GCS until one works again, under children that went on trading."""
    return _death(run, "gcs")


def rebuild_section(run: Run) -> Figures:
    """Time a killed raylet, and a killed Ray, until an order is acknowledged by the tree built anew and reconciled."""
    raylet, whole = _death(run, "raylet"), _death(run, "whole_ray")
    return {"s": max(raylet["s"], whole["s"]), "raylet": raylet, "whole_ray": whole}


def _death(run: Run, part: str) -> Figures:
    found = run.deaths
    seconds = [each.seconds for each in found.of[part]]
    return {
        "s": round(float(np.percentile(seconds, 50)), 3),
        "max_s": round(max(seconds), 3),
        "traded_after_max_s": round(max(each.traded_after_s for each in found.of[part]), 3),
        "repetitions": len(seconds),
        "lost": len(found.card.lost),
        "doubled": len(found.card.doubled),
        "in_doubt": len(found.card.in_doubt),
        "positions_kept": found.positions_kept,
    }


SECTIONS: Mapping[str, Callable[[Run], Figures]] = {
    "order_path": order_path,
    "ack": ack,
    "journal": journal_section,
    "quotes": quotes_section,
    "failover": failover_section,
    "adopt": adopt,
    "gcs": gcs,
    "rebuild": rebuild_section,
}


def _seconds(timed: Sequence[float]) -> Figures:
    return {f"p{percent}_s": round(float(np.percentile(timed, percent)), 3) for percent in (50, 99)}


def _over(timed: NDArray[np.float64], ray_call: NDArray[np.float64]) -> Figures:
    return {
        "p50_over_ray_call": _ratio(timed, ray_call, 50),
        "p99_over_ray_call": _ratio(timed, ray_call, 99),
        "p50_ms": _at(timed, 50),
        "p99_ms": _at(timed, 99),
    }


def _ratio(ours: NDArray[np.float64], theirs: NDArray[np.float64], percent: int) -> float:
    return round(float(np.percentile(ours, percent) / np.percentile(theirs, percent)), 3)


def _at(timed: NDArray[np.float64], percent: int) -> float:
    return round(float(np.percentile(timed, percent)), 3)
