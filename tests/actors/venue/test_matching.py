from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.orders.order import Action, OrderType, TimeInForce
from actors.domain.value import CENT
from actors.venue.matching import FINE, LegQuote, is_reached, match, net_of, split
from actors.venue.paper_order import PaperFill, PaperLeg, PaperOrder, PaperStatus

NOW = datetime(2021, 1, 4, 15, tzinfo=UTC)
STO, BTO = Action.SELL_TO_OPEN, Action.BUY_TO_OPEN


def order(legs: list[tuple[Action, int]], net_price: Decimal | None, qty: int = 1, filled: int = 0) -> PaperOrder:
    return PaperOrder(
        order_id=1,
        account="A",
        client_id=None,
        legs=tuple(
            PaperLeg(
                f"L{place}",
                action,
                qty * ratio,
                ratio,
                (PaperFill("1", f"L{place}", filled * ratio, Decimal(1), NOW),) if filled else (),
            )
            for place, (action, ratio) in enumerate(legs)
        ),
        order_qty=qty,
        order_type=OrderType.LIMIT if net_price is not None else OrderType.MARKET,
        net_price=net_price,
        time_in_force=TimeInForce.DAY,
        status=PaperStatus.LIVE,
        strict_close=False,
        received_at=NOW,
        updated_at=NOW,
    )


def quote(
    bid: str | None, ask: str | None, bid_size: int = 10, ask_size: int = 10, *, halted: bool = False
) -> LegQuote:
    return LegQuote(bid and Decimal(bid), ask and Decimal(ask), bid_size, ask_size, halted)


SPREAD = [(STO, 1), (BTO, 1)]
QUOTES = [quote("5.00", "5.20"), quote("2.00", "2.10")]


@pytest.mark.parametrize(
    ("limit", "concession", "fills_at"),
    [
        ("2.90", "1", "2.90"),  # at the natural
        ("2.50", "1", "2.90"),  # better than asked
        ("2.91", "1", None),
        ("2.91", "0.9", "2.91"),  # mid 3.05, natural 2.90: 0.135 of 0.15 to give up
        ("2.92", "0.9", None),
        ("3.05", "0", "3.05"),  # the mid itself
        ("3.06", "0", None),
    ],
)
def test_a_limit_fills_at_the_natural_or_where_it_concedes_enough(limit, concession, fills_at):
    wanted = order(SPREAD, Decimal(limit))
    found = match(wanted, QUOTES, Decimal(concession))
    net = net_of(wanted.legs, [part.price for part in found]) if found else None
    assert net == (None if fills_at is None else Decimal(fills_at))


@pytest.mark.parametrize(
    "bad",
    [
        quote(None, "5.20"),
        quote("5.30", "5.20"),
        quote("5.00", "5.20", bid_size=0),
        quote("0", "5.20"),
        quote("5.00", "5.20", halted=True),
    ],
)
def test_no_leg_fills_where_one_cannot(bad):
    assert match(order(SPREAD, Decimal("0.01")), [bad, QUOTES[1]]) == ()


def test_buying_needs_no_bid():
    assert match(order([(BTO, 1)], Decimal("-0.05")), [quote(None, "0.05")])[0].price == Decimal("0.05")


def test_a_market_order_sells_to_no_bid_of_nothing():
    assert match(order([(STO, 1)], None), [quote("0", "0.05")]) == ()
    assert match(order([(STO, 1)], None), [quote("0.01", "0.05")])[0].price == CENT


def test_ratios_count_against_the_displayed_size():
    found = match(order([(STO, 2), (BTO, 3)], Decimal(-9), qty=10), [quote("5", "5.2", bid_size=9), quote("2", "2.1")])
    assert [part.quantity for part in found] == [6, 9]


def test_the_fault_fills_only_its_legs():
    found = match(order(SPREAD, Decimal("2.90"), qty=3), QUOTES, only={1})
    assert [(part.leg, part.quantity) for part in found] == [(1, 3)]


def test_a_fault_that_names_no_leg_of_the_order_fills_nothing():
    assert match(order(SPREAD, Decimal("2.90")), QUOTES, only={7}) == ()


