"""`holdfast up`: run the tree of one state folder until stopped. A second one on the same folder is refused.

Everything is settled and checked before anything starts: the configuration, what the command line adds to it, and the
plan made of both. They are written to the state folder once the folder is ours, and read from there by each supervisor
and each child. Where a supervisor outlived its keeper, it is kept, with the plan it has. What the start found and did
is printed once every account was read.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ValidationError

from actors.config import SHIPPED, ConfigInvalid, assignment, load, with_overrides
from actors.config_model import RuntimeConfig
from actors.places import Places, places
from actors.strategies.base import load as load_strategy
from actors.venue.lean import DamagedData, NoSuchData
from supervisor import beside, keeper
from supervisor import directory as directories
from supervisor.app import arming, preflight
from supervisor.app import plan as plans
from supervisor.app.copy_folder import is_copy, is_outpost
from supervisor.child_spec import Plan
from supervisor.cli import recovery
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import STATE_DEFAULT
from supervisor.cli.readiness import refuse_unready
from supervisor.cli.route_lines import backing_lines
from supervisor.ownership import AlreadyOwned, Ownership, owner
from supervisor.runtime import lock_path, plan_path
from supervisor.state_disk import DiskUnwritable, must_write

DETACH_TIMEOUT_S = 180.0
RECOVERY_TIMEOUT_S = 90.0
"""A start is told after `executor.start_report_s` at the latest; before that, Ray and the children must be up."""
REPLAY_CONFIG = SHIPPED / "replay.toml"
POLL_S = 0.1
STATE_HELP = "The state folder: one runtime each; default is what the settings say."
MARKET_OPTIONS = ("date", "underlying", "speed", "seed")
"""Options that are settings of `[market]` by the same name."""


@click.command(help="Run the tree in the foreground, or with --detach in the background.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), envvar="HOLDFAST_STATE", help=STATE_HELP)
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="Settings; default config/holdfast.toml."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting, by dotted key; repeatable.")
@click.option(
    "--replay", type=click.Path(path_type=Path), help="Play recorded quotes from this folder (LEAN's format)."
)
@click.option("--date", help="With --replay: the New York date to play.")
@click.option("--underlying", help="What the market plays; strategies that trade something else do not run.")
@click.option("--speed", help="Market seconds per second.")
@click.option("--seed", help="Of the synthetic market.")
@click.option("--ray-address", help='"private" (default), "auto", or "host:port" of a running Ray.')
@click.option("--plan", "plan_file", type=click.Path(exists=True, path_type=Path), help="A ready plan, as JSON.")
@click.option("--detach", is_flag=True, help="Return once every child runs.")
def up(state: Path | None, detach: bool, **options: Any) -> None:
    """Start the keeper."""
    os.umask(0o077)  # whatever anything of the tree writes, wherever: its owner's alone
    try:
        where, plan, write = _ready_plan(state, **options) if options["plan_file"] else _configured(state, **options)
    except (ConfigInvalid, ValidationError) as error:
        click.echo(str(error) if isinstance(error, ConfigInvalid) else f"{error}\nNothing was started.", err=True)
        sys.exit(ExitCode.CONFIG_INVALID)
    except (NoSuchData, DamagedData) as error:
        click.echo(f"{error}\nNothing was started.", err=True)
        sys.exit(ExitCode.CONFIG_INVALID)
    _refuse_anothers(where)
    try:
        must_write(where.state)
        directories.read(where.directory)
        ownership = Ownership.take(keeper.lock(where.state), datetime.now(UTC))
    except (DiskUnwritable, directories.DirectoryDamaged) as error:  # nobody starts beside what cannot be found
        click.echo(f"{error}\nNothing was started.", err=True)
        sys.exit(ExitCode.REFUSED)
    except AlreadyOwned as error:
        click.echo(f"{error}\nTo end it: holdfast down --state {where.state}", err=True)
        sys.exit(ExitCode.USAGE)
    is_kept = owner(lock_path(where.state)) is not None
    before = 0 if is_kept else recovery.journal_end(where)
    if not is_kept:
        write()
    is_told = options["plan_file"] is None  # whoever brings a plan of their own knows what they start
    if detach and os.fork():
        _wait_until_running(where, plan)
        if is_told:
            recovery.print_when_told(where, before, RECOVERY_TIMEOUT_S)
        return
    if detach:
        _leave_terminal(where)
    ownership.sign(datetime.now(UTC))
    _start_beside(where)
    if is_told:
        telling = (where, before, RECOVERY_TIMEOUT_S)
        threading.Thread(target=recovery.print_when_told, args=telling, name="recovery", daemon=True).start()
    orderly = keeper.keep(plan, where)
    sys.exit(ExitCode.DONE if orderly else ExitCode.NOT_CONFIRMED)


def _refuse_anothers(where: Places) -> None:
    """End, where this folder is another node's to trade from, or that node's copy."""
    if is_outpost(where.state):
        click.echo(f"{where.state} belongs to another node's tree, which starts what is to run here", err=True)
    elif is_copy(where.state):
        click.echo(f"{where.state} is a follower's copy: holdfast takeover --confirm-dead NODE comes first", err=True)
    else:
        return
    sys.exit(ExitCode.REFUSED)


def _ready_plan(
    state: Path | None, plan_file: Path, ray_address: str | None, **_: object
) -> tuple[Places, Plan, Callable[[], None]]:
    """Return the places, the plan of a file, and what writes it."""
    where = places(state or STATE_DEFAULT)
    plan = Plan.model_validate_json(plan_file.read_bytes())
    if ray_address is not None:
        ray = type(plan.ray).model_validate(plan.ray.model_dump() | {"address": ray_address})
        plan = plan.model_copy(update={"ray": ray})
    return where, plan, lambda: _store_plan(where, plan)


def _configured(
    state: Path | None, config: Path | None, settings: tuple[str, ...], **options: Any
) -> tuple[Places, Plan, Callable[[], None]]:
    """Return the places and the plan of the settled configuration, and what writes both."""
    if config is None and options["replay"] is not None:
        config = REPLAY_CONFIG
    loaded = load(config, _parameters_of)
    given: dict[str, Any] = {} if state is None else {"runtime.state": state.expanduser().resolve()}
    if options["ray_address"] is not None:
        given["runtime.ray_address"] = options["ray_address"]
    if options["replay"] is not None:
        given |= {"market.source": "replay", "market.folder": options["replay"].resolve()}
    given |= {f"market.{name}": options[name] for name in MARKET_OPTIONS if options[name] is not None}
    if options["underlying"] is not None:
        loaded = plans.trading(loaded, options["underlying"])
    overrides = given | dict(assignment(text) for text in settings)
    settled = plans.settle(with_overrides(loaded, overrides, _parameters_of), datetime.now(UTC))
    for line in backing_lines([each.model_dump() for each in preflight.backings(settled) if not each.backups]):
        click.echo(line)
    where = places(settled.runtime.state)
    _refuse_unarmed(settled, where, config)
    refuse_unready(settled, where)
    for line in plans.recorded(settled, where):
        click.echo(line)
    plan = plans.plan(settled)

    def write() -> None:
        plans.store(settled, where)
        _store_plan(where, plan)

    return where, plan, write


def _start_beside(where: Places) -> None:
    """Start what the configuration asks for beside the tree; it goes on when the tree does not."""
    with suppress(FileNotFoundError, ValidationError):  # whoever brings a plan of their own may have no settings
        config = RuntimeConfig.model_validate_json(where.config.read_bytes())
        if config.killswitch.dead_man_s is not None:
            beside.launch(where, "killswitch")  # never in place of another, which may be at work
        if config.heartbeat.url is not None:
            beside.start(where, "heartbeat")
        if config.phone.token is not None:
            beside.start(where, "phone")
        if config.panel.enabled:
            beside.launch(where, "panel", "--with-tree")  # one that is there stays, with whoever looks at it


def _refuse_unarmed(settled: RuntimeConfig, where: Places, config: Path | None) -> None:
    """End, where real money would be traded that no person let be traded, with the next step in words."""
    if why := arming.refusal(settled, where, datetime.now(UTC)):
        named = f" --config {config}" if config is not None else ""
        click.echo(f"{why[0].upper()}{why[1:]}. Nothing was started.", err=True)
        click.echo(f"Next: holdfast arm{named} --state {where.state} --reason WHY", err=True)
        sys.exit(ExitCode.REFUSED)


def _parameters_of(strategy: str) -> type[BaseModel]:
    return load_strategy(strategy).Parameters


def _store_plan(where: Places, plan: Plan) -> None:
    path = plan_path(where.state)
    fresh = path.with_suffix(".new")
    fresh.write_text(plan.model_dump_json(indent=1))
    fresh.replace(path)


def _leave_terminal(where: Places) -> None:
    os.setsid()
    where.logs.mkdir(mode=0o700, exist_ok=True)
    log = os.open(where.logs / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)


def _wait_until_running(where: Places, plan: Plan) -> None:
    """Wait until every child runs, or has died too often to be waited for; then it is retried without us."""
    names = [child.name for child in plan.children()]
    deadline = time.monotonic() + DETACH_TIMEOUT_S
    while time.monotonic() < deadline:
        directory = directories.read(where.directory)
        children = directory.children if directory else {}
        running = directories.running(directory) if directory else set()
        if sys.stderr.isatty():
            click.echo(f"\r{len(running.intersection(names))} of {len(names)} run ", nl=False, err=True)
        if running.issuperset(names):
            click.echo("\r" * sys.stderr.isatty(), nl=False, err=True)
            click.echo(f"{len(names)} children run; holdfast status --state {where.state}")
            return
        if (running | {name for name, child in children.items() if child.escalated}).issuperset(names):
            break
        if owner(keeper.lock(where.state)) is None:
            click.echo(f"the keeper ended; see {where.logs / 'keeper.log'}", err=True)
            sys.exit(ExitCode.NOT_RUNNING)
        time.sleep(POLL_S)
    click.echo("not everything runs yet; see holdfast tree", err=True)
    sys.exit(ExitCode.DEGRADED)
