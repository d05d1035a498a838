"""Each rule on costs and sizes has a switch, as the laws have (`test_laws`): off, and its check fails.

A check is a short story told by an executor; it passes as the code stands. What is switched off is the rule itself.
"""

from decimal import Decimal
from typing import Any

import pytest

from actors import chase, size_desk
from actors.domain.costs import fees
from actors.domain.costs.slippage import Seen
from actors.domain.costs.tariff import Tariff
from actors.domain.orders.event import CancelAsked
from actors.domain.orders.refusal import Code
from actors.domain.orders.size_event import SizeMoved
from actors.domain.performance import degradation
from actors.domain.portfolio import tally
from actors.domain.portfolio.form import Form
from actors.domain.risk import edge, gate
from tests.actors.test_size_desk import codes, trade, traded
from tests.builders import close_signal, open_signal
from tests.cost_builders import cut, terms
from tests.rig import Rig
from tests.rule_switch import Switch, each_of

CAPPED = 4


def dear(share: str = "0.9") -> Rig:
    """An executor that wants more of a premium left than a condor leaves."""
    return Rig(costs=terms(share)).ready()


def an_opening_that_leaves_too_little_is_refused() -> None:
    assert not dear().ask(open_signal(1)).admitted


def the_gate_does_not_ask(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "worth_opening", lambda request, strategy, seen: iter(()))


def only_fees_are_costs(off: pytest.MonkeyPatch) -> None:
    off.setattr(size_desk.Estimate, "cost", property(lambda self: self.fee + self.exit_fee))


def fees_are_no_costs(off: pytest.MonkeyPatch) -> None:
    execution = Tariff.execution

    def free(self: Tariff, *asked: Any) -> Any:
        found = execution(self, *asked)
        return found.model_copy(update={"commission": Decimal(0), "proprietary": Decimal(0)})

    off.setattr(Tariff, "execution", free)


def an_unknown_cost_opens_nothing() -> None:
    rig = Rig(costs=terms().model_copy(update={"routes": {}})).ready()
    assert codes(rig, 1, 1) == [Code.R091_COST_UNKNOWN]


def what_nobody_knows_is_free(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "worth_opening", _lenient(edge.worth_opening))


def _lenient(asked: Any) -> Any:
    return lambda *facts: (check for check in asked(*facts) if check.code is not Code.R091_COST_UNKNOWN)


def no_other_year_stands_in_for_a_day_without_a_row() -> None:
    table = terms().fees
    rows = tuple(row.model_copy(update={"until": row.since}) for row in table.regulatory.orf[-1:])
    regulatory = table.regulatory.model_copy(update={"orf": rows})
    rig = Rig(costs=terms().model_copy(update={"fees": table.model_copy(update={"regulatory": regulatory})})).ready()
    assert codes(rig, 1, 1) == [Code.R091_COST_UNKNOWN]


def the_last_row_counts_for_ever(off: pytest.MonkeyPatch) -> None:
    off.setattr(fees.FeeSchedules, "_row", lambda self, table, rows, on: rows[-1])


def an_exit_costs_what_it_costs() -> None:
    rig = Rig(costs=terms()).ready()
    name = rig.opened(open_signal(1))
    rig.executor._desk.costs.terms = terms("0.99")
    assert codes(rig, 2, 1) == [Code.R090_EDGE]
    assert rig.ask(close_signal(3, name)).admitted


def a_close_is_asked_what_openings_are(off: pytest.MonkeyPatch) -> None:
    review = gate._review_close

    def strict(request: Any, seen: Any) -> Any:
        yield from review(request, seen)
        structure = seen.book.structures[request.structure_id]
        plain = open_signal(9).request.model_copy(update={"order_qty": structure.order_qty})
        yield from gate.worth_opening(plain, structure.strategy, seen)

    off.setattr(gate, "_review_close", strict)


def an_exit_passes_a_size_cut_to_nothing() -> None:
    rig = Rig(costs=terms()).ready()
    name = rig.opened(open_signal(1))
    rig.executor._commit(size_desk.Step(events=[cut(0, "0")]))
    assert codes(rig, 2, 1) == [Code.R092_SIZE_CUT]
    assert rig.ask(close_signal(3, name)).admitted


