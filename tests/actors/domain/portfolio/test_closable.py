"""A close is bounded, leg by leg, by the account's position less what others may still take (law 7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders import event as happened
from actors.domain.orders import order_state
from actors.domain.orders.leg_event import LegsStarted
from actors.domain.orders.order import Action, Intent, Leg, Order
from actors.domain.orders.report import Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.closable import closable
from actors.domain.portfolio.structure import Structure
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs
from tests.fakes import START
from tests.rig import fills_of, report

SYMBOL, OTHER = CONDOR_SYMBOLS[2], CONDOR_SYMBOLS[3]


def structure(holdings: dict[str, int], name: str = "s") -> Structure:
    return Structure(
        structure_id=name,
        strategy="condor",
        underlying="SPX",
        account_domain="a",
        legs=condor_legs(),
        order_qty=1,
        holdings=holdings,
        opened_at=START,
    )


def book(position: int, working_close: int = 0, *, of: str = "another", domain: str = "a") -> Book:
    found = Book(PRODUCTS)
    if position:
        found.positions["a"] = {SYMBOL: position}
    if working_close:
        order = Order(
            cl_ord_id="c",
            signal_id="c",
            strategy="condor",
            structure_id=of,
            intent=Intent.CLOSE,
            underlying="SPX",
            legs=(Leg(symbol=SYMBOL, action=Action.BUY_TO_CLOSE),),
            order_qty=working_close,
            net_price="-2",
            account_domain=domain,
            created_at=START,
            expires_at=START,
        )
        found.apply(happened.OrderPlaced(signal=None, order=order, checks=(), at=START), 1)
    return found


@pytest.mark.parametrize(
    ("position", "held", "free"),
    [(-1, -1, -1), (-3, -1, -1), (-1, -3, -1), (0, -1, 0), (1, -1, 0), (1, 1, 1), (-1, 1, 0), (2, 5, 2)],
)
def test_no_more_than_the_account_holds_on_the_same_side(position, held, free):
    assert closable(book(position), structure({SYMBOL: held})) == ({SYMBOL: free} if free else {})


@pytest.mark.parametrize(
    ("closing", "of", "domain", "free"),
    [(2, "another", "a", 1), (5, "another", "a", 0), (2, "s", "a", 3), (2, "another", "b", 3)],
)
def test_what_closes_of_others_may_still_take_in_that_account_counts_as_gone(closing, of, domain, free):
    found = closable(book(-3, closing, of=of, domain=domain), structure({SYMBOL: -3}))
    assert found == ({SYMBOL: -free} if free else {})


@given(st.integers(-5, 5), st.integers(-5, 5).filter(bool), st.integers(0, 5))
def test_a_close_never_takes_an_account_through_zero(position, held, working):
    found = closable(book(position, working), structure({SYMBOL: held})).get(SYMBOL, 0)
    assert abs(found) <= abs(held)
    assert found * held >= 0
    taken = working if position < 0 else 0
    assert abs(found) == (max(0, min(abs(held), abs(position) - taken)) if held * position > 0 else 0)


def test_some_of_the_holdings_may_be_asked_for():
    found = book(-3)
    assert closable(found, structure({SYMBOL: -3, OTHER: 3}), {SYMBOL: -1}) == {SYMBOL: -1}


def leg_by_leg(found: Book, filled: int) -> Book:
    """The working close goes leg by leg, and so many contracts of its leg are filled."""
    found.apply(LegsStarted(cl_ord_id="c", account_domain="a", since_ns=0, at=START), 2)
    leg = found.orders["c"].order.model_copy(update={"cl_ord_id": "c-leg-1"})
    found.apply(happened.OrderPlaced(signal=None, order=leg, checks=(), at=START), 3)
    fills = fills_of(leg, filled) if filled else ()
    told = report("1", Status.PARTIALLY_FILLED, *fills, attempt="c-leg-1-r1", route="a")
    found.orders["c-leg-1"] = order_state.report(found.orders["c-leg-1"], told)[0]
    return found


@pytest.mark.parametrize(("filled", "free"), [(0, 2), (1, 3), (3, 5)])
def test_a_close_that_goes_leg_by_leg_counts_once_less_what_its_legs_have_closed(filled, free):
    found = leg_by_leg(book(-5, 3), filled)
    assert closable(found, structure({SYMBOL: -5})) == {SYMBOL: -free}
