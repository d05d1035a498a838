"""FIX 4.4, volume 4, appendix D: every order state change matrix by its own id, told to the order's state machine.

The matrices are the broker's side; here stands what reaches us, one row a message: ExecType, OrdStatus, OrderQty,
CumQty, LeavesQty, LastQty. Rows that FIX offers as another way on stand in a matrix of their own ("B.1.b rejected").
Our words for theirs: Done for Day is EXPIRED where nothing is left to trade and says nothing otherwise, Stopped and
Suspended are NEW, a Cancel Reject says the status the order has. A correction (G) takes one execution back and tells
another.

What must hold after every row: CumQty is FIX's whatever else is told; the status is FIX's, unless the row says what
ours is and why; LeavesQty is FIX's as long as OrderQty is what we asked for. An order of ours never changes its
quantity (a replacement is another order), so after a row with another OrderQty leaves count on what we asked for.
"""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.domain.orders import order_state
from actors.domain.orders.attempt import Attempt, AttemptState, Rejected
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order, attempt_id
from actors.domain.orders.order_state import Move, OrderLife
from actors.domain.orders.report import ExecutionReport, Status
from tests.builders import spxw
from tests.fakes import START

S = Status
SYMBOL = spxw(6050)
ORDERED = 10_000
ORDER = Order(
    cl_ord_id="x",
    signal_id="x",
    strategy="fix",
    structure_id="x",
    intent=Intent.OPEN,
    underlying="SPX",
    legs=(Leg(symbol=SYMBOL, action=Action.BUY_TO_OPEN),),
    order_qty=ORDERED,
    net_price=Decimal(-1),
    created_at=START,
    expires_at=START,
)
OURS = {
    "Pending New": S.PENDING_NEW,
    "New": S.NEW,
    "Partially Filled": S.PARTIALLY_FILLED,
    "Filled": S.FILLED,
    "Pending Cancel": S.PENDING_CANCEL,
    "Pending Replace": S.PENDING_REPLACE,
    "Canceled": S.CANCELED,
    "Rejected": S.REJECTED,
    "Expired": S.EXPIRED,
    "Stopped": S.NEW,
    "Suspended": S.NEW,
}


@dataclass(frozen=True)
class Row:
    """One message. `ours`: the status we hold after it where it is not FIX's; `takes_back`: executions by number."""

    exec_type: str
    ord_status: str
    order_qty: int = ORDERED
    cum_qty: int = 0
    leaves_qty: int = 0
    last_qty: int = 0
    ours: Status | None = None
    takes_back: tuple[int, ...] = ()

    @property
    def told(self) -> Status | None:
        """The status as an adapter says it."""
        if self.ord_status == "Done for Day":
            return None if self.leaves_qty else S.EXPIRED
        return OURS[self.ord_status]


def new(order_qty: int = ORDERED) -> Row:
    return Row("New", "New", order_qty, 0, order_qty)


def trade(status: str, cum: int, leaves: int, last: int, order_qty: int = ORDERED, ours: Status | None = None) -> Row:
    return Row("Trade", status, order_qty, cum, leaves, last, ours)


def pending(what: str, cum: int, leaves: int, order_qty: int = ORDERED, ours: Status | None = None) -> Row:
    return Row(f"Pending {what}", f"Pending {what}", order_qty, cum, leaves, 0, ours)


def replaced(status: str, order_qty: int, cum: int, leaves: int, ours: Status | None = None) -> Row:
    return Row("Replace", status, order_qty, cum, leaves, 0, ours)


def canceled(cum: int, order_qty: int = ORDERED) -> Row:
    return Row("Canceled", "Canceled", order_qty, cum)


def refused(status: str, cum: int, leaves: int, order_qty: int = ORDERED) -> Row:
    """Return the Cancel Reject that answers a cancel or a replace."""
    return Row("Cancel Reject", status, order_qty, cum, leaves)


