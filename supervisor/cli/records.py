"""Orders as the journal on disk tells them, for the verbs that speak of one; needs no Ray, no executor, no answer."""

import difflib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from actors.domain.orders import story as stories
from actors.domain.orders.event import parse_event
from actors.domain.orders.order import attempt_id, cl_ord_id_of
from actors.domain.orders.story import Story
from actors.places import Places
from supervisor.app.event_schema import EVENTS
from supervisor.cli.exit_code import ExitCode
from supervisor.journal import JournalReader

BEGINNINGS = ("order_placed", "signal_refused")
OPENED_BY = ("order_placed", "triggers_placed")
LEG_MARK = "-leg-"
"""In the id of an order that is one leg of a combo."""
NETTED = "holdings_netted"
OF_STRUCTURE = ("leg_uncovered", "leg_covered", "cover_held_back", "option_settled", NETTED)
REQUESTS = ("cancel_asked", "replace_asked", "trigger_moved")
SUGGESTIONS_MAX = 3
LIKENESS_MIN = 0.5


class Records:
    """The stories of a journal."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    def story(self, name: str) -> Story | None:
        """Return the story of one order or refused signal; None where there is none."""
        entries = list(self._reader.of(name))
        placed = next((entry for entry in entries if entry.kind == "order_placed"), None)
        if placed is not None:
            structure = json.loads(placed.body)["order"]["structure_id"]
            if structure != name:
                entries += [entry for entry in self._reader.of(structure) if entry.kind in OF_STRUCTURE]
            nettings = self._reader.read(self._since(structure), kinds=(NETTED,))
            entries += [entry for entry in nettings if json.loads(entry.body)["counterpart"] == structure]
            entries.sort(key=lambda entry: entry.sequence)
        told = stories.tell(parse_event(entry.body) for entry in entries)
        went_singly = told is not None and any(entry.kind == "legs_started" for entry in entries)
        return self._with_legs(told) if told is not None and went_singly else told

    def _with_legs(self, combo: Story) -> Story:
        """Return the story of a combo that went leg by leg with the fills of its legs' orders."""
        assert combo.life is not None
        name, structure = combo.life.order.cl_ord_id, combo.life.order.structure_id
        legs = (self.story(each) for each in self.of_structure(structure) if each.startswith(name + LEG_MARK))
        fills = tuple(fill for leg in legs if leg is not None and leg.life is not None for fill in leg.life.fills)
        return combo.model_copy(update={"life": combo.life.model_copy(update={"fills": fills})})

    def of_structure(self, structure_id: str) -> list[str]:
        """Return the orders of one structure, its opening included, oldest first."""
        return [order["cl_ord_id"] for order in self._placed(structure_id) if order["structure_id"] == structure_id]

    def relatives(self, name: str, structure_id: str) -> tuple[list[str], str | None]:
        """Return the other orders of an order's structure, oldest first, and the one that took its place, if any."""
        placed = list(self._placed(structure_id))
        ids = [order["cl_ord_id"] for order in placed if order["structure_id"] == structure_id]
        successor = next((order["cl_ord_id"] for order in placed if order.get("replaces") == name), None)
        return [each for each in ids if each != name], successor

    def _placed(self, structure_id: str) -> Iterator[dict[str, Any]]:
        """Yield the orders placed since a structure began."""
        for entry in self._reader.read(self._since(structure_id), kinds=("order_placed",)):
            order: dict[str, Any] = json.loads(entry.body)["order"]
            yield order

    def _since(self, name: str) -> int:
        """Return where the journal begins to speak of an order or a structure: what belongs to it comes later."""
        first = next(self._reader.of(name), None)
        return first.sequence - 1 if first is not None and first.kind in OPENED_BY else 0

    def request(self, name: str) -> dict[str, Any] | None:
        """Return the event of an admitted signal that asked for the end of an order, or for another in its place."""
        for entry in self._reader.holding((name,), REQUESTS):
            found: dict[str, Any] = json.loads(entry.body)
            if (found.get("signal") or {}).get("signal_id") == name:
                return found
        return None

    def look(self, name: str) -> tuple[str, Story] | None:
        """Return the order an id names, an attempt's id taken for its order's; None where none does."""
        for candidate in (name, cl_ord_id_of(name)):
            if candidate and (found := self.story(candidate)) is not None:
                return candidate, found
        return None

    def near(self, name: str) -> str:
        """Return the ids that are like this one, as a question; empty where none is."""
        near = difflib.get_close_matches(name, self._reader.names(BEGINNINGS), SUGGESTIONS_MAX, LIKENESS_MIN)
        return f"; did you mean {' or '.join(near)}?" if near else ""

    def find(self, name: str) -> tuple[str, Story]:
        """Return the order an id names, an attempt's id taken for its order's; ends the verb where none does."""
        if (found := self.look(name)) is not None:
            return found
        click.echo(f"no order or signal {name} in this journal{self.near(name)}", err=True)
        sys.exit(ExitCode.USAGE)

    def latest(self, count: int) -> list[str]:
        """Return the ids that were decided on last, oldest first."""
        return self._reader.names(BEGINNINGS)[-count:]

    def sequence(self) -> int:
        """Return how far the journal goes."""
        last = self._reader.last()
        return last.sequence if last else 0


@contextmanager
def records(where: Places) -> Iterator[Records]:
    """Open the journal of a runtime; ends the verb where there is none."""
    try:
        reader = JournalReader(where.journal, EVENTS)
    except FileNotFoundError as error:
        click.echo(f"nothing was ever traded in {where.state}: {error}", err=True)
        sys.exit(ExitCode.NOT_RUNNING)
    try:
        yield Records(reader)
    finally:
        reader.close()


def attempts(story: Story) -> list[str]:
    """Return each attempt in a line: id, route, how it stands, what the broker calls it."""
    if story.life is None:
        return []
    name = story.life.order.cl_ord_id
    lines = []
    for each in story.life.attempts:
        theirs = f", order {each.broker_order_id}" if each.broker_order_id else ""
        text = f": {each.text}" if each.text else ""
        state = each.state.value.replace("_", " ")
        lines.append(f"{attempt_id(name, each.number)}  {each.route} ({each.account_domain})  {state}{theirs}{text}")
    return lines
