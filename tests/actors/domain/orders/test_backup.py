"""Who stands behind whom, before anything starts."""

from actors.domain.market.contract import Kind
from actors.domain.orders.backup import StatedRoute, backing, covers
from actors.domain.orders.coverage import Coverage

OPTIONS = frozenset({Kind.INDEX_OPTION})


def route(name: str, domain: str | None = None, covered="broker", **coverage) -> StatedRoute:
    return StatedRoute(
        name=name, account_domain=domain or name, covers=covered, coverage=Coverage.model_validate(coverage)
    )


def test_a_route_to_an_account_that_one_before_it_trades_is_a_pipe():
    routes = [route("a"), route("b"), route("c", "a")]
    assert [covers(routes, each) for each in routes] == ["broker", "broker", "pipe"]


def test_a_second_broker_stands_behind_openings_alone_and_a_pipe_behind_all():
    found = backing("condor", OPTIONS, [route("a"), route("b"), route("c", "a")])
    assert found.backups == ("b", "c")
    assert found.reason == "b, for openings: what is open at a waits for a; c, another path to a"


def test_one_route_alone_is_no_backup():
    assert backing("condor", OPTIONS, [route("a")]).reason == "there is one route only"


def test_a_strategy_whose_orders_no_other_route_carries_has_none_and_each_reason_is_told():
    routes = [route("a"), route("b", kinds=["FUTURE_OPTION"]), route("c", legs_max=2)]
    found = backing("condor", OPTIONS, routes)
    assert (found.backups, found.reason) == (
        (),
        "b carries no index option; c carries 2 legs at most, not 4",
    )


def test_that_the_route_of_its_own_cannot_carry_what_a_strategy_trades_is_told_too():
    futures = frozenset({Kind.FUTURE_OPTION})
    assert backing("es", futures, [route("a")]).reason == (
        "there is one route only; and a itself carries no future option"
    )
    behind = backing("es", futures, [route("a"), route("b", kinds=["FUTURE_OPTION"])])
    assert (behind.backups, behind.reason) == (
        ("b",),
        "b, for openings: what is open at a waits for a; and a itself carries no future option",
    )
