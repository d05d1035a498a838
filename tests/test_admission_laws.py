"""Each rule of what may be opened has a switch, as the laws have (`test_laws`): off, and its check fails.

A check is a short story told by an executor, its permits and its brokers' readings; it passes as the code stands.
"""

from decimal import Decimal

import pytest

from actors.account_desk import AccountDesk
from actors.domain.orders.order import Action, Leg
from actors.domain.orders.refusal import Check, Code
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.portfolio import cover
from actors.domain.portfolio.recent import Recent
from actors.domain.portfolio.stakes import Structures
from actors.domain.risk import asked, gate, margin, room, size
from actors.messages import IssuePermit
from tests.actors.domain.risk.test_outright import refused as refused_on_future
from tests.builders import CONDOR_SYMBOLS, LIMITS, close_signal, open_signal, permit
from tests.rig import Rig
from tests.rule_switch import Switch, each_of

NEED = Decimal(4810)
BARRED = TradingStatus(bars=("margin call",))
SHORT_PUT = (Leg(symbol=CONDOR_SYMBOLS[1], action=Action.SELL_TO_OPEN),)
ROOMY = {"structure_loss_max": Decimal(10**9), "account_loss_max": Decimal(10**9)}


def leave(rig: Rig, sequence: int = 90, limits: dict[str, object] | None = None, **caps: object) -> None:
    """Give the executor a permit with other caps, without a haircut."""
    usual = {"margin_haircut": Decimal(0), "margin_share_max": Decimal(1)}
    given = LIMITS.caps.model_copy(update=usual | caps)
    rig.hear("risk", IssuePermit(permit=permit(sequence=sequence, caps=given, **(limits or {}))))


def read(rig: Rig, **said: object) -> None:
    """Have the account read again, as it is in the book."""
    rig.after(11)
    held = dict(rig.book.positions.get("primary-account", {}))
    rig.read(positions=held, cash=rig.book.cash["primary-account"], **said)


def refused(rig: Rig, number: int, **changes: object) -> list[Code]:
    return [check.code for check in rig.ask(open_signal(number, **changes)).checks if not check.passed]


def what_is_held_and_what_works_count_together() -> None:
    rig = Rig().ready()
    leave(rig, underlying_loss_max=5_000 + NEED)  # one filled at nothing, one at its limit
    rig.opened(open_signal(1))
    assert refused(rig, 2) == []
    assert refused(rig, 3) == [Code.R062_CONCENTRATION]


def nothing_held_is_looked_at(off: pytest.MonkeyPatch) -> None:
    off.setattr(Structures, "__setitem__", dict.__setitem__)


def sums_have_no_limits(off: pytest.MonkeyPatch) -> None:
    off.setattr(size, "_capped", lambda *_: iter(()))


def an_opening_beyond_the_buying_power_is_refused() -> None:
    rig = Rig().ready()
    leave(rig)
    read(rig, buying_power=NEED - Decimal("0.01"))
    assert refused(rig, 1) == [Code.R046_BUYING_POWER]


def a_credit_spread_needs_nothing(off: pytest.MonkeyPatch) -> None:
    off.setattr(cover.Combo, "loss", lambda self, net_price, quantity: Decimal(0))


def nobody_asks_for_room(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "room", lambda *_: iter(()))


def what_was_sent_since_the_reading_takes_its_part() -> None:
    rig = Rig().ready()
    leave(rig)
    read(rig, buying_power=NEED * 2 - 1)
    assert refused(rig, 1) == []
    assert refused(rig, 2) == [Code.R046_BUYING_POWER]


def a_reading_shows_what_came_after_it(off: pytest.MonkeyPatch) -> None:
    off.setattr(room, "_begun_since", lambda *_: iter(()))


def an_order_between_question_and_answer_is_not_in_the_answer() -> None:
    rig = Rig().ready()
    leave(rig)
    rig.after(11)  # the question
    assert refused(rig, 1) == []
    rig.read(buying_power=NEED * 2 - 1)
    assert refused(rig, 2) == [Code.R046_BUYING_POWER]


def a_reading_counts_from_its_answer(off: pytest.MonkeyPatch) -> None:
    stand = AccountDesk._stand

    def late(self, seat, read, state, step):
        stand(self, seat, read, state, step)
        seat.standing = seat.standing._replace(read_at=self._desk.now().replace(year=2027))

    off.setattr(AccountDesk, "_stand", late)


def an_unknown_buying_power_is_none() -> None:
    rig = Rig().ready()
    leave(rig)
    read(rig, buying_power=None)
    assert refused(rig, 1) == [Code.R046_BUYING_POWER]


def an_account_whose_broker_bars_it_opens_nothing() -> None:
    rig = Rig().ready()
    read(rig, trading=BARRED)
    assert refused(rig, 1) == [Code.R048_BROKER_STATUS]


