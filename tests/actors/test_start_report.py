"""What a start found and did is summed up once, kept, and told when something is wrong."""

from actors.domain.orders.attempt import Accepted, Found, InDoubt
from actors.domain.orders.finding import Recovered
from actors.domain.orders.report import Status
from actors.messages import Resolved
from tests.builders import CONDOR_SYMBOLS, open_signal
from tests.rig import ROUTES, Rig, quoted_fills, report

ORDER, ATTEMPT = "condor-20260105-1", "condor-20260105-1-r1"


def last(rig: Rig) -> Recovered:
    return rig.events(Recovered)[-1]


def restart(rig: Rig, **said: object) -> None:
    rig.start()
    for route in ROUTES:
        rig.connect(route)
    rig.read("backup")
    rig.read("primary", **said)


def test_the_first_start_of_an_empty_account_has_little_to_tell():
    rig = Rig().ready()
    told = last(rig)
    assert [(each.route, each.orders, each.positions) for each in told.accounts] == [
        ("primary", 0, 0),
        ("backup", 0, 0),
    ]
    assert (told.epoch, told.live_orders, told.recovered_fills, told.quarantined) == (1, (), (), {})
    rig.after(0.1)
    assert rig.alerts("A220") == []


def test_a_fill_missed_while_away_is_recovered_by_the_first_reading_and_told():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT, Accepted(broker_order_id="primary-1"))
    fills = quoted_fills(rig.book.orders[ORDER].order)
    done = report("primary-1", Status.FILLED, *fills, attempt=ATTEMPT)
    held = {fill.symbol: fill.action.sign for fill in fills}
    restart(rig, orders=[done], positions=held)
    told = last(rig)
    assert told.live_orders == (f"{ORDER} PENDING_NEW",)
    assert told.recovered_fills[0] == f"{ORDER}: +1 {CONDOR_SYMBOLS[0]} at 1.00"
    assert len(told.recovered_fills) == 4
    assert told.recovered_statuses == (f"{ORDER}: PENDING_NEW, now FILLED",)
    assert rig.book.structures[ORDER].strategy == "condor", "a leg stays its strategy's"


def test_a_doubt_and_the_evidence_that_ended_it_are_told():
    rig = Rig().ready()
    rig.ask(open_signal(1))
    rig.outcome(ATTEMPT, InDoubt(cause="timeout"))
    rig.start()
    for route in ROUTES:
        rig.connect(route)
    found = Found(report=report("primary-1", Status.NEW, attempt=ATTEMPT))
    rig.hear("connection-primary", Resolved(route="primary", attempt_id=ATTEMPT, resolution=found))
    for route in ROUTES:
        rig.read(route)
    told = last(rig)
    assert (told.live_orders, told.doubts_ended) == ((f"{ORDER} IN DOUBT",), (f"{ATTEMPT} found",))


def test_a_break_is_told_with_its_numbers_and_paged():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    rig.start()
    for route in ROUTES:
        rig.connect(route)
    rig.read("backup")
    for _ in range(4):
        rig.read(positions={})
    told = last(rig)
    assert (told.structures, list(told.quarantined)) == ((ORDER,), ["SPX"])
    assert "the account has 0" in told.quarantined["SPX"]
    rig.after(0.1)
    assert len(rig.alerts("A220")) == 1


def test_a_start_that_cannot_read_an_account_says_so_after_a_time():
    rig = Rig(start_report_s=30)
    rig.connect()
    rig.read()
    rig.after(0.1)
    rig.after(29)
    assert rig.events(Recovered) == []
    rig.after(1)
    (told,) = rig.events(Recovered)
    assert [(each.route, each.cash is None) for each in told.accounts] == [("primary", False), ("backup", True)]
    assert "backup not read" in rig.alerts("A220")[0]


def test_each_start_is_told_once():
    rig = Rig().ready()
    for _ in range(5):
        rig.after(20)
        rig.read()
    assert len(rig.events(Recovered)) == 1
    restart(rig)
    assert [event.epoch for event in rig.events(Recovered)] == [1, 2]


def test_what_happens_after_an_account_agreed_is_the_days_business():
    rig = Rig()
    rig.connect()
    rig.read()
    rig.opened(open_signal(1))
    rig.connect("backup")
    rig.read("backup")
    assert last(rig).recovered_fills == ()
