"""Obeys one command, and answers it. A stop is asked back first; confirmed, it is latched before a word is said.

It runs whatever else does: what is open is read from files, and the latch is a file. A stop that is latched already is
told, not asked for again.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from loguru import logger

from actors.config_model import RuntimeConfig
from actors.latch import read_latch
from actors.places import Places
from supervisor.cli import boards
from supervisor.cli.stops import carry_out
from supervisor.phone import answers
from supervisor.phone.admission import Said
from supervisor.phone.command import STOPS, Command, Verb, silence_of
from supervisor.phone.confirmation import Asked, Confirmations
from supervisor.phone.door import AlertDoor
from supervisor.phone.record import Record

CODES: Final = 10_000
REASON: Final = "by phone"
SILENCE_USE: Final = "What, how long, why: /silence A010 30m the quotes are thin"


class Answer(NamedTuple):
    """What is told at last. `spent`: the user whose code it was done over, 0 for nobody's."""

    text: str
    spent: int = 0


class Control:
    """One runtime, as a phone may ask of it and stop it."""

    def __init__(
        self,
        where: Places,
        config: RuntimeConfig,
        door: AlertDoor,
        record: Record,
        confirmations: Confirmations,
        code: Callable[[], str] = lambda: f"{secrets.randbelow(CODES):04}",
    ) -> None:
        self._where, self._config, self._door, self._record = where, config, door, record
        self._confirmations, self._code = confirmations, code

    def obey(self, command: Command, said: Said, by: str, at: datetime, tell: Callable[[str], None]) -> Answer:
        """Do what is asked; `at`: when it was first heard; `tell` takes what is worth telling before the end."""
        match command.verb:
            case Verb.STATUS:
                return Answer(answers.status(self._where))
            case Verb.POSITIONS:
                return Answer(answers.positions(self._where))
            case Verb.WHY:
                return Answer(answers.why(self._where, command.text))
            case Verb.ACK:
                return Answer(self._door.ack(command.text, by) if command.words else "Which? /ack ID")
            case Verb.SILENCE:
                silence = silence_of(command.words)
                return Answer(SILENCE_USE if silence is None else self._door.silence(silence, by))
            case Verb.REDUCE | Verb.HALT:
                return self._ask(command, said, at)
            case Verb.CONFIRM:
                return self._confirm(command, said, by, at, tell)
            case Verb.HELP:
                return Answer(answers.HELP)

    def _ask(self, command: Command, said: Said, at: datetime) -> Answer:
        level, held = STOPS[command.verb], read_latch(self._where.latch)
        if held.level.rank >= level.rank:
            return Answer(answers.in_force(held))
        section = self._config.phone
        asked = Asked(
            user=said.user,
            chat=said.chat,
            level=level,
            reason=command.text or REASON,
            code=self._code(),
            until=at + timedelta(seconds=section.confirm_s),
        )
        self._confirmations.ask(asked)
        self._record.ask(asked)
        return Answer(answers.question(level, boards.follow(self._where, 0), asked.code, asked.until))

    def _confirm(self, command: Command, said: Said, by: str, at: datetime, tell: Callable[[str], None]) -> Answer:
        found = self._confirmations.confirm(said.user, said.chat, command.text, at)
        if isinstance(found, str):
            return Answer(found)
        lines: list[str] = []

        def told(text: str) -> None:
            first = not lines
            lines.extend(" ".join(line.split()) for line in text.splitlines())
            if first:
                tell("\n".join(lines))

        wait_s = self._config.phone.wait_s
        done = carry_out(found.level, f"{by} by phone", found.reason, self._where, wait_s, told, told)
        logger.info("{} by {}: {}: {}", found.level, by, done.code.name, "; ".join(lines))
        if done.held is None:
            return Answer("\n".join(lines))
        self._confirmations.spend(said.user)
        return Answer("\n".join(lines[1:]) or lines[0], spent=said.user)
