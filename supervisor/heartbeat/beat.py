"""What the watchman elsewhere is told next, and when.

    what is known                            what is sent
    it begins                                START, once
    live, and `every_s` since the last       ALIVE
    live again after a silence               ALIVE, at once
    not live                                 nothing
    not live for `fail_after_s`              FAIL with the reasons, once a silence
    the runtime was ended as planned         END, by whoever ends the loop

What was not taken is due again after `AGAIN_S`. A silence begins with the last look at which all was live.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

AGAIN_S: Final = 10.0


class Word(StrEnum):
    """What is said."""

    START = "start"
    ALIVE = "alive"
    FAIL = "fail"
    END = "end"


class Beat:
    """The pace of one run."""

    def __init__(self, every_s: float, fail_after_s: float | None, now_s: float) -> None:
        self._every_s, self._fail_after_s = every_s, fail_after_s
        self._again_s = min(AGAIN_S, every_s)
        self._live_s = now_s
        self._has_started = self._has_failed = False
        self._alive_due_s = self._again_due_s = now_s
        self.refusals = 0
        """Words in a row that were not taken."""

    def next(self, reasons: Sequence[str], now_s: float) -> Word | None:
        """Return what is to be said now, None where nothing is; `reasons` say why the tree is not live."""
        if not reasons:
            self._live_s = now_s
        if now_s < self._again_due_s:
            return None
        if not self._has_started:
            return Word.START
        if not reasons:
            return Word.ALIVE if now_s >= self._alive_due_s else None
        self._alive_due_s = now_s
        is_long = self._fail_after_s is not None and now_s - self._live_s >= self._fail_after_s
        return Word.FAIL if is_long and not self._has_failed else None

    def said(self, word: Word, now_s: float, *, taken: bool) -> None:
        """Take in what became of a word."""
        self._has_started = True
        if not taken:
            self.refusals += 1
            self._again_due_s = now_s + self._again_s
            return
        self.refusals = 0
        if word is Word.ALIVE:
            self._alive_due_s, self._has_failed = now_s + self._every_s, False
        elif word is Word.FAIL:
            self._has_failed = True