PF, PC, PR = "Partially Filled", "Pending Cancel", "Pending Replace"
REJECTED = Row("Rejected", "Rejected")
MATRICES: dict[str, tuple[Row, ...]] = {
    # A. Vanilla.
    "A.1.a": (new(), trade(PF, 2000, 8000, 2000), trade(PF, 3000, 7000, 1000), trade("Filled", 10_000, 0, 7000)),
    "A.1.a rejected": (REJECTED,),
    "A.1.b": (
        new(),
        trade(PF, 2000, 8000, 2000),
        trade(PF, 3000, 7000, 1000),
        Row("Done for Day", "Done for Day", ORDERED, 3000, 0, ours=S.EXPIRED),
    ),
    # B. Cancel.
    "B.1.a": (new(), pending("Cancel", 0, 10_000), canceled(0)),
    "B.1.a rejected": (new(), pending("Cancel", 0, 10_000), refused("New", 0, 10_000)),
    "B.1.b": (
        new(),
        trade(PF, 2000, 8000, 2000),
        trade(PF, 5000, 5000, 3000),
        pending("Cancel", 5000, 5000),
        trade(PC, 6000, 4000, 1000),
        canceled(6000),
    ),
    "B.1.b rejected": (
        new(),
        trade(PF, 2000, 8000, 2000),
        pending("Cancel", 2000, 8000),
        trade(PC, 5000, 5000, 3000),
        refused(PF, 5000, 5000),
        trade("Filled", 10_000, 0, 5000),
    ),
    "B.1.c": (
        new(),
        trade(PF, 2000, 8000, 2000),
        trade(PF, 5000, 5000, 3000),
        pending("Cancel", 5000, 5000),
        trade("Filled", 10_000, 0, 5000),
        refused("Filled", 10_000, 0),
    ),
    "B.1.d": (Row("Pending New", "Pending New", ORDERED, 0, 10_000), pending("Cancel", 0, 10_000), canceled(0)),
    "B.1.e": (
        Row("Pending New", "Pending New", ORDERED, 0, 10_000),
        pending("Cancel", 0, 10_000),
        Row("New", PC, ORDERED, 0, 10_000),
        canceled(0),
    ),
    # C. Cancel/replace: quantities change at the broker, never in an order of ours.
    "C.1.a": (
        new(),
        pending("Replace", 0, 10_000),
        replaced("New", 11_000, 0, 11_000),
        trade(PF, 1000, 10_000, 1000, 11_000),
        trade(PF, 3000, 8000, 2000, 11_000),
    ),
    "C.1.a rejected": (new(), pending("Replace", 0, 10_000), refused("New", 0, 10_000)),
    "C.1.b": (
        new(),
        trade(PF, 1000, 9000, 1000),
        pending("Replace", 1000, 9000),
        trade(PR, 1100, 8900, 100),
        replaced(PF, 12_000, 1100, 10_900),
        trade("Filled", 12_000, 0, 10_900, 12_000),
    ),
    "C.1.c": (
        new(),
        trade("Filled", 10_000, 0, 10_000),
        # We never asked for it, so what is finished here stays finished; its fills are booked all the same.
        pending("Replace", 10_000, 0, ours=S.FILLED),
        replaced(PF, 12_000, 10_000, 2000, ours=S.FILLED),
        trade("Filled", 12_000, 0, 2000, 12_000),
    ),
    "C.2.a": (
        new(),
        trade(PF, 1000, 9000, 1000),
        trade(PF, 5000, 5000, 4000),
        trade("Filled", 10_000, 0, 5000),
        refused("Filled", 10_000, 0),
    ),
    "C.3.a": (
        new(),
        trade(PF, 5000, 5000, 5000),
        replaced(PF, 8000, 5000, 3000),
        trade("Filled", 8000, 0, 3000, 8000),
    ),
    "C.3.b": (new(), trade(PF, 7000, 3000, 7000), replaced("Filled", 7000, 7000, 0)),
    "C.3.c": (new(), trade(PF, 8000, 2000, 8000), replaced("Filled", 8000, 8000, 0)),
    # D. Sequences and chains of replacements.
    "D.1.a": (
        new(),
        trade(PF, 1000, 9000, 1000),
        pending("Replace", 1000, 9000),
        replaced(PF, 8000, 1000, 7000),
        trade(PF, 3000, 5000, 2000, 8000),
        pending("Replace", 3000, 5000, 8000),
        replaced(PF, 6000, 3000, 3000),
        trade("Filled", 6000, 0, 3000, 6000),
    ),
    "D.1.b": (
        new(),
        trade(PF, 1000, 9000, 1000),
        refused(PF, 1000, 9000),
        pending("Replace", 1000, 9000),
        replaced(PF, 6000, 1000, 5000),
        trade("Filled", 6000, 0, 5000, 6000),
    ),
    "D.1.c": (
        new(),
        trade(PF, 1000, 9000, 1000),
        pending("Replace", 1000, 9000),
        refused(PF, 1000, 9000),
        pending("Replace", 1000, 9000),
        replaced(PF, 6000, 1000, 5000),
    ),
    "D.2.a": (
        new(),
        trade(PF, 1000, 9000, 1000),
        pending("Replace", 1000, 9000),
        replaced(PF, 8000, 1000, 7000),
        pending("Replace", 1000, 7000, 8000),
        replaced(PF, 7000, 1000, 6000),
        trade(PF, 3000, 4000, 2000, 7000),
    ),
    "D.2.b": (
        new(),
        trade(PF, 1000, 9000, 1000),
        pending("Replace", 1000, 9000),
        pending("Replace", 1000, 9000),
        replaced(PR, 8000, 1000, 7000),
        replaced(PF, 7000, 1000, 6000),
        trade(PF, 3000, 4000, 2000, 7000),
    ),
    "D.2.c": (
        new(),
        trade(PF, 1000, 9000, 1000),
        pending("Replace", 1000, 9000),
        refused(PR, 1000, 9000),
        replaced(PF, 8000, 1000, 7000),
        trade(PF, 3000, 5000, 2000, 8000),
    ),
    # E. Unsolicited.
    "E.1.a": (new(), trade(PF, 1000, 9000, 1000), canceled(1000)),
    "E.1.b": (new(), trade(PF, 1000, 9000, 1000), Row("Restated", PF, 9000, 1000, 8000)),
    "E.1.c": (
        new(),
        trade(PF, 1000, 9000, 1000),
        Row("Restated", PF, 9000, 1000, 8000),
        trade("Filled", 9000, 0, 8000, 9000),
    ),
    # F. Rejects of what was sent twice: the status told is that of the order which stands.
    "F.1.a": (
        new(),
        trade(PF, 1000, 9000, 1000),
        Row("Rejected", PF, ORDERED, 1000, 9000),
    ),
    "F.1.b": (new(), trade(PF, 1000, 9000, 1000), Row("Order Status", PF, ORDERED, 1000, 9000)),
    "F.1.c": (REJECTED,),
    # G. Status.
    "G.1.b": (new(), Row("Order Status", "New", ORDERED, 0, 10_000)),
    "G.1.c": (
        Row("Order Status", "Pending New", ORDERED, 0, 10_000),
        new(),
        Row("Order Status", "New", ORDERED, 0, 10_000),
        trade(PF, 2000, 8000, 2000),
        Row("Order Status", PF, ORDERED, 2000, 8000),
        trade("Filled", 10_000, 0, 8000),
        Row("Order Status", "Filled", ORDERED, 10_000, 0),
    ),
    # H. Good till.
    "H.1.a": (
        new(),
        trade(PF, 2000, 8000, 2000),
        Row("Done for Day", "Done for Day", ORDERED, 2000, 8000, ours=S.PARTIALLY_FILLED),
        Row("Restated", PF, ORDERED, 2000, 8000),
        trade(PF, 3000, 7000, 1000),
        trade("Filled", 10_000, 0, 7000),
    ),
    "H.1.c": (
        new(),
        trade(PF, 2000, 8000, 2000),
        Row("Done for Day", "Done for Day", ORDERED, 2000, 8000, ours=S.PARTIALLY_FILLED),
        Row("Restated", PF, ORDERED, 2000, 8000),
        pending("Cancel", 2000, 8000),
        canceled(2000),
    ),
    "H.1.d": (
        new(),
        trade(PF, 2000, 8000, 2000),
        Row("Done for Day", "Done for Day", ORDERED, 2000, 8000, ours=S.PARTIALLY_FILLED),
        Row("Restated", PF, ORDERED, 2000, 8000),
        pending("Replace", 2000, 8000),
        replaced(PF, 15_000, 2000, 13_000),
        trade(PF, 3000, 12_000, 1000, 15_000),
    ),
    # I. Time in force.
    "I.1.a": (new(), canceled(0)),
    "I.1.b": (new(), trade(PF, 1000, 9000, 1000), canceled(1000)),
    # J. Executions taken back and corrected.
    "J.1.a": (
        new(),
        trade(PF, 1000, 9000, 1000),
        trade("Filled", 10_000, 0, 9000),
        Row("Trade Cancel", PF, ORDERED, 9000, 1000, takes_back=(1,)),
        Row("Trade Correct", PF, ORDERED, 9000, 1000, 9000, takes_back=(2,)),
        trade("Filled", 10_000, 0, 1000),
        Row("Trade Correct", "Filled", ORDERED, 10_000, 0, 9000, takes_back=(3,)),
        pending("Replace", 10_000, 0, ours=S.FILLED),
        replaced(PF, 12_000, 10_000, 2000, ours=S.FILLED),
        Row("Trade Correct", PF, 12_000, 10_500, 1500, 9500, takes_back=(5,)),
    ),
    "J.1.b": (
        new(),
        trade(PF, 5000, 5000, 5000),
        pending("Cancel", 5000, 5000),
        canceled(5000),
        Row("Trade Cancel", "Canceled", ORDERED, 0, 0, takes_back=(1,)),
        trade("Canceled", 4000, 0, 4000),
    ),
    "J.1.c": (
        new(),
        trade(PF, 2000, 8000, 2000),
        Row("Done for Day", "Done for Day", ORDERED, 2000, 8000, ours=S.PARTIALLY_FILLED),
        Row("Restated", PF, ORDERED, 2000, 8000),
        trade(PF, 3000, 7000, 1000),
        Row("Trade Correct", PF, ORDERED, 2500, 7500, 1500, takes_back=(1,)),
        Row("Trade Correct", PF, ORDERED, 2000, 8000, 500, takes_back=(2,)),
    ),
    # K. Trading halts.
    "K.1.a": (
        new(),
        Row("Suspended", "Suspended", ORDERED, 0, 10_000),
        Row("Restated", "New", ORDERED, 0, 10_000),
        trade("Filled", 10_000, 0, 10_000),
    ),
    "K.1.b": (new(), trade(PF, 1000, 9000, 1000), canceled(1000)),
    # L. Miscellaneous.
    "L.1.a": (
        new(),
        Row("Stopped", "Stopped", ORDERED, 0, 10_000),
        trade(PF, 1000, 9000, 1000),
        trade("Filled", 10_000, 0, 9000),
    ),
}
NOT_OURS = {
    "B.1.f": "a cancel of an order the broker does not know ends in an answer to the cancel, never in a report: the "
    "connection then reads the order, and what it cannot read changes nothing (law 5)",
    "G.1.a": "we send no status request: an order is read or searched for, and 'unknown' is one look of a search, "
    "never a report (domain/connection/absence.py)",
    "H.1.b": "a split changes an option's symbol, multiplier and strike as well as its quantity: the position breaks, "
    "its underlying is quarantined and a person maps it",
    "L.1.b": "options are ordered by contracts, never by an amount of cash",
}
APPENDIX_D = """
A.1.a A.1.b B.1.a B.1.b B.1.c B.1.d B.1.e B.1.f C.1.a C.1.b C.1.c C.2.a C.3.a C.3.b C.3.c D.1.a D.1.b D.1.c D.2.a D.2.b
D.2.c E.1.a E.1.b E.1.c F.1.a F.1.b F.1.c G.1.a G.1.b G.1.c H.1.a H.1.b H.1.c H.1.d I.1.a I.1.b J.1.a J.1.b J.1.c K.1.a
K.1.b L.1.a L.1.b
"""
named = pytest.mark.parametrize("name", MATRICES)


