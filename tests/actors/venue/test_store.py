import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from actors.ports import DamagedState
from actors.venue.exchange import Exchange
from actors.venue.paper_order import PaperStatus
from actors.venue.store import Changes, StoreHeld, VenueStore
from tests.actors.venue.paper_exchange import (
    ACCOUNT,
    CONDOR_QUOTES,
    NOW,
    OTHER,
    ROOT,
    SPECS,
    SPX,
    batch,
    call_spread,
    condor,
    later,
    open_exchange,
)


def traded(path: Path) -> Exchange:
    exchange = open_exchange(path)
    exchange.advance(batch(CONDOR_QUOTES, last={SPX: 3698.0}))
    exchange.place(ACCOUNT, condor("4.00", 2), NOW)
    resting = exchange.place(ACCOUNT, call_spread("3.50"), NOW).order_id
    exchange.replace(ACCOUNT, resting, Decimal("3.60"), later(1))
    exchange.place(OTHER, call_spread("3.40").model_copy(update={"client_id": "ours"}), later(2))
    return exchange


def test_everything_is_as_it_was_after_a_restart(tmp_path):
    before = traded(tmp_path / "venue.sqlite")
    before._ledger._store.close()
    after = open_exchange(tmp_path / "venue.sqlite")
    for account in (ACCOUNT, OTHER):
        assert after.orders(account) == before.orders(account)
        assert Counter(after.positions(account)) == Counter(before.positions(account))
        assert after.transactions(account) == before.transactions(account)
        assert after.balances(account).cash == before.balances(account).cash
    assert after.order_by_client_id(OTHER, "ours") == before.order_by_client_id(OTHER, "ours")


def test_what_was_on_its_way_arrives_after_a_restart(tmp_path):
    traded(tmp_path / "venue.sqlite")._ledger._store.close()
    exchange = open_exchange(tmp_path / "venue.sqlite")
    exchange.tick(later(5))
    assert [order.status for order in exchange.orders(ACCOUNT)] == [
        PaperStatus.FILLED,
        PaperStatus.CANCELLED,
        PaperStatus.LIVE,
    ]


def test_ids_go_on_where_they_stopped(tmp_path):
    before = traded(tmp_path / "venue.sqlite")
    orders, booked = before.orders(OTHER)[-1].order_id, before.transactions(ACCOUNT)[-1]
    before._ledger._store.close()
    exchange = open_exchange(tmp_path / "venue.sqlite")
    exchange.advance(batch(CONDOR_QUOTES, later(3)))
    assert exchange.place(ACCOUNT, condor("4.00"), later(3)).order_id == orders + 1
    new = exchange.transactions(ACCOUNT)[-4]
    assert (new.id, int(new.exec_id)) == (booked.id + 1, int(booked.exec_id) + 1)


def test_the_commission_cap_of_a_leg_outlives_a_restart(tmp_path):
    before = traded(tmp_path / "venue.sqlite")
    paid = before._ledger.commission(1, "SPXW  210104C03700000")
    before._ledger._store.close()
    after = open_exchange(tmp_path / "venue.sqlite")
    assert after._ledger.commission(1, "SPXW  210104C03700000") == paid == 2


def test_a_known_account_keeps_its_cash_whatever_the_configuration_says_now(tmp_path):
    traded(tmp_path / "venue.sqlite")._ledger._store.close()
    store = VenueStore(tmp_path / "venue.sqlite")
    cash = store.load().cash[ACCOUNT]
    store.add_account(ACCOUNT, Decimal(1))
    assert store.load().cash[ACCOUNT] == cash != SPECS[0].cash


def test_a_second_venue_on_the_same_books_is_refused(tmp_path):
    held = VenueStore(tmp_path / "venue.sqlite")
    with pytest.raises(StoreHeld):
        VenueStore(tmp_path / "venue.sqlite")
    held.close()
    VenueStore(tmp_path / "venue.sqlite").close()


def test_a_change_that_cannot_be_written_whole_is_not_written_at_all(tmp_path):
    exchange = traded(tmp_path / "venue.sqlite")
    store = exchange._ledger._store
    before = store.load()
    twice = exchange.transactions(ACCOUNT)[0]
    with pytest.raises(apsw.ConstraintError):
        store.commit(Changes(cash={ACCOUNT: Decimal(1)}, transactions=[twice]))
    assert store.load() == before


def test_writes_are_durable_and_in_wal(tmp_path):
    store = VenueStore(tmp_path / "venue.sqlite")
    assert (store._db.pragma("journal_mode"), store._db.pragma("synchronous")) == ("wal", 2)


def test_cash_that_does_not_follow_from_the_transactions_is_damage(tmp_path):
    traded(tmp_path / "venue.sqlite")._ledger._store.close()
    db = apsw.Connection(str(tmp_path / "venue.sqlite"))
    db.execute("UPDATE accounts SET cash = '1000000' WHERE account = ?", (ACCOUNT,))
    db.close()
    with pytest.raises(DamagedState, match=ACCOUNT):
        VenueStore(tmp_path / "venue.sqlite").load()


@pytest.mark.parametrize(
    "damage", ["UPDATE orders SET body = '{\"order_id\": 1}' WHERE order_id = 1", "PRAGMA user_version = 99"]
)
def test_books_that_do_not_read_are_damage(tmp_path, damage):
    traded(tmp_path / "venue.sqlite")._ledger._store.close()
    db = apsw.Connection(str(tmp_path / "venue.sqlite"))
    db.execute(damage)
    db.close()
    with pytest.raises(DamagedState, match=r"venue\.sqlite"):
        VenueStore(tmp_path / "venue.sqlite").load()


def test_a_file_that_is_no_database_is_damage(tmp_path):
    path = tmp_path / "venue.sqlite"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(DamagedState):
        VenueStore(path)


@pytest.mark.parametrize("lines", [1, 4, 9])
def test_a_killed_venue_knows_everything_it_ever_said(tmp_path, lines):
    path = tmp_path / "venue.sqlite"
    script = Path(__file__).with_name("venue_process.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as venue:
        said = [venue.stdout.readline().split() for _ in range(lines)]
        venue.send_signal(signal.SIGKILL)
        said += [line.split() for line in venue.stdout.read().splitlines() if len(line.split()) == 4]
    exchange = open_exchange(path)
    for filled, resting, moved, booked in ([int(word) for word in line] for line in said):
        assert exchange.order(ACCOUNT, filled).status is PaperStatus.FILLED
        assert exchange.order(ACCOUNT, resting).replaced_by == moved
        assert exchange.order(ACCOUNT, moved).replaces == resting
        assert len(exchange.transactions(ACCOUNT)) >= booked
    quantities = Counter()
    for order in exchange.orders(ACCOUNT):
        for leg in order.legs:
            quantities[leg.symbol] += leg.action.sign * leg.filled
    held = {position.symbol: position.quantity for position in exchange.positions(ACCOUNT)}
    assert held == {symbol: quantity for symbol, quantity in quantities.items() if quantity}
    fills = [fill.fill_id for order in exchange.orders(ACCOUNT) for leg in order.legs for fill in leg.fills]
    assert sorted(fills) == sorted(booked.exec_id for booked in exchange.transactions(ACCOUNT))
