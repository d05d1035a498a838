"""Each rule about greeks and stress has a switch, as the laws have (`test_laws`): off, and its check fails."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from actors.domain.orders.attempt import InDoubt
from actors.domain.orders.refusal import Code
from actors.domain.risk import exposure_check, gate
from actors.domain.risk.exposure_limits import ExposureLimits, GreekLimits, Grid
from actors.domain.risk.exposure_measure import measure
from actors.domain.risk.exposure_pricer import Pricer
from actors.messages import IssuePermit
from tests.builders import close_signal, open_signal, permit
from tests.rig import Rig
from tests.rule_switch import Switch, each_of
from tests.surfaces import sight

ROOM_FOR_ONE = ExposureLimits(
    underlying=GreekLimits(), whole=GreekLimits(), stress_loss_max=Decimal(7_500), grid=Grid(spot=(-0.05, 0.0, 0.05))
)
"""A condor of the builders loses 5,000 less its credit there."""


class Measured(Rig):
    """An executor whose permits carry what risk saw of the book, and room for one more condor."""

    def __init__(self) -> None:
        self.numbers = iter(range(2, 10_000))
        super().__init__()
        self.ready()

    def measure(self, limits: ExposureLimits = ROOM_FOR_ONE, **changes: object) -> None:
        found = measure(self.executor._picture().book, sight(), limits.grid).model_copy(update=changes)
        told = permit(next(self.numbers)).model_copy(update={"exposure_limits": limits, "exposure": found})
        self.hear("risk", IssuePermit(permit=told))

    def opens(self) -> bool:
        return self.ask(open_signal(next(self.numbers))).admitted


def beyond_the_limit_nothing_opens() -> None:
    rig = Measured()
    rig.measure()
    assert rig.opens()
    assert not rig.opens()


def the_gate_does_not_ask(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "exposure_allowed", lambda request, seen: iter(()))


def working_openings_weigh_nothing(off: pytest.MonkeyPatch) -> None:
    bounds = exposure_check._bounds
    off.setattr(exposure_check, "_bounds", lambda held, parts: bounds(held, []))


def stress_is_no_limit(off: pytest.MonkeyPatch) -> None:
    stress = exposure_check._stress_within
    off.setattr(exposure_check, "_stress_within", lambda *told: stress(*told)._replace(passed=True))


def a_doubt_weighs_as_a_fill() -> None:
    rig = Measured()
    rig.measure()
    name = rig.ask(open_signal(next(rig.numbers))).cl_ord_id
    rig.outcome(f"{name}-r1", InDoubt(cause="timeout"))
    answer = rig.ask(open_signal(next(rig.numbers)))
    assert Code.R082_STRESS in {check.code for check in answer.checks if not check.passed}


def what_filled_since_the_look_counts() -> None:
    rig = Measured()
    rig.measure()
    rig.opened(open_signal(next(rig.numbers)))
    assert not rig.opens()


def the_book_stands_as_risk_saw_it(off: pytest.MonkeyPatch) -> None:
    off.setattr(exposure_check, "_changes", lambda seen, exposure: {})


def old_figures_open_nothing() -> None:
    rig = Measured()
    rig.measure(age_s=ROOM_FOR_ONE.age_max_s + 0.001)
    assert not rig.opens()


def what_has_no_price_opens_nothing() -> None:
    rig = Measured()
    rig.measure(curves=())
    assert not rig.opens()


def what_is_unknown_is_no_reason(off: pytest.MonkeyPatch) -> None:
    off.setattr(exposure_check, "_unknown", lambda exposure, limits: "")


def what_has_no_price_is_worth_nothing(off: pytest.MonkeyPatch) -> None:
    off.setattr(Pricer, "rows", lambda self, contracts: np.zeros((len(contracts), self.width)))


def an_exit_passes_every_limit() -> None:
    rig = Measured()
    rig.measure()
    name = rig.opened(open_signal(next(rig.numbers)))
    rig.measure(age_s=1e9)
    assert rig.ask(close_signal(next(rig.numbers), name)).admitted


def a_close_is_asked_what_openings_are(off: pytest.MonkeyPatch) -> None:
    review = gate._review_close

    def strict(request: Any, seen: Any) -> Any:
        yield from exposure_check.exposure_allowed(open_signal(1).request, seen)
        yield from review(request, seen)

    off.setattr(gate, "_review_close", strict)


SWITCHES = (
    Switch(beyond_the_limit_nothing_opens, the_gate_does_not_ask),
    Switch(beyond_the_limit_nothing_opens, working_openings_weigh_nothing),
    Switch(beyond_the_limit_nothing_opens, stress_is_no_limit),
    Switch(a_doubt_weighs_as_a_fill, working_openings_weigh_nothing),
    Switch(what_filled_since_the_look_counts, the_book_stands_as_risk_saw_it),
    Switch(old_figures_open_nothing, what_is_unknown_is_no_reason),
    Switch(what_has_no_price_opens_nothing, what_has_no_price_is_worth_nothing),
    Switch(an_exit_passes_every_limit, a_close_is_asked_what_openings_are),
)
named = each_of(SWITCHES)


@named
def test_the_rule_holds(switch):
    switch.check()


@named
def test_without_the_rule_its_check_fails(switch, monkeypatch):
    switch.fails_when_off(monkeypatch)
