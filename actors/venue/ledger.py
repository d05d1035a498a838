"""The venue's books in memory, and the one way to change them: write down a `Draft`, commit it, then it is so.

A draft sees itself over the books, so several steps of one change build on each other. Nothing it holds is true before
`Ledger.commit` has stored it; events come out of the commit, never before. A failed commit leaves memory as it was.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from actors.domain.value import ZERO
from actors.venue.account import (
    AccountSpec,
    Movement,
    OrderChanged,
    PaperPosition,
    PositionChanged,
    Transaction,
    TransactionBooked,
    VenueEvent,
)
from actors.venue.paper_order import PaperFill, PaperOrder
from actors.venue.store import Changes, VenueStore


class Ledger:
    """All accounts' orders, positions, cash and transactions."""

    def __init__(self, store: VenueStore, accounts: Sequence[AccountSpec]) -> None:
        for spec in accounts:
            store.add_account(spec.account, spec.cash)
        state = store.load()
        self._store = store
        self.specs = {spec.account: spec for spec in accounts}
        self.cash: dict[str, Decimal] = state.cash
        self._orders: dict[int, PaperOrder] = {}
        self._of_account: defaultdict[str, list[int]] = defaultdict(list)
        self._of_client: dict[tuple[str, str], int] = {}
        self._active: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._positions: defaultdict[str, dict[str, PaperPosition]] = defaultdict(dict)
        self._transactions: defaultdict[str, list[Transaction]] = defaultdict(list)
        self._commissions: defaultdict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
        self._install(Changes(orders={order.order_id: order for order in state.orders}, positions=state.positions))
        self._install(Changes(transactions=list(state.transactions)))
        self.next_order = max(self._orders, default=0) + 1
        self.next_transaction = max((booked.id for booked in state.transactions), default=0) + 1
        fills = (int(fill.fill_id) for order in state.orders for leg in order.legs for fill in leg.fills)
        self.next_fill = max(fills, default=0) + 1

    def order(self, order_id: int) -> PaperOrder | None:
        """Return an order as it is now."""
        return self._orders.get(order_id)

    def order_of_client(self, account: str, client_id: str) -> PaperOrder | None:
        """Return the latest order an account gave that id."""
        order_id = self._of_client.get((account, client_id))
        return None if order_id is None else self._orders[order_id]

    def orders(self, account: str) -> Iterable[PaperOrder]:
        """Yield every order of an account, oldest first."""
        return (self._orders[order_id] for order_id in self._of_account.get(account, ()))

    def active(self, account: str) -> Iterable[PaperOrder]:
        """Yield the orders of an account that are not finished, oldest first."""
        return (self._orders[order_id] for order_id in self._active.get(account, ()))

    def all_active(self) -> list[PaperOrder]:
        """Return every order that is not finished, oldest first."""
        numbers = sorted(number for active in self._active.values() for number in active)
        return [self._orders[number] for number in numbers]

    def positions(self, account: str) -> tuple[PaperPosition, ...]:
        """Return what an account holds."""
        return tuple(self._positions.get(account, {}).values())

    def position(self, account: str, symbol: str) -> PaperPosition | None:
        """Return what an account holds of one symbol."""
        return self._positions.get(account, {}).get(symbol)

    def held_at(self, when: datetime) -> tuple[str, ...]:
        """Return the symbols that any account held just before `when`, by what was booked until then."""
        held: Counter[tuple[str, str]] = Counter()
        for account, booked in self._transactions.items():
            for each in booked:
                if each.at < when:
                    held[account, each.symbol] += each.action.sign * each.quantity
        return tuple(sorted({symbol for (_, symbol), quantity in held.items() if quantity}))

    def transactions(self, account: str) -> Sequence[Transaction]:
        """Return every transaction of an account, oldest first."""
        return self._transactions.get(account, ())

    def commission(self, order_id: int, symbol: str) -> Decimal:
        """Return the commission one leg of an order has paid."""
        return self._commissions.get((order_id, symbol), ZERO)

    def commit(self, draft: "Draft") -> list[VenueEvent]:
        """Store a draft, make it so, and return what happened, in order."""
        if not draft.changes:
            return []
        self._store.commit(draft.changes)
        self._install(draft.changes)
        self.next_order, self.next_fill = draft.next_order, draft.next_fill
        self.next_transaction += len(draft.changes.transactions)
        positions = (PositionChanged(account, held) for (account, _), held in draft.changes.positions.items())
        return [*draft.events, *positions]

    def _install(self, changes: Changes) -> None:
        for number, order in changes.orders.items():
            if number not in self._orders:
                self._of_account[order.account].append(number)
                if order.client_id is not None:
                    self._of_client[order.account, order.client_id] = number
            self._orders[number] = order
            if order.is_terminal:
                self._active[order.account].pop(number, None)
            else:
                self._active[order.account][number] = None
        for (account, symbol), position in changes.positions.items():
            if position.quantity:
                self._positions[account][symbol] = position
            else:
                self._positions[account].pop(symbol, None)
        self.cash.update(changes.cash)
        for booked in changes.transactions:
            self._transactions[booked.account].append(booked)
            if booked.order_id is not None:
                self._commissions[booked.order_id, booked.symbol] += booked.commission


