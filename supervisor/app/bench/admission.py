"""Times the admission of a four-leg opening: what the executor gathers, and every check, on a book that holds others.

Each order has strikes of its own, so that nothing known of the one before helps it: its legs are priced for the limits
on greeks and stress as they are asked, on risk's curves, at every cell of the shipped grid. Neither the latch nor the
disk is looked at: their files are the machine's business, and timed with the whole order path.
"""

import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from actors.config import SHIPPED, load
from actors.desk import Desk
from actors.domain.market.contract import Contract, Right, occ_symbol
from actors.domain.market.curve import Curve
from actors.domain.market.flaw import Survey
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt
from actors.domain.orders.order import Action, Fill, Leg, attempt_id
from actors.domain.orders.refusal import Admitted
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.orders.signal import Open, Signal
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.intent import opening_order
from actors.domain.portfolio.picture import picture
from actors.domain.risk.caps import Caps
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits
from actors.domain.risk.exposure_measure import Sight
from actors.domain.risk.exposure_measure import measure as measured
from actors.domain.risk.gate import review
from actors.domain.risk.standing import Standing
from actors.expiry_tables import load_expiry
from actors.exposure_watch import ExposureSettings
from actors.margins import load_margins
from actors.messages import ConnectionState, IssuePermit
from actors.seats import Seats
from supervisor.app.order_machine.market import DAY, PERMIT, PRODUCTS, START, UNDERLYING, sessions
from supervisor.app.terms import executor_settings

HELD: Final = 50
"""Structures held while the orders are admitted."""
WORKING: Final = 4
"""And openings at work, of the last minute."""
WARM: Final = 50
_LEVEL: Final = 6000
_ODD: Final = 5
"""What a wing's strike leaves of tens; that of a short leaves nothing."""
_ROUTE: Final = "tastytrade"
_BOOT_NS: Final = 10**12
_PLENTY: Final = Decimal(10**9)
_PX: Final = (Decimal(1), Decimal(2), Decimal(2), Decimal(1))


class _Still:
    """A clock that stands."""

    def market_now(self) -> datetime:
        """Return the market's time."""
        return START

    def boot_ns(self) -> int:
        """Return the machine's."""
        return _BOOT_NS


def measure(orders: int) -> NDArray[np.float64]:
    """Return milliseconds of each admission."""
    desk = _desk()
    for number in range(HELD + WORKING):
        is_held = number < HELD
        _place(desk.book, _signal(number, START - timedelta(minutes=10) if is_held else START), is_held=is_held)
    _let_open(desk)
    timed = []
    for number in range(WARM + orders):
        signal = _signal(HELD + WORKING + number, START)
        began = time.perf_counter_ns()
        verdict = review(signal, desk.circumstances())
        timed.append(time.perf_counter_ns() - began)
        assert isinstance(verdict, Admitted), verdict.codes
    return np.array(timed[WARM:], np.float64) / 1e6


def _desk() -> Desk:
    margins, expiries = load_margins(SHIPPED / "margin.toml"), load_expiry(SHIPPED / "expiry.toml")
    terms, seats = (
        executor_settings(load(SHIPPED / "holdfast.toml"), margins, expiries).desk,
        Seats((_ROUTE,), silence_ns=10**15),
    )
    desk = Desk(Book(PRODUCTS), seats, sessions(), _Still(), lambda: None, terms)
    contracts = (PRODUCTS.contract(UNDERLYING), *_options())
    desk.contracts, desk.quotes = {each.symbol: each for each in contracts}, _quoted(contracts)
    about = {"route": _ROUTE, "account_domain": _ROUTE, "incarnation": 1}
    state = ConnectionState(**about, reads=True, writes=True, stream=True, at_ns=_BOOT_NS)
    seat, _, _ = seats.hear(f"connection-{_ROUTE}", state, _BOOT_NS)
    seat.reconciled, seat.agreed_ns, seat.agreed_at = True, _BOOT_NS, START
    seat.standing = Standing(_ROUTE, _PLENTY, _PLENTY, TradingStatus(), START - timedelta(seconds=5), _BOOT_NS)
    return desk


def _let_open(desk: Desk) -> None:
    """Issue risk's permit with what it measured of the book, and limits that the book is within."""
    plenty = GreekLimits(delta_max=_PLENTY, vega_max=_PLENTY)
    most = ExposureLimits(underlying=plenty, whole=plenty, stress_loss_max=_PLENTY)
    seen = Sight(
        at=START,
        age_s=0.5,
        curves=(_curve(),),
        spots={UNDERLYING: float(_LEVEL)},
        contract=PRODUCTS.contract,
        is_over=lambda _: False,
    )
    said = {
        "limits": PERMIT.limits.model_copy(update={"caps": Caps()}),
        "exposure_limits": most,
        "exposure": measured(picture(desk.book, desk.quotes, ready=True), seen, most.grid),
    }
    desk.take_permit(IssuePermit(permit=PERMIT.model_copy(update=said)))


