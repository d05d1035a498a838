"""JSON from a broker, read without loss: numbers become `Decimal` whether they came as text or as numbers.

What is not what was asked for raises `BrokerUnavailable` (nothing may be concluded from it), never a `KeyError`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from actors.ports import BrokerUnavailable

Json = Any
"""What a broker sent: its shape is known only after it was read."""

_SHOWN_CHARS = 200


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn every way a payload can be malformed into `BrokerUnavailable`."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        shown = f"{type(error).__name__}: {error}"[:_SHOWN_CHARS]
        raise BrokerUnavailable(f"{what} cannot be read: {shown}") from error


def decoded(body: bytes, what: str) -> Json:
    """Return the JSON in `body`. Raises `BrokerUnavailable`."""
    with readable(what):
        return json.loads(body, parse_float=Decimal)


def number(value: Json) -> Decimal:
    """Return a finite number that came as int, text or number."""
    if isinstance(value, bool):
        raise TypeError(f"{value!r} is not a number")
    result = Decimal(str(value))
    if not result.is_finite():
        raise ValueError(f"{value!r} is not finite")
    return result


def known(payload: Json, key: str) -> Decimal | None:
    """Return a number that openings alone depend on; None where it is missing, or is none."""
    try:
        return number(payload[key])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def instant(value: Json) -> datetime:
    """Return an aware time, UTC, from ISO text or from milliseconds since the Unix epoch."""
    if isinstance(value, str):
        parsed = datetime.fromisoformat(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    return datetime.fromtimestamp(float(number(value)) / 1000, UTC)
