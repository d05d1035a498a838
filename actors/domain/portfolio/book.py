"""The book: the fold of the journal's events into orders, structures, positions and cash.

Rules of this file:
* It changes by `apply` alone, one event after the other; the same events give the same book, on any machine.
* Nothing here decides: `risk.gate` and `orders.lease` ask it what may be sent, and where.
* Positions and cash follow fills and what brokers book (`booked_cash`); a fill moves them once per `exec_id`.
* A fill the broker takes back moves them back, once, and its structure with them.
* A fill first told by a report that did not say it was ours joins its structure when one does.
* A fill of an order that is not ours moves positions and cash of its account, and no structure. An order of ours that
  turned up after it was given up counts as not ours: its structure, if any, lives elsewhere.
* What an adopted account did before its first reading is in its start: neither known nor new. `retention` forgets.
* A book has one owner. `sequence` is the last event it holds.
"""

from datetime import date, datetime
from decimal import Decimal

from actors.domain.market.contract import Contract, Products, UnknownSymbol, names_future
from actors.domain.orders import event as happened
from actors.domain.orders import finding, order_fold, order_state
from actors.domain.orders.order import Fill, Intent, Order, cl_ord_id_of
from actors.domain.orders.order_state import Move, OrderLife
from actors.domain.orders.report import ExecutionReport
from actors.domain.orders.route_event import RouteFailedBack, RouteFailedOver
from actors.domain.orders.trigger_event import TriggerMoved, Triggers, TriggersPlaced, TriggerTrailed
from actors.domain.portfolio import booked_cash, netting, recent, retention
from actors.domain.portfolio.findings import Findings
from actors.domain.portfolio.stakes import Stakes, Structures
from actors.domain.portfolio.structure import founded
from actors.domain.portfolio.tally import Tally
from actors.domain.value import ZERO


