"""The paper venue as the tree builds it: what is held from an earlier session is listed in the next, wherever it is."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from threading import Event, Thread

import pytest

from actors.config import SHIPPED, load
from actors.domain.market.session import NEW_YORK
from actors.domain.orders.order import Action
from actors.feeds.dxlink import DxlinkFeed, DxlinkSettings
from actors.places import Places
from actors.venue.account import Transaction, TransactionType
from actors.venue.store import Changes, VenueStore
from supervisor.app.logins import tastytrade_login
from supervisor.app.market import venue
from supervisor.app.plan import settle, store
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext

MONDAY = datetime(2025, 1, 6, 9, 30, tzinfo=NEW_YORK)
FAR = "SPXW  250110C09000000"
PATIENCE_S = 30.0
ELSEWHERE = "SPX   250117C09000000"


@pytest.fixture
def listed(tmp_path):
    """Return what the venue of a session lists to whoever asks, its books with these movements in them."""
    folders = (tmp_path / str(number) for number in count())

    def ask(opens_at: datetime, *booked: Transaction) -> set[str]:
        where = Places(state=(folder := next(folders)), run=folder)
        books = VenueStore(folder / "venue" / "books.sqlite")
        books.commit(Changes(transactions=list(booked)))
        books.close()
        config = load(SHIPPED / "holdfast.toml")
        market = config.market.model_copy(update={"start": opens_at})
        store(settle(config.model_copy(update={"market": market}), opens_at), where)
        context = ChildContext(name="venue", incarnation=1, state=folder, run=folder, factory="a:b")
        stop, shell = Event(), venue(context)
        thread = Thread(target=shell.run, args=(stop,), daemon=True)
        thread.start()
        try:
            return asyncio.run(chain(Workplace.visitor(where)))
        finally:
            stop.set()
            thread.join(PATIENCE_S)

    return ask


async def chain(place: Workplace) -> set[str]:
    feed = DxlinkFeed(
        DxlinkSettings(url=place.venue.tastytrade, dte_max=30),
        tastytrade_login(place, place.config.feed_route),
        place.products,
        place.clock,
    )
    async with asyncio.timeout(PATIENCE_S):
        found = await feed.contracts(["SPX"])
    await feed.close()
    return {contract.symbol for contract in found}


def bought(number: int, symbol: str, at: datetime) -> Transaction:
    zero = Decimal(0)
    return Transaction(
        number, "5WX00001", TransactionType.TRADE, None, None, symbol, Action.BUY_TO_OPEN,
        1, zero, zero, zero, zero, zero, zero, at,
    )  # fmt: skip


def test_what_is_held_is_listed_in_the_next_session_wherever_the_index_is_and_in_its_own_name(listed):
    at = MONDAY + timedelta(hours=1)
    tuesday = listed(MONDAY + timedelta(days=1), bought(1, FAR, at), bought(2, ELSEWHERE, at))
    assert FAR in tuesday
    assert {each[:6] for each in tuesday if len(each) > len("SPX")} == {"SPXW  "}


def test_a_venue_restarted_within_a_session_plays_the_market_it_played_whatever_was_traded_since(listed):
    first = listed(MONDAY)
    assert first
    assert FAR not in first
    assert listed(MONDAY, bought(1, FAR, MONDAY + timedelta(hours=1))) == first