def sent() -> OrderLife:
    attempt = Attempt(
        number=1,
        route="r",
        account_domain="d",
        state=AttemptState.ACCEPTED,
        broker_order_id="b",
        connection_incarnation=1,
        executor_epoch=1,
        started_at=START,
    )
    return OrderLife(order=ORDER, attempts=(attempt,))


def reports(name: str) -> list[ExecutionReport]:
    """Return a matrix as reports, each with its own execution alone. Executions count from 1."""
    told, count = [], 0
    for row in MATRICES[name]:
        fills = ()
        if row.last_qty:
            count += 1
            fills = (
                Fill(
                    exec_id=f"e{count}",
                    symbol=SYMBOL,
                    action=Action.BUY_TO_OPEN,
                    last_qty=row.last_qty,
                    last_px=Decimal(1),
                    at=START,
                ),
            )
        told.append(
            ExecutionReport(
                route="r",
                account_domain="d",
                broker_order_id="b",
                attempt_id=attempt_id("x", 1),
                status=row.told,
                fills=fills,
                busted=tuple(f"e{number}" for number in row.takes_back),
                at=START,
            )
        )
    return told


def as_whole_objects(told: list[ExecutionReport]) -> list[ExecutionReport]:
    """Return the same reports as brokers push them: each with every execution that stands."""
    standing, gone, whole = {}, [], []
    for each in told:
        gone += each.busted
        standing |= {fill.exec_id: fill for fill in each.fills}
        standing = {name: fill for name, fill in standing.items() if name not in gone}
        whole.append(each.model_copy(update={"fills": tuple(standing.values()), "busted": tuple(gone)}))
    return whole


