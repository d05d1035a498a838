"""What a child finds on its process."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.clock import WallClock
from actors.config import SHIPPED, load, with_overrides
from actors.domain.market.session import NEW_YORK, Closed
from actors.places import Places
from supervisor.app.plan import settle, store
from supervisor.app.workplace import VenueAbsent, Workplace
from supervisor.child_spec import ChildContext

SUNDAY = datetime(2026, 1, 4, 15, 0, tzinfo=UTC)


@pytest.fixture
def workplace(tmp_path):
    """Return a function that makes the workplace of a child under a changed configuration."""

    def make(**changes: object) -> Workplace:
        given = {name.replace("__", "."): value for name, value in changes.items()}
        config = settle(with_overrides(load(SHIPPED / "holdfast.toml"), given), SUNDAY)
        store(config, Places(state=tmp_path, run=tmp_path))
        context = ChildContext(
            name="risk", incarnation=7, state=tmp_path, run=tmp_path, factory="a:b", arguments={"route": "x"}
        )
        return Workplace(context)

    return make


def test_a_child_knows_its_name_its_incarnation_and_its_arguments(workplace):
    place = workplace()
    assert (place.name, place.incarnation, place.argument("route")) == ("risk", 7, "x")
    with pytest.raises(KeyError):
        place.argument("nothing")


def test_a_synthetic_day_is_a_trading_day_even_on_a_sunday(workplace):
    place = workplace()
    on = SUNDAY.astimezone(NEW_YORK).date()
    session = place.sessions.find("equity_option", on)
    assert not isinstance(session, Closed)
    assert session.holds(place.config.market.start + timedelta(seconds=1))


def test_products_and_their_roots_are_those_shipped(workplace):
    assert "SPXW" in workplace().products.roots_of("SPX")


def test_a_venue_that_never_opens_its_doors_is_said_to_be_absent(workplace):
    place = workplace(clock__market_wait_max_s=0.1)
    with pytest.raises(VenueAbsent, match=r"0\.1 s"):
        place.clock  # noqa: B018 - the clock is the venue's


def test_away_from_paper_time_is_the_walls(workplace):
    place = workplace()
    live = place.config.runtime.model_copy(update={"mode": "live"})
    place.config = place.config.model_copy(update={"runtime": live})
    assert isinstance(place.clock, WallClock)


def test_a_visitor_writes_no_log(workplace, tmp_path):
    workplace()
    before = sorted(path.name for path in tmp_path.iterdir())
    visitor = Workplace.visitor(Places(state=tmp_path, run=tmp_path))
    assert visitor.products
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_checkpoints_are_kept_apart_by_actor(workplace, tmp_path):
    place = workplace()
    store_of_risk = place.checkpoints()
    assert store_of_risk.load(type(place.config)) is None
    store_of_risk.close()
    assert (tmp_path / "checkpoints" / "risk").is_dir()
