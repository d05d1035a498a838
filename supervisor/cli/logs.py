"""`holdfast logs`: what every process logged, merged, oldest first, New York's time first; -f goes on as it comes.

`--order ID` is the thread through all of them: the journal's events of that order or signal, from the signal to the
last fill, and every line of any process that names it. From files alone, with nothing running.

Exit 0: told; 2: nothing knows that id, or the words are wrong; 3: nothing ever ran here.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.market.new_york import NEW_YORK
from actors.domain.orders.order import cl_ord_id_of
from actors.places import Places, places
from supervisor.app.event_schema import EVENTS
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.log_lines import LEVELS, Line, Tail, files, journaled, since, wanted
from supervisor.cli.options import state_option
from supervisor.cli.screen import show
from supervisor.journal import JournalReader

SCHEMA: Final = "holdfast.log-line/1"
POLL_S: Final = 0.2
LINES: Final = 50
LINE_BYTES: Final = 4_000
"""Read of each file for each line that is to be shown: the processes log little, and long lines are tracebacks."""
EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


@click.command(
    help="Show what the processes logged, oldest first. --order ID: one order's, the journal's events and all."
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until you stop it.")
@click.option("--actor", "actors", multiple=True, metavar="NAME", help="Of this process alone; repeatable.")
@click.option("--since", "since_words", metavar="WHEN", help="10m, 2h, 09:30 (New York, today), or an ISO time.")
@click.option("--order", "order_id", default="", metavar="ID", help="About one order, attempt or signal.")
@click.option("--level", type=click.Choice(LEVELS, case_sensitive=False), default="TRACE", help="This grave at least.")
@click.option("--lines", "-n", type=click.IntRange(1), help=f"The last so many; {LINES} where nothing else chooses.")
@state_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def logs(since_words: str | None, order_id: str, follow: bool, lines: int | None, state: Path, **chosen: Any) -> None:
    """Read, choose, show; follow."""
    where, as_json = places(state), chosen["as_json"]
    try:
        earliest = EARLIEST if since_words is None else since(since_words, datetime.now(UTC))
    except ValueError:
        raise click.BadParameter(f"{since_words!r} is no time: as in 10m, 2h, 09:30", param_hint="--since") from None
    most = lines or (None if since_words or order_id else LINES)
    is_last_of_all = most is not None and not since_words and not order_id and chosen["level"] == LEVELS[0]
    bytes_max = most * LINE_BYTES if most is not None and is_last_of_all else None
    with closing(Reading(where, cl_ord_id_of(order_id) or order_id, earliest, bytes_max)) as reading:
        if not reading.exists:
            click.echo(f"nothing ever ran in {where.state}", err=True)
            sys.exit(ExitCode.NOT_RUNNING)

        def new() -> list[Line]:
            return wanted(reading.new(), chosen["actors"], chosen["level"], reading.name)

        found = [line for line in new() if line.at >= earliest]
        _refuse_unknown(found, reading.name, is_waited_for=follow)
        _show(found if most is None else found[-most:], as_json=as_json)
        while follow:
            time.sleep(POLL_S)
            _show(new(), as_json=as_json)


class Reading:
    """All that is read, each line once; nothing of a file not written since `earliest`, nor of its beginning."""

    def __init__(self, where: Places, name: str, earliest: datetime, bytes_max: int | None) -> None:
        self._where, self.name = where, name
        self._earliest, self._bytes_max = earliest, bytes_max
        self._tails: dict[Path, Tail] = {}
        self._journal, self._seen = (
            (JournalReader(where.journal, EVENTS) if name and where.journal.exists() else None),
            0,
        )

    @property
    def exists(self) -> bool:
        """Whether anything ever ran here."""
        return bool(files(self._where)) or self._journal is not None

    def new(self) -> list[Line]:
        """Return what came since the last time."""
        return [*self._logged(), *self._journaled()]

    def _logged(self) -> Iterator[Line]:
        first = not self._tails
        for path in files(self._where):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < self._earliest:
                continue
            if path not in self._tails and (first or "." not in path.stem or path.stem == "supervisor.log"):
                # One that a log was rotated to meanwhile was read under its own name.
                self._tails[path] = Tail(path, bytes_max=self._bytes_max, needle=self.name)
        for tail in self._tails.values():
            yield from tail.lines()

    def _journaled(self) -> Iterator[Line]:
        if self._journal is None:
            return
        for sequence, line in journaled(self._journal, self.name, self._seen):
            self._seen = sequence
            yield line

    def close(self) -> None:
        """Close every file."""
        with ExitStack() as stack:
            for tail in self._tails.values():
                stack.callback(tail.close)
            if self._journal is not None:
                stack.callback(self._journal.close)


def as_object(line: Line) -> dict[str, Any]:
    """Return a line as plain JSON, with what was written whole."""
    return {
        "schema": SCHEMA,
        "at": line.at.isoformat(),
        "process": line.process,
        "level": line.level,
        "text": line.text,
        "correlation": line.correlation,
        "written": json.loads(line.whole),
    }


def _refuse_unknown(found: list[Line], name: str, *, is_waited_for: bool) -> None:
    if name and not found and not is_waited_for:
        click.echo(f"no log and no journal knows {name}; `holdfast orders --all` lists orders", err=True)
        sys.exit(ExitCode.USAGE)


def _show(found: list[Line], *, as_json: bool) -> None:
    if as_json:
        for line in found:
            click.echo(json.dumps(as_object(line)))
    elif found:
        show([_words(line) for line in found])
    sys.stdout.flush()


def _words(line: Line) -> str:
    at = line.at.astimezone(NEW_YORK)
    level = "" if line.level == "INFO" else f"{line.level}: "
    return f"{at:%d %b %H:%M:%S}.{at.microsecond // 1000:03d} ET  {line.process:<22} {level}{line.text}"
