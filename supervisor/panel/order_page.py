"""The pages Orders and one order: the waterfall, from the decision over sends and acknowledgements to each leg's fill.

Drawn as lanes on one axis of time: the order's own moments in the first, each leg's fills in one of its own. Where much
happened in little time, the axis is of the moments' order, not of their time, and says so.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from actors.domain.orders.order_state import OrderLife
from actors.domain.orders.story import Moment, Story
from supervisor.app.event_schema import EVENTS
from supervisor.cli import order, why
from supervisor.cli.records import Records
from supervisor.journal import JournalReader
from supervisor.panel.glance import Told
from supervisor.panel.slow import Slow
from supervisor.panel.sources import Life, Sources

FLAWS: Final = frozenset({"NAKED", "FAULT", "IN DOUBT", "STRAY", "REJECTED", "BUSTED", "REFUSED", "HELD BACK"})
"""Moments that are drawn as a diamond: something a person should read."""
LEFT, RIGHT = 1.5, 98.5
"""Where the axis begins and ends, in percent."""
AGAIN_S: Final = 10.0
WAIT_S: Final = 0.3
"""How long a page waits for what is mostly found at once."""
LIVES_MAX: Final = 8
CROWDED: Final = 2.0
"""Percent between moments below which they cannot be told apart."""


def listing(sources: Sources, _: str, status: Told) -> Told:
    """Return the newest orders, and those at work that are older."""
    seen = sources.seen()
    orders = seen.orders if seen else []
    names = {each["id"] for each in orders}
    working = [] if status["routes"] is None else status["routes"]["open"]["orders"]
    return {
        "orders": orders,
        "older": [each for each in working if each["cl_ord_id"] not in names],
        "waiting": {} if status["routes"] is None else status["routes"]["waiting"],
    }


def life(sources: Sources, name: str, _: Told) -> Told:
    """Return the life of one order or refused signal; `told` None where there is none by that id, or none yet.

    What belongs to its structure is found by walking the journal, which may take long: it is looked for on a thread,
    anew where the order itself moved, and what was found before stands until then.
    """
    where = sources.where
    try:
        reader = JournalReader(where.journal, EVENTS)
    except FileNotFoundError:
        return {"name": name, "told": None}
    last = max((entry.sequence for entry in reader.of(name)), default=0)
    reader.close()
    kept = sources.lives.get(name)
    if kept is None or kept.last != last:
        before = None if kept is None else kept.slow.read()
        kept = Life(last, Slow(partial(_life, where.journal, name), AGAIN_S), before and before[0])
        while len(sources.lives) >= LIVES_MAX:
            del sources.lives[next(iter(sources.lives))]
        sources.lives[name] = kept
    found = kept.slow.read(WAIT_S)
    if found is None:
        return kept.before or {"name": name, "told": None, "is_reading": True}
    if "error" in found[0]:
        raise LookupError(found[0]["error"])
    return found[0]


def _life(journal: Path, name: str) -> Told:
    reader = JournalReader(journal, EVENTS)
    try:
        return _told(reader, name)
    finally:
        reader.close()


def _told(reader: JournalReader, name: str) -> Told:
    records = Records(reader)
    named = records.look(name)
    request = records.request(name) if named is None else None
    if request is not None:
        return {"name": name, "told": None, "request": why.request_object(name, request)}
    if named is None:
        return {"name": name, "told": None}
    others, successor = order.around(records, *named)
    found, story = named
    return {
        "name": found,
        "told": order.as_object(found, story, others, successor),
        "why": why.as_object(found, story),
        "moments": [{"at": each.at, "word": each.word, "text": each.text} for each in story.moments],
        "fall": waterfall(story),
        "attempts": [] if story.life is None else story.life.attempts,
        "costs": _costs(story.moments),
    }


def waterfall(story: Story) -> Told | None:
    """Return lanes with their marks, each at a place between 0 and 100; None where nothing was ever sent."""
    if story.life is None or not story.moments:
        return None
    moments = sorted(story.moments, key=lambda each: each.at)
    places, is_timed = _places([each.at for each in moments])
    placed = list(zip(places, moments, strict=True))
    own = [
        {"x": place, "word": each.word, "text": each.text, "at": each.at, "is_flaw": each.word in FLAWS}
        for place, each in placed
        if each.word != "FILL"
    ]
    place_of = {each.text.rpartition(", ")[2]: place for place, each in placed if each.word == "FILL"}
    legs = [_lane(story.life, place, place_of) for place in range(len(story.life.order.legs))]
    took = (moments[-1].at - moments[0].at).total_seconds()
    return {"own": own, "legs": legs, "is_timed": is_timed, "took_s": took, "began": moments[0].at}


def _places(times: list[datetime]) -> tuple[list[float], bool]:
    """Return a place for each time, and whether distances are of time."""
    first, whole = times[0], (times[-1] - times[0]).total_seconds()
    wide = RIGHT - LEFT
    if whole > 0:
        timed = [LEFT + wide * (at - first).total_seconds() / whole for at in times]
        if all(right - left >= CROWDED for left, right in pairwise(timed)):
            return timed, True
    step = wide / max(len(times) - 1, 1)
    return [LEFT + step * place for place in range(len(times))], False


def _lane(life: OrderLife, place: int, place_of: Mapping[str, float]) -> Told:
    """Return one leg's lane; `place_of` by execution."""
    leg = life.order.legs[place]
    fills = sorted((fill for fill in life.fills if fill.symbol == leg.symbol), key=lambda fill: fill.at)
    marks: list[Told] = []
    count, ordered = 0, leg.ratio * life.order.order_qty
    for fill in fills:
        count += fill.last_qty
        words = f"{fill.last_qty} at {fill.last_px:f}"
        place_now = place_of.get(fill.exec_id, RIGHT)  # a combo's fills that its legs' own orders brought
        marks.append({"x": place_now, "at": fill.at, "text": words, "done": count >= ordered})
    bought = sum((fill.last_qty * fill.last_px for fill in fills), Decimal(0))
    return {
        "symbol": leg.symbol,
        "action": leg.action.value.replace("_", " ").lower(),
        "sign": leg.action.sign,
        "ordered": ordered,
        "filled": count,
        "average": bought / count if count else None,
        "marks": marks,
        "end": max((mark["x"] for mark in marks), default=None),
    }


def _costs(moments: tuple[Moment, ...]) -> list[Any]:
    return [each for each in moments if each.word in {"EXPECTED", "COST"}]