def what_works_above_a_cut_size_is_cancelled() -> None:
    rig = Rig(costs=terms()).ready()
    name = rig.ask(open_signal(1)).cl_ord_id
    rig.outcome(f"{name}-r1")
    rig.executor._commit(size_desk.Step(events=[cut(0, "0")]))
    rig.after(1)
    assert rig.events(CancelAsked)


def openings_at_work_go_on(off: pytest.MonkeyPatch) -> None:
    off.setattr(chase, "too_large", lambda order, book, cut: False)


def a_strategy_that_only_loses_trades_less() -> None:
    assert codes(traded(-1, -1, -1, order_qty=CAPPED), 50, CAPPED) == [Code.R092_SIZE_CUT]


def nobody_is_judged(off: pytest.MonkeyPatch) -> None:
    off.setattr(size_desk, "judge", lambda *facts: None)


def losses_are_not_counted(off: pytest.MonkeyPatch) -> None:
    off.setattr(degradation, "of_degradation", lambda *facts: 1.0)


def a_cut_is_forgotten(off: pytest.MonkeyPatch) -> None:
    after = tally.Tally._after
    off.setattr(
        tally.Tally,
        "_after",
        lambda self, book, event: self if isinstance(event, SizeMoved) else after(self, book, event),
    )


def a_cut_outlives_its_executor() -> None:
    rig = traded(-1, -1, -1)
    rig.start()
    rig.ready()
    assert codes(rig, 50, 1) == [Code.R092_SIZE_CUT]


def one_loss_more_is_no_second_step() -> None:
    rig = traded(-1, -1, -1, order_qty=CAPPED)
    trade(rig, 51, -1, 2)
    assert len(rig.events(SizeMoved)) == 1


def evidence_never_begins_anew(off: pytest.MonkeyPatch) -> None:
    off.setattr(Form, "moved", lambda self, sequence: self)


def one_absurd_fill_reprices_nothing() -> None:
    rig = Rig(costs=terms()).ready()
    rig.opened(open_signal(1))
    rig.after(1)
    seen = rig.book.tally.costs.seen["SPXW OPEN"]
    assert seen.share(terms().limits.slippage) < 1


def each_fill_counts_for_all_it_is(off: pytest.MonkeyPatch) -> None:
    off.setattr(Seen, "after", lambda self, paid, half: Seen(fills=self.fills + 1, total=self.total + 5 * paid / half))


SWITCHES = (
    Switch(an_opening_that_leaves_too_little_is_refused, the_gate_does_not_ask),
    Switch(an_opening_that_leaves_too_little_is_refused, only_fees_are_costs),
    Switch(an_opening_that_leaves_too_little_is_refused, fees_are_no_costs),
    Switch(an_unknown_cost_opens_nothing, what_nobody_knows_is_free),
    Switch(no_other_year_stands_in_for_a_day_without_a_row, the_last_row_counts_for_ever),
    Switch(an_exit_costs_what_it_costs, a_close_is_asked_what_openings_are),
    Switch(an_exit_passes_a_size_cut_to_nothing, a_close_is_asked_what_openings_are),
    Switch(a_strategy_that_only_loses_trades_less, nobody_is_judged),
    Switch(a_strategy_that_only_loses_trades_less, losses_are_not_counted),
    Switch(a_strategy_that_only_loses_trades_less, a_cut_is_forgotten),
    Switch(a_strategy_that_only_loses_trades_less, the_gate_does_not_ask),
    Switch(a_cut_outlives_its_executor, a_cut_is_forgotten),
    Switch(what_works_above_a_cut_size_is_cancelled, openings_at_work_go_on),
    Switch(one_loss_more_is_no_second_step, evidence_never_begins_anew),
    Switch(one_absurd_fill_reprices_nothing, each_fill_counts_for_all_it_is),
)
named = each_of(SWITCHES)


@named
def test_the_rule_holds(switch):
    switch.check()


@named
def test_without_the_rule_its_check_fails(switch, monkeypatch):
    switch.fails_when_off(monkeypatch)


def test_the_story_begins_with_openings_that_go():
    assert Rig(costs=terms()).ready().ask(open_signal(1)).admitted
