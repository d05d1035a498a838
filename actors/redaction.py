"""Takes secrets out of text before it is written anywhere.

Two nets: known values, in every spelling they travel in (plain, URL-encoded, JSON-escaped, base64), and names that
announce a secret (`token=...`, `Authorization: Bearer ...`, `user:password@host`). The first is sure, the second is
there for what nobody told us; its patterns are bounded, so a long text costs time in proportion. Short values are not
known to the first net: they would redact ordinary words.
"""

import base64
import json
import re
import threading
from urllib.parse import quote

HIDDEN = "[redacted]"
VALUE_LENGTH_MIN = 6

_NAMES = r"token|secret|passw(?:or)?d|api[_-]?key|key[_-]?id|credential|authori[sz]ation|cookie"
_NAME = re.compile(_NAMES, re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"""(?P<name>(?:{_NAMES})[\w-]{{0,40}}["']?\s{{0,3}}[=:]\s{{0,3}})"""
    r"""(?P<value>(?:bearer\s+|basic\s+)?(?:"[^"]{0,4096}"?|'[^']{0,4096}'?|[^\s,;&"'}})\]]+))""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_USER_INFO = re.compile(r"(://)[^/\s@]{1,256}@")


def names_secret(name: str) -> bool:
    """Whether a key of this name holds a secret."""
    return bool(_NAME.search(name))


class Redactor:
    """Knows the secrets of this process."""

    def __init__(self, values: tuple[str, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._spellings: frozenset[str] = frozenset()
        self._known = re.compile(r"(?!)")
        for value in values:
            self.learn(value)

    def learn(self, value: str) -> None:
        """Redact `value` from now on."""
        if len(value) < VALUE_LENGTH_MIN:
            return
        with self._lock:
            self._spellings |= set(_spellings(value))
            longest_first = sorted(self._spellings, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first)))

    def clean(self, text: str) -> str:
        """Return `text` without anything that is, or is named like, a secret."""
        text = self._known.sub(HIDDEN, text)
        text = _USER_INFO.sub(rf"\1{HIDDEN}@", text)
        text = _ASSIGNED.sub(rf"\g<name>{HIDDEN}", text)
        return _BEARER.sub(rf"\1 {HIDDEN}", text)


def _spellings(value: str) -> tuple[str, ...]:
    encoded = base64.b64encode(value.encode()).decode().rstrip("=")
    return value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1], encoded
