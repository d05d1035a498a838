"""The heartbeat at work: looks once a second, says what is due, and writes down what became of it.

What it wrote last is `heartbeat.json` in the state folder, for `holdfast doctor`; the writing itself is what tries the
disk under the journal. Why it is silent is a line of its log at each change.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from loguru import logger

from actors.calendars import load_sessions
from actors.config_model import RuntimeConfig
from actors.domain.alerts.alert import Level
from actors.domain.market.session import Sessions
from actors.domain.value import Instant, Value
from actors.durable import replace
from actors.places import Places
from supervisor import shout
from supervisor.app.plan import TABLES
from supervisor.heartbeat import sight
from supervisor.heartbeat.beat import Beat, Word
from supervisor.heartbeat.liveness import Liveness
from supervisor.heartbeat.service import Service
from supervisor.watcher import boot_s

NAME: Final = "heartbeat"
LOOK_S: Final = 1.0
REFUSALS_MAX: Final = 3
"""Words in a row that were not taken before a person is told."""
FAULT_S: Final = 5.0
"""How long a fault of the journal stands before it is looked at anew."""


class Beaten(Value):
    """How the heartbeat stood when it was written down."""

    at: Instant
    taken_at: Instant | None = None
    """When a sign of life was taken last."""
    silent: tuple[str, ...] = ()
    """Why there is no sign of life; empty where there is one."""
    refused: str = ""
    """Why the last word was not taken."""


class Beating:
    """The heartbeat of one runtime."""

    def __init__(
        self, where: Places, config: RuntimeConfig, service: Service, now_s: Callable[[], float] = boot_s
    ) -> None:
        section = config.heartbeat
        self._where, self._config, self._service, self._now_s = where, config, service, now_s
        self._liveness = Liveness(section.still_max_s)
        self._beat = Beat(section.every_s, section.fail_after_s, now_s())
        self._silent: tuple[str, ...] | None = None
        self._fault, self._fault_until_s = "", now_s()
        self._taken_at: Instant | None = None
        self._refused = ""

    def run(self, has_ended: Callable[[], bool]) -> None:
        """Beat until the runtime was ended as planned, and say that."""
        while not has_ended():
            self.turn()
            time.sleep(LOOK_S)
        self.end()

    def turn(self) -> None:
        """Look, and say what is due."""
        now_s = self._now_s()
        seen = sight.look(
            self._where, self._config, lambda: self._days, datetime.now(UTC), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        )
        reasons = self._liveness.look(seen, now_s)
        word = self._beat.next(reasons, now_s)
        if word is Word.ALIVE and (fault := self._journal_fault(now_s)):
            reasons = [fault]
            word = self._beat.next(reasons, now_s)
        self._note(reasons)
        if word is not None:
            self._say(word, "\n".join(reasons) or "all live")

    def end(self) -> None:
        """Say that the runtime was ended as planned."""
        refused = self._service.send(Word.END, "ended as planned")
        logger.info("ended as planned{}", f"; not taken: {refused}" if refused else "")

    def _journal_fault(self, now_s: float) -> str:
        if not self._fault or now_s >= self._fault_until_s:
            self._fault = sight.journal_fault(self._where, self._write)
            self._fault_until_s = now_s + FAULT_S
        return self._fault

    def _say(self, word: Word, text: str) -> None:
        refused = self._service.send(word, text)
        now_s = self._now_s()
        self._beat.said(word, now_s, taken=not refused)
        if word is Word.ALIVE and not refused:
            self._taken_at = datetime.now(UTC)
        if word is not Word.ALIVE or refused != self._refused:
            logger.info("said {}{}", word, f"; not taken: {refused}" if refused else "")
        self._refused = refused
        if self._beat.refusals == REFUSALS_MAX:
            text = f"The watchman elsewhere does not take the heartbeat: {refused}"
            shout.shout(self._where, NAME, "A170", Level.P1, text, todo="holdfast doctor; see to its address.")

    def _note(self, reasons: list[str]) -> None:
        """Log each change between alive and silent, and of the parts that are why."""
        before, self._silent = self._silent, tuple(reasons)
        if before is not None and _parts(before) == _parts(self._silent):
            return
        logger.info("silent: {}", "; ".join(reasons)) if reasons else logger.info("alive")
        try:
            self._write()
        except OSError as error:
            logger.warning("{} is not written: {}", record(self._where), error.strerror)

    def _write(self) -> None:
        told = Beaten(at=datetime.now(UTC), taken_at=self._taken_at, silent=self._silent or (), refused=self._refused)
        replace(record(self._where), told.model_dump_json().encode())

    @cached_property
    def _days(self) -> Sessions:
        return load_sessions(TABLES / "sessions.toml", self._where.state / "exchange-days.json")


def _parts(reasons: Sequence[str]) -> list[str]:
    return [reason.partition(":")[0] for reason in reasons]


def record(where: Places) -> Path:
    """Return where it is written down how the heartbeat stands."""
    return where.state / "heartbeat.json"
