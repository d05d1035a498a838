"""Where the venue's books outlive its process: one SQLite file, one transaction a change, durable on return.

WAL with `synchronous=FULL`; the file is held exclusively, so a second venue on the same books is refused at the door.
An order's fills stand in a table of their own and are only ever added; orders, positions and cash are replaced by their
latest; transactions are only added. Numbers of ids go on from the highest that is stored. Displayed size is not kept:
a venue that comes back shows nothing until the market speaks again.

On loading, the file is checked and cash must equal the start plus all transactions; otherwise `DamagedState`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import apsw
from pydantic import TypeAdapter, ValidationError

from actors.domain.value import ZERO
from actors.ports import DamagedState
from actors.venue.account import PaperPosition, Transaction
from actors.venue.paper_order import PaperFill, PaperOrder

SCHEMA = 1

_TABLES = """
CREATE TABLE accounts (account TEXT PRIMARY KEY, start TEXT NOT NULL, cash TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE fills (fill_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, symbol TEXT NOT NULL,
                    quantity INTEGER NOT NULL, price TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE positions (account TEXT NOT NULL, symbol TEXT NOT NULL, quantity INTEGER NOT NULL,
                        average_price TEXT NOT NULL, multiplier INTEGER NOT NULL,
                        PRIMARY KEY (account, symbol)) WITHOUT ROWID;
CREATE TABLE transactions (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
"""

_PRAGMAS: dict[str, str | int] = {"locking_mode": "exclusive", "journal_mode": "wal", "synchronous": 2}
"""How the file is kept; 2 is FULL."""

_ORDER = TypeAdapter(PaperOrder)
_TRANSACTION = TypeAdapter(Transaction)


class StoreHeld(Exception):
    """Another process has this file open."""


@dataclass(slots=True)
class Changes:
    """What one step of the venue changes, written whole or not at all. `cash` and `positions` are the new values."""

    orders: dict[int, PaperOrder] = field(default_factory=dict)
    fills: list[tuple[int, PaperFill]] = field(default_factory=list)
    positions: dict[tuple[str, str], PaperPosition] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.orders or self.fills or self.positions or self.cash or self.transactions)


@dataclass(frozen=True, slots=True)
class VenueState:
    """Everything the venue knew when it last wrote."""

    cash: dict[str, Decimal]
    orders: tuple[PaperOrder, ...]
    positions: dict[tuple[str, str], PaperPosition]
    transactions: tuple[Transaction, ...]


class VenueStore:
    """The venue's books on disk. Used by one thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._db = apsw.Connection(str(path))
        try:
            self._open()
        except apsw.BusyError:
            self._db.close()
            raise StoreHeld(f"{path} is open in another process") from None
        except (apsw.NotADBError, apsw.CorruptError) as error:
            self._db.close()
            raise DamagedState(f"{path}: {error}") from None

    def _open(self) -> None:
        for pragma, wanted in _PRAGMAS.items():
            self._db.pragma(pragma, wanted)
            if (found := self._db.pragma(pragma)) != wanted:
                raise DamagedState(f"{self._path}: {pragma} is {found}, not {wanted}")
        with self._db:
            version = self._db.pragma("user_version")
            if version == 0:
                self._db.execute(_TABLES)
                self._db.pragma("user_version", SCHEMA)
            elif version != SCHEMA:
                raise DamagedState(f"{self._path} has schema {version}; this venue knows {SCHEMA}")
        if (verdict := self._db.pragma("quick_check")) != "ok":
            raise DamagedState(f"{self._path}: {verdict}")

    def add_account(self, account: str, cash: Decimal) -> None:
        """Open an account with `cash`, unless it is known."""
        self._db.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?, ?)", (account, str(cash), str(cash)))

    def load(self) -> VenueState:
        """Read everything. Raises `DamagedState` where a row does not read, or cash and transactions disagree."""
        try:
            return self._load()
        except ValidationError as error:
            raise DamagedState(f"{self._path}: {error}") from None

    def _load(self) -> VenueState:
        accounts = list(self._db.execute("SELECT account, start, cash FROM accounts"))
        transactions = tuple(
            _TRANSACTION.validate_json(body)
            for (body,) in self._db.execute("SELECT body FROM transactions ORDER BY id")
        )
        for account, start, cash in accounts:
            moved = sum((booked.net for booked in transactions if booked.account == account), ZERO)
            if Decimal(start) + moved != Decimal(cash):
                raise DamagedState(f"{self._path}: account {account} holds {cash}, but {start} moved by {moved}")
        positions = {
            (account, symbol): PaperPosition(symbol, quantity, Decimal(average), multiplier)
            for account, symbol, quantity, average, multiplier in self._db.execute("SELECT * FROM positions")
        }
        cash_now = {account: Decimal(cash) for account, _, cash in accounts}
        return VenueState(cash_now, tuple(self._orders()), positions, transactions)

    def _orders(self) -> list[PaperOrder]:
        fills: dict[tuple[int, str], list[PaperFill]] = {}
        for fill_id, order_id, symbol, quantity, price, at in self._db.execute("SELECT * FROM fills ORDER BY fill_id"):
            fill = PaperFill(str(fill_id), symbol, quantity, Decimal(price), datetime.fromisoformat(at))
            fills.setdefault((order_id, symbol), []).append(fill)
        orders = []
        for (body,) in self._db.execute("SELECT body FROM orders ORDER BY order_id"):
            order = _ORDER.validate_json(body)
            legs = tuple(replace(leg, fills=tuple(fills.get((order.order_id, leg.symbol), ()))) for leg in order.legs)
            orders.append(replace(order, legs=legs))
        return orders

    def commit(self, changes: Changes) -> None:
        """Write all of it or nothing, durable on return."""
        with self._db:
            self._many(
                "INSERT OR REPLACE INTO orders VALUES (?, ?)",
                [(number, _ORDER.dump_json(_bare(order)).decode()) for number, order in changes.orders.items()],
            )
            self._many(
                "INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (int(fill.fill_id), number, fill.symbol, fill.quantity, str(fill.price), fill.at.isoformat())
                    for number, fill in changes.fills
                ],
            )
            self._many(
                "INSERT INTO transactions VALUES (?, ?)",
                [(booked.id, _TRANSACTION.dump_json(booked).decode()) for booked in changes.transactions],
            )
            self._many(
                "UPDATE accounts SET cash = ? WHERE account = ?",
                [(str(cash), account) for account, cash in changes.cash.items()],
            )
            self._write_positions(changes)

    def _write_positions(self, changes: Changes) -> None:
        gone = [key for key, position in changes.positions.items() if position.quantity == 0]
        self._many("DELETE FROM positions WHERE account = ? AND symbol = ?", gone)
        self._many(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?)",
            [
                (account, symbol, position.quantity, str(position.average_price), position.multiplier)
                for (account, symbol), position in changes.positions.items()
                if position.quantity
            ],
        )

    def _many(self, statement: str, rows: Sequence[tuple[str | int, ...]]) -> None:
        if rows:
            self._db.executemany(statement, rows)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _bare(order: PaperOrder) -> PaperOrder:
    return replace(order, legs=tuple(replace(leg, fills=()) for leg in order.legs))
