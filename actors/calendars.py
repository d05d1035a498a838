"""Reads the tables that sessions are decided from, and builds the stock exchange's.

The exchange's days come from exchange_calendars (XNYS, the one calendar that has every half day). It takes seconds and
pandas to import, so its answer is kept as a JSON file and only rebuilt when the file is missing, unreadable, too short,
or of another version of the library: processes that trade read the file. Decides nothing about trading.
"""

import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from actors.domain.market.session import (
    ExchangeDay,
    ExchangeTable,
    OfficialTable,
    SessionRule,
    Sessions,
)
from actors.domain.value import Value
from actors.products import BadTable

FIRST_ON = date(2013, 1, 1)
LAST_ON = date(2027, 12, 31)


class _File(Value):
    official: OfficialTable
    rules: Mapping[str, SessionRule]


def load_sessions(rules: Path, cache: Path) -> Sessions:
    """Return the sessions of the rules in `rules` (TOML), with the exchange's table kept in `cache` (JSON).

    Raises `BadTable`, FileNotFoundError.
    """
    try:
        file = _File.model_validate(tomllib.loads(rules.read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadTable(f"{rules}: {error}") from error
    return Sessions(exchange=exchange_table(cache), official=file.official, rules=file.rules)


def exchange_table(cache: Path, first_on: date = FIRST_ON, last_on: date = LAST_ON) -> ExchangeTable:
    """Return the stock exchange's days from the file `cache`, which is written first if it does not serve."""
    table = _kept(cache)
    if table and table.source == _source() and table.first_on <= first_on and table.last_on >= last_on:
        return table
    table = build_exchange_table(first_on, last_on)
    with suppress(OSError):  # a disk that takes no writes: it only saves time
        _keep(cache, table)
    return table


def build_exchange_table(first_on: date, last_on: date) -> ExchangeTable:
    """Return the stock exchange's days as exchange_calendars knows them. Imports pandas: seconds."""
    from exchange_calendars import get_calendar  # noqa: PLC0415 - see the head of this file

    calendar = get_calendar("XNYS", start=first_on.isoformat(), end=last_on.isoformat())
    schedule = calendar.schedule
    days = {
        session.date(): ExchangeDay(
            opens_at=opens.to_pydatetime().astimezone(UTC), closes_at=closes.to_pydatetime().astimezone(UTC)
        )
        for session, opens, closes in zip(schedule.index, schedule["open"], schedule["close"], strict=True)
    }
    return ExchangeTable(source=_source(), first_on=first_on, last_on=last_on, days=days)


def _source() -> str:
    return f"exchange_calendars {version('exchange-calendars')} XNYS"


def _kept(cache: Path) -> ExchangeTable | None:
    # A file that does not read is as good as none: it only saves time.
    try:
        return ExchangeTable.model_validate_json(cache.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _keep(cache: Path, table: ExchangeTable) -> None:
    # Renamed into place, so that processes which start together never read half a file.
    cache.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=cache.parent, prefix=cache.name)
    with os.fdopen(descriptor, "w") as file:
        file.write(table.model_dump_json())
    Path(name).replace(cache)
