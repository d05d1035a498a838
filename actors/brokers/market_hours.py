"""A broker's own word on today's hours, out of what its market calendar says. What follows from it is `risk`'s.

Only what speaks of the day asked for counts: a session of another day is no word on this one, unless the one before and
the one after it stand around it, which says that the day is closed.
"""

from contextlib import suppress
from datetime import date, datetime, time
from typing import Final

from actors.brokers.payload import Json, instant, readable
from actors.domain.market.market_hours import MarketHours
from actors.domain.market.session import NEW_YORK
from actors.ports import Broker, BrokerRefused, BrokerUnavailable

EVERY_NS: Final = 600_000_000_000
"""How often a broker is asked; a day's hours change once in years."""


class HoursWatch:
    """What a broker last said of its hours."""

    def __init__(self) -> None:
        self.told: MarketHours | None = None
        self._due_ns = 0

    async def look(self, broker: Broker, now_ns: int) -> None:
        """Ask where it is time to; without an answer the last word stands, and it is asked again with the next look."""
        if now_ns < self._due_ns:
            return
        with suppress(BrokerUnavailable, BrokerRefused):
            self.told = await broker.hours()
            self._due_ns = now_ns + EVERY_NS


def of_alpaca(rows: Json, on: date) -> MarketHours:
    """Return what the calendar's lines from `on` to `on` say. Raises `BrokerUnavailable`."""
    with readable("calendar"):
        line = next((row for row in rows if row["date"] == on.isoformat()), None)
        if line is None:
            return MarketHours(source="alpaca", on=on)
        opens_at, closes_at = (
            datetime.combine(on, time.fromisoformat(line[key]), NEW_YORK) for key in ("open", "close")
        )
        return MarketHours(source="alpaca", on=on, opens_at=opens_at, closes_at=closes_at)


def of_tastytrade(current: Json, on: date) -> MarketHours | None:
    """Return what the current session, with its neighbours, says; None: no word. Raises `BrokerUnavailable`."""
    with readable("market session"):
        told = [current, current.get("next-session"), current.get("previous-session")]
        hours = [(instant(each["open-at"]), instant(each["close-at"])) for each in told if each and each.get("open-at")]
        days = {opens_at.astimezone(NEW_YORK).date(): (opens_at, closes_at) for opens_at, closes_at in hours}
        if on in days:
            opens_at, closes_at = days[on]
            return MarketHours(source="tastytrade", on=on, opens_at=opens_at, closes_at=closes_at)
        is_between = any(day < on for day in days) and any(day > on for day in days)
        return MarketHours(source="tastytrade", on=on) if is_between else None
