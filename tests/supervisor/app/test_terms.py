"""What the executor holds openings to is what the configuration says, for every route it may take."""

from decimal import Decimal
from pathlib import Path

import pytest

from actors.config import load
from actors.config_model import RuntimeConfig
from actors.expiry_tables import load_expiry
from actors.margins import load_margins
from supervisor.app.terms import cost_terms, executor_settings, fee_schedule, sizes

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture(scope="module")
def config() -> RuntimeConfig:
    return load(CONFIG / "holdfast.toml")


def test_an_executor_never_runs_without_fee_tables(config):
    margins, expiries = load_margins(CONFIG / "margin.toml"), load_expiry(CONFIG / "expiry.toml")
    desk = executor_settings(config, margins, expiries).desk
    assert (desk.margins, desk.almanac.table) == (margins, expiries)
    assert desk.costs is not None
    assert desk.costs.routes == {"tastytrade": "tastytrade", "alpaca": "alpaca"}
    assert desk.costs.domains == {"tastytrade": "tastytrade", "alpaca": "alpaca"}
    assert desk.sizes == sizes(config)


def test_every_schedule_that_is_named_is_in_the_tables(config):
    terms = cost_terms(config)
    assert {*terms.routes.values(), *terms.domains.values(), "interactive_brokers"} <= terms.fees.schedules.keys()


@pytest.mark.parametrize(("covers", "schedule"), [("pipe", "tastytrade"), ("broker", "interactive_brokers")])
def test_behind_quantconnect_it_is_whose_account_it_trades(config, covers, schedule):
    route = config.routes[0].model_copy(update={"adapter": "quantconnect", "covers": covers})
    assert fee_schedule(route) == schedule


def test_what_a_strategy_is_held_to_stands_beside_it(config):
    (condor,) = config.strategies
    assert sizes(config).strategies["condor"].win_rate == condor.performance.win_rate == 0.65
    own = config.model_copy(update={"strategies": (condor.model_copy(update={"edge_share_min": Decimal("0.7")}),)})
    assert cost_terms(own).edge_share_min("condor") == Decimal("0.7")
    assert cost_terms(own).edge_share_min("operator") == config.costs.edge_share_min


def test_a_strategy_without_an_expectation_is_not_tested(config):
    (condor,) = config.strategies
    without = config.model_copy(update={"strategies": (condor.model_copy(update={"performance": None}),)})
    assert sizes(without).strategies == {}