def test_every_matrix_of_the_appendix_is_told_or_says_why_not():
    told = {name.split()[0] for name in MATRICES}
    assert told | set(NOT_OURS) == set(APPENDIX_D.split())
    assert not told & set(NOT_OURS)


@pytest.mark.parametrize("whole", [False, True], ids=["one execution a report", "whole objects"])
@named
def test_state_and_quantities_are_those_of_the_matrix_after_every_row(name, whole):
    life, told = sent(), reports(name)
    for place, (row, each) in enumerate(zip(MATRICES[name], as_whole_objects(told) if whole else told, strict=True)):
        life, _ = order_state.report(life, each)
        expected = row.ours or OURS[row.ord_status]
        assert (life.cum_qty, life.status) == (row.cum_qty, expected), (place, row)
        if row.order_qty == ORDERED and row.ours is None:
            assert life.leaves_qty == row.leaves_qty, (place, row)


@named
def test_what_is_told_twice_changes_nothing_the_second_time(name):
    life = sent()
    for each in reports(name):
        life, _ = order_state.report(life, each)
        again, _ = order_state.report(life, each)
        assert again.model_copy(update={"odd_status": None}) == life.model_copy(update={"odd_status": None})


@named
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_quantities_are_the_same_in_whatever_order_and_however_often_it_is_told(name, data):
    told = reports(name)
    shuffled = data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))]))
    life = sent()
    for each in shuffled:
        life, _ = order_state.report(life, each)
    assert life.cum_qty == MATRICES[name][-1].cum_qty


