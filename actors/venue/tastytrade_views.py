"""An account as tastytrade shows it: the exchange's books, priced by the board, in the broker's shapes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from actors.domain.market.contract import Contract, Products, UnknownSymbol
from actors.venue.account import Balances, PaperPosition, Transaction
from actors.venue.board import Board
from actors.venue.exchange import Exchange, Preview
from actors.venue.paper_order import NewOrder
from actors.venue.tastytrade_account_shapes import (
    balances_json,
    buying_power_json,
    fees_json,
    market_values,
    position_json,
)
from actors.venue.tastytrade_symbols import by_broker_symbol
from actors.venue.tastytrade_transaction_shapes import transaction_json

Json = dict[str, Any]


class AccountViews:
    """The accounts of one login. `now` is the market's time."""

    def __init__(
        self,
        exchange: Exchange,
        board: Board,
        products: Products,
        accounts: Sequence[str],
        now: Callable[[], datetime],
    ) -> None:
        self.exchange = exchange
        self.board = board
        self.accounts = tuple(accounts)
        self.now = now
        self._products = products
        self.by_name = by_broker_symbol(board.contracts)

    def named(self, symbol: str) -> Contract | None:
        """Return the contract of today's market that the broker calls so."""
        return self.by_name.get(symbol)

    def contract(self, symbol: str) -> Contract | None:
        """Return a contract of today's market, or of an earlier one by its symbol; None where it is neither."""
        listed = self.board.contract(symbol)
        if listed is not None:
            return listed
        try:
            return self._products.contract(symbol)
        except UnknownSymbol:
            return None

    def mark(self, symbol: str) -> float:
        """Return what a contract is worth, 0 where nothing is known."""
        return self.board.mark(symbol) or 0.0

    def position(self, account: str, position: PaperPosition) -> Json:
        """Return a position."""
        mark = self.mark(position.symbol)
        return position_json(account, position, self.contract(position.symbol), mark, self.now())

    def positions(self, account: str) -> list[Json]:
        """Return every position."""
        return [self.position(account, held) for held in self.exchange.positions(account)]

    def balances(self, account: str, balances: Balances | None = None) -> Json:
        """Return the balances, those of now where none are given."""
        positions = self.exchange.positions(account)
        marks = {position.symbol: self.mark(position.symbol) for position in positions}
        values = market_values(positions, self.contract, marks)
        current = balances or self.exchange.balances(account)
        return balances_json(account, current, values, self.now(), self.board.market.session)

    def transaction(self, account: str, entry: Transaction) -> Json:
        """Return a movement."""
        return transaction_json(account, entry, self.contract(entry.symbol))

    def preview(self, new: NewOrder, preview: Preview) -> Json:
        """Return what an order would do: fees, buying power, warnings."""
        return {
            "buying-power-effect": buying_power_json(
                preview.buying_power_change,
                preview.margin_change,
                preview.buying_power,
                is_spread=len(new.legs) > 1,
            ),
            "fee-calculation": fees_json(preview.fees),
            "notes": [],
            "warnings": [{"code": warned.code, "message": warned.text} for warned in preview.warnings],
        }
