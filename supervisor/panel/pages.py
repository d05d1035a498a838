"""The pages as a table: name, title, key, template, and what it shows, from the files and the status of the moment."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from actors.domain.market.session import NEW_YORK
from supervisor.app.drills import ground
from supervisor.app.drills.record import cards
from supervisor.app.drills.spec import Drill
from supervisor.cli import performance
from supervisor.panel import glance, order_page, risk_page
from supervisor.panel.formats import FILTERS
from supervisor.panel.glance import Told
from supervisor.panel.sources import Sources

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `look` is given what follows its name in the address."""

    name: str
    title: str
    template: str
    look: Callable[[Sources, str, Told], Told]
    charts: bool = False
    """Whether it draws on a canvas."""
    heat: bool = False
    """Whether it needs the large library of charts."""
    in_menu: bool = True


def _now(sources: Sources, _: str, status: Told) -> Told:
    expiring, seen = sources.expiring(), sources.seen()
    return {
        "day": glance.day(status),
        "held": glance.held(status, expiring),
        "gauges": glance.gauges(status["breakers"])[:6],
        "expiring": expiring,
        "lines": list(reversed(seen.lines))[:14] if seen else [],
        "points": len(sources.day),
    }


def _tree(_: Sources, __: str, status: Told) -> Told:
    return {"children": status["children"], "nodes": status["nodes"], "backing": status["backing"]}


def _alerts(sources: Sources, _: str, __: Told) -> Told:
    return {"alerts": sources.alerts.standing(), "can_act": sources.alerts.can_act}


def _performance(sources: Sources, _: str, __: Told) -> Told:
    sources.results.start()
    tally, ends = sources.results.read()
    return {
        "progress": sources.results.progress,
        "fault": sources.results.fault,
        "strategies": performance.as_object(tally, performance.limits(sources.where))["strategies"],
        "ends": list(reversed(ends))[:20],
        "count": len(ends),
        "total": sum(end.pnl for end in ends),
        "hours": _hours([(end.at, float(end.pnl)) for end in ends]),
    }


def _hours(results: list[tuple[datetime, float]]) -> Told:
    """Return the results by weekday and hour of New York."""
    local = [(at.astimezone(NEW_YORK), pnl) for at, pnl in results]
    found: dict[tuple[int, int], list[float]] = {}
    for at, pnl in local:
        found.setdefault((at.weekday(), at.hour), []).append(pnl)
    hours = sorted({*range(9, 17), *(at.hour for at, _ in local)})
    days = sorted({*range(5), *(at.weekday() for at, _ in local)})
    rows = [
        {"day": WEEKDAYS[day], "cells": [_hour(found.get((day, hour), []), hour) for hour in hours]} for day in days
    ]
    return {"hours": hours, "rows": rows}


def _hour(results: list[float], hour: int) -> Told:
    return {"hour": hour, "pnl": sum(results), "count": len(results)}


def _drills(sources: Sources, _: str, __: Told) -> Told:
    newest = {card.drill: (at, card) for at, card in cards(sources.where.state)}
    known = _known_drills()
    never = [drill for name, drill in known.items() if name not in newest]
    ran = [{"at": at, "card": card} for at, card in newest.values()]
    passed = sum(card.passed for _, card in newest.values())
    newest_first = sorted(ran, key=lambda row: str(row["at"]), reverse=True)
    told = {"ran": newest_first, "never": never, "passed": passed, "known": len(known)}
    gate, age_s = (None, None) if sources.gate is None else sources.gate.read() or (None, None)
    return told | {"gate": gate, "gate_age_s": age_s}


@cache
def _known_drills() -> dict[str, Drill]:
    return ground.known()


PAGES: Final[Mapping[str, Page]] = {
    page.name: page
    for page in (
        Page("now", "Now", "now.html", _now, charts=True),
        Page("orders", "Orders", "orders.html", order_page.listing),
        Page("tree", "Tree", "tree.html", _tree),
        Page("risk", "Risk", "risk.html", risk_page.look),
        Page("alerts", "Alerts", "alerts.html", _alerts),
        Page("performance", "Performance", "performance.html", _performance, charts=True, heat=True),
        Page("drills", "Drills", "drills.html", _drills),
        Page("order", "Order", "order.html", order_page.life, in_menu=False),
    )
}


class Drawing:
    """Draws pages, one at a time."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(FILTERS)

    def live(self, page: Page, argument: str) -> str:
        """Return what changes on a page: all of it but the frame."""
        with self._sources.lock:
            return self._templates.get_template("live.html").render(self._context(page, argument))

    def framed(self, template: str, **more: Any) -> str:
        """Return a page whole that shows no figures."""
        return self._templates.get_template(template).render(
            pages=PAGES.values(), identity=self._sources.identity(), **more
        )

    def part(self, template: str, **context: Any) -> str:
        """Return a part by itself."""
        return self._templates.get_template(template).render(now_s=time.time(), **context)

    def _context(self, page: Page, argument: str) -> Told:
        sources = self._sources
        if (seen := sources.seen()) is not None:
            seen.look()
        status, alerts = sources.status(), sources.alerts.standing()
        common = {
            "page": page,
            "identity": sources.identity(),
            "status": status,
            "routes": status["routes"],
            "stop": glance.stop(status),
            "ailments": glance.ailments(status, alerts),
            "market_now": sources.market_now(),
            "now_s": time.time(),
            "routes_stale_s": glance.ROUTES_STALE_S,
            "risk_stale_s": glance.RISK_STALE_S,
        }
        return common | page.look(sources, argument, status)