@pytest.mark.parametrize("name", [name for name in MATRICES if MATRICES[name][-1].ord_status == "Canceled"])
def test_a_fill_told_after_the_cancel_is_booked_and_surprises(name):
    life = sent()
    for each in reports(name):
        life, _ = order_state.report(life, each)
    fill = Fill(exec_id="late", symbol=SYMBOL, action=Action.BUY_TO_OPEN, last_qty=1000, last_px=Decimal(1), at=START)
    late = reports(name)[-1].model_copy(update={"status": S.FILLED, "fills": (fill,)})
    after, move = order_state.report(life, late)
    assert (after.status, after.cum_qty, move) == (S.CANCELED, life.cum_qty + 1000, Move.ODD)


def test_an_execution_taken_back_before_it_is_told_is_never_booked():
    life, told = sent(), reports("J.1.a")
    bust, trade_of_it = told[3], told[1]
    life, _ = order_state.report(life, bust)
    life, _ = order_state.report(life, trade_of_it)
    assert (life.cum_qty, life.busted, life.fills) == (0, ("e1",), ())


def test_an_order_that_a_bust_took_back_from_filled_may_trade_again():
    life = sent()
    for each in reports("J.1.a")[:4]:
        life, _ = order_state.report(life, each)
    assert (life.status, life.is_live, life.leaves_qty) == (S.PARTIALLY_FILLED, True, 1000)


@pytest.mark.parametrize("told", [S.NEW, S.PARTIALLY_FILLED, S.PENDING_REPLACE])
def test_without_a_bust_nothing_takes_an_order_back_from_filled(told):
    life = sent()
    for each in reports("A.1.a"):
        life, _ = order_state.report(life, each)
    life, _ = order_state.report(life, reports("A.1.a")[-1].model_copy(update={"status": told}))
    assert life.status is S.FILLED


def test_the_reject_of_a_second_send_does_not_end_the_order_that_stands():
    """F.1.a from the answer's side: what was accepted once is not refused by a later answer."""
    life = sent()
    for each in reports("F.1.a"):
        life, _ = order_state.report(life, each)
    after = order_state.end(life, attempt_id("x", 1), Rejected(code="duplicate", text="ClOrdID is known"))
    assert (after.status, after.last.state) == (S.PARTIALLY_FILLED, AttemptState.ACCEPTED)
