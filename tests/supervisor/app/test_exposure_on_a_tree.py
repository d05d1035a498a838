"""Greeks and stress on a real tree: from the feed's board over risk and the permit into the journal and the verbs."""

import json
from collections.abc import Iterator

import pytest

from actors.domain.orders.event import OrderPlaced
from actors.domain.orders.refusal import Code
from actors.places import Places, places
from supervisor.app.drill import strike
from tests.supervisor.app.trees import down, events, holdfast, rest_an_order, until, up

pytestmark = [pytest.mark.tree, pytest.mark.timeout(300)]
SETTINGS = {
    "risk.spread_max": 5.0,
    "risk.spread_floor": 5.0,
    "risk.structure_loss_max": 9_000,
    "greeks.underlying.delta_max": 20_000,
    "greeks.whole.delta_max": 20_000,
}


@pytest.fixture
def where(tmp_path) -> Iterator[Places]:
    where = places(tmp_path / "state")
    try:
        up(where, settings=SETTINGS)
        yield where
    finally:
        down(where)


def told(where: Places) -> dict:
    done = holdfast("risk", "--state", where.state, "--json")
    return json.loads(done.stdout)["exposure"] or {} if done.returncode == 0 else {}


def asked_of(where: Places, order: str) -> set[Code]:
    placed = next(each for each in events(where, OrderPlaced) if each.order.cl_ord_id == order)
    return {check.code for check in placed.checks}


def test_an_opening_is_held_to_figures_that_a_killed_risk_actor_brings_back(where):
    first = rest_an_order(where, "first", share="1.5", worth=20)
    assert {Code.R081_GREEKS, Code.R082_STRESS} <= asked_of(where, first.cl_ord_id)
    until(lambda: told(where).get("underlyings", {}).get("SPX", {}).get("delta", 0) > 0, 60)
    before = told(where)
    assert before["stress"]["worst"] < 0
    assert before["moves"]

    strike(where, "risk")
    second = rest_an_order(where, "second", share="0.5", worth=20)
    assert {Code.R081_GREEKS, Code.R082_STRESS} <= asked_of(where, second.cl_ord_id)
    until(lambda: told(where)["age_s"] < 5, 30)

    done = holdfast("whatif", "--spot", "-5%", "--state", where.state, "--json")
    found = json.loads(done.stdout)
    assert float(found["change"]) < 0
    assert found["sent"] == 0
    why = holdfast("why", second.cl_ord_id, "--state", where.state)
    assert "ADMITTED" in why.stdout
    assert "R082 stress" in why.stdout