@pytest.mark.parametrize(
    ("gain", "ratios", "spreads", "parts"),
    [
        ("0.05", (1, 1), ("0.20", "0.10"), ("0.04", "0.01")),
        ("0.30", (1, 1), ("0.20", "0.10"), ("0.20", "0.10")),
        ("0.31", (1, 1), ("0.20", "0.10"), None),
        ("0.60", (1, 1), ("0.20", "0.10"), None),
        ("0.01", (1,), ("0",), None),
        ("0.05", (2, 2), ("0.20", "0.10"), None),
        ("0.0001", (1,), ("0.01",), ("0.0001",)),
        ("0.00001", (1,), ("0.01",), None),
    ],
)
def test_a_gain_is_split_in_cents_where_it_can_be(gain, ratios, spreads, parts):
    found = split(Decimal(gain), ratios, [Decimal(spread) for spread in spreads])
    assert found == (None if parts is None else [Decimal(part) for part in parts])


cents = st.integers(1, 3000).map(lambda n: n * CENT)
fine = st.integers(1, 300_000).map(lambda n: n * FINE)
sides = st.one_of(cents, fine)


@st.composite
def quotes(draw) -> LegQuote:
    bid, ask = sorted((draw(sides), draw(sides)))
    return LegQuote(bid, ask, draw(st.integers(3, 60)), draw(st.integers(3, 60)))


@given(
    legs=st.lists(st.tuples(st.sampled_from([STO, BTO]), st.integers(1, 3), quotes()), min_size=1, max_size=4),
    beyond_natural=st.decimals("-2", "2", places=2),
    left=st.integers(1, 20),
    filled=st.integers(0, 5),
    concession=st.decimals("0", "1", places=2),
)
def test_a_match_is_whole_combos_inside_every_quote_and_never_worse_than_the_limit(
    legs, beyond_natural, left, filled, concession
):
    shapes = [(action, ratio) for action, ratio, _ in legs]
    shown = [quoted for _, _, quoted in legs]
    met = [quoted.ask if action.is_buy else quoted.bid for action, _, quoted in legs]
    natural = net_of(order(shapes, None).legs, met)
    wanted = order(shapes, natural + beyond_natural, left + filled, filled)

    found = match(wanted, shown, concession)

    if beyond_natural <= 0:
        assert [part.price for part in found] == met, "marketable, and every leg has size for one combo: it fills"
    if not found:
        return
    combos = {part.quantity // leg.ratio for part, leg in zip(found, wanted.legs, strict=True)}
    assert len(combos) == 1, "the legs stay in ratio"
    assert 1 <= combos.pop() <= left
    for part, leg, quoted in zip(found, wanted.legs, shown, strict=True):
        assert part.quantity % leg.ratio == 0
        assert part.quantity <= (quoted.ask_size if leg.action.is_buy else quoted.bid_size)
        assert quoted.bid <= part.price <= quoted.ask
    assert net_of(wanted.legs, [part.price for part in found]) == max(wanted.net_price, natural)


@pytest.mark.parametrize(
    ("action", "trigger", "seen", "reached"),
    [
        (Action.SELL_TO_CLOSE, "5.00", quote("5.00", "5.20"), True),
        (Action.SELL_TO_CLOSE, "4.99", quote("5.00", "5.20"), False),
        (Action.SELL_TO_CLOSE, "5.00", quote(None, "5.20"), False),
        (Action.BUY_TO_CLOSE, "5.20", quote("5.00", "5.20"), True),
        (Action.BUY_TO_CLOSE, "5.21", quote("5.00", "5.20"), False),
        (Action.BUY_TO_CLOSE, "5.20", quote("5.00", "5.20", halted=True), False),
        (Action.SELL_TO_CLOSE, "5.00", quote("5.00", "4.90"), False),
    ],
)
def test_a_stop_is_reached_by_the_side_it_would_trade_with(action, trigger, seen, reached):
    resting = replace(order([(action, 1)], None), order_type=OrderType.STOP, stop_trigger=Decimal(trigger))
    assert is_reached(resting, [seen]) is reached
