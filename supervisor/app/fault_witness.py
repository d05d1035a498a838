"""One who trades with a tree under test and sees what becomes of it: signals in, journal, brokers, and the verdict.

Whoever disturbs the tree (`fault_run`, `fault_week`) says when it must be well again; this waits for it, trading on or
not, and compares: the journal's fold, the book the executor says it has, and each account as its broker tells it.
"""

import time
from collections.abc import Callable
from typing import Final

from actors.domain.orders.event import parse_event
from actors.domain.orders.finding import HoldingsNetted
from actors.domain.orders.signal import Cancel
from actors.domain.performance.naked_shorts import longest_by_trades
from actors.domain.portfolio.book import Book
from actors.places import Places
from actors.ports import BrokerRefused, BrokerUnavailable
from actors.streams import LocalStream
from supervisor.app.audit import Audit, audit, standing_audit
from supervisor.app.drill import Found, JournalTail, Overdue, heal, wait_for
from supervisor.app.event_schema import EVENTS
from supervisor.app.fault_day import UNDERLYING
from supervisor.app.fault_trader import EXECUTOR, FEED, NAME, FaultTrader
from supervisor.app.statement import accounts, scorecard, statement
from supervisor.app.workplace import Workplace
from supervisor.chain import JournalDamagedError
from supervisor.journal import JournalReader

TURN_S: Final = 0.005
AGAIN_S: Final = 0.1
READY_BY_S: Final = 60.0
WHOLE_BY_S: Final = 60.0
QUIET_BY_S: Final = 90.0
AGREED_BY_S: Final = 45.0


class Witness:
    """A client of the tree, and the judge of its books. `speed` is the market's, to tell its times in ours."""

    def __init__(self, where: Places, seed: int, speed: float) -> None:
        self.where, self.place, self._speed = where, Workplace.visitor(where), speed
        self.tail = JournalTail(where, self.place.products)
        self._told = JournalTail(where, self.place.products)
        """Read as far as the executor last said it had got: a tree that trades never stands still to be compared."""
        self._stream = LocalStream(
            where, NAME, incarnation=time.time_ns(), peers=(EXECUTOR, FEED), hears_quotes_of=FEED
        )
        self.trader = FaultTrader(self._stream, self.place.clock, self.tail, seed, UNDERLYING)
        self.naked: dict[str, float | None] = {}
        """The longest time a short stood uncovered, and unattended, in our seconds; of the last whole verdict."""

    def close(self) -> None:
        """Leave no socket behind."""
        self._stream.close()

    def until(self, what: str, look: Callable[[], Found | None], timeout_s: float) -> Found:
        """Turn the trader until `look` finds something. Raises `Overdue`."""

        def turn() -> Found | None:
            self.trader.turn(TURN_S)
            return look()

        return wait_for(what, turn, timeout_s)

    def ready(self) -> None:
        """Wait for a market, and an executor that trades. Raises `Overdue`."""
        routes = len(self.place.config.routes)
        self.until(
            "a market, and an executor that trades",
            lambda: (self.trader.has_quotes and len(self.tail.book.cash) == routes) or None,
            READY_BY_S,
        )

    def heal(self) -> None:
        """Take every fault back, once the venue is there to hear it. Raises `Overdue`."""

        def healed() -> bool | None:
            try:
                heal(self.where)
            except OSError:
                return None
            return True

        self.until("the venue to take its faults back", healed, WHOLE_BY_S)

    def quieten(self) -> None:
        """Cancel what works or rests until nothing does and every signal is answered. Raises `Overdue`."""
        self.until("no order may trade any more", self._is_quiet, QUIET_BY_S)

    def _is_quiet(self) -> bool | None:
        book = self.tail.book
        live = [life.order.cl_ord_id for life in book.live_orders() if not life.cancel_asked or life.replace_px]
        resting = [trigger.trigger_id for trigger in book.triggers.live()]
        for name in (*live, *resting):
            self.trader.ask(f"end-{name}"[:64], Cancel(cl_ord_id=name))
        return not (book.live_orders() or resting or self.trader.waits) or None

    def agreed(self, judge: Callable[[], Audit] | None = None) -> Audit:
        """Return a clean audit, or the last one where none is clean in time; the whole one where none is named."""
        deadline = time.monotonic() + AGREED_BY_S
        verdict = Audit(differing=("no account was read whole",))
        while time.monotonic() < deadline:
            try:
                verdict = (judge or self.whole)()
            except (BrokerUnavailable, BrokerRefused) as error:
                verdict = Audit(differing=(f"the brokers cannot be read: {error}",))
            if not verdict.faults:
                break
            self.trader.turn(AGAIN_S)
        return verdict

    def whole(self) -> Audit:
        """Compare everything, the chain of the journal verified and folded anew. Raises as `statement.accounts`."""
        read = accounts(self.place)
        self.trader.ask_view()
        view = self.until("the executor's book", self.trader.view, WHOLE_BY_S).book
        card = scorecard(self.place, [statement(state) for state in read])
        book, netted = self._verified(view.journal_sequence)
        by_trades_s = longest_by_trades(book, read, netted).total_seconds() / self._speed
        self.naked = {"naked_short_s": round(by_trades_s, 3), "unattended_short_s": card.unattended_short_s_max}
        return audit(book, card, read, view)

    def standing(self) -> Audit:
        """Compare what stands right now, orders at work and all, with the fold kept so far. Raises as `whole`."""
        read = accounts(self.place)
        self.trader.ask_view()
        view = self.until("the executor's book", self.trader.view, WHOLE_BY_S).book
        self._told.read(view.journal_sequence)
        return standing_audit(self._told.book, read, view)

    def _verified(self, sequence: int) -> tuple[Book, list[HoldingsNetted]]:
        """Fold the journal anew, up to one event, its chain verified; return the book, and what was netted in it."""
        book, reader, netted = Book(self.place.products), JournalReader(self.where.journal, EVENTS), []
        try:
            reader.verify()
            for entry in reader.read():
                if entry.sequence <= sequence:
                    event = parse_event(entry.body)
                    book.apply(event, entry.sequence)
                    netted += [event] if isinstance(event, HoldingsNetted) else []
        except JournalDamagedError as error:
            raise Overdue(f"the journal does not verify: {error}") from error
        finally:
            reader.close()
        return book, netted

    def broken_words(self) -> list[str]:
        """Return the signals that were answered with a yes and are not in the journal."""
        book = self.tail.book
        resting = (name for each in book.triggers.known.values() for name in (each.trigger_id, each.signal_id))
        known = {*book.orders, *resting}
        said = [answer for answer in self.trader.answers.values() if answer.admitted]
        broken = [each.signal_id for each in said if each.cl_ord_id not in known or each.signal_id not in book.signals]
        return [f"{name} was admitted, and the journal does not hold it" for name in broken]
