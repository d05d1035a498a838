"""A stop that was asked for and waits to be confirmed.

    asked        a code is told         good for `confirm_s`, for this user in this chat, once
    asked again  another code           the one before is good for nothing any more
    confirmed    the stop is latched    the code is spent
    a wrong code                        after `WRONG_MAX` of them the stop must be asked for anew
    too late                            it must be asked for anew

Times are given in: when the message was first heard, so that a restart in between costs nobody their time.
"""

from datetime import datetime
from typing import Final

from actors.domain.market.session import NEW_YORK
from actors.domain.value import Instant, Value
from actors.latch import StopLevel

WRONG_MAX: Final = 3
ANEW: Final = "Ask for the stop again."


class Asked(Value):
    """One stop that waits."""

    user: int
    chat: int
    level: StopLevel
    reason: str
    code: str
    until: Instant


class Confirmations:
    """What waits, one of each user."""

    def __init__(self) -> None:
        self._asked: dict[int, Asked] = {}
        self._wrong: dict[int, int] = {}

    def ask(self, asked: Asked) -> None:
        """Let it wait; whatever this user asked for before is forgotten."""
        self._asked[asked.user] = asked
        self._wrong[asked.user] = 0

    def confirm(self, user: int, chat: int, code: str, at: datetime) -> Asked | str:
        """Return what is confirmed, or why nothing is. It waits until it is `spent`."""
        asked = self._asked.get(user)
        if asked is None or asked.chat != chat:
            return f"Nothing of yours waits here to be confirmed. {ANEW}"
        if at > asked.until:
            self.spend(user)
            return f"Too late: that code was good until {asked.until.astimezone(NEW_YORK):%H:%M:%S} ET. {ANEW}"
        if code != asked.code:
            self._wrong[user] += 1
            if self._wrong[user] < WRONG_MAX:
                return "That is not the code."
            self.spend(user)
            return f"That is not the code, {WRONG_MAX} times now. {ANEW}"
        return asked

    def spend(self, user: int) -> None:
        """Forget what this user asked for."""
        self._asked.pop(user, None)
        self._wrong.pop(user, None)
