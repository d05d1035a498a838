"""What a message asks for.

    /status                        how it stands
    /positions                     what is open
    /why ID                        why a signal was admitted or refused; without an ID, the last ones
    /ack ID                        an alert was seen
    /silence KIND 30m REASON       an alert keeps still for a while
    /reduce [REASON]   /halt [REASON]    asks back
    /confirm CODE                  the answer to that
    /help

The stroke may be left out. What loosens a stop, arms, or closes is no command here, and is told so by name.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from actors.latch import StopLevel


class Verb(StrEnum):
    """What can be asked for."""

    STATUS = "status"
    POSITIONS = "positions"
    WHY = "why"
    ACK = "ack"
    SILENCE = "silence"
    REDUCE = "reduce"
    HALT = "halt"
    CONFIRM = "confirm"
    HELP = "help"


STOPS: Final = {Verb.REDUCE: StopLevel.REDUCE, Verb.HALT: StopLevel.HALT}
NEVER: Final = frozenset(
    {"resume", "arm", "disarm", "flatten", "kill", "close", "cancel", "signal", "up", "down", "restart", "takeover"}
)
TEXT_MAX: Final = 300
_WORD: Final = re.compile(r"/?([a-z]+)(?:@([a-z0-9_]+))?$", re.IGNORECASE)
_LENGTH: Final = re.compile(r"(\d{1,4})(m|h)$", re.IGNORECASE)
_MINUTES: Final = {"m": 1, "h": 60}


class Command(NamedTuple):
    """A verb and the words that follow it."""

    verb: Verb
    words: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words as one."""
        return " ".join(self.words)


class Unknown(NamedTuple):
    """What is no command; the text answers it."""

    text: str


def parse(text: str, bot: str) -> Command | Unknown | None:
    """Return what a message asks of the bot of this name; None where it speaks to another bot."""
    head, *words = text[:TEXT_MAX].split() or [""]
    found = _WORD.match(head)
    if found is None:
        return Unknown("That is no command. /help lists them.")
    if found[2] and found[2].lower() != bot.lower():
        return None
    name = str(found[1]).lower()
    if name in NEVER:
        return Unknown(f"Never from a phone: {name}. On the machine: holdfast {name}")
    if name not in set(Verb):
        return Unknown(f"{name} is no command. /help lists them.")
    return Command(Verb(name), tuple(filter(None, map(_printable, words))))


def _printable(word: str) -> str:
    """Return a word without what would move a terminal: it may become a stop's reason."""
    return "".join(filter(str.isprintable, word))


class Silence(NamedTuple):
    """What is to keep still, for how many minutes, and why."""

    what: str
    minutes: int
    reason: str


def silence_of(words: tuple[str, ...]) -> Silence | None:
    """Return what `/silence` asks for; None where a part is missing."""
    if len(words) < 3 or (length := _LENGTH.match(words[1])) is None or not int(length[1]):
        return None
    return Silence(words[0], int(length[1]) * _MINUTES[length[2].lower()], " ".join(words[2:]))
