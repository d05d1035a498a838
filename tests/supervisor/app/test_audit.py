"""Every kind of disagreement is seen, and told as what it is."""

from decimal import Decimal

import pytest

from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Absent, Accepted, Attempt, InDoubt, NotSent
from actors.domain.orders.order import Fill
from actors.domain.orders.report import AccountState, BrokerPosition, ExecutionReport, Status
from actors.domain.performance.naked_shorts import Recorded
from actors.domain.performance.scorecard import score
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.intent import opening_order
from actors.domain.portfolio.picture import picture
from supervisor.app.audit import audit, standing_audit
from supervisor.app.statement import statement
from tests.builders import PRODUCTS, open_signal
from tests.fakes import START

SIGNAL = open_signal(1)
ORDER = opening_order(SIGNAL, SIGNAL.request, START)
ATTEMPT = f"{ORDER.cl_ord_id}-r1"
FILLS = tuple(
    Fill(exec_id=f"e{number}", symbol=leg.symbol, action=leg.action, last_qty=1, last_px=Decimal(2), at=START)
    for number, leg in enumerate(ORDER.legs)
)
HELD = tuple(BrokerPosition(symbol=leg.symbol, quantity=leg.action.sign) for leg in ORDER.legs)
CASH = Decimal(100_000)


def report(status=Status.FILLED, fills=FILLS, theirs="b1", attempt_id=ATTEMPT):
    return ExecutionReport(
        route="primary",
        account_domain="main",
        broker_order_id=theirs,
        attempt_id=attempt_id,
        status=status,
        fills=fills,
        at=START,
    )


GOOD = report()


def account(orders=(GOOD,), positions=HELD, cash=CASH):
    return AccountState(
        route="primary",
        account_domain="main",
        since=START,
        read_at=START,
        orders=orders,
        positions=positions,
        cash_events=(),
        cash=cash,
    )


def journal(*ends):
    """An order sent to the primary, and how that ended."""
    attempt = Attempt(
        number=1, route="primary", account_domain="main", connection_incarnation=1, executor_epoch=1, started_at=START
    )
    return [
        happened.ExecutorStarted(epoch=1, incarnation=1, boot_id="b", at=START),
        happened.AccountAdopted(
            account_domain="main",
            cash=CASH,
            positions={},
            executions=(),
            cash_events=(),
            orders=(),
            since=None,
            at=START,
        ),
        happened.OrderPlaced(signal=SIGNAL, order=ORDER, checks=(), at=START),
        happened.AttemptStarted(cl_ord_id=ORDER.cl_ord_id, attempt=attempt),
        *ends,
    ]


def ended(outcome):
    return happened.AttemptEnded(attempt_id=ATTEMPT, outcome=outcome, at=START)


FILLED = (
    ended(Accepted(broker_order_id="b1")),
    happened.ReportTaken(cl_ord_id=ORDER.cl_ord_id, report=report(), at=START),
)


def verdict(events=None, state=None, tell=lambda view: view, judge="whole"):
    book = Book(PRODUCTS)
    events = journal(*FILLED) if events is None else events
    for sequence, event in enumerate(events, start=1):
        book.apply(event, sequence)
    state = state or account()
    view = tell(picture(book, None, ready=True))
    if judge == "standing":
        return standing_audit(book, [state], view)
    recorded = [Recorded(event=event, written_ns=number) for number, event in enumerate(events)]
    card = score(recorded, [], [statement(state)], PRODUCTS)
    return audit(book, card, [state], view)


def kinds(found):
    return {fault.partition(":")[0] for fault in found.faults}


both = pytest.mark.parametrize("judge", ["whole", "standing"])


@both
def test_three_tellings_that_agree_are_clean(judge):
    assert verdict(judge=judge).faults == ()


@both
@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (account(orders=()), "lost"),
        (account(orders=(report(), report(theirs="b2"))), "doubled"),
        (account(positions=HELD[1:]), "position_breaks"),
        (account(cash=CASH + 1), "cash_gaps"),
        (account(orders=(report(status=Status.CANCELED),)), "differing"),
        (account(orders=(report(theirs="b2"),)), "differing"),
        (account(orders=(report(), report(theirs="b9", attempt_id=None, fills=()))), "differing"),
    ],
)
def test_what_a_broker_says_otherwise_is_told_as_what_it_is(state, kind, judge):
    assert kind in kinds(verdict(state=state, judge=judge))


def test_a_fill_at_another_price_is_told_by_its_execution():
    dearer = FILLS[0].model_copy(update={"last_px": Decimal(3)})
    found = verdict(state=account(orders=(report(fills=(dearer, *FILLS[1:])),)))
    assert [fault for fault in found.false_fills if "execution e0" in fault]


def test_a_fill_the_broker_has_not_is_a_false_one_and_one_the_journal_has_not_is_missed():
    assert "false_fills" in kinds(verdict(state=account(orders=(report(fills=FILLS[1:]),))))
    more = FILLS[0].model_copy(update={"exec_id": "e9"})
    found = verdict(state=account(orders=(report(fills=(*FILLS, more)),)))
    assert (found.false_fills, [fault for fault in found.differing if "execution e9" in fault] != []) == ((), True)


@pytest.mark.parametrize(
    "ends",
    [
        (ended(NotSent(cause="refused")),),
        (
            ended(InDoubt(cause="timeout")),
            happened.DoubtEnded(attempt_id=ATTEMPT, resolution=Absent(proof="looked"), at=START),
        ),
    ],
)
def test_an_order_called_gone_that_the_broker_has_is_a_false_reject(ends):
    assert "false_rejects" in kinds(verdict(journal(*ends)))


@both
def test_a_doubt_at_the_end_is_told(judge):
    assert "in_doubt" in kinds(verdict(journal(ended(InDoubt(cause="timeout"))), judge=judge))


def test_legs_out_of_ratio_are_naked():
    short = report(fills=FILLS[1:2], status=Status.CANCELED)
    events = journal(FILLED[0], happened.ReportTaken(cl_ord_id=ORDER.cl_ord_id, report=short, at=START))
    assert "naked" in kinds(verdict(events, account(orders=(short,), positions=HELD[1:2])))


@both
@pytest.mark.parametrize(
    "change",
    [{"journal_sequence": 1}, {"orders": ()}, {"cash": {"main": Decimal(0)}}, {"quarantined": ("SPX",)}],
)
def test_an_executor_that_says_otherwise_than_its_journal_is_told(change, judge):
    assert kinds(verdict(tell=lambda view: view.model_copy(update=change), judge=judge)) == {"differing"}
