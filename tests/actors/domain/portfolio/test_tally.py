"""How strategies have done, as the journal tells: session by session, with what is told late, and after a restart."""

from datetime import timedelta
from decimal import Decimal

from actors.domain.orders.event import CashBooked, parse_event
from actors.domain.orders.report import CashEvent
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.book_state import BookState, dump, restore
from tests.actors.domain.portfolio.test_result import DOMAIN, MONDAY, apply, closed, next_session
from tests.builders import PRODUCTS
from tests.cost_builders import terms
from tests.fakes import START
from tests.rig import Rig


def rig_of(*closes: str) -> Rig:
    """One condor after another, opened at nothing: shorts bought back at 1.00 win 100, at 2.00 lose 100."""
    rig = Rig(costs=terms()).ready()
    for place, px in enumerate(closes):
        closed(rig, 1 + 2 * place, px)
    return rig


def test_what_ended_today_counts_at_once_and_in_its_order():
    form = rig_of("1.00", "2.00", "1.00").book.tally.form("condor")
    assert (form.structures, form.wins, form.losses, form.total, form.outcomes) == (3, 2, 1, 100, "WLW")


def test_a_new_session_changes_nothing_of_what_was_done():
    rig = rig_of("1.00", "2.00")
    before = rig.book.tally.form("condor")
    next_session(rig, 100_000)
    after = rig.book.tally.form("condor")
    assert after.model_copy(update={"quantity": 1, "quantity_before": 0}) == before
    closed(rig, 11, "1.00")
    assert rig.book.tally.form("condor").outcomes == "WLW"


def test_a_fee_that_is_told_late_in_the_session_may_turn_a_win_into_a_loss():
    rig = rig_of("1.50")
    name = next(iter(rig.book.structures))
    assert rig.book.tally.form("condor").outcomes == "", "it came out at nothing"
    fee = CashEvent(
        event_id="late",
        account_domain=DOMAIN,
        type=CashEvent.Type.FEE,
        amount=Decimal("-2.80"),
        exec_id=f"{name}-e0",
        at=START,
    )
    apply(rig, CashBooked(event=fee, at=START))
    form = rig.book.tally.form("condor")
    assert (form.outcomes, form.total) == ("L", Decimal("-2.80"))


def test_a_session_counts_once_nothing_corrects_it_any_more():
    rig = rig_of("1.00")
    for day in range(1, 5):
        next_session(rig, 100_000, MONDAY + timedelta(days=day))
    assert rig.book.tally.form("condor").sessions == 0
    next_session(rig, 100_000, MONDAY + timedelta(days=5))
    form = rig.book.tally.form("condor")
    assert (form.sessions, form.sessions_total, form.sessions_squares) == (1, 100, 10_000)


def test_a_strategy_that_does_nothing_for_a_session_made_nothing_in_it():
    rig = rig_of("1.00")
    for day in range(1, 8):
        next_session(rig, 100_000, MONDAY + timedelta(days=day))
    assert rig.book.tally.form("condor").sessions == 3


def test_the_fold_comes_back_from_a_checkpoint_as_it_was():
    rig = rig_of("1.00", "2.00")
    next_session(rig, 100_000)
    closed(rig, 11, "1.00")
    rig.after(1)
    state = BookState.model_validate_json(dump(rig.book).model_dump_json())
    assert restore(state, PRODUCTS).tally == rig.book.tally


def test_the_journal_alone_gives_the_same_figures():
    rig = rig_of("1.00", "2.00")
    rig.after(1)
    book = Book(PRODUCTS)
    for sequence, body in enumerate(rig.journal.bodies, start=1):
        book.apply(parse_event(body), sequence)
    assert book.tally == rig.book.tally
    assert book.tally.costs.seen["SPXW OPEN"].fills == 2
