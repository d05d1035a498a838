"""`holdfast notify test`: send one test to every target of a level, and say which took it and how long that took.

Where the notifier runs it is the one that sends: with its own secrets, the way every alert goes. Where none runs, or
with --config, this process sends with its own secrets, and every target is tried by itself, those of a chain as well.
Exit 0: all took it; 2: the level has no target; 3: nothing to read the targets from; 4: not all took it; 9: a
configuration that cannot be read.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from actors.channels import ChannelUnusable
from actors.config import ConfigInvalid, RuntimeConfig, load
from actors.domain.alerts.alert import Level
from actors.domain.alerts.answer import test_alert
from actors.domain.alerts.message import write
from actors.domain.alerts.outbox import LOG
from actors.domain.alerts.request import SendTest
from actors.places import Places, places
from actors.redaction import Redactor
from supervisor import alert_door
from supervisor.app.alert_channels import alert_channels, origin
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import by_option, json_option, state_option

SCHEMA = "holdfast.notify-test/1"
POLL_S = 0.2
Result = dict[str, Any]


@click.group(help="Try the ways alerts go; each takes --state.")
def notify() -> None:
    """Group the verbs about targets."""


@notify.command(help="Send a test to every target of a level; P0 rings as a real page does.")
@click.option("--level", type=click.Choice(list(Level)), default=Level.P2, show_default=True)
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Targets of this file.")
@click.option("--wait", default=60.0, show_default=True, help="Seconds to wait for the running notifier.")
@by_option
@state_option
@json_option
def test(level: Level, config: Path | None, wait: float, by: str, state: Path, as_json: bool) -> None:
    """Send, wait, tell."""
    where = places(state)
    through = config is None and alert_door.notifier_runs(where)
    results = _through(where, level, by, wait) if through else _directly(_config(where, config), where, level, by)
    if not results:
        click.echo(f"no target of {level}: name one in [notifier] targets.{level}", err=True)
        sys.exit(ExitCode.USAGE)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "level": level, "through_notifier": through, "ways": results}))
    else:
        click.echo("\n".join(_line(each) for each in results))
    sys.exit(ExitCode.DONE if all(each["taken"] for each in results) else ExitCode.DEGRADED)


def _config(where: Places, path: Path | None) -> RuntimeConfig:
    if path is not None:
        try:
            return load(path)
        except ConfigInvalid as invalid:
            click.echo(str(invalid), err=True)
            sys.exit(ExitCode.CONFIG_INVALID)
    if not where.config.exists():
        click.echo(f"nothing was ever started in {where.state}: name a configuration (--config)", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    return RuntimeConfig.model_validate_json(where.config.read_bytes())


def _through(where: Places, level: Level, by: str, wait_s: float) -> list[Result]:
    """Have the notifier send, and look into its outbox who took it."""
    asked, alert_id = alert_door.send_test(where, level, by=by)
    if asked.why is not None:
        return [{"target": str(level), "taken": False, "seconds": 0.0, "why": asked.why}]
    began, took = time.monotonic(), dict[str, Result]()
    while time.monotonic() - began < wait_s:
        ways = alert_door.taken_by(where, alert_id)
        seconds = round(time.monotonic() - began, 1)
        for way, target in (ways or {}).items():
            told = {"target": target, "taken": True, "seconds": seconds, "why": ""}
            if target is not None:
                took.setdefault(" > ".join(way), told)
        if ways is not None and len(took) == len(ways):
            return list(took.values())
        time.sleep(POLL_S)
    if ways is None:
        return [{"target": str(level), "taken": False, "seconds": wait_s, "why": "the notifier has not taken it"}]
    missing = {"taken": False, "seconds": wait_s, "why": "no target of it took it; the notifier's log says why"}
    return [took.get(name, {"target": name, **missing}) for name in map(" > ".join, ways)]


def _directly(config: RuntimeConfig, where: Places, level: Level, by: str) -> list[Result]:
    """Send to each target by itself."""
    redactor, results = Redactor(), list[Result]()
    channels, _ = alert_channels(config, where, redactor)
    alert = test_alert(SendTest(level=level, by=by, at=datetime.now(UTC)))
    message = write(alert, origin(config), repeated=False)
    for channel in (each for each in channels if level in each.levels and each.name != LOG):
        began, why = time.monotonic(), ""
        try:
            taken = channel.send(message)
        except ChannelUnusable as error:
            taken, why = False, redactor.clean(str(error))
        seconds = round(time.monotonic() - began, 1)
        why = why or ("" if taken else "not delivered")
        results.append({"target": channel.name, "taken": taken, "seconds": seconds, "why": why})
    return results


def _line(each: Result) -> str:
    return f"{'ok  ' if each['taken'] else 'FAIL'}  {each['target']}  {each['seconds']} s  {each['why']}".rstrip()
