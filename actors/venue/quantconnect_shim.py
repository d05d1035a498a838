"""As much of LEAN's `AlgorithmImports` as Holdfast's algorithm uses, with LEAN's behaviour where it can hurt.

* A contract that was not added, or has no price because prices are not seeded, is refused before anything is sent; so
  is a combo at zero. Such a ticket carries its error, and an Invalid event comes in the middle of ordering.
* Whether a leg opens or closes is found out from the holdings.
* There is an order for each leg. Statuses and error codes are LEAN's numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

from actors.venue.quantconnect_values import Engine, LeanOrder, Leg, OrderEvent, OrderStatus, Response, Symbol

NO_SECURITY, NO_PRICE, ZERO_PRICE = -6, -16, -37
_STORE_SUFFIX = ".object"


class OrderTicket:
    """LEAN's handle of an order."""

    def __init__(self, engine: Engine, order_id: int, tag: str, response: Response) -> None:
        self._engine, self.order_id, self.tag = engine, order_id, tag
        self.submit_request = SimpleNamespace(response=response)

    @property
    def status(self) -> OrderStatus:
        """What the order is now."""
        return self._engine.orders[self.order_id].status

    def cancel(self) -> Response:
        """Ask for a cancel."""
        text = self._engine.cancel(self.order_id)
        return Response(is_error=bool(text), error_message=text)


class ObjectStore:
    """A store on disk: it outlives the algorithm."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def contains_key(self, path: str) -> bool:
        """Whether something is kept."""
        return self._file(path).exists()

    def read(self, path: str) -> str:
        """Return what is kept."""
        return self._file(path).read_text("utf-8")

    def save(self, path: str, text: str) -> bool:
        """Keep a text; whether that went well."""
        file = self._file(path)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(text, "utf-8")
        fresh.replace(file)
        return True

    def _file(self, path: str) -> Path:
        return self._folder / (path.replace("/", "-") + _STORE_SUFFIX)


class Portfolio:
    """What the brokerage holds."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getitem__(self, symbol: Symbol) -> SimpleNamespace:
        return _holding(symbol.value, *self._engine.holdings().get(symbol.value, (0, Decimal(0))))

    def __iter__(self) -> Iterator[SimpleNamespace]:
        return (SimpleNamespace(value=_holding(name, *held)) for name, held in self._engine.holdings().items())

    @property
    def cash(self) -> Decimal:
        """Cash."""
        return self._engine.money()[0]

    @property
    def total_portfolio_value(self) -> Decimal:
        """Net liquidation value."""
        return self._engine.money()[1]

    @property
    def margin_remaining(self) -> Decimal:
        """What margin is left for more."""
        return self._engine.money()[2]


def _holding(name: str, quantity: int, average: Decimal) -> SimpleNamespace:
    return SimpleNamespace(symbol=Symbol(name), quantity=quantity, average_price=average, invested=quantity != 0)