def a_bar_is_a_remark(off: pytest.MonkeyPatch) -> None:
    off.setattr(TradingStatus, "why_not", lambda *_, **__: "")


def a_short_put_is_naked() -> None:
    rig = Rig().ready()
    leave(rig, limits=ROOMY)
    assert Code.R044_NAKED in refused(rig, 1, legs=SHORT_PUT, net_price=Decimal("1.90"))


def what_has_a_bound_is_covered(off: pytest.MonkeyPatch) -> None:
    combo = cover.combo_of
    off.setattr(asked, "combo_of", lambda *given: combo(*given)._replace(naked_calls=0, naked_puts=0))


def a_naked_short_without_a_rule_is_refused() -> None:
    rig = Rig(margins=None).ready()
    leave(rig, limits=ROOMY | {"naked_allowed": True})
    assert Code.R047_MARGIN_UNKNOWN in refused(rig, 1, legs=SHORT_PUT, net_price=Decimal("1.90"))


def what_no_rule_knows_needs_nothing(off: pytest.MonkeyPatch) -> None:
    off.setattr(room, "unfunded", lambda *given: margin.unfunded(*given) or (Decimal(0), Decimal(0)))


def the_same_opening_twice_is_one() -> None:
    rig = Rig().ready()
    leave(rig, duplicate_window_s=30)
    assert refused(rig, 1) == []
    assert refused(rig, 2) == [Code.R064_DUPLICATE]


def a_strategy_that_runs_wild_is_stopped() -> None:
    rig = Rig().ready()
    leave(rig, strategy_orders_per_minute_max=2)
    assert [refused(rig, number) for number in (1, 2)] == [[], []]
    assert refused(rig, 3) == [Code.R063_ORDER_RATE]


def nobody_remembers_what_was_ordered(off: pytest.MonkeyPatch) -> None:
    off.setattr(Recent, "look", lambda *_: None)


def an_exit_passes_all_of_it() -> None:
    rig = Rig().ready()
    name = rig.opened(open_signal(1))
    tight = {"underlying_structures_max": 1, "orders_per_minute_max": 1, "strategy_orders_per_minute_max": 1}
    leave(rig, duplicate_window_s=1e6, margin_share_max=Decimal("0.01"), **tight)
    read(rig, buying_power=None, trading=BARRED)
    assert refused(rig, 2)
    assert rig.ask(close_signal(3, name)).admitted


def a_close_is_asked_what_openings_are(off: pytest.MonkeyPatch) -> None:
    close = gate._review_close

    def strict(request, seen):
        yield from close(request, seen)
        standing = seen.standings["primary"]
        barred = Check(code=Code.R048_BROKER_STATUS, passed=standing.trading is None or not standing.trading.bars)
        yield barred

    off.setattr(gate, "_review_close", strict)


def a_future_itself_is_not_opened() -> None:
    assert Code.R100_OUTRIGHT_FUTURE in refused_on_future((Leg(symbol="/ESH26", action=Action.BUY_TO_OPEN),))


def a_future_is_a_structure_like_any_other(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "only_options", lambda *_: iter(()))


SWITCHES = (
    Switch(a_future_itself_is_not_opened, a_future_is_a_structure_like_any_other),
    Switch(what_is_held_and_what_works_count_together, nothing_held_is_looked_at),
    Switch(what_is_held_and_what_works_count_together, sums_have_no_limits),
    Switch(an_opening_beyond_the_buying_power_is_refused, a_credit_spread_needs_nothing),
    Switch(an_opening_beyond_the_buying_power_is_refused, nobody_asks_for_room),
    Switch(what_was_sent_since_the_reading_takes_its_part, a_reading_shows_what_came_after_it),
    Switch(an_order_between_question_and_answer_is_not_in_the_answer, a_reading_counts_from_its_answer),
    Switch(an_unknown_buying_power_is_none, nobody_asks_for_room),
    Switch(an_account_whose_broker_bars_it_opens_nothing, a_bar_is_a_remark),
    Switch(a_short_put_is_naked, what_has_a_bound_is_covered),
    Switch(a_naked_short_without_a_rule_is_refused, what_no_rule_knows_needs_nothing),
    Switch(the_same_opening_twice_is_one, nobody_remembers_what_was_ordered),
    Switch(a_strategy_that_runs_wild_is_stopped, nobody_remembers_what_was_ordered),
    Switch(an_exit_passes_all_of_it, a_close_is_asked_what_openings_are),
)
named = each_of(SWITCHES)


@named
def test_the_rule_holds(switch):
    switch.check()


@named
def test_without_the_rule_its_check_fails(switch, monkeypatch):
    switch.fails_when_off(monkeypatch)
