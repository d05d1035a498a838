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

from supervisor.app.bench import (
    admission,
    alerts,
    cold,
    failover,
    greeks,
    idle,
    journal,
    orders,
    quotes,
    rebuild,
    replicated,
    takeover,
    validation,
    verbs,
)
from supervisor.app.bench.sizes import Sizes
from supervisor.app.bench.tree import BenchTree, running

RayCall = Callable[[], None]
BareRay = Callable[..., Any]
"""Measures Ray by itself: `restart`, count; or `idle`, actors, seconds."""
Figures = dict[str, Any]


class Run:
    """One run: its sizes, its tree once somebody asked for it, and what was measured already."""

    def __init__(
        self, sizes: Sizes, ray_call_at: Callable[[BenchTree], AbstractContextManager[RayCall]], bare_ray: BareRay
    ) -> None:
        self.sizes, self._ray_call_at, self.bare_ray = sizes, ray_call_at, bare_ray
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

    @cached_property
    def takeovers(self) -> takeover.Takeovers:
        """The timed takeovers, measured once for all sections that tell of them."""
        return takeover.measure(self.folder, self.sizes.kills, self.sizes.hangs, self.sizes.restarts)


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


def admission_section(run: Run) -> Figures:
    """Time the admission of a four-leg opening over a bare Ray call."""
    return _over(admission.measure(10 * run.sizes.orders), run.orders.ray_call)


def journal_section(run: Run) -> Figures:
    """Time a durable append over a bare fsync of the same bytes."""
    appended, synced = journal.measure(run.folder, run.sizes.appends)
    return {
        "append_over_fsync": _ratio(appended, synced, 50),
        "append_p50_ms": _at(appended, 50),
        "append_p99_ms": _at(appended, 99),
        "fsync_p50_ms": _at(synced, 50),
    }


def replicated_section(run: Run) -> Figures:
    """Time an append that a follower on loopback acknowledges over one that is kept here alone."""
    appended, alone, lost = replicated.measure(run.folder / "replicated", run.sizes.appends)
    return {
        "over_local": _ratio(appended, alone, 50),
        "p50_ms": _at(appended, 50),
        "p99_ms": _at(appended, 99),
        "local_p50_ms": _at(alone, 50),
        "not_acknowledged": lost,
    }


def quotes_section(run: Run) -> Figures:
    """Find the highest rate of quotes through feed, checks and book marks."""
    best, tried = quotes.measure(run.tree, run.sizes.seconds, run.sizes.rates)
    figures: Figures = best.model_dump(exclude={"asked_per_s"}) if best else dict.fromkeys(quotes.Held.model_fields)
    return figures | {"tried": [each.model_dump() for each in tried]}


def failover_section(run: Run) -> Figures:
    """Time a cut of the primary's write path to the first new opening's yes at the backup."""
    found = failover.measure(run.folder, run.sizes.cuts, run.sizes.failover)
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


def cold_section(run: Run) -> Figures:
    """Time the recovery part of a cold start, on a journal and on one ten times as long."""
    short, long = (cold.measure(run.folder / f"cold-{events}", events) for events in run.sizes.histories)
    return {
        "s_100k": round(cold.median(short), 3),
        "ratio_1m": round(cold.median(long) / cold.median(short), 3),
        "s_1m": round(cold.median(long), 3),
        "events": list(run.sizes.histories),
        "journal_mb": [round(each.journal_bytes / 1e6, 1) for each in (short, long)],
        "checkpoint_mb": [round(each.checkpoint_bytes / 1e6, 2) for each in (short, long)],
        "worst_s": [round(max(each.seconds), 3) for each in (short, long)],
    }


def takeover_section(run: Run) -> Figures:
    """Time kill -9 of the executor to its successor's yes to the next order, over Ray's restart of a bare actor."""
    took = run.takeovers
    bare = run.bare_ray("restart", run.sizes.ray_restarts)
    figures = _millis(took.acknowledged)
    return figures | {
        "over_ray_restart": round(float(np.median(bare)) / figures["p50_ms"], 1),
        "ray_restart_p50_ms": round(float(np.median(bare)), 1),
        **{f"broker_{name}": each for name, each in _millis(took.at_broker).items()},
        "kills": len(took.acknowledged),
        "lost": len(took.card.lost),
        "doubled": len(took.card.doubled),
        "in_doubt": len(took.card.in_doubt),
        "contradicted": len(took.contradicted),
    }


def hang(run: Run) -> Figures:
    """Time SIGSTOP of the executor to its successor's yes to the next order, with the default deadlines."""
    took = run.takeovers
    return _millis(took.hung) | {"hangs": len(took.hung), "false_hangs": took.false_hangs}


def restart(run: Run) -> Figures:
    """Time kill -9 of every other child to its successor's first pass."""
    others = run.takeovers.others
    every = [each for timed in others.values() for each in timed]
    return _millis(every) | {name: _millis(timed) for name, timed in others.items()}


def idle_section(run: Run) -> Figures:
    """Measure the idle tree beside as many bare idle Ray actors."""
    cpu_pct, memory = idle.measure(run.tree, run.sizes.idle_s)
    bare = run.bare_ray("idle", min(len(memory) - 1, run.sizes.bare_max), run.sizes.idle_s)
    return {
        "cpu_pct": round(cpu_pct, 2),
        "cpu_over_bare": round(cpu_pct / max(bare["cpu_pct"], 0.01), 2),
        "bare_cpu_pct": round(bare["cpu_pct"], 2),
        "rss_mb": round(sum(memory)),
        "rss_max_mb": round(max(memory)),
        "bare_rss_mb": round(bare["rss_mb"]),
        "processes": len(memory),
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
    "admission": admission_section,
    "journal": journal_section,
    "replicated": replicated_section,
    "quotes": quotes_section,
    "failover": failover_section,
    "cold": cold_section,
    "takeover": takeover_section,
    "hang": hang,
    "restart": restart,
    "idle": idle_section,
    "adopt": adopt,
    "gcs": gcs,
    "rebuild": rebuild_section,
    "validation": lambda run: validation.figures(run.sizes.appends),
    "greeks": lambda run: greeks.section(*run.sizes.chain),
    "alerts": lambda run: alerts.section(run.folder / "alerts", run.sizes.storm),
    "cli": lambda run: verbs.figures(run.folder / f"cold-{run.sizes.histories[-1]}", run.sizes.histories[-1]),
}


def _millis(timed: Sequence[float]) -> Figures:
    return {f"p{percent}_ms": round(float(np.percentile(timed, percent)), 1) for percent in (50, 99)}


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
