"""Starts and ends the measuring tree, and asks it: `holdfast up` with a plan of its own, in a folder of its own."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from actors.config_model import RuntimeConfig
from actors.domain.orders.event import AccountAgreed, parse_event
from actors.places import Places, places
from actors.runtime_tag import read_mark, runtime_tag
from actors.venue.venue_settings import read_venue_file
from supervisor import directory as directories
from supervisor.app import plan as plans
from supervisor.app.bench.venue import venue  # noqa: F401 - named below, so that a wrong name fails here
from supervisor.app.drill import wait_for
from supervisor.child_spec import Plan
from supervisor.journal import JournalReader

STRATEGY = "bench"
READY_TIMEOUT_S = 60.0
_HERE = "supervisor.app.bench"
_FACTORIES = {"venue": f"{_HERE}.venue:venue", "executor": f"{_HERE}.probe:executor"}
_PLENTY = 1_000_000
UNPACED = {
    "duplicate_window_s": 0,
    "orders_per_minute_max": _PLENTY,
    "strategy_orders_per_minute_max": _PLENTY,
    "margin_share_max": 1,
}
"""Caps that a run would meet, which opens the same as fast as it can."""


def config(state: Path) -> RuntimeConfig:
    """Return the measuring tree's configuration: one route, no limit that a run could meet."""
    return RuntimeConfig.model_validate(
        {
            "runtime": {"mode": "paper", "state": state},
            "market": {"underlying": "SPX"},
            "routes": [
                {
                    "name": "tastytrade",
                    "adapter": "tastytrade",
                    "account_domain": "tastytrade",
                    "role": "primary",
                    "url": "paper",
                }
            ],
            "risk": {
                "structure_loss_max": _PLENTY,
                "account_loss_max": 1_000 * _PLENTY,
                "structures_max": _PLENTY,
                "caps": UNPACED,
            },
            "greeks": {
                "underlying": {"delta_max": _PLENTY, "vega_max": _PLENTY},
                "whole": {"delta_max": _PLENTY, "vega_max": _PLENTY},
            },
            "strategies": [{"name": STRATEGY, "strategy": f"{_HERE}.strategy:OnMarker", "underlying": "SPX"}],
        }
    )


def plan(settled: RuntimeConfig) -> Plan:
    """Return the tree of `holdfast up`, with the measuring venue and the executor on a probed stream."""
    whole = plans.plan(settled)
    groups = [
        group.model_copy(
            update={
                "children": tuple(
                    child.model_copy(update={"factory": _FACTORIES.get(child.name, child.factory)})
                    for child in group.children
                )
            }
        )
        for group in whole.groups
    ]
    preload = (*whole.preload, f"{_HERE}.venue", f"{_HERE}.probe", f"{_HERE}.strategy")
    return whole.model_copy(update={"groups": tuple(groups), "preload": preload})


@contextmanager
def running(folder: Path) -> Iterator["BenchTree"]:
    """Run the tree in `folder` for as long as the context lasts."""
    where = places(folder / "state")
    settled = plans.settle(config(where.state), datetime.now(UTC))
    plans.store(settled, where)
    file = folder / "plan.json"
    file.write_text(plan(settled).model_dump_json())
    holdfast("up", "--state", str(where.state), "--plan", str(file), "--detach")
    try:
        tree = BenchTree(where)
        wait_for("an account that agrees", tree.agreed, READY_TIMEOUT_S)
        yield tree
    finally:
        holdfast("down", "--state", str(where.state))


class BenchTree:
    """A measuring tree that runs."""

    def __init__(self, where: Places) -> None:
        self.where = where
        door = urlsplit(read_venue_file(where).control)
        self._door = http.client.HTTPConnection(door.hostname or "", door.port, timeout=10)

    @property
    def ray_address(self) -> str:
        """Where its Ray listens."""
        directory = directories.read(self.where.directory)
        assert directory is not None
        assert directory.ray is not None
        return directory.ray.address

    def fire(self) -> None:
        """Have the next frame lead to an order."""
        self._ask("POST", "fire")

    def pace(self, quotes_per_s: int) -> None:
        """Have so many quotes sent each second; 0 for single frames."""
        self._ask("POST", "pace", str(quotes_per_s))

    def hush(self) -> None:
        """Have nothing sent, until the next pace."""
        self._ask("POST", "pace", "-1")

    def stamps(self) -> tuple[dict[int, int], dict[str, int]]:
        """Return when each marked frame was written, and when each attempt's first byte came; boot clock."""
        told = self._ask("GET", "stamps")
        tag = runtime_tag(self.where.state)
        orders = {read_mark(name, tag).attempt_id or name: at_ns for name, at_ns in told["orders"].items()}
        return {int(marker): at_ns for marker, at_ns in told["fired"].items()}, orders

    def agreed(self) -> bool | None:
        """Return whether the executor agreed with the account; None while it has not."""
        try:
            reader = JournalReader(self.where.journal)
        except FileNotFoundError:
            return None
        events = (parse_event(entry.body) for entry in reader.read())
        found = any(isinstance(event, AccountAgreed) for event in events)
        reader.close()
        return found or None

    def process(self, name: str) -> int:
        """Return a child's process number."""
        directory = directories.read(self.where.directory)
        assert directory is not None
        running = directory.children[name].process
        assert running is not None
        return running.pid

    def _ask(self, method: str, what: str, body: str = "") -> Any:
        self._door.request(method, f"/bench/{what}", body.encode())
        return json.load(self._door.getresponse())


def holdfast(*arguments: str) -> None:
    """Run one verb in a process of its own. Raises `RuntimeError` where it fails."""
    program = [sys.executable, "-m", "supervisor.cli.main", *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"holdfast {arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")


def boot_ns() -> int:
    """Return the boot clock."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
