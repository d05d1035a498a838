"""One seed of the paper month: the days one after the other, each held against its limits, and the verdict.

A person comes at the end of each night, reads what stopped, and loosens it with that as the reason. Nobody else helps.
At the end of every day the journal's fold, the executor's own book and the venue's books are held against each other by
the audit that judges the whole tree.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from actors.config import RuntimeConfig
from actors.domain.performance.scorecard import judge
from actors.domain.portfolio.picture import picture
from actors.domain.value import ZERO, Money, Value
from actors.venue.board import Board
from actors.venue.synthetic import SyntheticMarket, SyntheticSettings
from supervisor.app.audit import audit, told_otherwise
from supervisor.app.fault_tally import left_alone
from supervisor.app.paper_month.bad_luck import BadLuck
from supervisor.app.paper_month.bank import Bank
from supervisor.app.paper_month.day_market import crash_market, day_market
from supervisor.app.paper_month.deeds import Deed, deeds, merged
from supervisor.app.paper_month.losses import DayLoss, LossWatch, day_limit, sighted
from supervisor.app.paper_month.reading import Reading
from supervisor.app.paper_month.shells import Tables
from supervisor.app.paper_month.weather import DayPlan, Death, at_of, draw_month
from supervisor.app.paper_month.world import MonthWorld
from supervisor.app.statement import statement

BEFORE_S: Final = 240.0
"""Market time between a night's end and the open."""
AFTER: Final = timedelta(minutes=20)
STEP_S: Final = 60.0


class DayTold(Value):
    """One day of the month."""

    session: date
    is_crash: bool
    move: float
    """Of the index, over night included."""
    overnight: float
    losses: tuple[DayLoss, ...]
    deaths: int
    deeds: tuple[Deed, ...]
    faults: tuple[str, ...] = ()


