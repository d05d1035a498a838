"""Whether the two tables of trading days agree on the days to come. Where they do not, there is no session that day."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from actors.domain.market.expiry_table import ExpiryTable
from actors.domain.market.session import NEW_YORK, ExchangeTable, OfficialTable
from supervisor.app.doctor.finding import Finding, Verdict

CODE = "D060"
DAYS_AHEAD = 400
DAYS_LEFT_MIN = 60
NAMED_MAX = 5
HALF_DAY_CLOSES_AT = 13


def examine(exchange: ExchangeTable, official: OfficialTable, today: date) -> Iterator[Finding]:
    """Yield whether the tables agree from `today` on, and whether they reach far enough."""
    ends_on = min(exchange.last_on, official.last_on)
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD) if today + timedelta(days=ahead) <= ends_on]
    differing = list(_differing(exchange, official, days))
    named = ", ".join(differing[:NAMED_MAX])
    yield Finding(
        code=CODE,
        subject="calendars",
        verdict=Verdict.FAIL if differing else Verdict.OK,
        text=f"{len(differing)} days differ: {named}" if differing else f"{len(days)} days to come agree",
        todo="there is no session on those days until config/sessions.toml is checked" if differing else "",
    )
    left = (ends_on - today).days
    yield Finding(
        code="D061",
        subject="calendars' end",
        verdict=Verdict.OK if left >= DAYS_LEFT_MIN else Verdict.WARN,
        text=f"known until {ends_on}",
        todo="" if left >= DAYS_LEFT_MIN else "add the next year to config/sessions.toml",
    )


def examine_expiries(table: ExpiryTable, today: date) -> Finding:
    """Return whether the table of expiries reaches far enough: nothing is opened that it knows nothing of."""
    left = (table.last_on - today).days
    return Finding(
        code="D062",
        subject="expiry table",
        verdict=Verdict.FAIL if left < 0 else Verdict.OK if left >= DAYS_LEFT_MIN else Verdict.WARN,
        text=f"good until {table.last_on}, checked on {table.checked_on}",
        todo="" if left >= DAYS_LEFT_MIN else "check its sources again, and move last_on in config/expiry.toml",
    )


def _differing(exchange: ExchangeTable, official: OfficialTable, days: Iterable[date]) -> Iterator[str]:
    for day in days:
        theirs = exchange.days.get(day)
        is_open = day.weekday() < 5 and day not in official.holidays
        if (theirs is not None) != is_open:
            yield f"{day} is {'open' if is_open else 'closed'} by ours alone"
        elif theirs is not None:
            is_half = theirs.closes_at.astimezone(NEW_YORK).hour <= HALF_DAY_CLOSES_AT
            if is_half != (day in official.half_days):
                yield f"{day} is a half day by {'theirs' if is_half else 'ours'} alone"
