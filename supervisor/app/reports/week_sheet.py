"""The week's report, laid out: its sums, and what each hour of each weekday made."""

from actors.domain.performance.week import HourCell, Week
from actors.domain.value import Instant, Value
from supervisor.app.reports.origin import Origin
from supervisor.app.reports.sheet import DASH, Section, Sheet, Tone, at, dollars, money, rate, section
from supervisor.words import words_of

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Weekly(Value):
    """The report."""

    origin: Origin
    made_at: Instant
    week: Week


def week_sheet(told: Weekly) -> Sheet:
    """Return the report as sections."""
    week = told.week
    ended = sum(each.ended for each in week.sessions)
    return Sheet(
        title=f"Week of {week.first:%d %b} to {week.last:%d %b %Y}",
        origin=told.origin.words,
        headline=f"{money(week.result)} of {ended} structures in {len(week.sessions)} sessions, after every fee",
        tone=Tone.GOOD if week.result > 0 else Tone.BAD if week.result < 0 else Tone.PLAIN,
        made=f"made {at(told.made_at, '%a %d %b %H:%M:%S')} ET on {told.origin.host}",
        sections=(_sessions(week), _strategies(week), _hours(week), _refusals(week)),
    )


def _sessions(week: Week) -> Section:
    head = ("session", "result", "won", "fees", "slippage", "expected", "refused", "incidents", "equity")
    rows = [
        (
            f"{each.session:%a %d %b}",
            money(each.result),
            f"{each.wins} of {each.ended}",
            dollars(each.fees),
            dollars(each.slippage_cost),
            dollars(each.slippage_expected_cost),
            str(each.signals_refused),
            str(each.incidents),
            dollars(each.equity),
        )
        for each in week.sessions
    ]
    return section("By session", head, rows)


def _strategies(week: Week) -> Section:
    rows = [
        (
            each.strategy,
            money(each.result),
            str(each.ended),
            str(each.wins),
            str(each.losses),
            rate(each.win_rate_ever),
            dollars(each.slippage_cost),
            dollars(each.slippage_expected_cost),
        )
        for each in week.strategies
    ]
    head = ("strategy", "result", "ended", "won", "lost", "won ever", "slippage", "expected")
    return section("By strategy", head, rows)


def _hours(week: Week) -> Section:
    """Return the table of weekday by hour; a cell in which nothing ended is a dash."""
    cells = {(each.weekday, each.hour): each for each in week.hours}
    days = sorted({each.weekday for each in week.hours} | set(range(5)))
    rows = [
        (f"{hour:02d}:00", *(_cell(cells.get((day, hour))) for day in days))
        for hour in sorted({each.hour for each in week.hours})
    ]
    return section("By weekday and hour of New York", ("ended", *(WEEKDAYS[day] for day in days)), rows)


def _cell(cell: HourCell | None) -> str:
    return DASH if cell is None else f"{money(cell.result)} ({cell.ended})"


def _refusals(week: Week) -> Section:
    rows = [(code, str(count), words_of(code).means) for code, count in week.refusals.items()]
    return section("Refused, by rule", ("rule", "signals", "what it means"), rows, *([] if rows else ["none"]))
