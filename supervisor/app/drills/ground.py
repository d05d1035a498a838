"""Where drills are run: the paper tree of a state folder where one runs, else a tree of their own, in a new folder.

Never on a tree that is not paper: a drill does harm on purpose. A drill that latches a stop or needs a day of its own
gets its own tree in any case, for a stop is loosened by a person alone. The tree of one that fills a disk lies on a
small one, mounted in a namespace of its own: that needs no right but the kernel's leave to make one, nobody else sees
it, and it is gone with the last process in it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from actors.config import SHIPPED, load
from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.places import Places, places
from supervisor.app import plan as plans
from supervisor.app.drill import holdfast, stands
from supervisor.app.drills import half_day
from supervisor.app.drills.spec import Drill
from supervisor.app.drills.table import table
from supervisor.child_spec import Plan
from supervisor.runtime import plan_path

OWN_DAY: Final[Mapping[str, str]] = {
    "market.speed": "5",
    "market.interval_s": "2",
    "market.cash": "1000000",
    "risk.structure_loss_max": "10000",
    "risk.account_loss_max": "100000",
    "risk.structures_max": "20",
    "greeks.underlying.delta_max": "100000",
    "greeks.underlying.vega_max": "100000",
    "greeks.whole.delta_max": "100000",
    "greeks.whole.vega_max": "100000",
    "executor.account_interval_s": "3",
    "executor.failback_after_s": "1",
    "executor.imbalance_deadline_s": "3",
    "executor.unwind_pace_s": "1",
    "feed.reconnect_delay_max_s": "1",
    "strategies.condor.parameters.entry_from": "close-61",
}
"""A paper day that trades at once, whose deadlines a drill need not wait for long."""
OWN_ROUTES: Final[Mapping[str, str]] = {
    "settle_window_s": "6",
    "answer_timeout_s": "1",
    "user_timeout_s": "2",
    "probe_every_s": "1",
    "reconnect_delay_max_s": "2",
    "stream_heartbeat_s": "2",
}


class NotPaper(Exception):
    """What runs in the state folder is not paper."""


class NotUp(Exception):
    """A tree of the drill's own did not start."""


def known() -> dict[str, Drill]:
    """Return the drills of the shipped configuration, for whoever only asks which there are."""
    config = load(SHIPPED / "holdfast.toml")
    return table(config, [child.name for child in plans.plan(config).children()])


def of(where: Places) -> dict[str, Drill]:
    """Return the drills of the tree in a state folder; what runs on another node is not ours to break from here."""
    config = RuntimeConfig.model_validate_json(where.config.read_bytes())
    plan = Plan.model_validate_json(plan_path(where.state).read_bytes())
    return table(config, [child.name for child in plan.children() if not child.node])


def runs(where: Places) -> bool:
    """Return whether a paper tree stands in this state folder. Raises `NotPaper`."""
    if not stands(where):
        return False
    mode = json.loads(where.config.read_bytes())["runtime"]["mode"]
    if mode != Mode.PAPER:
        raise NotPaper(f"{where.state} runs {mode}: drills do harm on purpose, and on paper alone")
    return True


def day(where: Places, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the settings of a tree of a drill's own, by dotted key; `settings` are those a drill asks for."""
    routes = {f"routes.{name}.{key}": text for name in ("tastytrade", "alpaca") for key, text in OWN_ROUTES.items()}
    chosen = {**OWN_DAY, **routes, **(settings or {})}
    if half_day.START in chosen:
        chosen["market.length_s"] = str(
            half_day.length(where, datetime.fromisoformat(chosen[half_day.START])).total_seconds()
        )
    return chosen


def enclosed(name: str, state: Path) -> list[str]:
    """Return the command that runs a drill where `small_disk` can mount one; it prints its card as JSON."""
    verb = ("-m", "supervisor.cli.main", "drill", name, "--own", "--enclosed", "--json", "--state", str(state))
    return ["unshare", "--user", "--map-root-user", "--mount", sys.executable, *verb]


def small_disk(folder: Path, size_mb: int) -> None:
    """Mount a file system of memory on a folder. Raises `NotUp`."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=700", "none", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise NotUp(f"no small disk can be made here: {made.stderr.strip()}")


@contextmanager
def own(settings: Mapping[str, str] | None = None, disk_mb: int | None = None) -> Iterator[Places]:
    """Run a tree in a folder of its own for as long as the context lasts. Raises `NotUp`."""
    folder = Path(mkdtemp(prefix="holdfast-drill-"))
    if disk_mb is not None:
        small_disk(folder, disk_mb)
    where = places(folder)
    options = [f"--set={key}={text}" for key, text in day(where, settings).items()]
    failure = holdfast("up", where, "--detach", f"--config={SHIPPED / 'holdfast.toml'}", *options)
    try:
        if failure:
            raise NotUp(failure)
        yield where
    finally:
        holdfast("down", where)
