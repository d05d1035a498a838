"""Rules of the order logic, each with a switch that disables it: the tests that guard it must then fail.

What is replaced is the rule itself, at a seam with a name; nothing is faked around it.
"""

import pytest

from actors import order_desk, unwind
from actors.desk import Step
from actors.domain.orders import order_state
from actors.domain.orders.attempt import Attempt, InDoubt, NotSent
from actors.domain.orders.event import ReportTaken
from actors.domain.orders.order import cl_ord_id_of
from actors.domain.portfolio import imbalance
from actors.domain.portfolio.book import Book
from actors.executor import Executor
from supervisor.app.order_machine import link, searches


def absence_by_one_look(off: pytest.MonkeyPatch) -> None:
    """No settle window."""
    off.setattr(searches, "proof", lambda search, limits: "seen once" if search.looks_ns else None)


def a_timeout_means_nothing_was_sent(off: pytest.MonkeyPatch) -> None:
    """A doubt is resent."""
    take = order_desk.OrderDesk.on_outcome

    def sure(self, sent, peer):
        is_doubt = isinstance(sent.outcome, InDoubt)
        return take(self, sent.model_copy(update={"outcome": NotSent(cause="timeout")}) if is_doubt else sent, peer)

    off.setattr(order_desk.OrderDesk, "on_outcome", sure)


def the_lease_moves_while_in_doubt(off: pytest.MonkeyPatch) -> None:
    """The backup gets what the primary may hold."""
    take = order_desk.OrderDesk.on_outcome

    def hasty(self, sent, peer):
        step = take(self, sent, peer)
        if step.events and isinstance(sent.outcome, InDoubt):
            life = self._desk.book.orders[cl_ord_id_of(sent.attempt_id)]
            self._advance(order_state.end(life, sent.attempt_id, sent.outcome), step, self._desk.now())
        return step

    off.setattr(order_desk.OrderDesk, "on_outcome", hasty)
    off.setattr(Attempt, "lets_lease_move", property(lambda _: True))


def an_execution_has_no_identity(off: pytest.MonkeyPatch) -> None:
    """Fills are booked as often as they are told."""
    take, count = order_state.report, iter(range(10**9))

    def forgetful(life, told):
        fills = tuple(fill.model_copy(update={"exec_id": f"{fill.exec_id}-{next(count)}"}) for fill in told.fills)
        return take(life, told.model_copy(update={"fills": fills}))

    off.setattr(order_state, "report", forgetful)


def tell_then_write(off: pytest.MonkeyPatch) -> None:
    """Messages leave before their intent is durable."""
    commit = Executor._commit

    def hasty(self, step):
        for peer, message in step.tells:
            last = self._make_ready(peer, message)
            if last is not None:
                self._tell(peer, last)
        commit(self, Step(events=step.events, alerts=step.alerts))

    off.setattr(Executor, "_commit", hasty)


def a_finished_order_takes_no_fill(off: pytest.MonkeyPatch) -> None:
    """Fills after a cancel are dropped."""
    apply = Book.apply

    def tidy(self, event, sequence):
        if isinstance(event, ReportTaken) and event.cl_ord_id and not self.orders[event.cl_ord_id].is_live:
            event = event.model_copy(update={"report": event.report.model_copy(update={"fills": ()})})
        return apply(self, event, sequence)

    off.setattr(Book, "apply", tidy)


def nothing_is_ever_taken_back(off: pytest.MonkeyPatch) -> None:
    """Busts are ignored."""
    take = order_state.report
    off.setattr(order_state, "report", lambda life, told: take(life, told.model_copy(update={"busted": ()})))


def a_successor_knows_nothing_of_its_predecessor(off: pytest.MonkeyPatch) -> None:
    """The send ledger ends with its process."""
    start = link.Link.start

    def blank(self):
        self._ledger.entries.clear()
        self._ledger.outcomes.clear()
        start(self)

    off.setattr(link.Link, "start", blank)


def a_cancel_is_asked_once(off: pytest.MonkeyPatch) -> None:
    """A cancel that got lost is not asked for again."""
    due = order_desk.Chase._is_due
    off.setattr(
        order_desk.Chase, "_is_due", lambda self, question: not question.startswith("cancel") and due(self, question)
    )


def shorts_are_left_as_they_are(off: pytest.MonkeyPatch) -> None:
    """Nothing is done about a leg without its cover."""
    off.setattr(imbalance, "to_cancel", lambda *_: [])
    off.setattr(imbalance, "remedy", lambda *_: imbalance.Remedy.WAIT)


def each_structure_stands_alone(off: pytest.MonkeyPatch) -> None:
    """What two structures of an account hold against each other stays where it is."""
    off.setattr(unwind, "nettings", lambda *_: [])


def unwindings_may_look_alike(off: pytest.MonkeyPatch) -> None:
    """What is sent beside a doubt may be the same in all that a broker without ids knows an order by."""
    off.setattr(unwind, "told_apart", lambda legs, order_qty, price, doubtful, quotes: price)