class MonthTold(Value):
    """What became of one seed."""

    seed: int
    days: tuple[DayTold, ...]
    deeds: tuple[Deed, ...]
    orders: int
    fills: int
    deaths: int
    pnl: Mapping[str, Money]
    worst_structure: Money
    """The most that one structure lost, before fees."""
    naked_short_s: float
    unattended_short_s: float
    faults: tuple[str, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether every rule held on every day."""
        return not self.faults


def play(seed: int, days: int, first_on: date, config: RuntimeConfig, tables: Tables) -> MonthTold:
    """Play one seed, and judge it."""
    with tempfile.TemporaryDirectory(prefix="holdfast-month-") as folder:
        return _Month(seed, draw_month(seed, first_on, days, tables.sessions), config, tables, Path(folder)).play()


class _Month:
    """One seed."""

    def __init__(
        self, seed: int, plans: tuple[DayPlan, ...], config: RuntimeConfig, tables: Tables, folder: Path
    ) -> None:
        self._seed, self._plans, self._config, self._tables = seed, plans, config, tables
        self._luck = BadLuck(seed)
        begins = at_of(plans[0], -BEFORE_S - STEP_S)
        self._world = world = MonthWorld(config, tables, folder, self._luck, begins)
        self._reading = Reading(
            world.shells.journal, tables.products, config.executor.sessions_kept, world.executor_deaths_ns
        )
        self._level = config.market.spot
        self._faults: list[str] = []

    def play(self) -> MonthTold:
        """Play every day."""
        days = tuple(self._day(plan) for plan in self._plans)
        book, naked = self._reading.book, self._reading.naked()
        structures = [each for each in book.structures.values() if each.is_flat]
        pnl: dict[str, Decimal] = {}
        for each in structures:
            pnl[each.strategy] = pnl.get(each.strategy, ZERO) + each.cash
        lost = {each.structure_id: -each.cash - each.fees for each in structures}
        worst = max(lost.values(), default=ZERO)
        most = self._config.risk.structure_loss_max
        faults = [f"{day.session}: {fault}" for day in days for fault in day.faults]
        faults += [
            f"{name} lost {loss:,.2f} before fees, limit {most:,.2f}" for name, loss in lost.items() if loss > most
        ]
        faults += left_alone(naked.unattended_s, self._config.executor.imbalance_deadline_s)
        return MonthTold(
            seed=self._seed,
            days=days,
            deeds=merged(each for day in days for each in day.deeds),
            orders=len(book.orders),
            fills=sum(len(life.fills) for life in book.orders.values()),
            deaths=self._world.deaths,
            pnl=pnl,
            worst_structure=worst,
            naked_short_s=round(naked.longest_s, 3),
            unattended_short_s=round(naked.unattended_s, 3),
            faults=tuple(faults),
        )

    def _day(self, plan: DayPlan) -> DayTold:
        world, before = self._world, self._level
        deaths = world.deaths
        market = self._market(plan)
        world.open_day(market, plan.opens_at, BEFORE_S)
        self._luck.is_sound = False
        for death in plan.deaths:
            world.at((death.after_s + BEFORE_S) / self._config.market.speed, partial(self._kill, death))
        watches = self._trade(plan, market)
        self._luck.is_sound = True
        world.end_day(market)
        world.run_to(plan.closes_at + AFTER)
        world.resume(f"looked at {plan.session} after its close")
        world.run_to(plan.closes_at + 2 * AFTER)
        self._level = market.settlement_price(market.contracts[0].symbol) or self._level
        self._reading.read_on()
        told = DayTold(
            session=plan.session,
            is_crash=plan.is_crash,
            move=round(self._level / before - 1, 4),
            overnight=plan.overnight,
            losses=tuple(watch.result for watch in watches.values()),
            deaths=world.deaths - deaths,
            deeds=deeds(self._reading.today),
            faults=tuple(self._wrong(watches.values())),
        )
        self._reading.turn_page()
        return told

    def _market(self, plan: DayPlan) -> SyntheticMarket:
        section, tables = self._config.market, self._tables
        roots = tables.products.roots_of(section.underlying)
        settings = SyntheticSettings(
            root=next((each for each in roots if each.endswith("W")), roots[0]),
            spot=round(self._level * (1 + plan.overnight), 2),
            volatility=plan.volatility,
            contracts_max=section.contracts_max,
            interval_s=STEP_S,
            length_s=plan.length_s,
            gaps=plan.gaps,
            halts=plan.halts,
            also=tuple(sorted({symbol for bank in self._world.banks.values() for symbol in bank.positions})),
        )
        if plan.is_crash:
            return crash_market(plan, settings, tables, self._level)
        return day_market(plan, settings, tables)

    def _kill(self, death: Death) -> None:
        strategies = self._config.strategies
        routes = {"primary": self._config.routes[0].name, "backup": self._config.routes[-1].name}
        chosen = strategies[int(self._luck.draw() * len(strategies))].name
        self._world.kill({"strategy": chosen, **routes}.get(death.whom, death.whom), death.steps)

    def _trade(self, plan: DayPlan, market: SyntheticMarket) -> dict[str, LossWatch]:
        world, board, watches = self._world, Board(market), dict[str, LossWatch]()
        for batch in market.batches(market.opens_at):
            world.run_to(batch.at)
            board.post(batch)
            world.show(batch)
            self._reading.read_on()
            for bank in world.banks.values():
                watch = self._watch(watches, plan, bank)
                if watch is not None:
                    watch.see(batch.at, sighted(bank.cash_now(), bank.positions, board), bank.charged)
        world.run_to(plan.closes_at)
        return watches

    def _watch(self, watches: dict[str, LossWatch], plan: DayPlan, bank: Bank) -> LossWatch | None:
        name = bank.account_domain
        baseline = self._reading.baselines.get((plan.session, name))
        if name not in watches and baseline is not None:
            limit, flattens = day_limit(self._config, baseline)
            watches[name] = LossWatch(name, baseline, limit, flattens=flattens)
        return watches.get(name)

    def _wrong(self, watches: Iterable[LossWatch]) -> Iterator[str]:
        for loss in (watch.result for watch in watches):
            if not loss.is_held:
                still = ", and could still lose" if loss.exposed_after else ""
                yield f"{loss.account} lost {loss.worst:,.2f}, limit {loss.limit:,.2f}, gap {loss.gap:,.2f}{still}"
        world, book = self._world, self._reading.book
        states = [
            bank.account(self._plans[0].opens_at - 2 * AFTER, world.now, truly=True) for bank in world.banks.values()
        ]
        view = world.ask_book()
        if view is None:
            yield "no executor answers after the close"
            return
        card = judge(book, [statement(each) for each in states])
        yield from audit(book, card, states, picture(book, None, ready=True)).faults
        yield from told_otherwise(self._reading.kept, view)
        yield from (f"{name} is in quarantine: {text}" for name, text in book.quarantined.items())
        yield from (f"{life.order.cl_ord_id} still works" for life in book.live_orders())