def _curve() -> Curve:
    """Return a smile of as many knots as risk keeps."""
    strikes = np.linspace(_LEVEL - 1400, _LEVEL + 1400, ExposureSettings().knots_max)
    return Curve(
        root="SPXW",
        underlying=UNDERLYING,
        expires_on=DAY,
        ends_at=START + timedelta(hours=6),
        forward=float(_LEVEL),
        expected_move=30.0,
        strikes=tuple(strikes.tolist()),
        volatilities=tuple((0.2 + (strikes / _LEVEL - 1) ** 2).tolist()),
    )


def _legs(number: int) -> tuple[Leg, ...]:
    """Return a condor unlike that of any other number below some thousands, none long where another is short."""
    near, wing = 10 * (1 + number % 60), 5 + 10 * (number // 60)
    strikes = (
        (Action.BUY_TO_OPEN, Right.PUT, _LEVEL - near - wing),
        (Action.SELL_TO_OPEN, Right.PUT, _LEVEL - near),
        (Action.SELL_TO_OPEN, Right.CALL, _LEVEL + near),
        (Action.BUY_TO_OPEN, Right.CALL, _LEVEL + near + wing),
    )
    return tuple(Leg(symbol=_symbol(right, strike), action=action) for action, right, strike in strikes)


def _symbol(right: Right, strike: int) -> str:
    return occ_symbol("SPXW", DAY, right, Decimal(strike))


def _options() -> list[Contract]:
    strikes = range(_LEVEL - 1500, _LEVEL + 1505, 5)
    return [PRODUCTS.contract(_symbol(right, strike)) for strike in strikes for right in Right]


def _quoted(contracts: tuple[Contract, ...]) -> QuoteTable:
    table, count = QuoteTable(Universe(version=1, contracts=contracts)), len(contracts)
    wings = [each.is_option and each.strike is not None and each.strike % 10 == _ODD for each in contracts]
    bid = np.where(wings, 1.0, 2.0)
    bid[0] = _LEVEL
    table.apply(
        QuoteFrame(
            universe=1,
            sequence=1,
            rows=np.arange(count, dtype=np.int32),
            bid=bid,
            ask=bid + 0.05,
            bid_size=np.full(count, 20, np.float32),
            ask_size=np.full(count, 20, np.float32),
            exchange_ns=np.full(count, int(START.timestamp() * 1e9), np.int64),
            received_ns=_BOOT_NS,
            codes=np.zeros(count, np.uint16),
        )
    )
    table.take_survey(Survey(universe=1, at_ns=_BOOT_NS))
    return table


def _signal(number: int, at: datetime) -> Signal:
    request = Open(underlying=UNDERLYING, legs=_legs(number), order_qty=1, net_price=Decimal("1.90"))
    return Signal(
        signal_id=f"bench-20260105-{number}",
        strategy="bench",
        request=request,
        reason="admission",
        created_at=at,
        expires_at=START + timedelta(hours=1),
    )


def _place(book: Book, signal: Signal, *, is_held: bool) -> None:
    """Put an opening into the book: filled, or at work."""
    assert isinstance(signal.request, Open)
    at, order = signal.created_at, opening_order(signal, signal.request, signal.created_at)
    where = {"route": _ROUTE, "account_domain": _ROUTE}
    attempt = Attempt(number=1, **where, connection_incarnation=1, executor_epoch=1, started_at=at)
    name, theirs = attempt_id(order.cl_ord_id, 1), f"b-{signal.signal_id}"
    events: list[happened.Event] = [
        happened.OrderPlaced(signal=signal, order=order, checks=(), at=at),
        happened.AttemptStarted(cl_ord_id=order.cl_ord_id, attempt=attempt),
        happened.AttemptEnded(attempt_id=name, outcome=Accepted(broker_order_id=theirs), at=at),
    ]
    if is_held:
        fills = tuple(
            Fill(exec_id=f"{name}-{leg.symbol}", symbol=leg.symbol, action=leg.action, last_qty=1, last_px=px, at=at)
            for leg, px in zip(order.legs, _PX, strict=True)
        )
        said = {"broker_order_id": theirs, "attempt_id": name, "status": Status.FILLED, "fills": fills, "at": at}
        events.append(happened.ReportTaken(cl_ord_id=order.cl_ord_id, report=ExecutionReport(**where, **said), at=at))
    for event in events:
        book.apply(event, book.sequence + 1)
