"""What of a book may be assigned early."""

from actors.config import SHIPPED, load
from actors.venue.venue_settings import VenueFile
from supervisor.app.drills.held import account_of, assignable
from tests.actors.test_settlement_desk import SHORT, Shop
from tests.builders import open_signal
from tests.rig import Rig


def test_it_is_the_shorts_that_deliver_shares_of_the_asked_strategy_alone():
    book = Shop().book
    assert list(assignable(book, "condor")) == [("primary-account", SHORT, 1)]
    assert list(assignable(book, "drill")) == []


def test_what_is_settled_in_cash_is_never_assigned_early():
    rig = Rig().ready()
    rig.opened(open_signal(1))
    assert any(held < 0 for held in rig.book.structures["condor-20260105-1"].holdings.values())
    assert list(assignable(rig.book, "condor")) == []


def test_an_account_is_asked_for_by_the_venues_own_number():
    config = load(SHIPPED / "holdfast.toml")
    venue = VenueFile.model_construct(tastytrade_accounts=("5WX1",), alpaca_account="A1")
    assert account_of("tastytrade", config, venue) == "5WX1"
    assert account_of("alpaca", config, venue) == "A1"
