"""What is to be flattened is asked for through a real executor's door, whole, at a slowing pace, until it is gone."""

from decimal import Decimal

import pytest

from actors.breaker_watch import BreakerPorts, BreakerWatch
from actors.domain.orders.attempt import Accepted
from actors.domain.orders.report import Status
from actors.domain.portfolio.sight import Sight
from actors.domain.portfolio.view import BookView
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.flattener import Flattener, Wish
from actors.latch import Latch, StopLevel
from actors.messages import SendOrder, SubmitSignal
from tests.builders import open_signal
from tests.fakes import START, MemoryCheckpoints
from tests.rig import Rig, fills_of, report

OURS = "condor-20260105-1"


def held() -> Rig:
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.opened(open_signal(2).model_copy(update={"strategy": "other", "signal_id": "other-20260105-1"}))
    return rig


def asked(flattener: Flattener, rig: Rig, *wanted: str) -> list[str]:
    book = rig.executor._picture().book
    told = flattener.ask(dict.fromkeys(wanted, Wish("enough")), book, rig.clock.ns, rig.clock.now)
    rig.hear("risk", *told)
    return [each.signal.request.structure_id for each in told]


def filled(rig: Rig) -> None:
    for number, (_, sent) in enumerate(rig.told(SendOrder), start=50):
        rig.outcome(sent.attempt_id, Accepted(broker_order_id=f"primary-{number}"))
        fills = fills_of(sent.order, px="1.00")
        rig.push(report(f"primary-{number}", Status.FILLED, *fills, attempt=sent.attempt_id))


def test_only_what_is_wanted_is_closed_as_a_whole():
    rig = held()
    assert asked(Flattener("risk"), rig, OURS) == [OURS]
    ((_, sent),) = rig.told(SendOrder)
    assert (sent.order.intent, len(sent.order.legs)) == ("CLOSE", 4)


def test_what_is_closed_is_not_asked_for_again():
    rig, flattener = held(), Flattener("risk")
    asked(flattener, rig, OURS)
    filled(rig)
    rig.after(60)
    assert rig.book.structures[OURS].is_flat
    assert asked(flattener, rig) == []


def test_what_is_not_wanted_any_more_is_forgotten_and_later_asked_for_at_once():
    rig, flattener = held(), Flattener("risk")
    rig.executor._desk.quotes = None
    assert [asked(flattener, rig, OURS), asked(flattener, rig, OURS)] == [[OURS], []]
    assert [asked(flattener, rig), asked(flattener, rig, OURS)] == [[], [OURS]]


@pytest.mark.parametrize(
    ("level", "closed"),
    [(StopLevel.FLATTEN, [OURS, "other-20260105-1"]), (StopLevel.HALT, []), (StopLevel.NONE, [])],
)
def test_a_latched_flatten_is_everybodys_and_no_other_stop_closes_anything(level, closed):
    rig = held()
    watch = BreakerWatch("risk", BreakerLimits(), BreakerPorts(MemoryCheckpoints(), lambda latch: latch))
    stop = Latch(level=level, reason="enough", by="ann", at=START)
    told = watch.on_book(rig.executor._picture().book, rig.clock.ns, START, stop)
    signals = [each.signal for each in told if isinstance(each, SubmitSignal)]
    assert [each.request.structure_id for each in signals] == closed
    assert {each.reason for each in signals} <= {"flatten by ann: enough"}


def lone_long(rig: Rig, bid: str | None) -> BookView:
    """The book of a structure that holds one long alone, for which somebody bids or nobody."""
    book = rig.executor._picture().book
    ours = next(each for each in book.structures if each.structure_id == OURS)
    symbol = next(name for name, count in ours.holdings.items() if count > 0)
    sight = Sight(bid=None if bid is None else Decimal(bid), ask=Decimal("0.05"), age_s=1.0)
    alone = ours.model_copy(update={"holdings": {symbol: 1}})
    return book.model_copy(update={"structures": (alone,), "sights": {symbol: sight}})


@pytest.mark.parametrize(("bid", "times"), [(None, 2), ("0", 2), ("0.05", 8)])
def test_a_long_nobody_bids_for_is_asked_for_once_and_then_seldom(bid, times):
    rig, flattener = held(), Flattener("risk")
    book, wanted = lone_long(rig, bid), {OURS: Wish("enough")}
    told = [flattener.ask(wanted, book, int(second * 1e9), START) for second in (*range(0, 900, 5), 1_800)]
    assert min(sum(map(len, told)), 8) == times


def test_it_is_asked_for_at_once_when_somebody_bids():
    rig, flattener = held(), Flattener("risk")
    wanted = {OURS: Wish("enough")}
    told = [
        flattener.ask(wanted, lone_long(rig, bid), second * 10**9, START)
        for second, bid in enumerate((None, None, "0.05"))
    ]
    assert [len(each) for each in told] == [1, 0, 1]
