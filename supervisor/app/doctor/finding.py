"""One thing the doctor looked at. FAIL forbids trading; WARN does not, and says what it costs."""

from enum import StrEnum

from actors.domain.value import Value


class Verdict(StrEnum):
    """How it is. UNKNOWN: it could not be looked at, which is told, too."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(Value):
    """What was found, and what to do about it."""

    code: str
    subject: str
    verdict: Verdict
    text: str
    todo: str = ""
