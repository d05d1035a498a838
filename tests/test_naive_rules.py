"""The faults of rules as they are often written, each beside ours, on the very case that such a rule gets wrong.

Each row says what the usual line makes of the case, what ours does, and what is right. A row whose usual line is right,
too, would show nothing: that fails as well.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from actors.domain.market.interest import Held, Interest
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.breaker_event import Measure
from actors.domain.orders.refusal import Code
from actors.domain.portfolio.book import Book
from actors.domain.risk.breaker_limits import BreakerLimits
from actors.domain.risk.moneyness import moneyness
from actors.domain.risk.withheld import withheld
from tests.actors.domain.portfolio.test_day_result import DAY, holding, result
from tests.actors.domain.risk import test_breaker as breakers
from tests.actors.domain.risk.test_gate import BOOT_NS, circumstances, codes, filled, standing, table
from tests.actors.domain.risk.test_room import capped, seen
from tests.builders import PRODUCTS, close_signal, open_signal, permit, spxw
from tests.expiries import SESSIONS
from tests.fakes import START

DAY_AND_3_S = timedelta(days=1, seconds=3)
AGE_MAX_S = 5
HALF_DAY, SATURDAY = date(2026, 11, 27), date(2026, 11, 28)
NAN = float("nan")


def usual_age_ok(last: datetime) -> bool:
    return (START - last).seconds <= AGE_MAX_S


def quoted_at(stamp: datetime):
    """The gate's table, each quote stamped so by the exchange."""
    quotes = table()
    quotes.exchange_ns[:] = int(stamp.timestamp() * 1e9)
    return quotes


def priced(bid: float, ask: float):
    quotes = table()
    quotes.bid[:], quotes.ask[:] = bid, ask
    return quotes


def opens(**seen: object) -> bool:
    return codes(open_signal(1), circumstances(**seen)) == []


def closes(**seen: object) -> bool:
    book = Book(PRODUCTS)
    filled(book, 1)
    return codes(close_signal(2, "condor-20260105-1"), circumstances(book=book, **seen)) == []


def spread_of_bid_ok(bid: float, ask: float) -> bool:
    return (ask - bid) / bid <= 0.5


def usual_volume_ok(today: int) -> bool:
    return today >= 100


def at_the_open():
    """A contract that traded 900 times yesterday, and today not yet."""
    quotes = table()
    held = {row: Held(5_000.0, 900.0) for row in range(len(quotes.universe.contracts))}
    quotes.take_interest(Interest(universe=1, held=held))
    limits = permit().limits.model_copy(update={"volume_min": 100})
    return {"quotes": quotes, "permit": permit().model_copy(update={"limits": limits})}


def out_of_the_money(right: str, spot: int, strike: int) -> bool:
    found = moneyness(PRODUCTS.contract(spxw(strike, right)), Decimal(spot))
    assert found is not None
    return found < Decimal("0.99")


def read_before(age: timedelta):
    """An account that was read so long ago."""
    account = standing(heard_ns=BOOT_NS - int(age.total_seconds() * 1e9))
    return seen(standings={"tastytrade": account}, permit=capped(power_age_max_s=60))


def restarted() -> bool:
    """Whether a limit that was reached holds, once risk has begun anew with nothing but the journal."""
    days = breakers.Days(breakers.only(Measure.LOSS_DAY, "0.05"))
    days.see(breakers.result(-6_000))
    days.record = breakers.BreakerRecord()
    return bool(days.known.tripped)


def usual_hours(now: datetime) -> bool:
    return time(9, 30) <= now.time() <= time(16)


def is_open(rule: str, now: datetime) -> bool:
    session = SESSIONS.session(rule, now.astimezone(NEW_YORK).date())
    return session is not None and session.holds(now)


def at(on: date, hour: int, minute: int, zone: str = "America/New_York") -> datetime:
    return datetime.combine(on, time(hour, minute), ZoneInfo(zone))


ROWS: dict[str, tuple[Callable[[], object], Callable[[], object], object]] = {
    "a quote of a day and three seconds ago is old": (
        lambda: usual_age_ok(START - DAY_AND_3_S),
        lambda: (
            Code.R031_QUOTE_STALE not in codes(open_signal(1), circumstances(quotes=quoted_at(START - DAY_AND_3_S)))
        ),
        False,
    ),
    "so is one that was received then": (
        lambda: usual_age_ok(START - DAY_AND_3_S),
        lambda: opens(boot_ns=BOOT_NS + int(DAY_AND_3_S.total_seconds() * 1e9)),
        False,
    ),
    "and an account that was read then": (
        lambda: usual_age_ok(START - DAY_AND_3_S),
        lambda: codes(open_signal(1), read_before(DAY_AND_3_S)) == [],
        False,
    ),
    "a cheap option that is wide by a tick is not wide": (
        lambda: spread_of_bid_ok(0.05, 0.10),
        lambda: Code.R034_SPREAD_WIDE not in codes(open_signal(1), circumstances(quotes=priced(0.05, 0.10))),
        True,
    ),
    "an exit is asked for no spread": (
        lambda: spread_of_bid_ok(0.5, 9.0),
        lambda: closes(quotes=priced(0.5, 9.0)),
        True,
    ),
    "nothing has traded at the open, and the open is no reason": (
        lambda: usual_volume_ok(0),
        lambda: opens(**at_the_open()),
        True,
    ),
    "a put under water is not out of the money": (
        lambda: 4_900 / 5_000 < 0.99,
        lambda: out_of_the_money("P", 4_900, 5_000),
        False,
    ),
    "a put far below the index is": (
        lambda: 5_000 / 4_900 < 0.99,
        lambda: out_of_the_money("P", 5_000, 4_900),
        True,
    ),
    "a call below its strike is, too": (
        lambda: 5_000 / 4_900 < 0.99,
        lambda: out_of_the_money("C", 4_900, 5_000),
        True,
    ),
    "a loss that is not taken yet is a loss": (
        lambda: Decimal(0),
        lambda: result(holding())[0],
        DAY,
    ),
    "a result that is no number is no licence": (
        lambda: not NAN <= -5_000,
        lambda: withheld((), (breakers.result(None),), BreakerLimits()) == {},
        False,
    ),
    "a limit that was reached stays so over a restart": (
        lambda: False,
        restarted,
        True,
    ),
    "Saturday is closed": (
        lambda: usual_hours(at(SATURDAY, 11, 0)),
        lambda: is_open("equity_option", at(SATURDAY, 11, 0)),
        False,
    ),
    "eleven at night in Tokyo is nine in New York: closed": (
        lambda: usual_hours(at(date(2026, 11, 25), 14, 0, "Asia/Tokyo")),
        lambda: is_open("equity_option", at(date(2026, 11, 25), 14, 0, "Asia/Tokyo")),
        False,
    ),
    "at 13:05 of a half day index options trade": (
        lambda: at(HALF_DAY, 13, 5).time() <= time(13),
        lambda: is_open("index_option", at(HALF_DAY, 13, 5)),
        True,
    ),
    "at 13:20 they do not": (
        lambda: usual_hours(at(HALF_DAY, 13, 20)),
        lambda: is_open("index_option", at(HALF_DAY, 13, 20)),
        False,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_ours_is_right_where_the_usual_line_is_wrong(name):
    usual, ours, right = ROWS[name]
    assert ours() == right
    assert usual() != right, "this row shows nothing"


def test_the_gates_own_case_opens_and_closes_so_each_row_has_one_reason():
    assert opens()
    assert closes()
    assert opens(quotes=quoted_at(START))
    assert codes(open_signal(1), read_before(timedelta(0))) == []
