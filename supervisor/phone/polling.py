"""The phone's loop: asks for news, admits, has each command obeyed once, answers, and keeps its pace.

    the answer is read            the next question at once; an empty one that came at once, after `EMPTY_S`
    not reached, not understood   1 s, doubling to a minute
    the service wants its rest    as long as it says, five minutes at most
    the bot is refused            a minute, doubling to a quarter of an hour; a person is told (A172)

An answer that could not be told waits for the next turn, `OWED_MAX` of them. Strangers get none; the owner is told of
each once an hour (A171, and in the first chat that is listed).
"""

import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from loguru import logger

from actors.config_model import RuntimeConfig
from actors.domain.alerts.alert import Level
from actors.domain.connection.backoff import BackoffLimits, delay_s
from actors.domain.value import Instant, Value
from actors.durable import replace
from actors.places import Places
from supervisor.phone import answers
from supervisor.phone.admission import Admission, Door, Said
from supervisor.phone.command import Unknown, parse
from supervisor.phone.control import Answer, Control
from supervisor.phone.record import TRIES_MAX, Record
from supervisor.phone.telegram import BotApi, BotBusy, BotRefused, BotUnreachable
from supervisor.shout import shout

NAME: Final = "phone"
EMPTY_S: Final = 1.0
BUSY_MAX_S: Final = 300.0
OWED_MAX: Final = 50
STRANGERS_EVERY_S: Final = 3_600.0
STRANGERS_MAX: Final = 1_000
UNREACHED: Final = BackoffLimits(first_s=1.0, longest_s=60.0)
REFUSED: Final = BackoffLimits(first_s=60.0, longest_s=900.0)


class Reach(Value):
    """Since when the bot answers, or what is wrong; empty where nothing is."""

    at: Instant
    fault: str


def reach(where: Places) -> Path:
    """Return where it is written down whether the bot answers."""
    return where.state / "phone.json"


