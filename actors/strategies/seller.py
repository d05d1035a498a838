"""What sellers of premium share: when to enter, how many, and carrying through what was begun.

What to sell is each strategy's own; when to leave is `terms.exit_reason`.

Entries: inside the window, at most `entries_max` a session and `open_max` at a time, one attempt at once. An entry is
worked from the middle to the natural, never below the least credit, then given up and picked anew after a pause.

A start's first moments open nothing: what openings are judged by is not all known yet (`MarketView.openings_wait`).

Exits, once begun, are carried through: middle to natural, then at the market; a structure whose quotes are gone is
closed at the market at once.

Entries are counted from the book as well as from the state, whichever says more, so a lost state opens nothing twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from actors.domain.orders.signal import Cancel, Close, Open
from actors.domain.orders.working import GiveUp
from actors.domain.portfolio.view import Phase, StructureView
from actors.strategies.base import Ask, Decision, MarketView
from actors.strategies.terms import Pick, SellerParameters, SellerState, exit_reason, instant, tick
from actors.strategies.work import Next, Stage, Task, advance, chain, combo_quote, work_price


class Seller(ABC):
    """The shared half of a seller; a strategy adds `pick`."""

    Parameters: ClassVar[type[SellerParameters]] = SellerParameters

    def __init__(self, underlying: str, parameters: SellerParameters) -> None:
        self.underlying = underlying
        self.parameters = parameters

    @abstractmethod
    def pick(self, view: MarketView) -> Pick | str:
        """Return the legs to sell now, or why there are none."""

    def begin(self) -> SellerState:
        """Return the empty state."""
        return SellerState()

    def decide(self, view: MarketView, state: SellerState) -> Decision:
        """Move what is worked, close what is due, open what may be."""
        if not view.is_open:
            opens_at = view.hours.opens_at
            return Decision(state, opens_at if view.now < opens_at else view.now + timedelta(minutes=1))
        turn = _Turn(self, view, state)
        turn.move()
        turn.leave()
        note = turn.enter()
        after = turn.after()
        return Decision(after if after != state else state, turn.look_at(), tuple(turn.asks), note)


class _Turn:
    """One decision in the making: the tasks as they stand, and the asks so far."""

    def __init__(self, seller: Seller, view: MarketView, state: SellerState) -> None:
        self._seller, self._rules, self._view = seller, seller.parameters, view
        same = state.session == view.session
        self._entries = state.entries if same else 0
        self._entry_after = state.entry_after if same else None
        # Day orders end with their session, and so do the tasks that worked them.
        self._tasks = list(state.tasks) if same else []
        self.asks: list[Ask] = []

    def after(self) -> SellerState:
        """Return the state that results."""
        return SellerState(
            session=self._view.session,
            entries=self._entries,
            entry_after=self._entry_after,
            tasks=tuple(self._tasks),
        )

    def move(self) -> None:
        """Move every task one step, orphans of a lost state included."""
        tasks = [*self._tasks, *_orphans(self._tasks, self._view)]
        self._tasks = [moved for task in tasks if (moved := self._moved(task)) is not None]

    def leave(self) -> None:
        """Begin the close of each structure that is due."""
        busy = {task.structure_id for task in self._tasks}
        working = {order.structure_id for order in self._view.orders.values() if not order.status.is_terminal}
        for structure in self._view.structures:
            idle = structure.structure_id not in busy | working
            if idle and structure.quantity > 0 and not structure.in_doubt:
                reason = exit_reason(self._rules, self._view, structure)
                if reason is not None:
                    self._tasks.append(self._close(_closing(structure, reason, self._view.now)))

    def enter(self) -> str:
        """Begin an entry where one is allowed; return why not otherwise."""
        note = self._entry_bar()
        if note:
            return note
        pick = self._seller.pick(self._view)
        if isinstance(pick, str):
            return pick
        task = Task(legs=pick.legs, order_qty=self._order_qty(), reason=pick.reason, since=self._view.now)
        opened = self._open(task)
        if opened is None:
            return f"credit too small: {pick.reason}"
        self._tasks.append(opened)
        return ""

    def look_at(self) -> datetime:
        """Return when something may be due without news."""
        view, rules = self._view, self._rules
        if self._tasks or any(structure.quantity for structure in view.structures):
            return view.now + timedelta(seconds=rules.look_s)
        starts_at = instant(rules.entry_from, view)
        if view.now < starts_at:
            return starts_at
        if self._entries_done() >= rules.entries_max or view.now >= instant(rules.entry_until, view):
            return view.hours.closes_at
        return view.now + timedelta(seconds=max(rules.look_s, rules.pace.retry_s))

    def _entry_bar(self) -> str:
        view, rules = self._view, self._rules
        opening = any(structure.phase is Phase.OPENING for structure in view.structures)
        if opening or any(task.is_opening for task in self._tasks):
            return "an entry is being worked"
        if view.openings_wait:
            return view.openings_wait
        if not instant(rules.entry_from, view) <= view.now < instant(rules.entry_until, view):
            return f"outside the entry window {rules.entry_from} to {rules.entry_until}"
        if self._entries_done() >= rules.entries_max:
            return f"{rules.entries_max} entries made"
        if sum(any(structure.holdings.values()) for structure in view.structures) >= rules.open_max:
            return f"{rules.open_max} structures held"
        if self._entry_after is not None and view.now < self._entry_after:
            return "pausing after the last attempt"
        return "" if self._order_qty() else "its size was cut to nothing"

    def _order_qty(self) -> int:
        cap = self._view.quantity_max
        return self._rules.order_qty if cap is None else min(self._rules.order_qty, cap)

    def _entries_done(self) -> int:
        opens_at = self._view.hours.opens_at
        booked = sum(s.opened_at is not None and s.opened_at >= opens_at for s in self._view.structures)
        return max(self._entries, booked)

    def _moved(self, task: Task) -> Task | None:
        if not task.is_opening and not _is_held(task, self._view.structures):
            return None
        task, follows = advance(task, self._view, self._rules.pace)
        if follows is Next.CANCEL and task.cl_ord_id is not None:
            self._ask(Cancel(cl_ord_id=task.cl_ord_id), f"step {task.step} has worked long enough")
        elif follows is Next.REPRICE:
            return self._again(task.model_copy(update={"step": task.step + 1}))
        elif follows is Next.AGAIN:
            return self._again(task)
        elif follows is Next.FILLED:
            self._entries += task.is_opening
            return None
        elif follows is Next.REFUSED:
            return self._rest(task)
        return task

    def _again(self, task: Task) -> Task | None:
        if not task.is_opening:
            return self._close(task)
        opened = self._open(task) if task.step <= self._rules.pace.steps else None
        return opened if opened is not None else self._rest(task)

    def _rest(self, task: Task) -> Task | None:
        """An entry is dropped and may be picked anew after a pause; an exit tries again after it."""
        if task.is_opening:
            self._entry_after = self._view.now + timedelta(seconds=self._rules.pace.retry_s)
            return None
        return task.model_copy(update={"stage": Stage.RESTING, "since": self._view.now})

    def _open(self, task: Task) -> Task | None:
        """Ask for an opening; None where that would fetch less than the least credit."""
        quote = combo_quote(task.legs, self._view.quotes, closing=False)
        if quote is None:
            return None
        pace = self._rules.pace
        step = pace.steps if pace.plan is not None else task.step
        price = work_price(quote, step, pace.steps, tick(self._view, task.legs))
        if price < max(self._rules.credit_min, Decimal(self._rules.credit_share_min * quote[0])):
            return None
        request = Open(
            underlying=self._seller.underlying,
            legs=task.legs,
            order_qty=task.order_qty,
            net_price=price,
            work=pace.plan,
        )
        return self._asked(task, request, f"{task.reason}; {_prices(quote)}, step {task.step}")

    def _close(self, task: Task) -> Task:
        """Ask for a close at the step's price; at the market after the last one, or where nothing is quoted."""
        quote = combo_quote(task.legs, self._view.quotes, closing=True)
        price, plan = None, self._rules.pace.plan
        if plan is not None:
            plan = plan.model_copy(update={"give_up": GiveUp.MARKET})
        elif quote is not None and task.step <= self._rules.pace.steps:
            price = work_price(quote, task.step, self._rules.pace.steps, tick(self._view, task.legs))
        request = Close(structure_id=task.structure_id or "", net_price=price, work=plan)
        return self._asked(task, request, f"{task.reason}; {_prices(quote)}, step {task.step}")

    def _asked(self, task: Task, request: Open | Close, reason: str) -> Task:
        number = self._ask(request, reason)
        return task.model_copy(
            update={"stage": Stage.ASKED, "number": number, "cl_ord_id": None, "since": self._view.now}
        )

    def _ask(self, request: Open | Close | Cancel, reason: str) -> int:
        self.asks.append(Ask(request=request, reason=reason, expires_s=self._rules.pace.expires_s))
        return self._view.next_number + len(self.asks) - 1


