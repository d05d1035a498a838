"""The process that makes a report, and what it left: the verb `report`, at the lowest priority, on nobody's path."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import Final

from actors.domain.performance.due import Due, Kind, Times, due
from actors.places import Places
from actors.reporter import Made, Reporter
from supervisor.app.doctor.finding import Verdict
from supervisor.app.event_schema import EVENTS
from supervisor.app.reports import kept
from supervisor.app.workplace import Workplace
from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalReader

ROOT: Final = Path(__file__).resolve().parents[3]
TEXT_LINES_MAX: Final = 18
LOG: Final = "reports.log"
ATTACHED: Final = ("html", "png")
LOWEST: Final = ("nice", "-n", "19")


class Process:
    """One report being made."""

    def __init__(self, where: Places, asked: Due) -> None:
        words = ["report", asked.kind.value, "--date", str(asked.on), "--keep", "--state", str(where.state)]
        command = [*LOWEST, sys.executable, "-m", "supervisor.cli.main", *words]
        where.logs.mkdir(mode=0o700, exist_ok=True)
        with (where.logs / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )

    def poll(self) -> str | None:
        """Return how it ended: empty where it is made, else why not; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        return "" if code == 0 else f"its process ended with {code}"

    def end(self) -> None:
        """End it and whatever it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def made(where: Places, asked: Due) -> Made | None:
    """Return a report that is kept; None where it is not made."""
    try:
        text = kept.path(where, asked.kind, asked.on, "txt").read_text("utf-8")
        told = json.loads(kept.path(where, asked.kind, asked.on, "json").read_bytes())
    except OSError:
        return None
    verdicts = [check["verdict"] for check in told["preflight"]["checks"]] if asked.kind is Kind.MORNING else []
    files = (kept.path(where, asked.kind, asked.on, form) for form in ATTACHED)
    return Made(
        text="\n".join([line for line in text.splitlines() if line][:TEXT_LINES_MAX]),
        attach=tuple(str(file) for file in files if file.exists()),
        is_go=Verdict.FAIL not in verdicts,
    )


def has_session(where: Places, session: date) -> bool:
    """Return whether the journal knows a session of this date: one look-up, whatever its size."""
    try:
        with closing(JournalReader(where.journal, EVENTS)) as reader:
            return next(reader.of(f"session-{session}"), None) is not None
    except (FileNotFoundError, JournalDamagedError):  # of damage the walk of the chain tells
        return False


def reporter(place: Workplace) -> Reporter:
    """Return what has the reports of a runtime made at their times."""
    section, where = place.config.reports, place.places
    times = Times(section.morning_at, section.evening_at)

    known: set[date] = set()
    """Sessions that the journal has: it forgets none."""

    def is_known(on: date) -> bool:
        if on not in known and has_session(where, on):
            known.add(on)
        return on in known

    def now_due() -> Iterator[Due]:
        return due(place.clock.market_now(), place.sessions, times, has_session=is_known)

    return Reporter(
        clock=place.clock,
        due=now_due if section.enabled else lambda: (),
        start=lambda asked: Process(where, asked),
        made=lambda asked: made(where, asked),
        timeout_s=section.timeout_s,
    )