class Polling:
    """One bot's news, turn by turn."""

    def __init__(
        self,
        where: Places,
        config: RuntimeConfig,
        api: BotApi,
        control: Control,
        record: Record,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        alarm: Callable[..., None] = shout,
    ) -> None:
        self._where, self._config, self._api, self._control, self._record = where, config, api, control, record
        self._now, self._alarm, self._door = now, alarm, Door(config.phone)
        self._bot, self._failures, self._is_refused = "", 0, False
        self._owed: deque[tuple[int, str]] = deque(maxlen=OWED_MAX)
        self._fault: str | None = None
        self._quiet_until_s = 0.0
        self._strangers: dict[tuple[int, int], datetime] = {}

    def turn(self) -> float:
        """Ask for news once, and do what it asks for; return how long to wait before the next turn, in seconds."""
        began = time.monotonic()
        try:
            self._bot = self._bot or self._api.name()
            self._settle()
            news = self._api.news(self._record.offset(self._now()), self._config.phone.poll_s)
            self._failures, self._is_refused = 0, False
            self._note("")
            fresh = [each for each in news if not self._record.is_done(each if isinstance(each, int) else each.update)]
            for each in fresh:
                self._take(each)
            self._settle()
        except BotBusy as error:
            self._note(f"its service {error}")
            return min(error.wait_s, BUSY_MAX_S)
        except BotUnreachable as error:
            return self._later(UNREACHED, f"not reached: {error}")
        except BotRefused as error:
            self._tell_refused(str(error))
            return self._later(REFUSED, f"refused: {error}")
        return 0.0 if fresh or time.monotonic() - began >= EMPTY_S else EMPTY_S

    def _later(self, limits: BackoffLimits, text: str) -> float:
        self._failures += 1
        self._note(text)
        return delay_s(self._failures, secrets.randbelow(1000) / 1000, limits)

    def _note(self, fault: str) -> None:
        """Log each change of what is wrong, and leave it where `holdfast doctor` looks."""
        if fault == self._fault:
            return
        self._fault = fault
        logger.warning("the bot is {}", fault) if fault else logger.info("the bot answers")
        with suppress(OSError):
            replace(reach(self._where), Reach(at=datetime.now(UTC), fault=fault).model_dump_json().encode())

    def _tell_refused(self, text: str) -> None:
        if not self._is_refused:
            self._is_refused = True
            words = f"Nobody is heard by phone: the bot is refused: {text}."
            self._alarm(
                self._where, NAME, "A172", Level.P1, words, todo="holdfast doctor; see to the bot and its token."
            )

    def _take(self, each: Said | int) -> None:
        if isinstance(each, int):
            self._record.pass_over(each)
        else:
            self._hear(each)

    def _hear(self, said: Said) -> None:
        now = self._now()
        if not self._is_addressed(said):
            self._record.pass_over(said.update)
            return
        verdict = self._door.admit(said, self._record.first_heard(said.update) or now)
        if verdict in (Admission.STRANGER, Admission.REFUSED):
            self._turn_away(said, verdict, now)
            self._record.pass_over(said.update)
            return
        name = self._door.name(said.user)
        tries, first = self._record.hear(said, verdict, name, now)
        logger.info("{} in {}: {}: {}", name, said.chat, verdict, said.text)
        answer = self._answer(said, verdict, name, tries, first)
        self._record.do(said.update, answer.text, answer.spent)
        if answer.text:
            self._say(said.chat, answer.text)

    def _is_addressed(self, said: Said) -> bool:
        """Whether it speaks to the bot: not what people say to each other in a group, nor what another bot is told."""
        is_talk = not said.text or (said.chat < 0 and not said.text.startswith("/"))
        return not is_talk and parse(said.text, self._bot) is not None

    def _answer(self, said: Said, verdict: Admission, name: str, tries: int, first: datetime) -> Answer:
        if verdict is Admission.OLD:
            age_s = (first - said.written_at).total_seconds()
            return Answer(f"Not done: that was written {age_s:.0f} s before it came here. Send it again.")
        command = None if verdict is Admission.TOO_MANY else parse(said.text, self._bot)
        if command is None:
            return Answer("")
        if isinstance(command, Unknown):
            return Answer(command.text)
        if tries > TRIES_MAX:
            return Answer(f"Given up: {command.verb} ended this program {TRIES_MAX} times. Look on the machine.")
        return self._control.obey(command, said, name, first, lambda text: self._say_now(said.chat, text))

    def _turn_away(self, said: Said, verdict: Admission, now: datetime) -> None:
        """Refuse, and tell the owner of each who tries, once an hour; no flood of them fills a log or a chat."""
        who, before = (said.chat, said.user), self._strangers.get((said.chat, said.user))
        if before is not None and (now - before).total_seconds() < STRANGERS_EVERY_S:
            return
        if len(self._strangers) >= STRANGERS_MAX:
            self._strangers.clear()
        self._strangers[who] = now
        text = f"User {said.user} in chat {said.chat} is not listed and was refused: {said.text[:80]!r}"
        logger.warning("{}", text)
        self._alarm(self._where, NAME, "A171", Level.P1, text, subject=f"phone-{said.user}")
        if verdict is Admission.REFUSED:
            self._say(said.chat, "Refused: you are not listed here. The owner is told.")
        self._say(self._config.phone.chats[0], text)

    def _say(self, chat: int, text: str) -> None:
        self._owed.append((chat, f"{answers.head(self._config, self._now())}\n{text}"))

    def _say_now(self, chat: int, text: str) -> None:
        """Say it before more follows that takes its time."""
        self._say(chat, text)
        self._settle()

    def _settle(self) -> None:
        """Say what is owed, as far as the service takes it now: what it does not take keeps no command from coming.

        What it will never take (a chat that is gone) is given up.
        """
        while self._owed and time.monotonic() >= self._quiet_until_s:
            try:
                self._api.say(*self._owed[0])
            except BotBusy as error:
                self._quiet_until_s = time.monotonic() + min(error.wait_s, BUSY_MAX_S)
                return
            except BotUnreachable as error:
                logger.warning("an answer waits: {}", error)
                return
            except BotRefused as error:
                logger.warning("an answer is given up: {}", error)
            self._owed.popleft()