class Draft:
    """One change in the making."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.changes = Changes()
        self.events: list[VenueEvent] = []
        self.next_order = ledger.next_order
        self.next_fill = ledger.next_fill

    def order_id(self) -> int:
        """Take the next order's number."""
        self.next_order += 1
        return self.next_order - 1

    def fill_id(self) -> str:
        """Take the next fill's number."""
        self.next_fill += 1
        return str(self.next_fill - 1)

    def order(self, order_id: int) -> PaperOrder:
        """Return an order as this draft leaves it."""
        order = self.changes.orders.get(order_id) or self._ledger.order(order_id)
        if order is None:
            raise KeyError(order_id)
        return order

    def put(self, order: PaperOrder, fills: Sequence[PaperFill] = (), shown: Sequence[PaperOrder] = ()) -> None:
        """Take an order's new state, with the fills that are new in it.

        `shown` are the states to announce instead, where the broker tells it in steps.
        """
        self.changes.orders[order.order_id] = order
        self.changes.fills.extend((order.order_id, fill) for fill in fills)
        self.events.extend(OrderChanged(state) for state in shown or (order,))

    def book(self, movement: Movement) -> None:
        """Book a trade or a settlement: cash, position, transaction; of a future that closes, its gain as well."""
        account, symbol = movement.account, movement.symbol
        booked = movement.transaction(self._ledger.next_transaction + len(self.changes.transactions))
        self._enter(booked)
        held = self.changes.positions.get((account, symbol)) or self._ledger.position(account, symbol)
        before = held or PaperPosition(symbol, 0, ZERO, movement.multiplier)
        change = movement.action.sign * movement.quantity
        self.changes.positions[account, symbol] = before.after(change, movement.price)
        if gain := before.gain(change, movement.price):
            self._enter(movement.mark(booked.id + 1, gain))

    def _enter(self, booked: Transaction) -> None:
        account = booked.account
        self.changes.transactions.append(booked)
        self.changes.cash[account] = self.changes.cash.get(account, self._ledger.cash[account]) + booked.net
        self.events.append(TransactionBooked(booked))

    def held(self, account: str, symbol: str) -> int:
        """Return the signed quantity an account holds, as this draft leaves it."""
        held = self.changes.positions.get((account, symbol)) or self._ledger.position(account, symbol)
        return held.quantity if held else 0

    def commission(self, order_id: int, symbol: str) -> Decimal:
        """Return the commission one leg of an order has paid, this draft's fills included."""
        drafted = sum(
            (
                booked.commission
                for booked in self.changes.transactions
                if booked.order_id == order_id and booked.symbol == symbol
            ),
            ZERO,
        )
        return self._ledger.commission(order_id, symbol) + drafted
