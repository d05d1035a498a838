"""Who is heard, and where.

    the chat is not listed                            STRANGER   no answer; the owner is told
    the user is not listed, a bot, or nobody          REFUSED    told so in that chat; the owner is told
    written longer ago than `age_max_s`, or ahead     OLD        told its age; nothing is done
    more than `commands_max` of this user a minute    TOO_MANY   no answer
    else                                              ADMITTED

A forwarded message is its first writer's, not a command of who forwards it: REFUSED. Names that Telegram tells are
never believed: who somebody is, is the number alone.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from actors.config_phone import PhoneSection

MINUTE_S: Final = 60.0
USERS_MAX: Final = 16


class Admission(StrEnum):
    """The verdict."""

    ADMITTED = "admitted"
    STRANGER = "stranger"
    REFUSED = "refused"
    OLD = "old"
    TOO_MANY = "too many"


class Said(NamedTuple):
    """One message. `user` 0: nobody is named."""

    update: int
    chat: int
    user: int
    is_bot: bool
    is_forwarded: bool
    written_at: datetime
    text: str


class Door:
    """Admits, and counts."""

    def __init__(self, section: PhoneSection) -> None:
        self._section = section
        self._names: Mapping[int, str] = {number: name for name, number in section.users.items()}
        self._times: dict[int, deque[datetime]] = {}

    def name(self, user: int) -> str:
        """Return what the configuration calls a user; empty where it does not."""
        return self._names.get(user, "")

    def admit(self, said: Said, now: datetime) -> Admission:
        """Return the verdict on one message, first heard at `now`."""
        if said.chat not in self._section.chats:
            return Admission.STRANGER
        if said.user not in self._names or said.is_bot or said.is_forwarded:
            return Admission.REFUSED
        if abs((now - said.written_at).total_seconds()) > self._section.age_max_s:
            return Admission.OLD
        times = self._times.setdefault(said.user, deque(maxlen=self._section.commands_max))
        if len(times) == times.maxlen and (now - times[0]).total_seconds() < MINUTE_S:
            return Admission.TOO_MANY
        times.append(now)
        return Admission.ADMITTED
