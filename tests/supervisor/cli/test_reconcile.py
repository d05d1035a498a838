"""`holdfast reconcile`: what the journal and a broker's account say against each other."""

from decimal import Decimal

import pytest

from actors.domain.orders.report import CashEvent, Status
from supervisor.cli.exit_code import ExitCode
from supervisor.cli.reconcile import _code, _lines, compared
from tests.builders import CONDOR_SYMBOLS, open_signal
from tests.fakes import START
from tests.rig import Rig, account, fills_of, report

DOMAIN, ORDER = "primary-account", "condor-20260105-1"
SHORT = CONDOR_SYMBOLS[1]


@pytest.fixture
def held() -> Rig:
    rig = Rig().ready()
    rig.opened(open_signal(1))
    return rig


def positions(short: int = -1) -> dict[str, int]:
    return dict(zip(CONDOR_SYMBOLS, (1, short, -1, 1), strict=True))


def said(rig: Rig, **read: object) -> dict:
    return compared(rig.book, DOMAIN, account("primary", **{"positions": positions(), **read}))


def test_an_account_that_says_the_same_agrees(held):
    found = said(held)
    assert (found["agrees"], _code([found])) == (True, ExitCode.DONE)
    assert "AGREES" in next(_lines(found))


def test_another_quantity_is_a_break_by_underlying(held):
    found = said(held, positions=positions(short=-2))
    assert (found["agrees"], _code([found])) == (False, ExitCode.DEGRADED)
    assert f"{SHORT}: the account has -2, the journal -1" in found["breaks"]["SPX"]
    assert any("break" in line for line in _lines(found))


def test_an_order_and_a_payment_that_the_journal_has_not_are_named(held):
    order = held.book.orders[ORDER].order
    stranger = report("primary-99", Status.FILLED, *fills_of(order, tag="x"))
    fee = CashEvent(
        event_id="f-1", account_domain=DOMAIN, type=CashEvent.Type.FEE, amount=Decimal(-3), symbol=None, at=START
    )
    found = said(held, orders=(stranger,), cash_events=(fee,))
    assert not found["agrees"]
    assert found["orders_unknown"] == ["primary-99 FILLED"]
    assert "-3.00" in found["cash_unknown"][0]


def test_an_account_that_cannot_be_read_is_unknown_and_never_flat(held):
    found = compared(held.book, DOMAIN, "connection refused")
    assert _code([found]) is ExitCode.BROKER_UNREACHABLE
    assert next(_lines(found)).startswith("UNKNOWN")
