"""`holdfast report morning | evening | week`: from the journal, with nothing running; as text, JSON, HTML or PNG.

`--keep` writes all four forms into `reports/` of the state folder, as the analyst's own reporter does at the times of
`[reports]`. Exit 0: told; 2: no such session; 3: nothing was ever traded or started here.
"""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.market.session import NEW_YORK
from actors.domain.performance.due import Kind
from actors.domain.performance.overnight import OvernightFold
from actors.domain.performance.week import week
from actors.domain.value import Value
from actors.places import places
from supervisor.app.readiness.look import market_now
from supervisor.app.reports import kept
from supervisor.app.reports.evening import Evening, evening, week_of
from supervisor.app.reports.evening_sheet import evening_sheet, figures
from supervisor.app.reports.morning import Morning, last_close, morning
from supervisor.app.reports.morning_sheet import morning_sheet
from supervisor.app.reports.origin import origin
from supervisor.app.reports.reading import day_fold, read
from supervisor.app.reports.sheet import Sheet
from supervisor.app.reports.text import text
from supervisor.app.reports.week_sheet import Weekly, week_sheet
from supervisor.app.workplace import Workplace
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.options import json_option, state_option
from supervisor.cli.progress import progress
from supervisor.cli.readiness import preflight

Told = Evening | Morning | Weekly
DAYS_ALL: Final = 10_000
"""Sessions kept whole where one is named: forty years."""
FORMS: Final = ("json", "txt", "html", "png")


@click.command(help="Tell the morning, the evening or the week, from the journal.")
@click.argument("kind", type=click.Choice([each.value for each in Kind]))
@click.option("--date", "on", type=click.DateTime(["%Y-%m-%d"]), help="The New York date; default: the last session.")
@state_option
@json_option
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write one HTML file, picture inside.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture.")
@click.option("--keep", "is_kept", is_flag=True, help="Write all forms into reports/ of the state folder.")
def report(
    kind: str, on: datetime | None, state: Path, as_json: bool, html: Path | None, png: Path | None, is_kept: bool
) -> None:
    """Fold, lay out, render."""
    where = places(state)
    if not where.config.exists():
        click.echo(f"nothing was ever started in {state}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    place = Workplace.visitor(where)
    try:
        made = make(place, Kind(kind), on.date() if on is not None else None)
    except FileNotFoundError as error:
        click.echo(f"nothing was ever traded in {state}: {error}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    if made is None:
        click.echo(f"the journal knows no session{f' of {on:%Y-%m-%d}' if on is not None else ''}", err=True)
        sys.exit(ExitCode.USAGE)
    _write(made, Kind(kind), place, html, png, is_kept=is_kept)
    click.echo(json.dumps(as_plain(made)) if as_json else text(sheet(made)), nl=as_json)


def make(place: Workplace, kind: Kind, on: date | None) -> Told | None:
    """Return one report; None where the journal knows no such session. Raises `FileNotFoundError` without a journal."""
    made_at, today = datetime.now(UTC), market_now(place.config, place.places).astimezone(NEW_YORK).date()
    days = day_fold(place.products) if on is None else day_fold(place.products, DAYS_ALL)
    overnight = OvernightFold(last_close(place.sessions, on or today))
    with progress("journal") as tell:
        if kind is not Kind.MORNING or place.places.journal.exists():
            read(place.places.journal, [days, overnight], tell)
    if kind is Kind.MORNING:
        found = preflight(place.config, place.places, days.book)
        return morning(place, days, overnight, found, on or today, made_at)
    if kind is Kind.EVENING:
        return evening(place, days, on, made_at)
    last = days.day()
    if on is None and last is None:
        return None
    first, end = week_of(on or (last.session if last is not None else today))
    sessions = days.days(first, end)
    if not sessions:
        return None
    return Weekly(origin=origin(place.config), made_at=made_at, week=week(first, end, sessions))


def sheet(told: Told) -> Sheet:
    """Return a report laid out."""
    match told:
        case Evening():
            return evening_sheet(told)
        case Morning():
            return morning_sheet(told)
        case Weekly():
            return week_sheet(told)


def as_plain(told: Told) -> dict[str, Any]:
    """Return a report as plain JSON, with its schema and the sums that follow from it."""
    kind = _kind(told)
    plain: dict[str, Any] = {"schema": f"holdfast.report-{kind}/1", **told.model_dump(mode="json")}
    match told:
        case Evening():
            plain["figures"] = figures(told)
        case Morning():
            plain["go"] = told.preflight.is_go
        case Weekly():
            plain["figures"] = {"result": str(told.week.result), "fees": str(told.week.fees)}
    return plain


def date_of(told: Told) -> date:
    """Return the date a report is kept under: its session's, or the week's last session's."""
    match told:
        case Evening():
            return told.day.session
        case Morning():
            return told.today.on
        case Weekly():
            return told.week.sessions[-1].session


def _kind(told: Value) -> Kind:
    return {Evening: Kind.EVENING, Morning: Kind.MORNING, Weekly: Kind.WEEK}[type(told)]


def _write(told: Told, kind: Kind, place: Workplace, html: Path | None, png: Path | None, *, is_kept: bool) -> None:
    """Write the forms that are asked for. A picture that cannot be drawn is told, and the rest is written."""
    files = {"html": html, "png": png}
    if is_kept:
        on, where = date_of(told), place.places
        is_drawn = place.config.reports.picture
        files = {form: kept.path(where, kind, on, form) for form in FORMS if form != "png" or is_drawn}
        kept.forget(where, on - timedelta(days=place.config.reports.days_kept))
    wants_picture = files.get("png") or (files["html"] and place.config.reports.picture)
    drawn = _picture(kind, told) if wants_picture else None
    content = {"json": told.model_dump_json().encode(), "txt": text(sheet(told)).encode(), "png": drawn}
    if files["html"] is not None:
        from supervisor.app.reports.page import page

        content["html"] = page(sheet(told), drawn).encode()
    for form, file in files.items():
        body = content.get(form)
        if file is not None and body is not None:
            kept.keep(file, body)


def _picture(kind: Kind, told: Told) -> bytes | None:
    from supervisor.app.reports.picture import NotDrawn, draw

    try:
        return draw(kind, told)
    except NotDrawn as error:
        click.echo(f"no picture: {error}", err=True)
        return None
