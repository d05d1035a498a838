"""Which routes the accounts are read by."""

from actors.config_sections import RouteSection
from supervisor.app.statement import readers


def route(name: str, adapter: str, domain: str, **more: object) -> RouteSection:
    return RouteSection(name=name, adapter=adapter, account_domain=domain, url="paper", **more)


def test_each_account_is_read_once_and_a_pipes_over_its_own_brokers_route():
    pipe = route("pipe", "quantconnect", "tastytrade", covers="pipe", role="primary")
    direct = route("direct", "tastytrade", "tastytrade", role="backup")
    other = route("other", "alpaca", "alpaca", role="backup")
    assert [each.name for each in readers([pipe, direct, other])] == ["direct", "other"]


def test_an_account_that_only_quantconnect_trades_is_read_over_it():
    elsewhere = route("qc", "quantconnect", "elsewhere", covers="broker", role="backup")
    direct = route("direct", "tastytrade", "tastytrade", role="primary")
    assert [each.name for each in readers([elsewhere, direct])] == ["direct", "qc"]
