"""What one structure holds too much and another covers moves between them; the account is what it was."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.quote import QuoteTable
from actors.domain.orders import event as happened
from actors.domain.orders.attempt import Accepted, Attempt, InDoubt
from actors.domain.orders.finding import HoldingsNetted, NettedHolding
from actors.domain.orders.order import Action, Fill, Intent, Leg, Order
from actors.domain.orders.report import ExecutionReport, Status
from actors.domain.portfolio.book import Book
from actors.domain.portfolio.netting import nettings
from tests.builders import CONDOR_SYMBOLS, PRODUCTS, condor_legs, quotes, universe
from tests.fakes import START

DOMAIN = "primary-account"
LONG_PUT, SHORT_PUT, SHORT_CALL, LONG_CALL = CONDOR_SYMBOLS
SIGNS = {leg.symbol: leg.action.sign for leg in condor_legs()}
SPREAD = {SHORT_CALL: -1, LONG_CALL: 1}
CONDOR = {LONG_PUT: 1, SHORT_PUT: -1, **SPREAD}
ONE = {SHORT_CALL: -1}
ALL, CALLS, CALL = slice(4), slice(2, 4), slice(2, 3)
"""Legs of a condor."""


def table() -> QuoteTable:
    found = QuoteTable(universe())
    found.apply(quotes(1))
    return found


def tell(book: Book, *events: happened.Event) -> None:
    for event in events:
        book.apply(event, book.sequence + 1)


def account(**foreign: int) -> Book:
    """A book of an account that holds what no structure of ours brought."""
    book = Book(PRODUCTS)
    named = {CONDOR_SYMBOLS[("lp", "sp", "sc", "lc").index(leg)]: held for leg, held in foreign.items()}
    adopted = happened.AccountAdopted(
        account_domain=DOMAIN,
        cash=Decimal(1000),
        positions=named,
        executions=(),
        cash_events=(),
        orders=(),
        since=None,
        at=START,
    )
    tell(book, adopted)
    return book


def placed(book: Book, structure: str, intent: Intent, legs: tuple[Leg, ...]) -> Order:
    """Put an order into the book, which may fill as it likes."""
    name = structure if intent is Intent.OPEN else f"{structure}-close-{len(book.orders)}"
    order = Order(
        cl_ord_id=name,
        signal_id=name,
        strategy="condor",
        structure_id=structure,
        intent=intent,
        underlying="SPX",
        legs=legs,
        order_qty=1,
        net_price=Decimal(1),
        account_domain=DOMAIN,
        created_at=START,
        expires_at=START,
    )
    attempt = Attempt(
        number=1, route="primary", account_domain=DOMAIN, connection_incarnation=1, executor_epoch=1, started_at=START
    )
    tell(
        book,
        happened.OrderPlaced(signal=None, order=order, checks=(), at=START),
        happened.AttemptStarted(cl_ord_id=name, attempt=attempt),
    )
    return order


def closing(symbol: str) -> Action:
    return Action.SELL_TO_CLOSE if SIGNS[symbol] > 0 else Action.BUY_TO_CLOSE


def filled(book: Book, structure: str, bought: Mapping[str, int], px: str = "1", legs: slice = ALL) -> None:
    """Open a structure of these legs of a condor, and let it trade signed contracts, in ratio or not."""
    trade(book, placed(book, structure, Intent.OPEN, condor_legs()[legs]), bought, px)


def closed(book: Book, structure: str, held: Mapping[str, int], px: str = "1") -> None:
    """Close signed contracts of a structure, whether it has them or not."""
    legs = tuple(Leg(symbol=symbol, action=closing(symbol)) for symbol in held)
    trade(book, placed(book, structure, Intent.CLOSE, legs), {symbol: -n for symbol, n in held.items()}, px)


def trade(book: Book, order: Order, bought: Mapping[str, int], px: str) -> None:
    actions = {leg.symbol: leg.action for leg in order.legs}
    fills = tuple(
        Fill(
            exec_id=f"{order.cl_ord_id}-{symbol}",
            symbol=symbol,
            action=actions[symbol],
            last_qty=abs(held),
            last_px=Decimal(px),
            at=START,
        )
        for symbol, held in bought.items()
    )
    told = ExecutionReport(
        route="primary",
        account_domain=DOMAIN,
        broker_order_id=order.cl_ord_id,
        attempt_id=f"{order.cl_ord_id}-r1",
        status=Status.CANCELED,
        fills=fills,
        at=START,
    )
    accepted = Accepted(broker_order_id=order.cl_ord_id)
    tell(
        book,
        happened.AttemptEnded(attempt_id=f"{order.cl_ord_id}-r1", outcome=accepted, at=START),
        happened.ReportTaken(cl_ord_id=order.cl_ord_id, report=told, at=START),
    )


def by_hand(book: Book, symbol: str, action: Action, px: str) -> None:
    fill = Fill(exec_id="by hand", symbol=symbol, action=action, last_qty=1, last_px=Decimal(px), at=START)
    told = ExecutionReport(
        route="primary",
        account_domain=DOMAIN,
        broker_order_id="theirs",
        attempt_id=None,
        status=Status.FILLED,
        fills=(fill,),
        at=START,
    )
    tell(book, happened.ReportTaken(cl_ord_id=None, report=told, at=START))


def due(book: Book, structure: str, quoted: QuoteTable | None = None) -> list[tuple[str | None, dict[str, int]]]:
    """Return what is to be netted of a structure: with whom, and the signed contracts that leave it."""
    events = nettings(book, book.structures[structure], quoted, START)
    return [(event.counterpart, {each.symbol: each.quantity for each in event.moved}) for event in events]


def net(book: Book, structure: str, quoted: QuoteTable | None = None) -> None:
    tell(book, *nettings(book, book.structures[structure], quoted, START))


def closed_twice() -> Book:
    """A spread whose close filled twice, and took with it the calls of a condor."""
    book = account()
    filled(book, "s1", SPREAD, legs=CALLS)
    filled(book, "s2", CONDOR)
    closed(book, "s1", SPREAD)
    closed(book, "s1", SPREAD)
    return book


def test_what_was_closed_twice_goes_to_the_structure_whose_legs_it_took():
    book = closed_twice()
    assert due(book, "s1") == [("s2", {LONG_CALL: -1, SHORT_CALL: 1})]
    net(book, "s1")
    assert book.structures["s1"].is_flat
    assert dict(book.structures["s2"].holdings) == {LONG_PUT: 1, SHORT_PUT: -1}
    assert due(book, "s1") == due(book, "s2") == []


def test_the_account_is_what_it_was():
    book = closed_twice()
    before = dict(book.positions[DOMAIN]), book.cash[DOMAIN]
    net(book, "s1")
    assert (dict(book.positions[DOMAIN]), book.cash[DOMAIN]) == before


def test_it_goes_at_the_price_of_the_latest_execution_so_each_profit_is_what_its_own_trades_made():
    book = account()
    filled(book, "s1", ONE, "2.00", CALL)
    filled(book, "s2", ONE, "2.50", CALL)
    closed(book, "s1", ONE, "1.25")
    closed(book, "s1", ONE, "0.75")
    net(book, "s1")
    assert [book.structures[name].cash for name in ("s1", "s2")] == [Decimal(75), Decimal(175)]


def test_contracts_closed_at_several_prices_keep_each_its_own():
    book = account()
    filled(book, "s1", ONE, legs=CALL)
    filled(book, "s2", {SHORT_CALL: -2}, legs=CALL)
    filled(book, "s3", {SHORT_CALL: -2}, legs=CALL)
    for px in ("1.10", "1.20", "1.30", "1.40"):
        closed(book, "s1", ONE, px)
    events = nettings(book, book.structures["s1"], None, START)
    assert [(event.counterpart, [(each.quantity, each.px) for each in event.moved]) for event in events] == [
        ("s2", [(1, Decimal("1.40")), (1, Decimal("1.30"))]),
        ("s3", [(1, Decimal("1.20"))]),
    ]


def test_what_the_account_has_is_left_to_orders():
    book = account()
    filled(book, "s1", ONE)
    filled(book, "s2", {LONG_CALL: 1}, legs=slice(3, 4))
    closed(book, "s2", {LONG_CALL: 3})
    assert (book.structures["s1"].naked, book.structures["s2"].reversed) == ({SHORT_CALL: -1}, {LONG_CALL: -2})
    assert due(book, "s1", table()) == due(book, "s2", table()) == []


def test_what_the_account_has_in_part_is_netted_for_the_rest():
    book = account()
    filled(book, "s1", {SHORT_CALL: -2}, legs=CALL)
    filled(book, "s2", ONE, legs=CALL)
    closed(book, "s2", {SHORT_CALL: -4})
    assert book.positions[DOMAIN] == {SHORT_CALL: 1}
    assert due(book, "s2") == [("s1", {SHORT_CALL: 2})]


def test_two_that_are_whole_and_meet_in_one_contract_are_left_alone():
    book = account()
    filled(book, "s1", {LONG_CALL: 1}, legs=slice(3, 4))
    filled(book, "s2", CONDOR)
    book.structures["s2"] = book.structures["s2"].model_copy(update={"legs": reversed_legs(), "holdings": opposite()})
    assert due(book, "s1", table()) == due(book, "s2", table()) == []


def opposite() -> dict[str, int]:
    return {symbol: -n for symbol, n in CONDOR.items()}


def reversed_legs() -> tuple[Leg, ...]:
    """Return the legs of a condor that is bought: short where the other is long."""
    turned = {Action.BUY_TO_OPEN: Action.SELL_TO_OPEN, Action.SELL_TO_OPEN: Action.BUY_TO_OPEN}
    return tuple(leg.model_copy(update={"action": turned[leg.action]}) for leg in condor_legs())


def test_a_short_that_the_account_does_not_have_is_netted_at_the_middle_of_the_market():
    book = account()
    filled(book, "s1", ONE, "9.00")
    filled(book, "s2", ONE)
    turned = {"legs": reversed_legs(), "holdings": {SHORT_CALL: 1}}
    book.structures["s2"] = book.structures["s2"].model_copy(update=turned)
    book.positions[DOMAIN] = {}
    assert due(book, "s1") == [], "nobody quotes it"
    assert due(book, "s1", table()) == [("s2", {SHORT_CALL: -1})]
    net(book, "s1", table())
    assert book.structures["s1"].cash == Decimal(900) - Decimal(202), "the middle of 2.00 and 2.05, to the cent"


def test_a_leg_closed_by_hand_takes_the_strangers_price():
    book = account()
    filled(book, "s1", ONE, "2.00")
    by_hand(book, SHORT_CALL, Action.BUY_TO_CLOSE, "0.50")
    assert due(book, "s1") == [(None, {SHORT_CALL: -1})]
    net(book, "s1")
    assert (book.structures["s1"].is_flat, book.structures["s1"].cash) == (True, Decimal(150))


def test_what_was_there_before_us_is_priced_by_the_market_and_waits_where_nobody_quotes_it():
    book = account(sc=1)
    filled(book, "s1", ONE, "3.00")
    assert due(book, "s1", None) == []
    net(book, "s1", table())
    assert book.structures["s1"].cash == Decimal(300) - Decimal(202)


def test_what_no_structure_holds_is_left_alone_while_an_order_of_the_account_is_in_doubt():
    book = account(sc=1)
    filled(book, "s1", ONE)
    doubtful = placed(book, "s2", Intent.OPEN, condor_legs())
    assert due(book, "s1", table()) == [], "it may fill"
    unsure = InDoubt(cause="timeout")
    tell(book, happened.AttemptEnded(attempt_id=f"{doubtful.cl_ord_id}-r1", outcome=unsure, at=START))
    assert due(book, "s1", table()) == [], "it may have filled"


def test_an_excess_on_the_other_side_is_asked_before_an_older_structure_that_is_whole():
    book = account()
    filled(book, "old", CONDOR)
    filled(book, "broken", ONE)
    filled(book, "s1", ONE, legs=CALL)
    for _ in range(3):
        closed(book, "s1", ONE)
    assert due(book, "s1") == [("broken", {SHORT_CALL: 1}), ("old", {SHORT_CALL: 1})]


def test_other_accounts_are_never_asked():
    book = closed_twice()
    book.structures["s2"] = book.structures["s2"].model_copy(update={"account_domain": "backup-account"})
    assert "s2" not in [name for name, _ in due(book, "s1", table())]


def test_an_event_is_told_from_either_side():
    moved = (NettedHolding(symbol="X", quantity=-2, px=Decimal("1.50")),)
    event = HoldingsNetted(structure_id="s1", counterpart="s2", account_domain=DOMAIN, moved=moved, at=START)
    assert event.words("s1") == "+2 X at 1.50, against s2: the account nets them"
    assert event.words("s2") == "-2 X at 1.50, against s1: the account nets them"
    alone = event.model_copy(update={"counterpart": None})
    assert "against what no structure holds" in alone.words("s1")


held_somehow = st.dictionaries(st.sampled_from(CONDOR_SYMBOLS), st.integers(-3, 3).filter(bool), max_size=4)


def a_book(foreign: Mapping[str, int], held: list[dict[str, int]]) -> Book:
    book = account(**foreign)
    for number, holdings in enumerate(held):
        name, px = f"s{number}", str(number + 1)
        filled(book, name, {symbol: n for symbol, n in holdings.items() if n * SIGNS[symbol] > 0}, px)
        if against := {symbol: -n for symbol, n in holdings.items() if n * SIGNS[symbol] < 0}:
            closed(book, name, against, px)
    return book


@given(
    st.dictionaries(st.sampled_from(("lp", "sp", "sc", "lc")), st.integers(-3, 3).filter(bool)),
    st.lists(held_somehow, min_size=1, max_size=4),
)
def test_the_account_stays_to_the_cent_and_no_excess_is_left_that_it_does_not_have(foreign, held):
    book = a_book(foreign, held)
    before = dict(book.positions[DOMAIN]), book.cash[DOMAIN]
    cash, quoted = sum(each.cash for each in book.structures.values()), table()
    for _ in range(100):
        steps = [event for each in book.structures.values() for event in nettings(book, each, quoted, START)[:1]]
        if not steps:
            break
        tell(book, steps[0])
        if steps[0].counterpart is None:
            cash += sum(each.quantity * each.px * 100 for each in steps[0].moved)
    assert (dict(book.positions[DOMAIN]), book.cash[DOMAIN]) == before
    assert sum(each.cash for each in book.structures.values()) == cash
    for structure in book.structures.values():
        for symbol, count in {**structure.naked, **structure.reversed}.items():
            there = book.positions[DOMAIN].get(symbol, 0)
            assert 0 < abs(count) <= (there if count > 0 else -there)


@pytest.mark.parametrize("symbol", CONDOR_SYMBOLS)
def test_a_structure_that_is_whole_gives_nothing_away(symbol):
    book = account()
    filled(book, "s1", CONDOR)
    by_hand(book, symbol, closing(symbol), "1")
    assert due(book, "s1", table()) == [], "what was closed by hand shows once the rest of it is closed"
