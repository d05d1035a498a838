"""Silences: a person wants quiet about something, says why, and it ends by itself.

Rules of this file:
* A silence names a code, a subject or both; a trailing `*` of the subject stands for any ending.
* It has a reason and a limit (`silence_max_s`). What it covers is kept, and told in one digest when it has ended.
* A page (P0) is covered only for the first `silence_page_max_s` of it: nobody sleeps through a naked leg by a word
  that was meant for something else.
"""

import hashlib
import re
from datetime import datetime, timedelta

from actors.domain.alerts.alert import Alert, Level
from actors.domain.value import Instant, Value

_CODE = re.compile(r"[ANS]\d{3}|[A-Z][A-Z_]{3,}")


class Silence(Value):
    """Quiet about `code`, `subject` or both (empty: any), from `begins` to `ends`."""

    code: str = ""
    subject: str = ""
    begins: Instant
    ends: Instant
    by: str
    reason: str

    @property
    def silence_id(self) -> str:
        """The short name a person ends it by."""
        text = f"{self.code}\0{self.subject}\0{self.begins.timestamp():.6f}"
        return hashlib.blake2b(text.encode(), digest_size=3).hexdigest()

    @property
    def words(self) -> str:
        """What it covers, as screens tell it."""
        return " ".join(each for each in (self.code, self.subject) if each)

    def names(self, alert: Alert) -> bool:
        """Whether it is about this alert, whenever that is."""
        if self.code and self.code != alert.code:
            return False
        if self.subject.endswith("*"):
            return alert.subject.startswith(self.subject[:-1])
        return not self.subject or self.subject == alert.subject

    def covers(self, alert: Alert, now: datetime, page_max_s: float) -> bool:
        """Whether `alert` is not to be said at `now`."""
        ends = self.ends
        if alert.level is Level.P0:
            ends = min(ends, self.begins + timedelta(seconds=page_max_s))
        return self.names(alert) and self.begins <= now < ends


def silence_about(what: str, length_s: float, *, by: str, reason: str, now: datetime) -> Silence:
    """Return the silence that a person's words ask for: a code (A050), a subject (route-*), or both (A050:route-*)."""
    code, colon, subject = what.partition(":")
    if not colon and not _CODE.fullmatch(what):
        code, subject = "", what
    ends = now + timedelta(seconds=length_s)
    return Silence(code=code, subject=subject, begins=now, ends=ends, by=by, reason=reason)


def refusal(silence: Silence, max_s: float) -> str | None:
    """Return why a silence is not taken; None where it is."""
    if not (silence.code or silence.subject.rstrip("*")):
        return "a silence names a code or a subject: quiet about everything would be no alerts at all"
    if not silence.reason.strip() or not silence.by.strip():
        return "a silence needs a person and a reason"
    length_s = (silence.ends - silence.begins).total_seconds()
    if not 0 < length_s <= max_s:
        return f"a silence lasts at most {max_s / 3600:g} hours, and ends after it begins; this one {length_s:g} s"
    return None
