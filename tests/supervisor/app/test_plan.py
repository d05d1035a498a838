"""What runs, in which order, and what is fixed before it runs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.config import SHIPPED, ConfigInvalid, load, with_overrides
from actors.config_model import RuntimeConfig
from actors.domain.market.session import NEW_YORK
from actors.places import Places
from supervisor.app.plan import PORTS, plan, settle, store, trading

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def config() -> RuntimeConfig:
    return load(SHIPPED / "holdfast.toml")


def test_the_tree_starts_in_the_order_of_what_needs_what(config):
    names = [child.name for child in plan(config).children()]
    order = ["venue", "notifier", "data_feed", "connection.tastytrade", "executor", "risk", "analyst"]
    assert [name for name in names if name in order] == order
    assert set(names) - set(order) == {
        *(f"connection.{route.name}" for route in config.routes[1:]),
        *(strategy.name for strategy in config.strategies),
    }


def test_every_factory_can_be_found(config):
    for child in plan(config).children():
        module, _, name = child.factory.partition(":")
        assert callable(getattr(__import__(module, fromlist=[name]), name))


def test_what_only_tells_never_stops_openings(config):
    free = {child.name for child in plan(config).children() if not child.stops_openings}
    assert free == {"notifier", "analyst"}


def test_settled_once_is_settled_for_ever(config):
    settled = settle(config, NOW)
    assert settle(settled, NOW + timedelta(days=3)) == settled


def test_every_port_is_fixed_and_no_two_alike(config):
    ports = [getattr(settle(config, NOW).market, name) for name in PORTS]
    assert all(ports)
    assert len(set(ports)) == len(PORTS)


def test_a_port_that_is_named_is_kept(config):
    named = with_overrides(config, {"market.alpaca_port": 45_678})
    assert settle(named, NOW).market.alpaca_port == 45_678


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC)))
def test_a_synthetic_day_begins_by_now_and_ends_on_its_own_date(now):
    config = load(SHIPPED / "holdfast.toml")
    start = settle(config, now).market.start
    end = start + timedelta(seconds=config.market.length_s)
    assert start <= now
    assert start.astimezone(NEW_YORK).date() == end.astimezone(NEW_YORK).date()


def test_a_recorded_day_has_no_beginning_of_its_own(config, tmp_path):
    replay = {"market.source": "replay", "market.folder": str(tmp_path), "market.date": date(2015, 12, 24)}
    assert settle(with_overrides(config, replay), NOW).market.start is None


def test_only_the_strategies_of_what_is_played_run(config):
    kept = trading(config, "SPX").strategies
    assert kept
    assert all(strategy.underlying == "SPX" for strategy in kept)
    assert trading(config, "SPXW").strategies == kept
    with pytest.raises(ConfigInvalid, match="no strategy trades GOOG"):
        trading(config, "GOOG")


@pytest.mark.parametrize("underlying", ["GOOG", "SPX"])
def test_what_is_said_of_a_strategy_that_does_not_run_goes_with_it(underlying):
    recorded_days = load(SHIPPED / "replay.toml")
    assert recorded_days.expiry.hold == ("spx_spread",)
    kept = trading(recorded_days, underlying)
    assert RuntimeConfig.model_validate_json(kept.model_dump_json()) == kept, "it may be told to every child"
    assert bool(kept.expiry.hold) is (underlying == "SPX")


def test_what_is_stored_is_what_every_child_reads(config, tmp_path):
    where = Places(state=tmp_path, run=tmp_path)
    settled = settle(config, NOW)
    store(config, where)
    store(settled, where)
    assert RuntimeConfig.model_validate_json(where.config.read_text()) == settled
    assert where.config.stat().st_mode & 0o077 == 0
