"""A market of one moment, and a desk that answers a strategy as the executor would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813 - the name its own documentation uses

from actors.domain.market.chain import chains
from actors.domain.market.contract import Contract, Kind, Product, Products, Right, occ_symbol
from actors.domain.market.quote import QuoteFrame, QuoteTable, Universe
from actors.domain.market.session import Session
from actors.domain.orders.order import Leg
from actors.domain.orders.report import Status
from actors.domain.orders.signal import Cancel, Close, Open
from actors.domain.portfolio.view import OrderView, Phase, StructureView
from actors.messages import SignalAnswered
from actors.strategies.base import Ask, Decision, MarketView, Strategy

SESSION = date(2026, 11, 23)
OPENS_AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
CLOSES_AT = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
HOURS = Session(opens_at=OPENS_AT, closes_at=CLOSES_AT, is_half_day=False)
SPXW = Product(root="SPXW", underlying="SPX", kind=Kind.INDEX_OPTION, tick_small=Decimal("0.05"))


@dataclass
class Market:
    """One chain at a flat volatility; the test moves spot, deviation and spread, then calls `quote`."""

    strikes: list[int]
    expires_on: date = SESSION
    spot: float = 6000.0
    std_dev: float = 0.008
    spread: float = 0.10
    table: QuoteTable = field(init=False)
    sequence: int = 0

    def __post_init__(self) -> None:
        symbols = [occ_symbol("SPXW", self.expires_on, right, Decimal(k)) for k in self.strikes for right in Right]
        contracts = tuple(Products((SPXW,)).contract(symbol) for symbol in symbols)
        self.table = QuoteTable(Universe(version=1, contracts=contracts))
        self.quote(OPENS_AT)

    @property
    def contracts(self) -> tuple[Contract, ...]:
        return self.table.universe.contracts

    def quote(self, at: datetime) -> None:
        """Quote every contract around its Black price, in ticks of 0.05, no bid below the first tick."""
        fair = np.array([self._fair(contract) for contract in self.contracts])
        bid = np.floor((fair - self.spread / 2) / 0.05) * 0.05
        ask = np.maximum(np.ceil((fair + self.spread / 2) / 0.05), 1) * 0.05
        bid[bid <= 0] = np.nan
        self.show(at, bid, ask)

    def closing_cost(self, legs: tuple[Leg, ...]) -> float:
        """Return what closing one combo of opening `legs` costs at the natural, in points."""
        rows = [(leg, self.table.row_of[leg.symbol]) for leg in legs]
        return sum(
            -np.nan_to_num(self.table.bid[row]) if leg.action.is_buy else self.table.ask[row] for leg, row in rows
        )

    def show(self, at: datetime, bid: np.ndarray, ask: np.ndarray) -> None:
        count = len(self.contracts)
        self.sequence += 1
        size, stamp = np.full(count, 10, np.float32), np.full(count, int(at.timestamp() * 1e9), np.int64)
        rows, codes = np.arange(count, dtype=np.int32), np.isnan(bid).astype(np.uint16)
        self.table.apply(QuoteFrame(1, self.sequence, rows, bid, ask, size, size, stamp, 1, codes))

    def drop(self, *symbols: str) -> None:
        """Flag contracts, as the feed flags what is one-sided."""
        for symbol in symbols:
            self.table.codes[self.table.row_of[symbol]] = 1

    def contract(self, symbol: str) -> Contract:
        return self.contracts[self.table.row_of[symbol]]

    def _fair(self, contract: Contract) -> float:
        kind = ql.Option.Call if contract.right is Right.CALL else ql.Option.Put
        return ql.blackFormula(kind, float(contract.strike or 0), self.spot, self.std_dev)


@dataclass
class Desk:
    """Answers asks at once: admits what `refuses` lets pass, cancels on request, fills what the test says."""

    strategy: Strategy
    market: Market
    now: datetime = OPENS_AT
    session: date = SESSION
    hours: Session = HOURS
    refuses: Callable[[Ask], bool] = lambda ask: False
    asked: list[Ask] = field(default_factory=list)
    structures: dict[str, StructureView] = field(default_factory=dict)
    orders: dict[str, OrderView] = field(default_factory=dict)
    answers: dict[int, SignalAnswered] = field(default_factory=dict)
    number: int = 0
    quantity_max: int | None = None
    exit_fees: dict[str, Decimal] = field(default_factory=dict)
    openings_wait: str = ""
    last: Decision | None = None

    def __post_init__(self) -> None:
        self.state = self.strategy.begin()

    def view(self) -> MarketView:
        return MarketView(
            now=self.now,
            session=self.session,
            hours=self.hours,
            quotes=self.market.table,
            chains=chains(self.market.table.universe, self.strategy.underlying),
            structures=tuple(self.structures.values()),
            orders=dict(self.orders),
            answers=dict(self.answers),
            next_number=self.number + 1,
            quantity_max=self.quantity_max,
            exit_fees=dict(self.exit_fees),
            openings_wait=self.openings_wait,
        )

    def look(self, after_s: float = 0.0) -> tuple[Ask, ...]:
        """Let the strategy decide `after_s` later; take its asks and return them."""
        self.now += timedelta(seconds=after_s)
        decision = self.strategy.decide(self.view(), self.state)
        self.last, self.state, self.answers = decision, decision.state, {}
        for ask in decision.asks:
            self._take(ask)
        return decision.asks

    def forget(self) -> None:
        """Lose the strategy's state, as with a lost checkpoint."""
        self.state = self.strategy.begin()

    def working(self) -> list[OrderView]:
        return [order for order in self.orders.values() if not order.status.is_terminal]

    def end(self, status: Status, cum_qty: int | None = None, name: str | None = None) -> None:
        """End a working order, the oldest where none is named, filled as far as said (all of it where FILLED)."""
        order = self.orders[name] if name is not None else self.working()[0]
        filled = order.order_qty if status is Status.FILLED else cum_qty or 0
        self.orders[order.cl_ord_id] = order.model_copy(update={"status": status, "cum_qty": filled})
        structure = self.structures[order.structure_id]
        opening = order.cl_ord_id == order.structure_id
        held = structure.quantity + (filled if opening else -filled)
        phase = Phase.OPEN if held else Phase.CLOSED
        entry = {"opened_at": self.now, "entry_price": order.net_price} if opening and filled else {}
        update = {"quantity": held, "phase": phase, "holdings": _holdings(structure.legs, held), **entry}
        self.structures[order.structure_id] = structure.model_copy(update=update)

    def _take(self, ask: Ask) -> None:
        self.number += 1
        self.asked.append(ask)
        admitted = not self.refuses(ask)
        order_id = f"o{self.number}" if admitted else None
        signal = f"s-20261123-{self.number}"
        self.answers[self.number] = SignalAnswered(signal_id=signal, admitted=admitted, cl_ord_id=order_id, checks=())
        if order_id is None:
            return
        match ask.request:
            case Open() as request:
                self.structures[order_id] = _opening(order_id, request)
                self._order(order_id, order_id, request.order_qty, request.net_price)
            case Close() as request:
                held = self.structures[request.structure_id].quantity
                self._order(order_id, request.structure_id, held, request.net_price)
            case Cancel(cl_ord_id=target):
                if not self.orders[target].status.is_terminal:
                    self.end(Status.CANCELED, name=target)

    def _order(self, order_id: str, structure_id: str, quantity: int, price: Decimal | None) -> None:
        self.orders[order_id] = OrderView(
            cl_ord_id=order_id,
            structure_id=structure_id,
            strategy="s",
            status=Status.NEW,
            in_doubt=False,
            route="primary",
            order_qty=quantity,
            cum_qty=0,
            net_price=price,
        )


def _opening(structure_id: str, request: Open) -> StructureView:
    return StructureView(
        structure_id=structure_id,
        strategy="s",
        underlying=request.underlying,
        account_domain="paper",
        phase=Phase.OPENING,
        legs=request.legs,
        order_qty=request.order_qty,
        quantity=0,
        holdings={},
        entry_price=None,
        cash=Decimal(0),
        fees=Decimal(0),
        opened_at=None,
    )


def _holdings(legs: tuple[Leg, ...], quantity: int) -> dict[str, int]:
    return {leg.symbol: leg.action.sign * leg.ratio * quantity for leg in legs if quantity}


@pytest.fixture
def market() -> Market:
    """A 0DTE chain from 5800 to 6200, every 5 points."""
    return Market(list(range(5800, 6205, 5)))


@pytest.fixture(scope="session")
def make_market() -> type[Market]:
    return Market


@pytest.fixture(scope="session")
def make_desk() -> type[Desk]:
    return Desk