class Transactions:
    """LEAN's orders."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get_order_by_id(self, order_id: int) -> LeanOrder:
        """Return an order."""
        return self._engine.orders[order_id]

    def get_open_order_tickets(self) -> list[OrderTicket]:
        """Return a ticket for each order that may still trade."""
        ends = {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.INVALID}
        orders = [order for order in self._engine.orders.values() if order.status not in ends]
        return [OrderTicket(self._engine, order.id, order.tag, Response()) for order in orders]


class QCAlgorithm:
    """The base of an algorithm; a host binds `engine`."""

    engine: ClassVar[Engine]

    def __init__(self) -> None:
        self.object_store = ObjectStore(self.engine.store)
        self.transactions = Transactions(self.engine)
        self.portfolio = Portfolio(self.engine)
        self.settings = SimpleNamespace(seed_initial_prices=False)
        self.algorithm_id = self.engine.algorithm_id
        self.commands: dict[str, type] = {}
        self._added: dict[str, bool] = {}

    @property
    def utc_time(self) -> datetime:
        """LEAN's time."""
        return self.engine.now()

    def set_brokerage_model(self, brokerage: object, account_type: object) -> None:
        """Take note."""

    def get_parameter(self, name: str, default: str = "") -> str:
        """Return a parameter of the deployment."""
        return self.engine.parameters.get(name, default)

    def add_command(self, kind: type) -> None:
        """Register a class of commands by its name."""
        self.commands[kind.__name__] = kind

    def add_option_contract(self, symbol: Symbol) -> None:
        """Watch a contract; it has a price at once only if prices are seeded."""
        self._added[symbol.value] = self.settings.seed_initial_prices and self.engine.has_price(symbol.value)

    add_index_option_contract = add_option_contract

    def combo_limit_order(
        self,
        legs: Sequence[Leg],
        quantity: int,
        limit_price: float,
        asynchronous: bool,
        tag: str,
        terms: Any,
    ) -> list[OrderTicket]:
        """Order a combo; `limit_price` is the buyer's."""
        assert asynchronous, "a synchronous order would wait for its own events"
        zero = Response(is_error=True, error_code=ZERO_PRICE, error_message="limit price is zero")
        return self._submit(legs, quantity, limit_price, tag, terms, None if limit_price else zero)

    def limit_order(
        self,
        symbol: Symbol,
        quantity: int,
        limit_price: float,
        asynchronous: bool,
        tag: str,
        terms: Any,
    ) -> OrderTicket:
        """Order one contract."""
        assert asynchronous
        sign = 1 if quantity > 0 else -1
        return self._submit((Leg(symbol, sign),), abs(quantity), limit_price * sign, tag, terms)[0]

    def market_order(self, symbol: Symbol, quantity: int, asynchronous: bool, tag: str, terms: Any) -> OrderTicket:
        """Order one contract at the market."""
        assert asynchronous
        return self._submit((Leg(symbol, 1 if quantity > 0 else -1),), abs(quantity), None, tag, terms)[0]

    def _submit(
        self,
        legs: Sequence[Leg],
        quantity: int,
        limit_price: float | None,
        tag: str,
        terms: Any,
        error: Response | None = None,
    ) -> list[OrderTicket]:
        for leg in legs:
            if leg.symbol.value not in self._added:
                error = Response(is_error=True, error_code=NO_SECURITY, error_message=f"{leg.symbol.value} not added")
            elif not self._added[leg.symbol.value]:
                error = Response(is_error=True, error_code=NO_PRICE, error_message=f"{leg.symbol.value} has no price")
        if error is not None:
            return [OrderTicket(self.engine, self.engine.refused(legs, tag, error.error_message), tag, error)]
        ids = self.engine.order(legs, quantity, limit_price, tag, terms.time_in_force == "DAY")
        return [OrderTicket(self.engine, each, tag, Response()) for each in ids]


def algorithm_imports(engine: Engine) -> ModuleType:
    """Return a module `AlgorithmImports` whose algorithms run on `engine`."""
    parse: Callable[..., Symbol] = lambda ticker, *_: Symbol(ticker)  # noqa: E731
    module = ModuleType("AlgorithmImports")
    members: dict[str, object] = {
        "AccountType": SimpleNamespace(MARGIN=0),
        "BrokerageName": SimpleNamespace(DEFAULT=0, TASTYTRADE=32, INTERACTIVE_BROKERS_BROKERAGE=2),
        "Command": type("Command", (), {}),
        "IAlgorithm": QCAlgorithm,
        "Leg": Leg,
        "Market": SimpleNamespace(USA="usa"),
        "OptionStyle": SimpleNamespace(AMERICAN=0, EUROPEAN=1),
        "OrderEvent": OrderEvent,
        "OrderProperties": SimpleNamespace,
        "OrderTicket": OrderTicket,
        "QCAlgorithm": type("QCAlgorithm", (QCAlgorithm,), {"engine": engine}),
        "SecurityType": SimpleNamespace(OPTION=1, INDEX_OPTION=10),
        "Symbol": Symbol,
        "SymbolRepresentation": SimpleNamespace(parse_option_ticker_osi=parse),
        "TimeInForce": SimpleNamespace(DAY="DAY", GOOD_TIL_CANCELED="GTC"),
    }
    vars(module).update(members)
    return module
