"""`holdfast order ID`: the life of one order, from the journal alone: checks, routes, lease, reports, doubts, fills.

ID is an order's, an attempt's, or that of a signal that was refused. Exit 0: told; 2: no such id, with the nearest;
3: no journal.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from actors.domain.market.new_york import NEW_YORK
from actors.domain.orders import fill_check
from actors.domain.orders.order import Intent
from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.refusal import Check
from actors.domain.orders.story import Moment, Story
from actors.places import places
from supervisor.cli.options import json_option, state_option
from supervisor.cli.records import Records, attempts, records
from supervisor.cli.shape_words import bounds_words, shape_word

_SIDES = {Intent.OPEN: 1, Intent.CLOSE: -1}
"""A close is called what it closes."""

SCHEMA = "holdfast.order/1"


@click.command(help="Tell the life of one order: each leg, route, report and doubt, with its times in New York.")
@click.argument("identifier", metavar="ID")
@state_option
@json_option
def order(identifier: str, state: Path, as_json: bool) -> None:
    """Read, fold, tell."""
    with records(places(state)) as found:
        name, story = found.find(identifier)
        others, successor = around(found, name, story)
    if as_json:
        click.echo(json.dumps(as_object(name, story, others, successor)))
    else:
        click.echo("\n".join(_lines(name, story, others, successor)))


def around(found: Records, name: str, story: Story) -> tuple[list[str], str | None]:
    """Return the other orders of the same structure, and the order that took this one's place."""
    return ([], None) if story.life is None else found.relatives(name, story.life.order.structure_id)


def told(found: Records, identifier: str) -> dict[str, Any] | None:
    """Return the life of what an id names as plain JSON; None where it names nothing."""
    named = found.look(identifier)
    return None if named is None else as_object(*named, *around(found, *named))


def as_object(name: str, story: Story, others: list[str], successor: str | None = None) -> dict[str, Any]:
    """Return a story as plain JSON; `successor` is the order that took its place."""
    life = story.life
    return {
        "schema": SCHEMA,
        "id": name,
        "standing": story.standing,
        "in_doubt": life is not None and life.in_doubt,
        "filled": life.cum_qty if life else 0,
        "net_price": None if life is None else _text(fill_check.net_price(life)),
        "legs": [] if life is None else [_leg(life, place) for place in range(len(life.order.legs))],
        "naked_short_s": story.uncovered_s,
        "is_naked": story.is_uncovered,
        "signal": story.signal.model_dump(mode="json") if story.signal else None,
        "order": life.order.model_dump(mode="json") if life else None,
        "attempts": [each.model_dump(mode="json") for each in life.attempts] if life else [],
        "checks": [check._asdict() for check in story.checks],
        "moments": [moment.model_dump(mode="json") for moment in story.moments],
        "replaces": life.order.replaces if life else None,
        "replaced_by": successor,
        "same_structure": others,
    }


def summary(name: str, story: Story) -> str:
    """Return where an order stands, in one line."""
    life = story.life
    if life is None:
        return f"{name}: {story.standing}, nothing was sent" + (" yet" if story.resting else "")
    price = fill_check.net_price(life)
    at = f" at {price:+.4f}" if price is not None else ""
    return f"{name}: {story.standing}, {life.cum_qty} of {life.order.order_qty} filled{at}"


def moment_lines(moments: tuple[Moment, ...] | list[Moment]) -> Iterator[str]:
    """Yield one line a moment, New York's time first; a new day is told before its first."""
    day = None
    for moment in moments:
        local = moment.at.astimezone(NEW_YORK)
        if local.date() != day:
            day = local.date()
            yield f"  {local:%a %d %b %Y}, New York; {_zone(moment.at)}"
        yield f"  {local:%H:%M:%S.%f}"[:-3] + f"  {moment.word:<16} {moment.text}"


def _zone(at: datetime) -> str:
    return f"{at:%H:%M} UTC is {at.astimezone(NEW_YORK):%H:%M}"


def _lines(name: str, story: Story, others: list[str], successor: str | None) -> Iterator[str]:
    yield summary(name, story)
    life = story.life
    if life is not None:
        order = life.order
        held = f" of {order.structure_id}" if order.structure_id != name else ""
        limit = "the market" if order.net_price is None else f"{order.net_price:+f}"
        legs = [(leg.symbol, leg.action.sign * leg.ratio * _SIDES[order.intent]) for leg in order.legs]
        word = shape_word(legs)
        terms = f"{order.order_qty} {word or 'custom'} at {limit} {order.time_in_force}"
        yield f"  {order.intent}{held}, {terms}, strategy {order.strategy}"
        if (
            order.intent is Intent.OPEN
            and order.net_price is not None
            and (told := bounds_words(legs, order.net_price))
        ):
            yield f"  {told}"
        if order.replaces is not None:
            yield f"  replaces {order.replaces}"
        if successor is not None:
            yield f"  replaced by {successor}"
        for place in range(len(order.legs)):
            leg = _leg(life, place)
            average = f" at {leg['average_px']}" if leg["average_px"] else ""
            filled = f"{leg['filled']} of {leg['ordered']}{average}"
            yield f"  leg {place + 1}  {leg['action']:<13} {leg['symbol']}  {filled}"
        for line in attempts(story):
            yield f"  attempt  {line}"
    if story.is_uncovered or story.uncovered_s is not None:
        seconds = "not covered yet" if story.is_uncovered else f"{story.uncovered_s:.1f} s"
        yield f"  naked short: {seconds}"
    yield from moment_lines(story.moments)
    yield from _checks(story.checks)
    if others:
        yield "Of the same structure: " + ", ".join(others)


def _checks(checks: tuple[Check, ...]) -> Iterator[str]:
    if not checks:
        return
    yield f"Checks at admission: {sum(check.passed for check in checks)} of {len(checks)} passed"
    for check in checks:
        name = check.code.name.partition("_")[2].replace("_", " ").lower()
        limit = f"limit {check.limit}" if check.limit else ""
        age = f"{check.age_s:.1f} s old" if check.age_s is not None else ""
        told = "  ".join(part for part in (check.subject, check.value, limit, age) if part)
        yield f"  {'ok  ' if check.passed else 'FAIL'} {check.code.value} {name:<18} {told}".rstrip()


def _leg(life: OrderLife, place: int) -> dict[str, Any]:
    leg = life.order.legs[place]
    fills = [fill for fill in life.fills if fill.symbol == leg.symbol]
    filled = sum(fill.last_qty for fill in fills)
    average = sum(fill.last_qty * fill.last_px for fill in fills) / filled if filled else None
    return {
        "symbol": leg.symbol,
        "action": leg.action.value,
        "ratio": leg.ratio,
        "ordered": leg.ratio * life.order.order_qty,
        "filled": filled,
        "average_px": _text(average),
    }


def _text(number: Any) -> str | None:
    return None if number is None else f"{number:.4f}"
