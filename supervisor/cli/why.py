"""`holdfast why ID`: why a signal was admitted or refused, from the journal: each check, its value, limit and age.

What the order did afterwards is `holdfast order ID`'s. ID is a signal's, an order's or an attempt's.

Exit 0: told; 2: no such id, with the nearest; 3: no journal.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from actors.domain.market.new_york import NEW_YORK
from actors.domain.orders.refusal import Check
from actors.domain.orders.story import Story
from actors.places import places
from supervisor.cli.options import json_option, state_option
from supervisor.cli.records import Records, records
from supervisor.words import words_of

SCHEMA: Final = "holdfast.why/1"


@click.command(help="Say why a signal was admitted or refused: each check with its value, limit and age.")
@click.argument("identifier", metavar="ID")
@state_option
@json_option
def why(identifier: str, state: Path, as_json: bool) -> None:
    """Read, tell."""
    with records(places(state)) as found:
        request = found.request(identifier) if found.story(identifier) is None else None
        name, story = (identifier, None) if request is not None else found.find(identifier)
    if story is None:
        assert request is not None
        click.echo(json.dumps(request_object(name, request)) if as_json else "\n".join(_request_lines(name, request)))
        return
    click.echo(json.dumps(as_object(name, story)) if as_json else "\n".join(_lines(name, story)))


def told(found: Records, identifier: str) -> dict[str, Any] | None:
    """Return the verdict on what an id names as plain JSON; None where it names nothing."""
    request = found.request(identifier) if found.story(identifier) is None else None
    if request is not None:
        return request_object(identifier, request)
    named = found.look(identifier)
    return None if named is None else as_object(*named)


def as_object(name: str, story: Story) -> dict[str, Any]:
    """Return the verdict as plain JSON."""
    signal = story.signal
    return {
        "schema": SCHEMA,
        "id": name,
        "admitted": _is_admitted(story),
        "decided_at": story.moments[0].at.isoformat() if story.moments else None,
        "strategy": signal.strategy if signal else None,
        "reason": signal.reason if signal else None,
        "refused_by": [check.code.value for check in story.checks if not check.passed],
        "checks": [check._asdict() | {"means": words_of(check.code.value).means} for check in story.checks],
    }


def request_object(name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict on a cancel or a replacement; the journal keeps no checks of one that was admitted."""
    signal = event["signal"]
    return {
        "schema": SCHEMA,
        "id": name,
        "admitted": True,
        "decided_at": event["at"],
        "strategy": signal["strategy"],
        "reason": signal["reason"],
        "refused_by": [],
        "checks": [],
        "asked_of": event.get("cl_ord_id") or event.get("trigger_id"),
    }


def _request_lines(name: str, event: dict[str, Any]) -> Iterator[str]:
    told = request_object(name, event)
    at = datetime.fromisoformat(told["decided_at"]).astimezone(NEW_YORK)
    yield f"{name}: ADMITTED  {at:%a %d %b %H:%M:%S.%f}"[:-3] + " ET"
    yield f"  asked by {told['strategy']}: {told['reason']}"
    kind = event["signal"]["request"]["kind"]
    yield f"  {kind} of {told['asked_of']}: it was there, which is all that is asked of it"
    yield f"  What became of it: holdfast order {told['asked_of']}"


def _is_admitted(story: Story) -> bool:
    return all(check.passed for check in story.checks)


def _lines(name: str, story: Story) -> Iterator[str]:
    failed = [check for check in story.checks if not check.passed]
    verdict = f"REFUSED by {', '.join(dict.fromkeys(check.code.value for check in failed))}" if failed else "ADMITTED"
    at = story.moments[0].at.astimezone(NEW_YORK) if story.moments else None
    yield f"{name}: {verdict}" + (f"  {at:%a %d %b %H:%M:%S.%f}"[:-3] + " ET" if at else "")
    if story.signal is not None:
        yield f"  asked by {story.signal.strategy}: {story.signal.reason}"
    if not story.checks:
        yield "  the executor asked for it itself: it was held to no check of a signal"
    width = max((len(_name(check)) for check in story.checks), default=0)
    for number, check in enumerate(story.checks, start=1):
        mark = "ok  " if check.passed else "FAIL"
        yield f"  {number:>2}  {mark} {check.code.value} {_name(check):<{width}}  {_told(check)}".rstrip()
    for code in dict.fromkeys(check.code.value for check in failed):
        words = words_of(code)
        yield f"  {code}: {words.means}"
        yield f"        {words.todo}"
    if failed:
        yield f"  More: holdfast explain {failed[0].code.value}"
    elif story.life is not None:
        yield f"  What became of it: holdfast order {name}"


def _name(check: Check) -> str:
    return check.code.name.partition("_")[2].replace("_", " ").lower()


def _told(check: Check) -> str:
    limit = f"limit {check.limit}" if check.limit else ""
    age = f"{check.age_s:.1f} s old" if check.age_s is not None else ""
    return "  ".join(part for part in (check.subject, check.value, limit, age) if part)
