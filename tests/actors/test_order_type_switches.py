"""Each rule of resting and replaced orders switched off, and the test that then fails."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from actors.domain.market.quote import Quote
from actors.domain.orders import watch, working
from actors.domain.orders.order_state import OrderLife
from actors.domain.risk import replacing
from actors.trigger_desk import TriggerDesk
from tests.actors import test_trigger_desk as triggers
from tests.actors import test_work_desk as works


def every_print_counts(off: pytest.MonkeyPatch) -> None:
    off.setattr(watch, "_is_confirmed", lambda run, now, rules: True)


def quotes_never_age(off: pytest.MonkeyPatch) -> None:
    off.setattr(Quote, "age_s", lambda quote, now, boot_ns: 0.0)


def siblings_live_on(off: pytest.MonkeyPatch) -> None:
    off.setattr(TriggerDesk, "_cancel_siblings", lambda desk, trigger, why, step: None)


def nothing_is_undone(off: pytest.MonkeyPatch) -> None:
    off.setattr("actors.trigger_desk.excess_openings", lambda book: iter(()))


def a_restart_knows_nothing_was_missed(off: pytest.MonkeyPatch) -> None:
    judge = watch.judge
    off.setattr("actors.trigger_desk.judge", lambda *a: judge(a[0].model_copy(update={"armed_epoch": 10**9}), *a[1:]))


def a_replacement_is_for_all_of_it(off: pytest.MonkeyPatch) -> None:
    off.setattr(OrderLife, "leaves_qty", property(lambda life: life.order.order_qty))


def a_replacement_takes_what_it_believes_it_holds(off: pytest.MonkeyPatch) -> None:
    off.setattr(replacing, "closable", lambda book, structure: dict(structure.holdings))


def too_many_are_kept(off: pytest.MonkeyPatch) -> None:
    off.setattr("actors.work_desk.excess_opened", lambda book: iter(()))


def plans_never_end(off: pytest.MonkeyPatch) -> None:
    step = working.next_step
    off.setattr(
        "actors.work_desk.next_step",
        lambda plan, px, since, now, spread: step(
            plan.model_copy(update={"plan": plan.plan.model_copy(update={"give_up_s": timedelta.max.total_seconds()})}),
            px,
            since,
            now,
            spread,
        ),
    )


def prices_know_no_worst(off: pytest.MonkeyPatch) -> None:
    price_of = working.price_of
    off.setattr(
        working,
        "price_of",
        lambda plan, now, spread: price_of(plan.model_copy(update={"worst_px": Decimal(-99)}), now, spread),
    )


@dataclass(frozen=True)
class Switch:
    """A test, and how its rule is switched off."""

    check: Callable[[], None]
    off: Callable[[pytest.MonkeyPatch], None]


SWITCHES = (
    Switch(triggers.test_one_bad_print_fires_nothing, every_print_counts),
    Switch(
        lambda: triggers.test_quotes_that_are_not_sound_fire_nothing_and_somebody_is_told("stale"), quotes_never_age
    ),
    Switch(
        triggers.test_a_stop_journals_the_cancel_of_the_other_with_its_own_firing_and_waits_for_its_end,
        siblings_live_on,
    ),
    Switch(triggers.test_two_openings_filled_instead_of_one_are_closed_down_to_one, nothing_is_undone),
    Switch(
        triggers.test_a_level_crossed_while_down_may_alert_instead_until_the_price_has_come_back,
        a_restart_knows_nothing_was_missed,
    ),
    Switch(works.test_it_is_for_what_is_left, a_replacement_is_for_all_of_it),
    Switch(
        works.test_a_close_is_replaced_no_further_than_the_account_holds,
        a_replacement_takes_what_it_believes_it_holds,
    ),
    Switch(works.test_a_fill_told_after_the_end_cancels_what_is_too_many_and_closes_the_rest_of_it, too_many_are_kept),
    Switch(works.test_after_its_last_price_it_waits_and_is_then_given_up, plans_never_end),
    Switch(works.test_a_close_with_a_price_of_its_own_is_worked_no_lower, prices_know_no_worst),
)


@pytest.mark.parametrize("switch", SWITCHES, ids=[each.off.__name__ for each in SWITCHES])
def test_without_the_rule_its_test_fails(switch, monkeypatch):
    switch.check()
    switch.off(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        switch.check()
