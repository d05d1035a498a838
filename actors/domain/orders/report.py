"""What a broker says of an order, in FIX words; adapters translate, nobody else does."""

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from actors.domain.orders.order import Fill
from actors.domain.orders.trading_status import TradingStatus
from actors.domain.value import Instant, Money, Value


class Status(StrEnum):
    """FIX OrdStatus (39)."""

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    PENDING_REPLACE = "PENDING_REPLACE"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more is due; a late fill is booked all the same."""
        return self in _TERMINAL


_TERMINAL = {Status.FILLED, Status.CANCELED, Status.REJECTED, Status.EXPIRED}


class ExecutionReport(Value):
    """What a broker's order is now, with every fill it has told of; duplicates are dropped by `exec_id`.

    `attempt_id` is the identifier we sent with the order; None for an order that is not ours. An unknown status string
    arrives as `status=None` with `text` saying what came: it changes nothing but the alert it raises.

    `busted` names executions the broker takes back (FIX ExecType H); a corrected one (G) is busted, and told anew under
    the id of its correction. That an execution is missing from a report busts nothing (law 5).
    """

    route: str
    account_domain: str
    broker_order_id: str
    attempt_id: str | None
    runtime: str | None = None
    """The tag of another runtime of Holdfast, where the order carries one."""
    status: Status | None
    fills: tuple[Fill, ...] = ()
    busted: tuple[str, ...] = ()
    text: str = ""
    at: Instant

    @property
    def is_working(self) -> bool:
        """Whether the broker may still fill it, and was not asked to cancel it."""
        return self.status is not None and not self.status.is_terminal and self.status is not Status.PENDING_CANCEL


class SettlementCause(StrEnum):
    """Why an option left an account without a trade."""

    ASSIGNMENT = "ASSIGNMENT"
    EXERCISE = "EXERCISE"
    EXPIRATION = "EXPIRATION"
    CASH = "CASH"
    """Paid at its expiry."""


class CashEvent(Value):
    """A movement of cash that the broker booked: fees of a fill, or a settlement. `amount` in > 0.

    `quantity` is the signed change of the position in contracts, 0 where there is none. The legs of a physical
    delivery are two events: the option that leaves and the shares that come.
    """

    class Type(StrEnum):
        """What the cash was for."""

        FEE = "FEE"
        SETTLEMENT = "SETTLEMENT"
        DEPOSIT = "DEPOSIT"

    event_id: str
    account_domain: str
    type: Type
    symbol: str | None = None
    quantity: int = 0
    amount: Money
    exec_id: str | None = None
    cause: SettlementCause | None = None
    """Of a settlement, where the broker says it."""
    text: str = ""
    at: Instant


class BrokerPosition(Value):
    """A position as the broker states it; `quantity` is signed contracts."""

    symbol: str
    quantity: int
    average_price: Decimal = Decimal(0)


class DryRun(Value):
    """What a broker said that an opening would take of the buying power, in dollars; < 0: it would give."""

    cl_ord_id: str
    taken: Money


class AccountState(Value):
    """One complete reading of an account: a failed or partial read never becomes one (law 5).

    `orders` holds every order known since `since`, finished ones included.
    """

    route: str
    account_domain: str
    since: Instant
    read_at: Instant
    orders: tuple[ExecutionReport, ...]
    positions: tuple[BrokerPosition, ...]
    cash_events: tuple[CashEvent, ...]
    cash: Money
    net_liquidation: Money = Field(default=Decimal(0))
    buying_power: Money | None = None
    """What may be put into options; None where the broker does not say."""
    trading: TradingStatus | None = None
    dry_run: DryRun | None = None
    """Of an opening that was named with the question; None where the broker has no dry run, or did not answer it."""
