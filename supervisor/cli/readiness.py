"""What the verbs that ask whether one may trade share: the whole preflight, its lines, and what `up` does about it."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from actors.config_model import RuntimeConfig
from actors.config_sections import Mode
from actors.domain.portfolio.book import Book
from actors.executor_settings import ExecutorSettings
from actors.latch import Latch, StopLevel, tighten
from actors.places import Places
from actors.products import load_products
from supervisor.app.doctor.finding import Verdict
from supervisor.app.plan import TABLES
from supervisor.app.readiness import look
from supervisor.app.readiness.check import Check, Preflight
from supervisor.cli import doctor
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.snapshot import routes

WIDE = 8
PREFLIGHT = "preflight"
"""Who latches, where a start that may not open is needed for what is held."""


def preflight(config: RuntimeConfig, where: Places, book: Book | None) -> Preflight:
    """Return the preflight of a runtime. `book` None: what needs it is left out."""
    return look.preflight(config, where, doctor.examine(where), routes(where), book)


def check_lines(found: Preflight, *, only: Callable[[Check], bool] = lambda _: True) -> list[str]:
    """Return a line a check, with its remedy below where there is something to do."""
    lines = []
    for each in filter(only, found.checks):
        limit = f" (limit {each.limit})" if each.limit else ""
        lines.append(f" {each.verdict:<{WIDE}}{each.name}: {each.value}{limit}")
        if each.todo and each.verdict is not Verdict.OK:
            lines.append(f"{'':>{WIDE + 1}}{each.todo}")
    return lines


def refuse_unready(config: RuntimeConfig, where: Places) -> None:
    """End a start in mode live that the preflight bars, with each reason and remedy.

    Where something is held or at work the tree is needed for its exits: then reduce is latched, and the start goes on.
    """
    if config.runtime.mode is not Mode.LIVE:
        return
    found = preflight(config, where, None)
    bars = found.bars
    if not bars:
        return
    click.echo("\n".join(check_lines(found, only=bars.__contains__)), err=True)
    if not _is_in_use(where):
        click.echo("NO-GO. Nothing was started; holdfast preflight says all.", err=True)
        sys.exit(ExitCode.REFUSED)
    reason = "the preflight says no-go: " + ", ".join(each.name for each in bars)
    tighten(where.latch, Latch(level=StopLevel.REDUCE, reason=reason, by=PREFLIGHT, at=datetime.now(UTC)))
    click.echo("NO-GO, but something is held: it starts with openings off (reduce is latched), exits go on.", err=True)


def _is_in_use(where: Places) -> bool:
    """Return whether the journal holds a structure, or an order that may still trade."""
    from supervisor.app.reports.reading import day_fold, read

    fold = day_fold(load_products(TABLES / "products.toml"))
    try:
        read(where.journal, [fold])
    except FileNotFoundError:
        return False
    return bool(fold.book.domains())


def folded(where: Places, tell: Callable[[int, int], None]) -> Book:
    """Return the journal's book; an empty one where there is no journal yet."""
    from supervisor.app.reports.reading import day_fold, read

    fold = day_fold(load_products(TABLES / "products.toml"))
    try:
        read(where.journal, [fold], tell)
    except FileNotFoundError:
        return Book(load_products(TABLES / "products.toml"), ExecutorSettings().sessions_kept)
    return fold.book


def as_json(found: Preflight) -> dict[str, Any]:
    """Return a preflight as plain JSON, with its schema and verdict."""
    return {"schema": "holdfast.preflight/1", "go": found.is_go, **found.model_dump(mode="json")}
