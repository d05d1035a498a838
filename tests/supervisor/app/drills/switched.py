"""Trees with one rule switched off, for drills to fail on: a child built by a factory of ours, or its spec changed.

The product has no switch: `holdfast up` is given a ready plan, in which a factory here stands for the product's own. It
replaces the rule inside that one child's process, and builds the child as always.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actors.account_desk import AccountDesk
from actors.brokers import inquiries
from actors.config import SHIPPED, assignment, load, with_overrides
from actors.desk import Desk, Step
from actors.domain.risk import gate
from actors.domain.risk.gauge import Gauge
from actors.expiry_watch import ExpiryWatch
from actors.places import Places, places
from actors.ports import Shell
from actors.settlement_desk import SettlementDesk
from supervisor import keeper
from supervisor.app import plan as plans
from supervisor.app import trading
from supervisor.app.drill import holdfast, wait_for
from supervisor.app.drills import ground
from supervisor.app.drills.card import DrillCard
from supervisor.app.drills.runner import Runner
from supervisor.child_spec import ChildContext, ChildSpec
from supervisor.ownership import owner
from supervisor.private_ray import ROOT
from supervisor.process import kill_and_confirm
from tests import switches, test_laws

Edit = Callable[[ChildSpec], ChildSpec]
Rule = Callable[[pytest.MonkeyPatch], None]


def unchanged(child: ChildSpec) -> ChildSpec:
    return child


def spec(name: str, **fields: Any) -> Edit:
    """A rule of supervision, switched off for one child: it is data, and says something else."""
    return lambda child: child.model_copy(update=fields) if child.name == name else child


def factory(name: str, function: str) -> Edit:
    """A rule of trading, switched off inside one child."""
    return spec(name, factory=f"{__name__}:{function}")


@contextmanager
def tree(folder: Path, edit: Edit = unchanged, settings: dict[str, str] | None = None) -> Iterator[Places]:
    where = places(folder / "state")
    day = dict(assignment(f"{key}={text}") for key, text in ground.day(where, settings).items())
    config = with_overrides(load(SHIPPED / "holdfast.toml"), {"runtime.state": where.state, **day})
    settled = plans.settle(config, datetime.now(UTC))
    plans.store(settled, where)
    whole = plans.plan(settled)
    groups = tuple(group.model_copy(update={"children": tuple(map(edit, group.children))}) for group in whole.groups)
    plan = folder / "plan.json"
    plan.write_text(whole.model_copy(update={"groups": groups}).model_dump_json())
    assert holdfast("up", where, "--plan", str(plan), "--detach") == ""
    try:
        yield where
    finally:
        holdfast("down", where)


def run(where: Places, name: str) -> DrillCard:
    runner = Runner(where, print)
    try:
        card = runner.run(ground.of(where)[name])
    finally:
        runner.close()
    print(card.model_dump_json(indent=1))
    return card


def end_the_keeper(where: Places) -> None:
    """Nobody starts the supervisor again."""
    held = owner(keeper.lock(where.state))
    assert held is not None
    kill_and_confirm(held.process, 10)
    wait_for("no keeper", lambda: owner(keeper.lock(where.state)) is None or None, 10)


IN_THE_SUPERVISOR = """
import sys
if "supervisor.runtime" in sys.orig_argv:
    from supervisor.private_ray import RAYLET
    from supervisor.process import alive
    from supervisor.ray_keeper import RayKeeper
    gone = RayKeeper.gone
    RayKeeper.gone = lambda self, key: self.entry if alive(self.entry.processes[RAYLET]) else gone(self, key)
"""


def no_gcs_is_brought_back(off: pytest.MonkeyPatch, folder: Path) -> None:
    """Python reads this file first, in the supervisor's process as in every other."""
    (folder / "sitecustomize.py").write_text(IN_THE_SUPERVISOR)
    off.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), str(folder), os.environ.get("PYTHONPATH")))))


def _executor(rule: Rule) -> Callable[[ChildContext], Shell]:
    def build(context: ChildContext) -> Shell:
        rule(pytest.MonkeyPatch())
        return trading.executor(context)

    return build


def _readings_bring_no_news(off: pytest.MonkeyPatch) -> None:
    take = AccountDesk.on_account

    def deaf(self: AccountDesk, read: Any) -> Step:
        known = read.state is not None and read.state.account_domain in self._desk.book.cash
        return Step() if known else take(self, read)

    off.setattr(AccountDesk, "on_account", deaf)


def _settlements_are_cash_alone(off: pytest.MonkeyPatch) -> None:
    off.setattr(SettlementDesk, "on_cash", lambda *_: None)
    off.setattr(SettlementDesk, "on_differing", lambda *_: ())


def _every_account_counts_as_agreed(off: pytest.MonkeyPatch) -> None:
    gather = Desk.routes

    def agreed(self: Desk) -> Any:
        return [route.model_copy(update={"reconciled": True, "followed": True}) for route in gather(self)]

    off.setattr(Desk, "ready", True)
    off.setattr(Desk, "routes", agreed)


class MarketsClock:
    """Counts boot time by the market's clock."""

    def __init__(self, clock: Any) -> None:
        self._clock, self._market_ns, self._boot_ns = clock, clock.market_ns(), clock.boot_ns()

    def boot_ns(self) -> int:
        return self._boot_ns + self._clock.market_ns() - self._market_ns


def windows_follow_the_market(context: ChildContext) -> Shell:
    """A connection whose settle windows end by the market's clock."""
    build = inquiries.Inquiries.__init__

    def by_the_market(self: Any, broker: Any, clock: Any, tell: Any, limits: Any) -> None:
        build(self, broker, MarketsClock(clock), tell, limits)

    pytest.MonkeyPatch().setattr(inquiries.Inquiries, "__init__", by_the_market)
    return trading.connection(context)


def watches_no_expiry(context: ChildContext) -> Shell:
    """A risk actor that looks at no expiry."""
    pytest.MonkeyPatch().setattr(ExpiryWatch, "on_book", lambda *_: {})
    return trading.risk(context)


def reaches_no_limit(context: ChildContext) -> Shell:
    """A risk actor whose breakers never trip."""
    pytest.MonkeyPatch().setattr(Gauge, "reaches", lambda *_: False)
    return trading.risk(context)


def _no_order_is_too_large(off: pytest.MonkeyPatch) -> None:
    off.setattr(gate, "size_allowed", lambda *_: ())


takes_any_size = _executor(_no_order_is_too_large)
resends_doubts = _executor(switches.a_timeout_means_nothing_was_sent)
closes_anywhere = _executor(test_laws.any_route_will_do)
leaves_legs_alone = _executor(test_laws.an_imbalance_is_waited_out)
opens_unread = _executor(_every_account_counts_as_agreed)
keeps_its_reserve = _executor(test_laws.nothing_is_let_go_of)
believes_old_quotes = _executor(test_laws.quotes_never_age)
knows_no_assignment = _executor(_settlements_are_cash_alone)
hears_pushes_alone = _executor(_readings_bring_no_news)
