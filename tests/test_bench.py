"""The bench runs on a small scale and prints what it promises; its figures are not judged here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from supervisor.app.bench.probe import RING, Ages
from supervisor.app.bench.quotes import Held
from supervisor.app.bench.sections import SECTIONS

ROOT = Path(__file__).resolve().parents[1]
BENCH = [sys.executable, str(ROOT / "scripts" / "bench.py")]
RUN_TIMEOUT_S = 500
DEATHS = ("takeover", "hang", "restart", "adopt", "gcs", "rebuild")
"""What runs, and what it runs on, is killed over and over; tests/supervisor/test_supervised_tree.py kills each once."""


def run(*arguments):
    return subprocess.run([*BENCH, *arguments], capture_output=True, text=True, timeout=RUN_TIMEOUT_S, check=False)


@pytest.mark.tree
@pytest.mark.timeout(RUN_TIMEOUT_S + 20)
def test_a_tiny_run_prints_one_line_with_a_key_for_each_section():
    asked = [name for name in SECTIONS if name not in (*DEATHS, "alerts")]  # tests/supervisor/app/bench/test_alerts.py
    done = run(*asked, "--tiny", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    figures = json.loads(line)
    assert list(figures) == asked
    assert {"p50_over_ray_call", "p99_over_ray_call", "p50_ms"} <= figures["order_path"].keys()
    assert {"p50_over_ray_call", "p99_over_ray_call", "p50_ms"} <= figures["ack"].keys()
    assert figures["ack"]["p50_ms"] > figures["order_path"]["p50_ms"] > 0
    assert figures["admission"]["p50_ms"] > 0
    assert {"p50_over_ray_call", "p99_over_ray_call"} <= figures["admission"].keys()
    assert figures["journal"]["append_over_fsync"] > 0
    assert figures["replicated"]["over_local"] > 0
    assert figures["replicated"]["not_acknowledged"] >= 0
    assert {"per_s", "executor_lag_p99_ms", "cpu"} <= figures["quotes"].keys()
    (tried,) = figures["quotes"]["tried"]
    assert tried["per_s"] > 0
    assert {"status_ms", "halt_ms", "status_over_python_pass"} <= figures["cli"].keys()
    failover = figures["failover"]
    assert {failover[name] for name in ("in_flight_at_both", "lost", "doubled", "in_doubt")} == {0}
    assert 0 < failover["refused"]["p50_s"] < failover["black_holed"]["p50_s"]
    assert {"p50_s", "p99_s"} <= failover.keys()
    assert figures["idle"]["rss_mb"] > figures["idle"]["rss_max_mb"] > 0
    assert figures["idle"]["bare_cpu_pct"] > 0
    assert figures["validation"]["over_numpy_pass"] > 0
    assert (figures["validation"]["contracts"], figures["validation"]["flawed"]) == (20_000, 0)


@pytest.mark.tree
@pytest.mark.alone
@pytest.mark.skipif(os.environ.get("HOLDFAST_BENCH") != "all", reason="two minutes; HOLDFAST_BENCH=all runs it")
@pytest.mark.timeout(RUN_TIMEOUT_S + 20)
def test_a_tiny_run_of_all_deaths_loses_nothing():
    done = run(*DEATHS, "--tiny", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    takeover = figures["takeover"]
    assert {takeover[name] for name in ("lost", "doubled", "in_doubt", "contradicted")} == {0}
    assert takeover["p50_ms"] > 0
    assert takeover["broker_p50_ms"] > 0
    assert takeover["over_ray_restart"] > 0
    assert figures["hang"]["p50_ms"] > 300
    assert figures["hang"]["false_hangs"] == 0
    assert figures["restart"]["p50_ms"] > 0
    for section in (figures["adopt"], figures["gcs"], figures["rebuild"]["raylet"], figures["rebuild"]["whole_ray"]):
        assert section["s"] > 0
        assert (section["lost"], section["doubled"], section["in_doubt"]) == (0, 0, 0)
        assert section["positions_kept"]
    assert figures["gcs"]["traded_after_max_s"] < figures["gcs"]["s"]


def test_a_section_that_asks_for_no_tree_starts_none():
    done = run("journal", "--tiny", "--json")
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)) == ["journal"]


def test_the_greeks_of_a_chain_are_quantlibs_and_take_a_fraction_of_its_time():
    done = run("greeks", "--tiny", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["greeks"]
    assert figures["over_quantlib"] > 1
    assert figures["difference_max"] < 1e-9


def test_an_unknown_section_is_named_and_nothing_runs():
    done = run("order_paht")
    assert done.returncode == 2
    assert "order_paht" in done.stderr
    assert "order_path" in done.stderr
    assert done.stdout == ""


def test_the_ring_of_ages_gives_back_the_latest_ones(tmp_path):
    ages = Ages(tmp_path / "ages")
    for age in range(RING + 10):
        ages.add(age, quotes=100)
    again = Ages(tmp_path / "ages")
    assert again.frames == RING + 10
    assert again.quotes == 100 * (RING + 10)
    assert again.since(RING + 7).tolist() == [RING + 7, RING + 8, RING + 9]
    assert np.array_equal(again.since(0), np.arange(10, RING + 10))


@pytest.mark.parametrize(("per_s", "lag_ms", "held"), [(99_000, 10, True), (90_000, 10, False), (99_000, 51, False)])
def test_a_rate_is_held_when_the_quotes_came_through_in_time(per_s, lag_ms, held):
    measured = Held(
        asked_per_s=100_000,
        per_s=per_s,
        executor_lag_p50_ms=1,
        executor_lag_p99_ms=lag_ms,
        cpu=1,
        cpu_feed=0.5,
        cpu_executor=0.5,
    )
    assert measured.is_held is held
