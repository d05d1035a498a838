"""Runs one drill on a tree: make ready, do the harm, watch, heal, trade once more, put away, judge.

What is judged was written down by others (`witness`); answers to the drill's own signals only pace what it asks next.
A drill always ends: each stage has a deadline, and one that passes is a miss on the card, not an exception.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from actors.domain.orders.event import Event, parse_event
from actors.domain.orders.report import Status
from actors.domain.performance.naked_shorts import NakedShorts, Recorded
from actors.domain.performance.scorecard import Scorecard
from actors.domain.portfolio.book import Book
from actors.places import Places
from actors.ports import BrokerRefused, BrokerUnavailable
from supervisor.app.drill import Overdue, wait_for
from supervisor.app.drills.acts import Hand, Impossible
from supervisor.app.drills.card import DrillCard, Losses, arrived, is_detected, is_over, judge
from supervisor.app.drills.spec import Ask, Drill
from supervisor.app.drills.trader import DrillTrader
from supervisor.app.drills.witness import Witness
from supervisor.app.statement import settled_scorecard
from supervisor.app.workplace import VenueAbsent, Workplace
from supervisor.journal import JournalReader

TURN_S: Final = 0.01
READY_BY_S: Final = 120.0
"""A route that was left is trusted again after `executor.failback_after_s`."""
STANDS_BY_S: Final = 30.0
"""For what a drill needs before its harm, and for the trade after it."""
CLEAR_BY_S: Final = 60.0
GIVE_UP_S: Final = 10.0
"""The same, where the drill has failed already."""
HEAL_BY_S: Final = 30.0
SETTLE_S: Final = 20.0
"""Brokers tell fees late."""
_NAMES: Final = ("lost", "doubled", "in_doubt", "naked")


class Runner:
    """Runs drills on one tree, one after the other."""

    def __init__(self, where: Places, say: Callable[[str], None], hear: Callable[[Event], None] | None = None) -> None:
        """`say` takes lines for a person; `hear` is told each event of the journal."""
        self._where, self._say = where, say
        self._place = Workplace.visitor(where)
        self._trader = DrillTrader(where, self._place, hear)
        self._witness = Witness(where)
        self._hand = Hand(where)

    def close(self) -> None:
        """Leave nothing open, and nothing in force."""
        with suppress(OSError):
            self._hand.undo()
        self._trader.close()
        self._witness.close()

    def run(self, drill: Drill) -> DrillCard:
        """Run one drill; return its card. What goes wrong is told on it."""
        self._say(f"DRILL {drill.name}    {drill.does}")
        self._trader.fresh()
        self._witness.rest()
        wrong: list[str] = []
        before, sequence = None, 0
        try:
            self.watch("a tree that trades", self._is_ready, READY_BY_S)
            before = self._score(0.0)
            for kind in drill.before:
                self.watch(f"before the harm, an order ({kind.value})", partial(self._stands, kind), STANDS_BY_S)
            self._witness.begin()
            sequence = self._witness.sequence
            self._harm(drill)
        except (Overdue, Impossible, OSError) as failure:
            wrong.append(str(failure))
        sightings = tuple(self._witness.sightings)
        unalerted = drill.model_copy(update={"alerts": ()})
        is_good = not wrong and judge(unalerted, sightings, Losses()).passed
        wait_s = CLEAR_BY_S if is_good else GIVE_UP_S
        wrong += self._afterwards(trades=is_good and not drill.needs_own_tree, wait_s=wait_s)
        if is_good:
            self._until_arrived(drill)
        alerts = tuple(seen for seen in self._witness.sightings if seen not in sightings and "code" in seen.body)
        return judge(drill, (*sightings, *alerts), self._losses(before, sequence), wrong)

    @property
    def book(self) -> Book:
        """The book as the journal tells it."""
        return self._trader.tail.book

    def watch(self, what: str, look: Callable[[], object], timeout_s: float) -> None:
        """Follow the tree until `look` is true. Raises `Overdue`."""

        def turn() -> bool | None:
            self._trader.turn(TURN_S)
            self._witness.look()
            return bool(look()) or None

        wait_for(what, turn, timeout_s)

    def _is_ready(self) -> bool:
        """Whether quotes come and every route takes openings again, as the executor's board says."""
        try:
            board = json.loads(self._where.routes.read_bytes())
        except FileNotFoundError:
            return False
        is_open = bool(board["routes"]) and all(each["reconciled"] and not each["openings"] for each in board["routes"])
        return is_open and self._trader.has_quotes

    def _stands(self, kind: Ask) -> bool:
        name = self._trader.ask(kind)
        life = self._trader.life(name) if name is not None else None
        if life is None or life.last is None or life.last.broker_order_id is None:
            return False
        return kind is Ask.REST or life.status is Status.FILLED

    def _harm(self, drill: Drill) -> None:
        """Do it, ask for what is to be asked, and watch until that may end."""
        self._trader.fresh()
        self._hand.do(drill.acts)
        was_detected = False

        def overcome() -> bool:
            nonlocal was_detected
            self._hand.turn()
            if not was_detected and is_detected(drill, self._witness.sightings) is not None:
                was_detected = True
                self._hand.rest()
                self._hand.do(drill.then)
            if self._witness.now_s >= drill.asks_after_s and (was_detected or not drill.asks_once_detected):
                for kind in drill.asks:
                    self._trader.ask(kind)
            return is_over(drill, self._witness.sightings, self._witness.now_s)

        self.watch("the end of the watching", overcome, drill.limits.detected_s + drill.limits.recovered_s)

    def _afterwards(self, *, trades: bool, wait_s: float) -> list[str]:
        """Heal, trade once more where nothing was missed so far, put away; return what failed of it."""
        wrong = []
        try:
            self.watch("the faults taken back", self._healed, HEAL_BY_S)
            self._trader.fresh()
            if trades:
                self.watch("an opening that fills afterwards", partial(self._stands, Ask.OPEN), STANDS_BY_S)
            self.watch("what the drill opened, closed again", self._trader.clear, wait_s)
        except Overdue as overdue:
            wrong.append(str(overdue))
        return wrong

    def _healed(self) -> bool:
        try:
            self._hand.undo()
        except OSError:
            return False
        return True

    def _until_arrived(self, drill: Drill) -> None:
        try:
            self.watch("", lambda: set(drill.alerts) <= set(arrived(self._witness.sightings)), drill.limits.alerts_s)
        except Overdue:
            return  # the card says which

    def _score(self, wait_s: float) -> Scorecard | None:
        try:
            return settled_scorecard(self._place, wait_s)
        except (BrokerUnavailable, BrokerRefused, VenueAbsent, FileNotFoundError):
            return None

    def _losses(self, before: Scorecard | None, sequence: int) -> Losses | None:
        """Return what the drill cost: what the statements say now and did not before."""
        deadline = time.monotonic() + SETTLE_S
        while (card := self._score(SETTLE_S)) is None and time.monotonic() < deadline:
            time.sleep(TURN_S)
        if card is None:
            return None
        known = {name: set(getattr(before, name)) if before is not None else set() for name in _NAMES}
        fresh = {name: tuple(each for each in getattr(card, name) if each not in known[name]) for name in _NAMES}
        return Losses(**fresh, naked_short_s=round(self._naked_short_s(sequence), 3))

    def _naked_short_s(self, after: int) -> float:
        book, naked = Book(self._place.products), NakedShorts()
        reader = JournalReader(self._where.journal)
        try:
            for entry in reader.read():
                event = parse_event(entry.body)
                book.apply(event, entry.sequence)
                if entry.sequence > after:
                    naked.hear(Recorded(event=event, written_ns=entry.written_ns), book)
        finally:
            reader.close()
        return naked.longest_s
