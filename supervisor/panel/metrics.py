"""`/metrics` for Prometheus: what `holdfast status` knows, as gauges. What is unknown has no sample."""

import math
from collections.abc import Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.latch import StopLevel
from actors.places import Places
from supervisor.cli.snapshot import CONDITION, snapshot
from supervisor.panel import glance

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics(where: Places) -> bytes:
    """Return the samples of this moment."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Status(snapshot(where)))
    return generate_latest(registry)


class _Status(Collector):
    """One status, as families."""

    def __init__(self, status: dict[str, Any]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield each family."""
        status = self._status
        condition = GaugeMetricFamily("holdfast_condition", "1 for the condition it is in.", labels=["condition"])
        for name in CONDITION:
            condition.add_metric([name], float(status["condition"] == name))
        yield condition
        latch = GaugeMetricFamily("holdfast_stop", "1 for the stop that is latched.", labels=["level"])
        for level in StopLevel:
            latch.add_metric([level.value], float(status["latch"]["level"] == level.value))
        yield latch
        yield from self._children()
        yield from self._journal()
        yield from self._routes()
        limits = GaugeMetricFamily("holdfast_limit_used", "Share of a limit on losses that is used.", labels=["name"])
        for gauge in glance.gauges(status["breakers"]):
            if gauge["used"] is not None and math.isfinite(gauge["used"]):
                limits.add_metric([gauge["name"]], gauge["used"])
        yield limits

    def _children(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("holdfast_child_up", "1 for a child that lives.", labels=["name"])
        restarts = GaugeMetricFamily("holdfast_child_restarts", "How often a child was restarted.", labels=["name"])
        age = GaugeMetricFamily("holdfast_child_progress_age_seconds", "Since its last work.", labels=["name"])
        for name, child in self._status["children"].items():
            up.add_metric([name], float(child["alive"]))
            restarts.add_metric([name], child["restarts"])
            if child["progress_age_s"] is not None:
                age.add_metric([name], child["progress_age_s"])
        yield from (up, restarts, age)

    def _journal(self) -> Iterator[Metric]:
        journal = self._status["journal"]
        if journal is None or "sequence" not in journal:
            return
        yield GaugeMetricFamily("holdfast_journal_sequence", "The last event's number.", value=journal["sequence"])
        if "age_s" in journal:
            yield GaugeMetricFamily("holdfast_journal_age_seconds", "Since the last event.", value=journal["age_s"])

    def _routes(self) -> Iterator[Metric]:
        board = self._status["routes"]
        if board is None:
            return
        yield GaugeMetricFamily(
            "holdfast_executor_board_age_seconds", "Since the executor spoke.", value=board["age_s"]
        )
        paths = GaugeMetricFamily("holdfast_route_up", "1 for a path that works.", labels=["route", "path"])
        for route in board["routes"]:
            for path in ("reads", "writes", "stream"):
                paths.add_metric([route["name"], path], float(route[path]))
        yield paths
        orders = board["open"]["orders"]
        yield GaugeMetricFamily("holdfast_orders_working", "Orders that may still trade.", value=len(orders))
        doubts = sum(order["in_doubt"] for order in orders)
        yield GaugeMetricFamily("holdfast_orders_in_doubt", "Orders that may or may not exist.", value=doubts)
        held = len(board["open"]["structures"])
        yield GaugeMetricFamily("holdfast_structures_held", "Structures that hold something.", value=held)
        day = glance.day(self._status)
        if day is not None:
            yield GaugeMetricFamily("holdfast_day_baseline_dollars", "At the session's start.", value=day["baseline"])
            if day["pnl"] is not None:
                yield GaugeMetricFamily("holdfast_day_pnl_dollars", "The session's result.", value=day["pnl"])