def _orphans(tasks: Iterable[Task], view: MarketView) -> Iterable[Task]:
    """Yield a task for each working order that none owns: its predecessor's state was lost.

    An order may be seen before the answer that names it, so where an ask of its kind is open the order is that ask's.
    """
    tasks = list(tasks)
    owned = {task.cl_ord_id for task in tasks}
    asked = {task.structure_id for task in tasks if task.stage is Stage.ASKED}
    held = {structure.structure_id: structure for structure in view.structures}
    for order in view.orders.values():
        opens = order.cl_ord_id == order.structure_id
        structure = held.get(order.structure_id)
        known = order.cl_ord_id in owned or (None if opens else order.structure_id) in asked
        last = chain(order.cl_ord_id, view)[-1:]
        is_over = order.replaces is not None or all(each.status.is_terminal and not each.is_replacing for each in last)
        if structure is None or known or is_over:
            continue
        yield Task(
            structure_id=None if opens else order.structure_id,
            legs=structure.legs,
            order_qty=order.order_qty,
            reason="found at work",
            stage=Stage.WORKING,
            cl_ord_id=order.cl_ord_id,
            since=view.now,
        )


def _closing(structure: StructureView, reason: str, now: datetime) -> Task:
    return Task(
        structure_id=structure.structure_id,
        legs=structure.legs,
        order_qty=structure.quantity,
        reason=reason,
        since=now,
    )


def _is_held(task: Task, structures: Iterable[StructureView]) -> bool:
    return any(s.structure_id == task.structure_id and s.quantity > 0 for s in structures)


def _prices(quote: tuple[float, float] | None) -> str:
    return "no quote" if quote is None else f"middle {quote[0]:.2f}, natural {quote[1]:.2f}"