class Book:
    """Orders, structures, positions and cash as the journal tells them."""

    def __init__(self, products: Products, sessions_kept: int | None = None) -> None:
        self._products, self.retained = products, retention.Retained(sessions_kept=sessions_kept)
        self.sequence = self.epoch = 0
        self.session: date | None = None
        self.baseline: dict[str, Decimal] = {}
        self.orders: dict[str, OrderLife] = {}
        self._live: dict[str, OrderLife] | None = None
        """Those that may still trade, once somebody asked: a day has many orders, and few of them live."""
        self.triggers = Triggers()
        self.structures = Structures()
        self.positions: dict[str, dict[str, int]] = {}
        """Signed contracts by account domain and symbol."""
        self.cash: dict[str, Decimal] = {}
        """By account domain: what the account had when it was first read, and every movement since."""
        self.quarantined: dict[str, str] = {}
        self.quarantined_in: dict[str, str] = {}
        """The account domain where the break is, by underlying."""
        self.signals: dict[str, order_fold.SignalAnswer] = {}
        self.cash_events: dict[str, None] = {}
        self.executions: dict[tuple[str, str], str | None] = {}
        self.strangers: dict[tuple[str, str], Fill] = {}
        """Booked fills of no order of ours, by account domain and execution: one may prove ours, or be taken back."""
        self.by_broker_id: dict[tuple[str, str], str] = {}
        self.pending_fees: dict[str, Decimal] = {}
        self.foreign: set[tuple[str, str]] = set()
        """Orders that were in an account before it was adopted: account domain, the broker's order id."""
        self.history_until: dict[str, datetime] = {}
        """By account domain: what happened before is in the account's start."""
        self.agreed_at: dict[str, datetime] = {}
        """By account domain: when journal and account were last seen to agree, or it was adopted."""
        self.found, self.tally, self.stakes, self.recent = Findings(), Tally(), Stakes(), recent.Recent()
        self.failed_over: dict[str, str] = {}
        """Routes that take no openings until they failed back, each with the reason."""

    def apply(self, event: happened.Event, sequence: int) -> Move:  # noqa: C901, PLR0912 - a table of events
        """Take in one event; return what a report did (MOVES for everything else)."""
        self.sequence, self.found, move = sequence, self.found.after(event, self.structures), Move.MOVES
        if (answered := order_fold.answered(event)) is not None:
            self.signals[answered[0]] = answered[1]
        match event:
            case happened.ExecutorStarted(epoch=epoch):
                self.epoch = epoch
            case happened.SessionOpened():
                self._open(event)
            case happened.OrderPlaced(order=order):
                self._place(order)
            case happened.ReportTaken(cl_ord_id=order_id, report=report):
                move = self._take_report(order_id, report)
            case happened.CashBooked(event=cash):
                booked_cash.book_cash(self, cash)
            case happened.AccountAdopted():
                self._adopt(event)
            case happened.AccountAgreed(account_domain=domain, at=at):
                self.agreed_at[domain] = at
            case happened.Quarantined(underlying=underlying, account_domain=domain, text=text):
                self.quarantined[underlying], self.quarantined_in[underlying] = text, domain
            case happened.QuarantineLifted(underlying=underlying):
                self.quarantined.pop(underlying, None)
            case finding.ForeignAdopted(account_domain=domain, positions=positions):
                for symbol, quantity in positions.items():
                    self.move(domain, symbol, quantity)
            case finding.HoldingsNetted() | finding.OptionSettled():
                self.structures |= netting.netted(self, event)
                self.found = self.found.took(event)
            case RouteFailedOver(route=route, to=to, reason=reason):
                self.failed_over[route] = f"failed over to {to}: {reason}"
            case RouteFailedBack(route=route):
                self.failed_over.pop(route, None)
            case TriggersPlaced() | TriggerMoved() | TriggerTrailed():
                self.triggers.apply(event)
            case _ if (moved := order_fold.moved(self.orders, event)) is not None:
                self._change(*moved)
        self.tally = self.tally.after(self, event)
        return move

    def order_of(self, report: ExecutionReport) -> str | None:
        """Return our order a report speaks of: by the id we sent, else by the broker's id. None: a stranger's."""
        if (report.account_domain, report.broker_order_id) in self.foreign:
            return None
        if report.attempt_id is not None and cl_ord_id_of(report.attempt_id) in self.orders:
            return cl_ord_id_of(report.attempt_id)
        return self.by_broker_id.get((report.account_domain, report.broker_order_id))

    def is_news(self, report: ExecutionReport) -> bool:
        """Whether a report would change anything: a new fill, another status, the end of a doubt, or a stray's find."""
        order_id = self.order_of(report)
        if order_id is None:
            return self._has_strangers_news(report)
        life = self.orders[order_id]
        if life.is_stray(report):
            is_known = (report.account_domain, report.broker_order_id) in self.by_broker_id
            return self._has_strangers_news(report) or (report.is_working and not is_known)
        return order_state.report(life, report)[0] != life

    def _has_strangers_news(self, report: ExecutionReport) -> bool:
        return bool(self._new_fills(report) or self._busted_strangers(report))

    def is_history(self, domain: str, at: datetime) -> bool:
        """Whether something happened before an account was adopted, and is in its start, or before what is kept."""
        return self.retained.is_past(at) or (domain in self.history_until and at < self.history_until[domain])

    def contract(self, symbol: str) -> Contract:
        """Return the facts of a contract. Raises `UnknownSymbol`."""
        return self._products.contract(symbol)

    def adjusted_from(self, symbol: str) -> str | None:
        """Return the root an adjusted contract that nobody has mapped came from."""
        return self._products.adjusted_from(symbol)

    def underlying(self, symbol: str) -> str:
        """Return a symbol's underlying; what an account holds and we cannot name is its own."""
        try:
            stem = self.adjusted_from(symbol)
            return self.contract(symbol).underlying if stem is None else self._products.of_root(stem).underlying
        except UnknownSymbol:
            return symbol

    def knows_execution(self, domain: str, exec_id: str) -> bool:
        """Whether a fill was booked."""
        return (domain, exec_id) in self.executions

    def live_orders(self, structure_id: str | None = None) -> list[OrderLife]:
        """Return the orders that may still trade, of one structure where it is named."""
        if self._live is None:
            self._live = {order_id: life for order_id, life in self.orders.items() if life.is_live}
        return [life for life in self._live.values() if structure_id in {None, life.order.structure_id}]

    def domains(self) -> set[str]:
        """Return the account domains where something is held, working or in doubt."""
        held = {domain for domain, positions in self.positions.items() if any(positions.values())}
        return held | {each.account_domain for life in self.live_orders() for each in life.attempts}

    def _place(self, order: Order) -> None:
        self._change(order.cl_ord_id, OrderLife(order=order))
        if order.replaces is not None:
            self._change(order.replaces, order_state.replaced(self.orders[order.replaces], order.cl_ord_id))

    def _open(self, event: happened.SessionOpened) -> None:
        retention.on_session(self, event)
        self.tally = self.tally.opened(self, event)
        self.session, self.baseline = event.session, dict(event.baseline)

    def _adopt(self, event: happened.AccountAdopted) -> None:
        domain = event.account_domain
        self.cash[domain] = event.cash
        self.positions[domain] = {symbol: quantity for symbol, quantity in event.positions.items() if quantity}
        self.executions.update({(domain, exec_id): None for exec_id in event.executions})
        self.cash_events |= dict.fromkeys(event.cash_events)
        self.foreign.update((domain, order) for order in event.orders)
        self.agreed_at[domain] = event.at
        if event.since is not None:
            self.history_until[domain] = event.since

    def _change(self, order_id: str, life: OrderLife) -> None:
        self.orders[order_id] = life
        if self._live is not None:
            if life.is_live:
                self._live[order_id] = life
            else:
                self._live.pop(order_id, None)
        for attempt in life.attempts:
            if attempt.broker_order_id is not None:
                self.by_broker_id[attempt.account_domain, attempt.broker_order_id] = order_id

    def _take_report(self, order_id: str | None, report: ExecutionReport) -> Move:
        move, domain = Move.MOVES, report.account_domain
        before = self.orders[order_id] if order_id is not None else None
        if order_id is not None:
            self.by_broker_id[domain, report.broker_order_id] = order_id
        if order_id is not None and before is not None and not before.is_stray(report):
            life, move = order_state.report(before, report)
            self._change(order_id, life)
            self._take_executions(before, life, domain)
        else:
            move = Move.MOVES if before is None else Move.ODD
            for fill in self._new_fills(report):
                self._book(fill, domain, None)
        for fill in self._busted_strangers(report):
            self._book(fill, domain, None, sign=-1)
        return move

    def _busted_strangers(self, report: ExecutionReport) -> list[Fill]:
        keys = ((report.account_domain, exec_id) for exec_id in report.busted)
        return [self.strangers[key] for key in keys if key in self.strangers]

    def _take_executions(self, before: OrderLife, after: OrderLife, domain: str) -> None:
        """Book what a report changed of our order's fills: what came, and what the broker took back."""
        known = {fill.exec_id for fill in before.fills}
        for fill in after.fills:
            if fill.exec_id not in known:
                self._book(fill, domain, after.order)
        for fill in before.fills:
            if fill.exec_id in after.busted:
                self._book(fill, domain, after.order, sign=-1)

    def _new_fills(self, report: ExecutionReport) -> list[Fill]:
        """Return a stranger's fills that are neither booked nor history, each execution once."""
        domain = report.account_domain
        told = {fill.exec_id: fill for fill in report.fills if fill.exec_id not in report.busted}
        fresh = (fill for name, fill in told.items() if not self.knows_execution(domain, name))
        return [fill for fill in fresh if not self.is_history(domain, fill.at)]

    def _book(self, fill: Fill, domain: str, order: Order | None, sign: int = 1) -> None:
        """Move account and structure by one fill; `sign` -1 takes it back."""
        signed = sign * fill.action.sign * fill.last_qty
        cash = sign * fill.cash(self.multiplier(fill.symbol))
        if sign < 0 or not self.knows_execution(domain, fill.exec_id):
            self.move(domain, fill.symbol, signed)
            self.pay(domain, cash, fill.symbol)
        self.executions[domain, fill.exec_id] = order.structure_id if order else None
        self.strangers.pop((domain, fill.exec_id), None)
        if order is None and sign > 0:
            self.strangers[domain, fill.exec_id] = fill
        if order is None:
            return
        opening = self.orders[order.structure_id].order
        structure = self.structures.get(order.structure_id) or founded(opening, domain, fill.at)
        opens = order.intent is Intent.OPEN
        structure = structure.moved(fill.symbol, signed, entry=opens).paid(cash, entry=opens)
        if late := self.pending_fees.pop(f"{domain}/{fill.exec_id}", None):
            structure = structure.paid(late, fee=True)
        self.structures[order.structure_id] = structure

    def multiplier(self, symbol: str) -> int:
        """Return the dollars per point; 1 for what we cannot name: no such thing is an option."""
        try:
            return self.contract(symbol).multiplier
        except UnknownSymbol:
            return 1

    def move(self, domain: str, symbol: str, quantity: int) -> None:
        """Move an account's position by signed contracts."""
        held = self.positions.setdefault(domain, {})
        held[symbol] = held.get(symbol, 0) + quantity
        if not held[symbol]:
            del held[symbol]

    def pay(self, domain: str, cash: Decimal, symbol: str = "") -> None:
        """Move an account's cash (in > 0), or what is known of the variation of a future, where it is one's price."""
        if names_future(symbol):
            self.found = self.found.varied(domain, symbol, cash)
        else:
            self.cash[domain] = self.cash.get(domain, ZERO) + cash
